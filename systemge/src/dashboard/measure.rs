//! What is measured of a node and of the process, once a second: some atomics and no more.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::history::{Series, Values};
use crate::http::{HttpCounters, StatusCounts};
use crate::metrics::{Counters, Direction, Durations};
use crate::node::Node;

macro_rules! series {
    ($($name:ident: $unit:literal, $help:literal, $peak:literal;)*) => {
        [$(Series { name: stringify!($name), unit: $unit, help: $help, peak: $peak }),*]
    };
}

/// What is measured of a node: first what is counted, then the rest.
pub(super) const NODE_SERIES: [Series; NODE] = series! {
    messages_in: "per second", "messages and requests received", false;
    messages_out: "per second", "messages and requests handed to connections", false;
    bytes_in: "bytes per second", "bytes read from peers", false;
    bytes_out: "bytes per second", "bytes written to peers", false;
    responses: "per second", "responses received", false;
    late: "per second", "responses that came when nobody waited for them any more", false;
    errors: "per second", "handlers, commands and tasks that failed or panicked, and what did not decode", false;
    dropped: "per second", "messages dropped, since a peer read too slowly", false;
    http_requests: "per second", "requests that the HTTP component has answered", false;
    http_errors: "per second", "those that it answered with a status of 500 or more", false;
    handler_p50: "seconds", "what half of the handlers did not exceed", true;
    handler_p99: "seconds", "what 99 of 100 handlers did not exceed", true;
    queue_bytes: "bytes", "what waits to be sent to peers", true;
    handlers_waiting: "handlers", "handlers that wait for something", false;
    peers: "peers", "connected peers, of both directions", false;
    websocket_clients: "clients", "connected WebSocket clients", false;
    tasks: "tasks", "tasks of the node: connections, handlers, its own", false;
};
/// How many series a node has.
pub(super) const NODE: usize = COUNTED + 7;
/// How many of them are rates of what is counted.
const COUNTED: usize = 10;

/// What is measured of the process.
pub(super) const PROCESS_SERIES: [Series; PROCESS] = series! {
    memory: "bytes", "memory that the process holds (resident)", true;
    cpu: "cores", "processor time per second", false;
    tasks: "tasks", "tasks of the runtime", false;
};
pub(super) const PROCESS: usize = 3;

/// What the HTTP component has answered: by routes, from folders, and what nobody was there for.
#[derive(Debug, Clone, Copy)]
struct HttpAnswers {
    total: u64,
    server_errors: u64,
}

impl HttpAnswers {
    fn of(node: &Node) -> Self {
        let http = &node.inner().program().http;
        let HttpCounters { folders, unmatched, refused } = http.counters();
        let routes = node.inner().metrics().http().snapshot();
        let others = [folders, unmatched, refused];
        Self {
            total: routes.total() + others.iter().map(StatusCounts::total).sum::<u64>(),
            server_errors: routes.server_error + others.iter().map(|counts| counts.server_error).sum::<u64>(),
        }
    }
}

/// The counters of a node at one moment, of which the difference to the next counts.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    counts: [u64; COUNTED],
    gauges: [f32; 5],
    has_http: bool,
    /// How long the handlers took, all topics together.
    durations: Durations,
    peers: BTreeMap<PeerKey, Traffic>,
}

/// A peer in one direction; `true` where this node has dialled it.
pub(super) type PeerKey = (Arc<str>, bool);

/// Bytes that went between a node and a peer, or bytes per second.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Traffic {
    pub(super) read: u64,
    pub(super) written: u64,
}

impl Reading {
    pub(super) fn of(node: &Node) -> Self {
        let metrics = node.metrics();
        let inner = node.inner();
        let config = inner.config();
        let mut peers: BTreeMap<PeerKey, Traffic> = BTreeMap::new();
        for peer in &metrics.peers {
            let traffic = Traffic { read: peer.read_bytes, written: peer.written_bytes };
            peers.insert((peer.peer.clone(), peer.direction == Direction::Outgoing), traffic);
        }
        let connected = metrics.peers.iter().filter(|peer| peer.connected);
        let counters = &metrics.counters;
        let clients = if config.websocket.is_some() { metrics.websocket.clients as f32 } else { f32::NAN };
        let http = HttpAnswers::of(node);
        let mut durations = Durations::default();
        for topic in &metrics.received {
            merge(&mut durations, &topic.durations);
        }
        Self {
            counts: [
                metrics.received.iter().map(|topic| topic.received).sum(),
                counters.sent,
                metrics.peers.iter().map(|peer| peer.read_bytes).sum(),
                metrics.peers.iter().map(|peer| peer.written_bytes).sum(),
                counters.responses,
                counters.late,
                errors(counters),
                counters.dropped,
                http.total,
                http.server_errors,
            ],
            gauges: [
                connected.clone().map(|peer| peer.queue_bytes).sum::<u64>() as f32,
                metrics.handlers_in_flight as f32,
                connected.count() as f32,
                clients,
                inner.task_count() as f32,
            ],
            has_http: config.http.is_some(),
            durations,
            peers,
        }
    }

