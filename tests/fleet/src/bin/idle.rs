//! What idle connections cost the node that has accepted them: its resident memory before and with them, over TCP, TLS
//! and QUIC. `idle [CONNECTIONS]`; the accepting node is a process of its own.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use systemge::certificates::Authority;
use systemge::config::{Endpoint, Fingerprint, NodeConfig, TlsConfig};
use systemge::prelude::*;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A node that is dialled, and asked nothing.
#[derive(systemge::Application, Default)]
struct Idle {}

#[systemge::node]
impl Idle {
    #[topic("idle")]
    async fn idle(&self) {}
}

/// A node that only dials.
#[derive(systemge::Application, Default)]
struct Dialler {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let first = std::env::args().nth(1);
    if first.as_deref() == Some("serve") {
        return serve(&std::env::args().nth(2).unwrap_or_default()).await;
    }
    let connections = first.map_or(Ok(1000), |count| count.parse::<usize>())?;
    let mut output = std::io::stdout().lock();
    for scheme in ["tcp", "tls", "quic"] {
        let (before, with) = measure(scheme, connections).await?;
        let each = with.saturating_sub(before) as f64 / connections as f64;
        writeln!(
            output,
            "{scheme:5} {before:7} KiB before, {with:7} KiB with {connections}: {each:.1} KiB each"
        )?;
    }
    Ok(())
}

/// The accepting process: says where it listens and what its certificate is, and serves until it is killed.
async fn serve(scheme: &str) -> Result<()> {
    let own = Authority::new("idle")?.node("idle").issue()?;
    let listen: Endpoint = format!("{scheme}://127.0.0.1:0").parse()?;
    let mut config = NodeConfig::new().listen(listen);
    config.tls = TlsConfig::new().certificate(own.certificate(), own.key());
    let system = System::new().node_with("idle", Idle::default(), config).start().await?;
    let node = system.node("idle").ok_or_else(|| Error::message("no such node"))?;
    let mut output = std::io::stdout();
    for endpoint in node.endpoints() {
        writeln!(output, "{endpoint} {}", own.fingerprint())?;
    }
    output.flush()?;
    std::future::pending().await
}

/// The resident memory of the accepting process before there are connections and with them, in KiB.
async fn measure(scheme: &str, connections: usize) -> Result<(u64, u64)> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut process = command.args(["serve", scheme]).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let output = process.stdout.take().ok_or_else(|| Error::message("no output"))?;
    let line = BufReader::new(output).lines().next_line().await?.unwrap_or_default();
    let (endpoint, fingerprint) = line.split_once(' ').unwrap_or_default();
    let (endpoint, fingerprint): (Endpoint, Fingerprint) = (endpoint.parse()?, fingerprint.parse()?);
    let mut diallers = Vec::with_capacity(connections);
    // the first ones pay for what is made once
    let mut before = 0;
    for number in 0..connections + WARM {
        if number == WARM {
            tokio::time::sleep(SETTLED).await;
            before = resident(&process)?;
        }
        let mut config = NodeConfig::new().connect(endpoint.clone());
        config.tls = TlsConfig::new().fingerprint(fingerprint);
        let system =
            System::new().node_with(format!("dialler-{number}"), Dialler::default(), config).start().await?;
        let node = system.nodes().into_iter().next().ok_or_else(|| Error::message("no such node"))?;
        if !node.wait_for_provider("idle", Duration::from_secs(20)).await {
            return Err(Error::message("a node does not join"));
        }
        diallers.push(system);
    }
    tokio::time::sleep(SETTLED).await;
    let with = resident(&process)?;
    process.kill().await?;
    Ok((before, with))
}

/// How many connections there are before the first measurement.
const WARM: usize = 50;
/// How long it takes until nothing moves any more.
const SETTLED: Duration = Duration::from_millis(500);

/// The resident memory of a process, in KiB.
fn resident(process: &Child) -> Result<u64> {
    let id = process.id().unwrap_or_default();
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB"));
    Ok(resident.unwrap_or_default().trim().parse()?)
}
