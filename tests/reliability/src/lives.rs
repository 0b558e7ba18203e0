//! Starting and stopping, again and again.

use std::time::{Duration, Instant};

use reliability::figures::{Figures, Scale};
use reliability::held::Held;
use systemge::Error;
use systemge::config::{Endpoint, NodeConfig};
use systemge::prelude::*;

pub(crate) const CLAIM: &str = "A node starts after a stop a thousand times, with peers, requests and messages in \
                                between, and leaves no task, memory, file descriptor or port behind.";

#[derive(systemge::Application, Default)]
struct Phoenix {}

#[systemge::node]
impl Phoenix {
    #[topic("echo")]
    async fn echo(&self, text: String) -> String {
        text
    }

    #[topic("heed")]
    async fn heed(&self, ctx: &Context) -> u8 {
        ctx.cancelled().await;
        0
    }

    #[topic("note")]
    async fn note(&self, _text: String) {}
}

pub(crate) async fn run(scale: Scale, figures: &mut Figures) {
    if let Err(error) = live(scale.pick(60, 1_000), figures).await {
        figures.check("the proof", error, "runs", false);
    }
}

async fn live(lives: u32, figures: &mut Figures) -> Result<()> {
    let config = |mut config: NodeConfig| {
        config.dial.initial_delay = Duration::from_millis(2);
        config.dial.max_delay = Duration::from_millis(10);
        config
    };
    // the two dial each other, always at the same ports
    let ports = [std::net::TcpListener::bind("127.0.0.1:0")?, std::net::TcpListener::bind("127.0.0.1:0")?];
    let [one, two] = [ports[0].local_addr()?, ports[1].local_addr()?].map(Endpoint::tcp);
    drop(ports);
    let running = System::new()
        .node_with("one", Phoenix::default(), config(NodeConfig::new().listen(one.clone()).connect(two.clone())))
        .node_with("two", Phoenix::default(), config(NodeConfig::new().listen(two).connect(one)))
        .start()
        .await?;
    let node = |name| running.node(name).ok_or_else(|| Error::message("no such node"));
    let (mortal, other) = (node("one")?, node("two")?);
    let mut first = None;
    let mut failed = 0_u32;
    let started = Instant::now();
    for life in 0..=lives {
        for (from, to) in [(&mortal, &other), (&other, &mortal)] {
            let client = PhoenixClient::new(from).to(to.name()).wait_for_provider(Duration::from_secs(10));
            failed += u32::from(client.echo("still there?".to_owned()).await.is_err());
            client.note("hello".to_owned()).await?;
            // something is in flight at every stop
            drop(client.heed().timeout(Duration::from_millis(5)).stream());
        }
        if life == lives / 5 {
            first = Some(Held::settled(None).await);
        }
        if life < lives {
            mortal.restart().await?;
        }
    }
    let took = started.elapsed();
    let last = Held::settled(first).await;
    running.stop().await;
    let Some(first) = first else { return Err(Error::message("too few lives")) };
    figures.note("lives", format!("{lives}, each {:?}", took / lives));
    figures.check("requests that failed", failed, 0, failed == 0);
    figures.check(
        "tasks, after a fifth and in the end",
        format!("{}, {}", first.tasks, last.tasks),
        "no more",
        last.tasks <= first.tasks,
    );
    figures.check(
        "file descriptors, likewise",
        format!("{}, {}", first.descriptors, last.descriptors),
        "no more",
        last.descriptors <= first.descriptors,
    );
    let growth = last.memory.saturating_sub(first.memory);
    figures.check(
        "resident memory, likewise",
        format!("{} KiB, {} KiB", first.memory, last.memory),
        "within 4 MiB",
        growth < 4 * 1024,
    );
    Ok(())
}
