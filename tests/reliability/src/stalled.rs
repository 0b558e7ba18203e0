//! One receiver that stands still.

use std::time::{Duration, Instant};

use reliability::child::{RemoteClient, Remotely};
use reliability::figures::{Figures, Scale};
use systemge::Error;
use systemge::config::{NodeConfig, SlowPeerPolicy};
use systemge::prelude::*;

pub(crate) const CLAIM: &str = "While one of two receivers stands still (SIGSTOP) and its queue is full, messages to both and \
                                requests to the other one are as fast as before under `drop_newest` and `disconnect`: the \
                                99th percentile is at most 1.2 times that of the undisturbed run.";

/// An application without any component: it only calls.
#[derive(systemge::Application, Default)]
struct Caller {}

/// How often a request follows a burst of messages in one round.
const BURSTS: usize = 2_000;

pub(crate) async fn run(scale: Scale, figures: &mut Figures) {
    for policy in [SlowPeerPolicy::DropNewest, SlowPeerPolicy::Disconnect] {
        // a machine that does other things, too, disturbs some rounds: the quietest of either kind are compared
        if let Err(error) = stall(policy, scale.pick(3, 9), figures).await {
            figures.check("the proof", error, "runs", false);
        }
    }
}

async fn stall(policy: SlowPeerPolicy, rounds: usize, figures: &mut Figures) -> Result<()> {
    let program = std::env::current_exe()?;
    let mut config = NodeConfig::new();
    config.queue.policy = policy;
    config.queue.bytes = 64 * 1024;
    config.dial.initial_delay = Duration::from_millis(20);
    config.dial.max_delay = Duration::from_millis(100);
    let mut processes = Vec::new();
    for name in ["quick", "stalled"] {
        let mut process = Remotely::start(&program, name, &"tcp://127.0.0.1:0".parse()?)?;
        config = config.connect(process.endpoint().await?);
        processes.push(process);
    }
    let running = System::new().node_with("sender", Caller::default(), config).start().await?;
    let node = running.node("sender").ok_or_else(|| Error::message("no such node"))?.clone();
    let mut best = [Duration::MAX; 2];
    for _ in 0..rounds {
        for (stopped, best) in best.iter_mut().enumerate() {
            let since = Instant::now();
            while node.connected_to().len() < 2 && since.elapsed() < Duration::from_secs(20) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            if stopped == 1 {
                processes[1].signal("-STOP").await?;
                // until nothing goes any more
                for _ in 0..2_000 {
                    RemoteClient::new(&node).to("stalled").hear(vec![1; 4096]).await?;
                }
            }
            let percentile = measure(&node).await?;
            if stopped == 1 {
                processes[1].signal("-CONT").await?;
            }
            *best = percentile.min(*best);
        }
    }
    let [undisturbed, disturbed] = best;
    let ratio = disturbed.as_secs_f64() / undisturbed.as_secs_f64();
    let name = if policy == SlowPeerPolicy::DropNewest { "`drop_newest`" } else { "`disconnect`" };
    figures.note(format!("{name}: 99th percentile, undisturbed and disturbed"), format!("{undisturbed:?}, {disturbed:?}"));
    figures.check(format!("{name}: ratio"), format!("{ratio:.2}"), "at most 1.2", ratio <= 1.2);
    running.stop().await;
    Ok(())
}

/// The 99th percentile of how long it takes to send some messages to everybody, and to have an answer of the quick one.
async fn measure(node: &Node) -> Result<Duration> {
    let (everybody, quick) = (RemoteClient::new(node), RemoteClient::new(node).to("quick"));
    let mut times = Vec::with_capacity(BURSTS);
    for _ in 0..BURSTS {
        let began = Instant::now();
        for _ in 0..4 {
            everybody.hear(vec![1; 256]).await?;
        }
        quick.pid().await.map_err(|error| Error::message(error.to_string()))?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times[BURSTS * 99 / 100])
}
