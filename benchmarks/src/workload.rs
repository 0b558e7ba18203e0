//! The workloads, the same for everything that is measured.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use systemge::Schema;
use systemge::payload::Shape;

use crate::meter::{Report, cpu_seconds};

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

/// Bytes, which serde writes as one piece.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Blob(#[serde(with = "serde_bytes")] pub Vec<u8>);

impl Schema for Blob {
    const SHAPE: &'static Shape = <Vec<u8> as Schema>::SHAPE;
}

impl Blob {
    /// One MiB.
    pub fn new() -> Self {
        Self(vec![7; 1 << 20])
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Workload {
    /// Messages of so many senders that share a connection.
    OneWay { senders: usize },
    /// Requests, one after the other.
    Latency,
    /// So many requests in flight on a connection.
    InFlight { requests: usize },
    /// Requests to [`RESPONDERS`] nodes, all of whose responses are awaited; so many in flight.
    FanOut { requests: usize },
    /// Messages of one MiB.
    Large,
    /// Connections that do nothing.
    Idle,
}

/// How many nodes answer a request of [`Workload::FanOut`].
pub const RESPONDERS: usize = 8;
/// How many connections [`Workload::Idle`] opens.
pub const CONNECTIONS: usize = 1000;

impl Workload {
    pub const ALL: [Self; 9] = [
        Self::OneWay { senders: 1 },
        Self::OneWay { senders: 4 },
        Self::Latency,
        Self::InFlight { requests: 64 },
        Self::InFlight { requests: 256 },
        Self::FanOut { requests: 1 },
        Self::FanOut { requests: 32 },
        Self::Large,
        Self::Idle,
    ];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|workload| workload.to_string() == text)
    }

    pub const fn meaning(self) -> &'static str {
        match self {
            Self::OneWay { senders: 1 } => "one-way, one sender (messages/s)",
            Self::OneWay { .. } => "one-way, four senders on one connection (messages/s)",
            Self::Latency => "request, one in flight (median, µs)",
            Self::InFlight { requests: 64 } => "requests, 64 in flight (per second)",
            Self::InFlight { .. } => "requests, 256 in flight (per second)",
            Self::FanOut { requests: 1 } => "requests to 8 responders, one in flight (per second)",
            Self::FanOut { .. } => "requests to 8 responders, 32 in flight (per second)",
            Self::Large => "one-way, 1 MiB (MiB/s)",
            Self::Idle => "memory per idle connection on the listening side (kB)",
        }
    }

    /// Whether a smaller figure is better.
    pub const fn is_cost(self) -> bool {
        matches!(self, Self::Latency | Self::Idle)
    }

    pub const fn responders(self) -> usize {
        match self {
            Self::FanOut { .. } => RESPONDERS,
            _ => 1,
        }
    }

    const fn seconds(self) -> f64 {
        match self {
            Self::OneWay { .. } | Self::Large => 2.0,
            _ => 1.2,
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneWay { senders: 1 } => f.write_str("W1"),
            Self::OneWay { senders } => write!(f, "W1x{senders}"),
            Self::Latency => f.write_str("W2"),
            Self::InFlight { requests } => write!(f, "W3.{requests}"),
            Self::FanOut { requests } => write!(f, "W4.{requests}"),
            Self::Large => f.write_str("W5"),
            Self::Idle => f.write_str("W7"),
        }
    }
}

/// The calling side of what is measured: connected to every server of the workload.
pub trait Peer: Send + Sync + 'static {
    /// Sends messages until told to stop; returns how many. Called once for each sender.
    fn send(&self, stop: Stop) -> impl Future<Output = u64> + Send;
    /// The same with large ones.
    fn send_large(&self, stop: Stop) -> impl Future<Output = u64> + Send;
    fn request(&self, message: Message) -> impl Future<Output = Message> + Send;
    /// Asks all servers; returns how many responses came.
    fn request_all(&self, message: Message) -> impl Future<Output = usize> + Send;
}