    /// What happened since an earlier reading, so many seconds ago.
    pub(super) fn since(&self, earlier: &Self, seconds: f32) -> Values<NODE> {
        let mut values = [f32::NAN; NODE];
        for (index, (now, then)) in self.counts.iter().zip(earlier.counts).enumerate() {
            values[index] = rate(now.saturating_sub(then), seconds);
        }
        if !self.has_http {
            values[COUNTED - 2..COUNTED].fill(f32::NAN);
        }
        let mut recent = self.durations.clone();
        for (bucket, before) in recent.buckets.iter_mut().zip(&earlier.durations.buckets) {
            bucket.count = bucket.count.saturating_sub(before.count);
        }
        for (index, share) in [0.5, 0.99].into_iter().enumerate() {
            values[COUNTED + index] = recent.quantile(share).map_or(f32::NAN, |time| time.as_secs_f32());
        }
        values[COUNTED + 2..].copy_from_slice(&self.gauges);
        values
    }

    /// Bytes per second between the node and each of its peers since an earlier reading.
    pub(super) fn traffic_since(&self, earlier: &Self, seconds: f32) -> BTreeMap<PeerKey, Traffic> {
        let per_second = |now: u64, then: u64| (now.saturating_sub(then) as f32 / seconds).round() as u64;
        let traffic = |(peer, now): (&PeerKey, &Traffic)| {
            let then = earlier.peers.get(peer).copied().unwrap_or_default();
            let (read, written) = (per_second(now.read, then.read), per_second(now.written, then.written));
            (peer.clone(), Traffic { read, written })
        };
        self.peers.iter().map(traffic).collect()
    }
}

fn merge(into: &mut Durations, more: &Durations) {
    if into.buckets.is_empty() {
        into.buckets.clone_from(&more.buckets);
        return;
    }
    for (bucket, more) in into.buckets.iter_mut().zip(&more.buckets) {
        bucket.count += more.count;
    }
}

/// What went wrong in a node, all in all.
pub(super) const fn errors(counters: &Counters) -> u64 {
    counters.failed
        + counters.panicked
        + counters.undecodable
        + counters.unencodable
        + counters.unknown_topic
        + counters.failed_commands
        + counters.failed_hooks
        + counters.panicked_tasks
}

/// Events per second, with one digit after the point, which is all that anybody reads.
fn rate(events: u64, seconds: f32) -> f32 {
    (events as f32 / seconds * 10.0).round() / 10.0
}

/// The process at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProcessReading {
    memory: Option<u64>,
    /// Processor time so far, in seconds.
    cpu: Option<f64>,
    tasks: usize,
}

impl ProcessReading {
    pub(super) fn now() -> Self {
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        Self { memory: memory(), cpu: cpu(), tasks }
    }

    pub(super) fn since(&self, earlier: &Self, seconds: f32) -> Values<PROCESS> {
        let cpu = self.cpu.zip(earlier.cpu).map(|(now, then)| (now - then).max(0.0) as f32 / seconds);
        [
            self.memory.map_or(f32::NAN, |bytes| bytes as f32),
            cpu.map_or(f32::NAN, |cores| (cores * 1000.0).round() / 1000.0),
            self.tasks as f32,
        ]
    }
}

/// The resident memory in bytes, where the system tells it as Linux does.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

/// The processor time so far, in seconds, where the system tells it as Linux does.
fn cpu() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // the name of the program stands in brackets and may hold anything
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(ticks as f64 / TICKS)
}

/// Ticks of processor time per second, as Linux shows it to programs on every architecture (proc(5), `USER_HZ`).
const TICKS: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_process_has_memory_and_uses_the_processor() {
        assert!(memory().unwrap() > 1024 * 1024);
        let before = cpu().unwrap();
        let mut sum = 0_u64;
        while cpu().unwrap() <= before {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
    }
}
