//! The workloads, the same for everything that is measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// 65 bytes in postcard.
#[systemge::payload]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: u64,
    pub x: u32,
    pub y: u32,
    pub text: String,
}

impl Message {
    /// High bits are set, so that postcard's numbers take their full width.
    pub fn new(id: u64) -> Self {
        let text = "forty-four letters that stand for some text.".to_owned();
        Self { id: 1 << 63 | id, x: 0xDEAD_BEEF, y: 0xCAFE_F00D, text }
    }
}

/// What can be measured.
pub trait Peer: Send + Sync + 'static {
    fn send(&self, message: Message) -> impl Future<Output = ()> + Send;
    fn request(&self, message: Message) -> impl Future<Output = Message> + Send;
    /// How many messages the other side has handled; asked on the same connection, so after all that were sent.
    fn received(&self) -> impl Future<Output = u64> + Send;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    CurrentThread,
    MultiThread,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    HandWritten,
    Systemge,
}

#[derive(Debug, Clone)]
pub struct Arguments {
    pub target: Target,
    pub kind: Kind,
    pub workload: String,
    pub port: u16,
    pub seconds: f64,
}

impl Arguments {
    /// `TARGET KIND WORKLOAD PORT SECONDS`, as the driver writes them.
    pub fn parse(arguments: &[String]) -> Self {
        let [target, kind, workload, port, seconds] = arguments else { panic!("five arguments") };
        Self {
            target: if target == "hand-written" { Target::HandWritten } else { Target::Systemge },
            kind: if kind == "current" { Kind::CurrentThread } else { Kind::MultiThread },
            workload: workload.clone(),
            port: port.parse().expect("a port"),
            seconds: seconds.parse().expect("seconds"),
        }
    }
}

/// Runs a workload; returns its figure: messages or requests per second, or microseconds for the latency.
pub async fn run<P: Peer>(arguments: &Arguments, peer: P) -> f64 {
    let peer = Arc::new(peer);
    let duration = Duration::from_secs_f64(arguments.seconds);
    match arguments.workload.as_str() {
        "W1" => one_way(peer, 1, duration).await,
        "W1x4" => one_way(peer, 4, duration).await,
        "W2" => latency(peer).await,
        "W3.64" => in_flight(peer, 64, duration).await,
        "W3.256" => in_flight(peer, 256, duration).await,
        other => panic!("there is no workload {other}"),
    }
}

/// Ends a loop without a look at the clock in it.
fn stop_after(duration: Duration) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    std::thread::spawn(move || {
        std::thread::sleep(duration);
        flag.store(true, Relaxed);
    });
    stop
}

async fn one_way<P: Peer>(peer: Arc<P>, senders: usize, duration: Duration) -> f64 {
    let stop = stop_after(duration);
    let start = Instant::now();
    let tasks: Vec<_> = (0..senders)
        .map(|_| {
            let (peer, stop) = (peer.clone(), stop.clone());
            tokio::spawn(async move {
                let mut sent = 0;
                while !stop.load(Relaxed) {
                    peer.send(Message::new(sent)).await;
                    sent += 1;
                }
                sent
            })
        })
        .collect();
    let mut sent = 0;
    for task in tasks {
        sent += task.await.expect("a sender");
    }
    let received = peer.received().await;
    assert_eq!(received, sent, "messages were lost");
    received as f64 / start.elapsed().as_secs_f64()
}

async fn latency<P: Peer>(peer: Arc<P>) -> f64 {
    for id in 0..2000 {
        peer.request(Message::new(id)).await;
    }
    let mut times = Vec::new();
    for id in 0..25_000 {
        let start = Instant::now();
        peer.request(Message::new(id)).await;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

async fn in_flight<P: Peer>(peer: Arc<P>, tasks: usize, duration: Duration) -> f64 {
    let done = Arc::new(AtomicU64::new(0));
    let warm_up = Duration::from_millis(300);
    let stop = stop_after(warm_up + duration);
    let tasks: Vec<_> = (0..tasks as u64)
        .map(|task| {
            let (peer, stop, done) = (peer.clone(), stop.clone(), done.clone());
            tokio::spawn(async move {
                let mut id = task << 32;
                while !stop.load(Relaxed) {
                    id += 1;
                    let answer = peer.request(Message::new(id)).await;
                    assert_eq!(answer.id, 1 << 63 | id);
                    done.fetch_add(1, Relaxed);
                }
            })
        })
        .collect();
    let probe = done.clone();
    let measured = std::thread::spawn(move || {
        std::thread::sleep(warm_up);
        let (first, start) = (probe.load(Relaxed), Instant::now());
        std::thread::sleep(duration.mul_f64(0.95));
        (probe.load(Relaxed) - first) as f64 / start.elapsed().as_secs_f64()
    });
    for task in tasks {
        task.await.expect("a caller");
    }
    measured.join().expect("the probe")
}
