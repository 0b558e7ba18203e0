//! One receiver that stands still.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reliability::child::{RemoteClient, Remotely};
use reliability::figures::{Figures, Scale};
use systemge::config::{Endpoint, NodeConfig, SlowPeerPolicy};
use systemge::{Error, Running};
use systemge::prelude::*;

pub(crate) const CLAIM: &str = "While one of two receivers stands still (SIGSTOP) and its queue is full, messages to both and \
                                requests to the other one are as fast as before under `drop_newest` and `disconnect`: the \
                                99th percentile is at most 1.2 times that of the undisturbed run. Under `wait` they are held up \
                                for the configured time, once, and are as fast as before from then on.";

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
    if let Err(error) = wait(scale.pick(1, 3), figures).await {
        figures.check("the proof", error, "runs", false);
    }
}

/// How long a sender waits for the slow receiver under `wait`.
const PATIENCE: Duration = Duration::from_millis(500);

/// A sender with that policy, and its receivers: the quick one, and the one that will stand still.
async fn start(policy: SlowPeerPolicy) -> Result<(Running, Node, [Remotely; 2])> {
    let program = std::env::current_exe()?;
    let mut config = NodeConfig::new();
    config.queue.policy = policy;
    config.queue.bytes = 64 * 1024;
    config.queue.max_wait = PATIENCE;
    config.dial.initial_delay = Duration::from_millis(20);
    config.dial.max_delay = Duration::from_millis(100);
    let mut receivers = ["quick", "stalled"]
        .map(|name| Remotely::start(&program, name, &Endpoint::tcp(SocketAddr::from(([127, 0, 0, 1], 0)))));
    for receiver in receivers.iter_mut().flatten() {
        config = config.connect(receiver.endpoint().await?);
    }
    let [quick, stalled] = receivers;
    let running = System::new().node_with("sender", Caller::default(), config).start().await?;
    let node = running.node("sender").ok_or_else(|| Error::message("no such node"))?;
    Ok((running, node, [quick?, stalled?]))
}

/// Waits until the sender is connected to both.
async fn connected(node: &Node) {
    let since = Instant::now();
    while node.connected_to().len() < 2 && since.elapsed() < Duration::from_secs(20) {
        // `wait_for_provider` would be content with one of them
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn wait(rounds: usize, figures: &mut Figures) -> Result<()> {
    let (running, node, receivers) = start(SlowPeerPolicy::Wait).await?;
    let everybody = RemoteClient::new(&node);
    let (mut longest, mut best, mut undisturbed) = (Duration::ZERO, Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        connected(&node).await;
        undisturbed = undisturbed.min(measure(&node).await?);
        receivers[1].signal("-STOP").await?;
        // until it is let go: one of these has to wait for that
        while node.connected_to().len() == 2 {
            let began = Instant::now();
            everybody.hear(vec![1; 4096]).await?;
            longest = longest.max(began.elapsed());
        }
        best = best.min(measure(&node).await?);
        receivers[1].signal("-CONT").await?;
    }
    // what a loaded machine takes beside the time that is configured
    let holds = longest >= PATIENCE && longest < PATIENCE + Duration::from_millis(500);
    figures.check(
        "`wait`: the longest wait",
        format!("{longest:?}"),
        format!("{PATIENCE:?}, and no more than 500 ms beyond it"),
        holds,
    );
    let ratio = best.as_secs_f64() / undisturbed.as_secs_f64();
    figures.note("`wait`: 99th percentile, undisturbed and afterwards", format!("{undisturbed:?}, {best:?}"));
    figures.check("`wait`: ratio", format!("{ratio:.2}"), "at most 1.2", ratio <= 1.2);
    running.stop().await;
    Ok(())
}

async fn stall(policy: SlowPeerPolicy, rounds: usize, figures: &mut Figures) -> Result<()> {
    let (running, node, processes) = start(policy).await?;
    let mut best = [Duration::MAX; 2];
    for _ in 0..rounds {
        for (stopped, best) in best.iter_mut().enumerate() {
            connected(&node).await;
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
