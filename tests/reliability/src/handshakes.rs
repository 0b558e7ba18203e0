//! Thousands of strangers who connect and never come to the point.

use std::time::{Duration, Instant};

use reliability::child::Remotely;
use reliability::figures::{Figures, Scale};
use systemge::Error;
use systemge::config::{Endpoint, NodeConfig};
use systemge::prelude::*;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

pub(crate) const CLAIM: &str = "While 5,000 handshakes are open that never end, half of them silent, half of them in the \
                                middle of their first frame, a node still joins within 100 ms (median), and the listener's \
                                memory has grown by less than 64 MiB.";

/// An application without any component: it only calls.
#[derive(systemge::Application, Default)]
struct Caller {}

/// How many file descriptors each of the two processes needs beside those of the strangers.
const SPARE: usize = 200;

pub(crate) async fn run(scale: Scale, figures: &mut Figures) {
    if let Err(error) = knock(scale.pick(1_000, 5_000), scale.pick(21, 101), figures).await {
        figures.check("the proof", error, "runs", false);
    }
}

async fn knock(strangers: usize, joins: usize, figures: &mut Figures) -> Result<()> {
    let limit = rlimit::increase_nofile_limit(u64::MAX)?;
    if limit < (strangers + SPARE) as u64 {
        return Err(Error::message(format!("this needs {} file descriptors, not {limit}", strangers + SPARE)));
    }
    let mut process = Remotely::patient(std::env::current_exe()?)?;
    let endpoint = process.endpoint().await?;
    let undisturbed = join(&endpoint, joins).await?;
    let before = process.held();
    let mut held_open = Vec::with_capacity(strangers);
    for number in 0..strangers {
        let mut stranger = TcpStream::connect((endpoint.host(), endpoint.port())).await?;
        if number % 2 == 1 {
            // the magic, and a frame as long as a stranger's may be, of which nearly all is there
            stranger.write_all(b"SYSTEMGE\x00\x04\x00\x00\x01").await?;
            stranger.write_all(&[0; 1000]).await?;
        }
        held_open.push(stranger);
    }
    let since = Instant::now();
    while process.held().descriptors < before.descriptors + strangers && since.elapsed() < Duration::from_secs(30) {
        // another process has nothing else that would tell
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // what arrived last is read by now
    tokio::time::sleep(Duration::from_millis(500)).await;
    let open = process.held();
    let disturbed = join(&endpoint, joins).await?;
    let after = process.held();
    let still = after.descriptors.saturating_sub(before.descriptors);
    figures.check("handshakes open all the time", still, strangers, still >= strangers);
    let median = |times: &[Duration]| times[times.len() / 2];
    figures.note("a node joins after (median), undisturbed", format!("{:?}", median(&undisturbed)));
    let joined = median(&disturbed);
    figures.check("with all of them open", format!("{joined:?}"), "100 ms", joined <= Duration::from_millis(100));
    figures.note("at the longest", format!("{:?}", disturbed.last().copied().unwrap_or_default()));
    let growth = open.memory.max(after.memory).saturating_sub(before.memory);
    figures.check(
        "growth of the listener's memory",
        format!("{:.1} MiB, {:.1} KiB a handshake", growth as f64 / 1024.0, growth as f64 / strangers as f64),
        "below 64 MiB",
        growth < 64 * 1024,
    );
    Ok(())
}

/// How long it takes new nodes until they are connected, sorted.
async fn join(endpoint: &Endpoint, joins: usize) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for number in 0..joins {
        let config = NodeConfig::new().connect(endpoint.clone());
        let began = Instant::now();
        let running = System::new().node_with(format!("good-{number}"), Caller::default(), config).start().await?;
        let node = running.nodes().first().cloned().ok_or_else(|| Error::message("no such node"))?;
        if !node.wait_for_provider("pid", Duration::from_secs(20)).await {
            return Err(Error::message("a node does not join"));
        }
        times.push(began.elapsed());
        running.stop().await;
    }
    times.sort_unstable();
    Ok(times)
}