/// Tells a loop when to end, without a look at the clock in it.
#[derive(Debug, Clone)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    pub fn after(duration: Duration) -> Self {
        let flag = Arc::new(AtomicBool::new(false));
        let set = flag.clone();
        std::thread::spawn(move || {
            std::thread::sleep(duration);
            set.store(true, Relaxed);
        });
        Self(flag)
    }

    pub fn is_over(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Runs a workload.
pub async fn run<P: Peer>(workload: Workload, peer: P) -> Report {
    let peer = Arc::new(peer);
    let duration = Duration::from_secs_f64(workload.seconds());
    let before = cpu_seconds();
    match workload {
        Workload::OneWay { senders } => {
            one_way(senders, duration, |stop| {
                let peer = peer.clone();
                async move { peer.send(stop).await }
            })
            .await
        }
        Workload::Large => {
            one_way(1, duration, |stop| {
                let peer = peer.clone();
                async move { peer.send_large(stop).await }
            })
            .await
        }
        Workload::Latency => latency(&*peer).await,
        Workload::InFlight { requests } => {
            in_flight(requests, duration, before, move |id| {
                let peer = peer.clone();
                async move {
                    let answer = peer.request(Message::new(id)).await;
                    assert_eq!(answer.id, 1 << 63 | id, "the answer of another request");
                }
            })
            .await
        }
        Workload::FanOut { requests } => {
            in_flight(requests, duration, before, move |id| {
                let peer = peer.clone();
                async move {
                    let answers = peer.request_all(Message::new(id)).await;
                    assert_eq!(answers, RESPONDERS, "answers are missing");
                }
            })
            .await
        }
        // whoever is measured has opened its connections already
        Workload::Idle => Report::Idle,
    }
}

async fn one_way<F: Future<Output = u64> + Send + 'static>(
    senders: usize,
    duration: Duration,
    send: impl Fn(Stop) -> F,
) -> Report {
    let stop = Stop::after(duration);
    let tasks: Vec<_> = (0..senders).map(|_| tokio::spawn(send(stop.clone()))).collect();
    let mut sent = 0;
    for task in tasks {
        sent += task.await.expect("a sender");
    }
    Report::Sent { messages: sent }
}

async fn latency<P: Peer>(peer: &P) -> Report {
    for id in 0..2000 {
        peer.request(Message::new(id)).await;
    }
    let mut times = Vec::new();
    let (before, started) = (cpu_seconds(), Instant::now());
    for id in 0..25_000 {
        let start = Instant::now();
        peer.request(Message::new(id)).await;
        times.push(start.elapsed());
        if started.elapsed() > Duration::from_secs(10) {
            break;
        }
    }
    let requests = times.len() as u64;
    times.sort_unstable();
    let at = |share: f64| times[(times.len() as f64 * share) as usize].as_secs_f64() * 1e6;
    Report::Latency { median: at(0.5), p99: at(0.99), requests, cpu: cpu_seconds() - before }
}

/// Runs `call` in as many tasks as requests are to be in flight; what happens in the first 0.3 s does not count.
async fn in_flight<F: Future<Output = ()> + Send + 'static>(
    tasks: usize,
    duration: Duration,
    before: f64,
    call: impl Fn(u64) -> F + Clone + Send + Sync + 'static,
) -> Report {
    let done = Arc::new(AtomicU64::new(0));
    let warm_up = Duration::from_millis(300);
    let stop = Stop::after(warm_up + duration);
    let tasks: Vec<_> = (0..tasks as u64)
        .map(|task| {
            let (call, stop, done) = (call.clone(), stop.clone(), done.clone());
            tokio::spawn(async move {
                let mut id = task << 32;
                while !stop.is_over() {
                    id += 1;
                    call(id).await;
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
    let per_second = measured.join().expect("the probe");
    Report::Rate { per_second, requests: done.load(Relaxed), cpu: cpu_seconds() - before }
}
