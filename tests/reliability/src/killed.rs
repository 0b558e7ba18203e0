//! A provider that is killed.

use std::time::{Duration, Instant};

use reliability::child::{RemoteClient, Remotely};
use reliability::figures::{Figures, Scale};
use systemge::client::RequestError;
use systemge::config::NodeConfig;
use systemge::Error;
use systemge::prelude::*;

pub(crate) const CLAIM: &str =
    "Requests to a process that is killed (kill -9) end at once, each with the outcome `Disconnected`.";

/// An application without any component: it only calls.
#[derive(systemge::Application, Default)]
struct Caller {}

pub(crate) async fn run(scale: Scale, figures: &mut Figures) {
    match kill(scale.pick(100, 5_000)).await {
        Ok((asked, disconnected, longest)) => {
            figures.check("requests that ended as disconnected", disconnected, asked, asked == disconnected);
            figures.check(
                "longest time from the kill to an outcome",
                format!("{longest:?}"),
                "below 1 s",
                longest < Duration::from_secs(1),
            );
        }
        Err(error) => figures.check("the proof", error, "runs", false),
    }
}

async fn kill(requests: usize) -> Result<(usize, usize, Duration)> {
    let mut process = Remotely::start(std::env::current_exe()?, "remote", &"tcp://127.0.0.1:0".parse()?)?;
    let config = NodeConfig::new().connect(process.endpoint().await?);
    let running = System::new().node_with("caller", Caller::default(), config).start().await?;
    let node = running.node("caller").ok_or_else(|| Error::message("no such node"))?;
    node.wait_for_provider("slow", Duration::from_secs(10)).await;
    let client = RemoteClient::new(&node);
    let mut open: Vec<_> =
        (0..requests).map(|_| client.slow().timeout(Duration::from_secs(600)).stream()).collect();
    process.says("asked").await?;
    process.child.start_kill()?;
    let killed = Instant::now();
    let mut disconnected = 0;
    for stream in &mut open {
        let outcome = stream.next().await.map(|outcome| outcome.result);
        disconnected += usize::from(matches!(outcome, Some(Err(RequestError::Disconnected))));
    }
    let longest = killed.elapsed();
    running.stop().await;
    Ok((requests, disconnected, longest))
}
