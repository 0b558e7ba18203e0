//! Everything at once, for long. What sleeps here is the pace of one kind of trouble each.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use reliability::child::{RemoteClient, Remotely};
use reliability::figures::{Figures, Scale};
use reliability::held::Held;
use reliability::proxy::forward;
use systemge::config::{Endpoint, NodeConfig, SlowPeerPolicy};
use systemge::prelude::*;
use systemge::{Error, Running};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) const CLAIM: &str = "Ten minutes of requests, while processes are killed and restarted, a node restarts within \
                                the process, the network swallows everything now and then, topics and connections come \
                                and go, strangers send garbage or nothing at all, and a slow peer is flooded: no memory, \
                                task or file descriptor is left behind, and no request goes on for ever.";

/// What everybody asks.
#[derive(systemge::Application, Default)]
struct Hub {}

#[systemge::node]
impl Hub {
    #[topic("hub")]
    async fn hub(&self, number: u64) -> u64 {
        tokio::time::sleep(Duration::from_millis(number % 5)).await;
        number + 1
    }

    #[topic("hint")]
    async fn hint(&self, _load: Vec<u8>) {}
}

const CHILDREN: usize = 3;
const TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) async fn run(scale: Scale, figures: &mut Figures) {
    let (warm_up, time) =
        scale.pick((Duration::from_secs(8), Duration::from_secs(20)), (Duration::from_secs(120), Duration::from_secs(600)));
    if let Err(error) = soak(warm_up, time, figures).await {
        figures.check("the proof", error, "runs", false);
    }
}

/// What was done meanwhile.
#[derive(Default)]
struct Done {
    requests: AtomicU64,
    answered: AtomicU64,
    /// Requests that did not end in their time.
    late: AtomicU64,
    flooded: AtomicU64,
    strangers: AtomicU64,
    restarts: AtomicU64,
    kills: AtomicU64,
    swallowed: AtomicU64,
    changes: AtomicU64,
}

impl Done {
    fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Relaxed);
    }
}

fn config() -> NodeConfig {
    let mut config = NodeConfig::new();
    config.dial.initial_delay = Duration::from_millis(10);
    config.dial.max_delay = Duration::from_millis(100);
    config.dial.timeout = Duration::from_secs(1);
    config.keepalive.interval = Duration::from_millis(500);
    config.keepalive.timeout = Duration::from_millis(1500);
    config.limits.handshake_timeout = Duration::from_secs(1);
    config
}

async fn soak(warm_up: Duration, time: Duration, figures: &mut Figures) -> Result<()> {
    let program = std::env::current_exe()?;
    let done = Arc::new(Done::default());
    let mut work = JoinSet::new();

    let mut hub_config = config().listen("tcp://127.0.0.1:0".parse::<Endpoint>()?);
    hub_config.queue.policy = SlowPeerPolicy::DropNewest;
    let mut children = Vec::new();
    for place in 0..CHILDREN {
        let mut child = Remotely::start(&program, &format!("child-{place}"), &"tcp://127.0.0.1:0".parse()?)?;
        let endpoint = child.endpoint().await?;
        hub_config = hub_config.connect(endpoint.clone());
        children.push((child, endpoint));
    }
    let (hub_system, hub) = start("hub", Hub::default(), hub_config).await?;
    let hub_address = hub.addresses()[0];

    // a node that restarts, and one behind a network that swallows
    let (restless_system, restless) =
        start("restless", Hub::default(), config().connect(Endpoint::tcp(hub_address))).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let proxy = Endpoint::tcp(listener.local_addr()?);
    let (swallows, hears) = watch::channel(false);
    work.spawn(forward(listener, hub_address, hears));
    let (remote_system, remote) = start("remote", Hub::default(), config().connect(proxy)).await?;

    for number in 0..6 {
        work.spawn(ask_children(hub.clone(), done.clone(), number));
    }
    for node in [&restless, &remote] {
        work.spawn(ask_hub(node.clone(), done.clone()));
    }
    work.spawn(flood(hub.clone(), done.clone()));
    work.spawn(come_and_go(program, children, done.clone()));
    work.spawn(restart(restless, done.clone()));
    work.spawn(change(hub.clone(), remote, done.clone()));
    for _ in 0..4 {
        work.spawn(strangers(hub_address, done.clone()));
    }
    work.spawn(swallow(swallows, done.clone()));

    let samples = sample(time).await;
    work.shutdown().await;
    for system in [&remote_system, &restless_system, &hub_system] {
        system.stop().await;
    }
    report(&samples, warm_up, time, &done, figures);
    let since = Instant::now();
    while Held::now().tasks > 0 && since.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let left = Held::now().tasks;
    figures.check("tasks left when all have stopped", left, 0, left == 0);
    Ok(())
}

async fn start(name: &str, application: Hub, config: NodeConfig) -> Result<(Running, Node)> {
    let running = System::new().node_with(name, application, config).start().await?;
    let node = running.node(name).ok_or_else(|| Error::message("no such node"))?.clone();
    Ok((running, node))
}

/// Looks at what the process holds, ten times a second.
async fn sample(time: Duration) -> Vec<(Duration, Held)> {
    let began = Instant::now();
    let mut samples = Vec::new();
    while began.elapsed() < time {
        tokio::time::sleep(Duration::from_millis(100)).await;
        samples.push((began.elapsed(), Held::now()));
    }
    samples
}

