//! A network that swallows everything and says nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reliability::figures::{Figures, Scale};
use reliability::proxy::forward;
use systemge::Error;
use systemge::config::{Endpoint, NodeConfig};
use systemge::prelude::*;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub(crate) const CLAIM: &str = "If the network between two nodes swallows everything, without a word to either, both \
                                notice within 3.5 keepalive intervals, what was asked ends, and they find each other \
                                again afterwards.";

#[derive(systemge::Application, Default)]
struct Echo {}

#[systemge::node]
impl Echo {
    #[topic("echo")]
    async fn echo(&self, number: u64) -> u64 {
        number
    }

    #[topic("never")]
    async fn never(&self, ctx: &Context) {
        ctx.cancelled().await;
    }

    #[topic("ask", request)]
    async fn ask(&self, ctx: &Context) {
        ctx.cancelled().await;
    }
}

/// An application without any component: it only calls.
#[derive(systemge::Application, Default)]
struct Caller {}

pub(crate) async fn run(scale: Scale, figures: &mut Figures) {
    let (rounds, interval) = scale.pick((2, Duration::from_millis(500)), (10, Duration::from_secs(2)));
    if let Err(error) = swallow(rounds, interval, figures).await {
        figures.check("the proof", error, "runs", false);
    }
}

/// Waits until something holds; tells how long it took.
async fn until(since: Instant, mut holds: impl FnMut() -> bool) -> Duration {
    while !holds() && since.elapsed() < Duration::from_secs(60) {
        // how exact the figures are
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    since.elapsed()
}

async fn swallow(rounds: u32, interval: Duration, figures: &mut Figures) -> Result<()> {
    let config = |mut config: NodeConfig| {
        config.keepalive.interval = interval;
        config.keepalive.timeout = 3 * interval;
        config.dial.max_delay = Duration::from_millis(200);
        config.dial.timeout = interval;
        config
    };
    let server_config = config(NodeConfig::new().listen("tcp://127.0.0.1:0".parse::<Endpoint>()?));
    let server_system = System::new().node_with("server", Echo::default(), server_config).start().await?;
    let server = server_system.node("server").ok_or_else(|| Error::message("no such node"))?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let proxy = listener.local_addr()?;
    let (swallows, hears) = watch::channel(false);
    let forwarding = tokio::spawn(forward(listener, server.addresses()[0], hears));
    let caller_config = config(NodeConfig::new().connect(Endpoint::tcp(proxy)));
    let caller_system = System::new().node_with("caller", Caller::default(), caller_config).start().await?;
    let caller = caller_system.node("caller").ok_or_else(|| Error::message("no such node"))?;
    let client = Arc::new(EchoClient::new(&caller).wait_for_provider(Duration::from_secs(60)));
    let mut longest = [Duration::ZERO; 4];
    for round in 0..rounds {
        client.echo(u64::from(round)).await?;
        let open = tokio::spawn({
            let client = client.clone();
            async move { client.ask().timeout(Duration::from_secs(60)).await.is_err() }
        });
        // somewhere within a keepalive interval
        tokio::time::sleep(interval * round / rounds).await;
        swallows.send_replace(true);
        let since = Instant::now();
        let (here, there, ended) = tokio::join!(
            until(since, || caller.connected_to().is_empty()),
            until(since, || server.connected_from().is_empty()),
            until(since, || open.is_finished()),
        );
        swallows.send_replace(false);
        let healed = Instant::now();
        client.echo(u64::from(round)).await?;
        for (longest, time) in longest.iter_mut().zip([here, there, ended, healed.elapsed()]) {
            *longest = time.max(*longest);
        }
    }
    let [here, there, ended, healed] = longest;
    let promise = interval * 7 / 2;
    figures.note("keepalive interval, rounds", format!("{interval:?}, {rounds}"));
    for (what, time) in [
        ("the dialling side notices after", here),
        ("the accepting side notices after", there),
        ("a request in flight ends after", ended),
    ] {
        let measured = format!("{:.2} intervals", time.as_secs_f64() / interval.as_secs_f64());
        figures.check(what, measured, "3.5 intervals", time <= promise);
    }
    figures.note("a request is answered again after the network heals", format!("{healed:?}"));
    caller_system.stop().await;
    server_system.stop().await;
    forwarding.abort();
    Ok(())
}
