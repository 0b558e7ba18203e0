//! A rolling restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use reliability::child::{RemoteClient, Remotely};
use reliability::figures::{Figures, Scale};
use systemge::Error;
use systemge::config::NodeConfig;
use systemge::prelude::*;

pub(crate) const CLAIM: &str = "While one of two providers after the other is told to stop and started again, every 5 s \
                                for a minute, requests to `any` are served without a gap of a second, and none fails.";

/// An application without any component: it only calls.
#[derive(systemge::Application, Default)]
struct Caller {}

const CALLERS: usize = 8;

pub(crate) async fn run(scale: Scale, figures: &mut Figures) {
    let (restarts, every) = scale.pick((4, Duration::from_secs(1)), (12, Duration::from_secs(5)));
    if let Err(error) = roll(restarts, every, figures).await {
        figures.check("the proof", error, "runs", false);
    }
}

/// What one caller saw.
#[derive(Default)]
struct Service {
    served: u64,
    failed: Vec<String>,
    gap: Duration,
}

/// Asks one request after the other until it is told to end.
async fn call(node: Node, end: Arc<AtomicBool>, first: u64) -> Service {
    let client = RemoteClient::new(&node).any();
    let mut service = Service::default();
    let (mut number, mut last) = (first, Instant::now());
    while !end.load(Relaxed) {
        number += 1;
        match client.work(number).await {
            Ok(_) => service.served += 1,
            Err(error) => {
                service.failed.push(error.to_string());
                continue;
            }
        }
        service.gap = service.gap.max(last.elapsed());
        last = Instant::now();
    }
    service.gap = service.gap.max(last.elapsed());
    service
}

async fn roll(restarts: usize, every: Duration, figures: &mut Figures) -> Result<()> {
    let program = std::env::current_exe()?;
    let mut config = NodeConfig::new();
    let mut providers = Vec::new();
    for name in ["one", "two"] {
        let mut process = Remotely::start(&program, name, &"tcp://127.0.0.1:0".parse()?)?;
        let endpoint = process.endpoint().await?;
        config.connect.push(endpoint.clone().into());
        providers.push((process, name, endpoint));
    }
    let running = System::new().node_with("caller", Caller::default(), config).start().await?;
    let node = running.node("caller").ok_or_else(|| Error::message("no such node"))?;
    while node.connected_to().len() < providers.len() {
        // `wait_for_provider` would be content with one of them
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let end = Arc::<AtomicBool>::default();
    let mut callers = tokio::task::JoinSet::new();
    for place in 0..CALLERS {
        callers.spawn(call(node.clone(), end.clone(), place as u64 * 1_000_003));
    }
    let mut absent = Duration::ZERO;
    for restart in 0..restarts {
        tokio::time::sleep(every).await;
        let place = restart % providers.len();
        let (process, name, endpoint) = &mut providers[place];
        let stopping = Instant::now();
        process.again(&program, name, endpoint, false).await?;
        absent = absent.max(stopping.elapsed());
    }
    tokio::time::sleep(every).await;
    end.store(true, Relaxed);
    let mut sum = Service::default();
    while let Some(service) = callers.join_next().await {
        let Service { served, failed, gap } = service.map_err(std::io::Error::other)?;
        sum.served += served;
        sum.failed.extend(failed);
        sum.gap = sum.gap.max(gap);
    }
    figures.note("restarts", format!("{restarts}, one every {every:?}"));
    figures.note("longest absence of a provider", format!("{absent:?}"));
    figures.note("requests served", sum.served);
    let second = Duration::from_secs(1);
    figures.check("longest gap that a caller saw", format!("{:?}", sum.gap), "below 1 s", sum.gap < second);
    let failed = sum.failed.first().map(|why| format!("{}, such as: {why}", sum.failed.len()));
    let failed = failed.as_deref().unwrap_or("none");
    figures.check("requests that failed", failed, "none", sum.failed.is_empty());
    running.stop().await;
    Ok(())
}