/// Compares the fifth of the time after the warm-up with the last one.
fn report(samples: &[(Duration, Held)], warm_up: Duration, time: Duration, done: &Done, figures: &mut Figures) {
    let window = (time - warm_up) / 5;
    let median = |from: Duration, of: fn(&Held) -> u64| {
        let mut values: Vec<u64> = samples
            .iter()
            .filter(|(at, _)| (from..from + window).contains(at))
            .map(|(_, held)| of(held))
            .collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied().unwrap_or(0)
    };
    type Measure = fn(&Held) -> u64;
    let measures: [(&str, Measure, u64, &str); 3] = [
        ("tasks", |held| held.tasks as u64, 10, "10"),
        ("file descriptors", |held| held.descriptors as u64, 10, "10"),
        ("resident memory in KiB", |held| held.memory, 4 * 1024, "4 MiB"),
    ];
    for (what, measure, most, shown) in measures {
        let (first, last) = (median(warm_up, measure), median(time - window, measure));
        figures.check(
            format!("{what}, median after the warm-up and at the end"),
            format!("{first}, {last}"),
            format!("within {shown}"),
            last <= first + most,
        );
    }
    let figure = |counter: &AtomicU64| counter.load(Relaxed);
    let late = figure(&done.late);
    figures.check("requests that did not end in time", late, 0, late == 0);
    figures.note("requests, of which answered", format!("{}, {}", figure(&done.requests), figure(&done.answered)));
    figures.note("messages to slow peers", figure(&done.flooded));
    figures.note("processes killed or stopped", figure(&done.kills));
    figures.note("restarts of a node", figure(&done.restarts));
    figures.note("times that the network swallowed everything", figure(&done.swallowed));
    figures.note("strangers", figure(&done.strangers));
    figures.note("topics withdrawn, connections ended at run time", figure(&done.changes));
}

/// Counts a request, which has to end in its time.
async fn counted<T, E>(done: &Done, request: impl IntoFuture<Output = std::result::Result<T, E>>) {
    Done::count(&done.requests);
    match tokio::time::timeout(TIMEOUT + Duration::from_secs(2), request).await {
        Ok(Ok(_)) => Done::count(&done.answered),
        Ok(Err(_)) => {}
        Err(_) => Done::count(&done.late),
    }
}

async fn ask_children(hub: Node, done: Arc<Done>, first: u64) {
    let client = RemoteClient::new(&hub);
    for number in first.. {
        match number % 3 {
            0 => counted(&done, client.clone().any().work(number).timeout(TIMEOUT)).await,
            1 => counted(&done, client.work(number).timeout(TIMEOUT).all()).await,
            _ => {
                // given up halfway
                let given_up = tokio::time::timeout(Duration::from_millis(3), client.work(number).all());
                drop(given_up.await);
            }
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn ask_hub(node: Node, done: Arc<Done>) {
    let client = HubClient::new(&node);
    for number in 0.. {
        counted(&done, client.hub(number).timeout(TIMEOUT)).await;
        // a node that restarts can't send meanwhile, which takes no time at all
        drop(client.hint(vec![1; 512]).await);
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

async fn flood(hub: Node, done: Arc<Done>) {
    let client = RemoteClient::new(&hub);
    loop {
        for _ in 0..200 {
            done.flooded.fetch_add(client.sink(vec![3; 8192]).await.unwrap_or(0) as u64, Relaxed);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn come_and_go(program: PathBuf, mut children: Vec<(Remotely, Endpoint)>, done: Arc<Done>) {
    for round in 0.. {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let place = round % CHILDREN;
        let (child, endpoint) = &mut children[place];
        if child.again(&program, &format!("child-{place}"), endpoint, round % 3 != 0).await.is_err() {
            return;
        }
        Done::count(&done.kills);
    }
}

async fn restart(node: Node, done: Arc<Done>) {
    loop {
        tokio::time::sleep(Duration::from_millis(700)).await;
        if node.restart().await.is_ok() {
            Done::count(&done.restarts);
        }
    }
}

async fn change(hub: Node, remote: Node, done: Arc<Done>) {
    loop {
        tokio::time::sleep(Duration::from_millis(900)).await;
        hub.withdraw("hint");
        if let Some((endpoint, _)) = remote.dialled().into_iter().next() {
            remote.disconnect(&endpoint);
            tokio::time::sleep(Duration::from_millis(50)).await;
            // what is dialled again at once may fail, and is tried again below
            while remote.dialled().is_empty() {
                drop(remote.connect(endpoint.clone()).await);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        hub.announce("hint");
        Done::count(&done.changes);
    }
}

/// Strangers who say nothing, or something that is no protocol, or stop in the middle of it.
async fn strangers(address: std::net::SocketAddr, done: Arc<Done>) {
    let mut waiting = std::collections::VecDeque::new();
    for number in 0u64.. {
        if let Ok(mut stranger) = TcpStream::connect(address).await {
            let mut garbage = vec![0; fastrand::usize(0..600)];
            garbage.fill_with(|| fastrand::u8(..));
            if number % 3 == 0 {
                drop(stranger.write_all(b"SYSTEMGE").await);
            }
            if number % 5 != 0 {
                drop(stranger.write_all(&garbage).await);
            }
            waiting.push_back(stranger);
            Done::count(&done.strangers);
        }
        if waiting.len() > 20 {
            waiting.pop_front();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn swallow(swallows: watch::Sender<bool>, done: Arc<Done>) {
    loop {
        tokio::time::sleep(Duration::from_secs(3)).await;
        swallows.send_replace(true);
        tokio::time::sleep(Duration::from_secs(2)).await;
        swallows.send_replace(false);
        Done::count(&done.swallowed);
    }
}
