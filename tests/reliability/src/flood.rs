//! A sender that is faster than its receiver.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use reliability::child::{RemoteClient, Remotely};
use reliability::figures::{Figures, Scale};
use reliability::held::Held;
use systemge::Error;
use systemge::config::{NodeConfig, SlowPeerPolicy};
use systemge::prelude::*;

pub(crate) const CLAIM: &str = "A node that sends as fast as it can to one whose handlers take 200 ms each takes no more \
                                memory than its queue, whatever the policy, and its receiver no more than its handlers; \
                                what is not sent is counted.";

/// An application without any component: it only calls.
#[derive(systemge::Application, Default)]
struct Caller {}

const SENDERS: usize = 16;
/// The size of a message, in bytes.
const LOAD: usize = 16 * 1024;
/// How much either side may grow, in KiB: 1024 handlers with a message each, the buffers, and what the allocator keeps.
const GROWTH: u64 = 64 * 1024;

pub(crate) async fn run(scale: Scale, figures: &mut Figures) {
    let time = scale.pick(Duration::from_secs(3), Duration::from_secs(30));
    for policy in [SlowPeerPolicy::Wait, SlowPeerPolicy::DropNewest, SlowPeerPolicy::Disconnect] {
        if let Err(error) = flood(policy, time, figures).await {
            figures.check("the proof", error, "runs", false);
        }
    }
}

async fn flood(policy: SlowPeerPolicy, time: Duration, figures: &mut Figures) -> Result<()> {
    let mut process =
        Remotely::start(std::env::current_exe()?, "receiver", &"tcp://127.0.0.1:0".parse()?)?;
    let mut config = NodeConfig::new().connect(process.endpoint().await?);
    config.queue.policy = policy;
    config.dial.initial_delay = Duration::from_millis(10);
    config.dial.max_delay = Duration::from_millis(100);
    let running = System::new().node_with("sender", Caller::default(), config).start().await?;
    let node = running.node("sender").ok_or_else(|| Error::message("no such node"))?.clone();
    node.wait_for_provider("sink", Duration::from_secs(10)).await;
    let end = Arc::<AtomicBool>::default();
    let (tried, handed) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let before = [Held::now().memory, process.held().memory];
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..SENDERS {
        let (client, end) = (RemoteClient::new(&node), end.clone());
        let (tried, handed) = (tried.clone(), handed.clone());
        senders.spawn(async move {
            let load = vec![7; LOAD];
            while !end.load(Relaxed) {
                tried.fetch_add(1, Relaxed);
                let count = client.sink(load.clone()).await.unwrap_or(0);
                handed.fetch_add(count as u64, Relaxed);
                if count == 0 {
                    // dropped, or nobody is connected at the moment: others want to run, too
                    tokio::task::yield_now().await;
                }
            }
        });
    }
    let mut most = before;
    let began = Instant::now();
    while began.elapsed() < time {
        // how often is looked
        tokio::time::sleep(Duration::from_millis(20)).await;
        for (most, now) in most.iter_mut().zip([Held::now().memory, process.held().memory]) {
            *most = now.max(*most);
        }
    }
    end.store(true, Relaxed);
    while senders.join_next().await.is_some() {}
    let name = match policy {
        SlowPeerPolicy::Wait => "`wait`",
        SlowPeerPolicy::DropNewest => "`drop_newest`",
        SlowPeerPolicy::Disconnect => "`disconnect`",
    };
    let (tried, handed) = (tried.load(Relaxed), handed.load(Relaxed));
    figures.note(
        format!("{name}: messages of {} KiB, handed over", LOAD / 1024),
        format!("{tried}, {handed} in {time:?}"),
    );
    for (side, before, most) in [("sender", before[0], most[0]), ("receiver", before[1], most[1])] {
        let growth = most.saturating_sub(before);
        figures.check(
            format!("{name}: most growth of the {side}'s memory"),
            format!("{:.1} MiB", growth as f64 / 1024.0),
            format!("below {} MiB", GROWTH / 1024),
            growth < GROWTH,
        );
    }
    let counters = node.counters();
    figures.note(format!("{name}: dropped, and counted as such"), counters.dropped);
    if policy == SlowPeerPolicy::DropNewest {
        let counted = counters.dropped == tried - handed;
        figures.check(format!("{name}: what was not handed over"), tried - handed, counters.dropped, counted);
    }
    process.child.kill().await?;
    running.stop().await;
    Ok(())
}
