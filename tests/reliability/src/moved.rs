//! A host that moves to another address.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use reliability::figures::{Figures, Scale};
use systemge::config::{Endpoint, NodeConfig};
use systemge::prelude::*;
use systemge::{DialState, Error};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

pub(crate) const CLAIM: &str = "A name is resolved anew for every attempt to dial: a host that moves to another address is \
                                found there by the next one. (Linux alone: another file stands in the place of `/etc/hosts` \
                                for the process that dials.)";

/// What makes this program a node that dials.
pub(crate) const FLAG: &str = "--dial";

/// How long anything may take that is expected to happen.
const SOON: Duration = Duration::from_secs(20);
/// The longest delay between attempts.
const DELAY: Duration = Duration::from_millis(100);

/// An application without any component: it is only found, or only looks.
#[derive(systemge::Application, Default)]
struct Plain {}

pub(crate) async fn run(_: Scale, figures: &mut Figures) {
    let hosts = std::env::temp_dir().join(format!("systemge-hosts-{}", std::process::id()));
    match move_away(&hosts).await {
        Ok(took) => {
            let holds = took < Duration::from_secs(2);
            figures.check("found at the other address after", format!("{took:?}"), "below 2 s", holds);
        }
        Err(error) => figures.check("the proof", error, "runs", false),
    }
    // it lies in the folder for what is thrown away
    let _ = std::fs::remove_file(hosts);
}

async fn move_away(hosts: &PathBuf) -> Result<Duration> {
    let config = NodeConfig::new().listen("tcp://127.0.0.1:0".parse::<Endpoint>()?);
    let running = System::new().node_with("target", Plain::default(), config).start().await?;
    let port = running.nodes()[0].addresses()[0].port();
    // nobody listens there
    std::fs::write(hosts, "127.0.0.9 moving.test\n")?;
    let mut dialling = Command::new("unshare")
        .args(["-rm", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\""])
        .args([hosts.as_path(), std::env::current_exe()?.as_path()])
        .args([FLAG, &format!("tcp://moving.test:{port}")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = dialling.stdout.take().ok_or_else(|| Error::message("it has no output"))?;
    let mut lines = BufReader::new(output).lines();
    let mut line = async || -> Result<String> {
        let line = tokio::time::timeout(SOON, lines.next_line()).await;
        let line = line.map_err(|_| Error::message("the process that dials says nothing"))??;
        line.ok_or_else(|| Error::message("the process that dials has ended"))
    };
    let first = line().await?;
    if first != "waiting" {
        return Err(Error::message(format!("it should not be found at first, but is `{first}`")));
    }
    std::fs::write(hosts, "127.0.0.1 moving.test\n")?;
    let moved = Instant::now();
    while line().await? != "connected target" {}
    let took = moved.elapsed();
    dialling.start_kill()?;
    running.stop().await;
    Ok(took)
}

/// Dials an endpoint until it is killed, and tells its parent how that stands.
pub(crate) fn dial(arguments: &[String]) -> ExitCode {
    let [endpoint] = arguments else { return ExitCode::FAILURE };
    let (Ok(endpoint), Ok(runtime)) = (endpoint.parse::<Endpoint>(), tokio::runtime::Runtime::new()) else {
        return ExitCode::FAILURE;
    };
    let mut config = NodeConfig::new().connect(endpoint);
    config.dial.initial_delay = DELAY / 10;
    config.dial.max_delay = DELAY;
    let outcome: Result<()> = runtime.block_on(async {
        let running = System::new().node_with("dialler", Plain::default(), config).start().await?;
        let node = running.nodes()[0].clone();
        let mut output = std::io::stdout();
        let mut said = String::new();
        loop {
            let state = match &node.dialled()[0].1 {
                DialState::Waiting(_) => "waiting".to_owned(),
                DialState::Connected(name) => format!("connected {name}"),
                _ => said.clone(),
            };
            if state != said {
                writeln!(output, "{state}")?;
                output.flush()?;
                said = state;
            }
            // nothing tells that the state of a dialled endpoint has changed
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
