//! What is measured of a node and of the process, once a second: some atomics and no more.

use super::history::{Series, Values};
use crate::metrics::Counters;
use crate::node::Node;

macro_rules! series {
    ($($name:ident: $unit:literal, $help:literal, $peak:literal;)*) => {
        [$(Series { name: stringify!($name), unit: $unit, help: $help, peak: $peak }),*]
    };
}

/// What is measured of a node.
pub(super) const NODE_SERIES: [Series; NODE] = series! {
    messages_in: "per second", "messages and requests that reached handlers", false;
    messages_out: "per second", "messages and requests handed to connections", false;
    responses: "per second", "responses received", false;
    errors: "per second", "handlers, commands and tasks that failed or panicked, and what did not decode", false;
    dropped: "per second", "messages dropped, since a peer read too slowly", false;
    queue_bytes: "bytes", "what waits to be sent to peers", true;
    handlers_waiting: "handlers", "handlers that wait for something", false;
    peers: "peers", "connected peers, of both directions", false;
    websocket_clients: "clients", "connected WebSocket clients", false;
    tasks: "tasks", "tasks of the node: connections, handlers, its own", false;
};
/// How many series a node has.
pub(super) const NODE: usize = 10;

/// What is measured of the process.
pub(super) const PROCESS_SERIES: [Series; PROCESS] = series! {
    memory: "bytes", "memory that the process holds (resident)", true;
    cpu: "cores", "processor time per second", false;
    tasks: "tasks", "tasks of the runtime", false;
};
pub(super) const PROCESS: usize = 3;

/// The counters of a node at one moment, of which the difference to the next counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    counts: [u64; 5],
    gauges: [f32; NODE - 5],
}

impl Reading {
    pub(super) fn of(node: &Node) -> Self {
        let counters = node.counters();
        let inner = node.inner();
        let queued: usize = inner.queued_bytes().iter().map(|(_, bytes)| bytes).sum();
        #[cfg(feature = "websocket")]
        let clients = if inner.config().websocket.is_some() {
            inner.program().websocket.client_count() as f32
        } else {
            f32::NAN
        };
        #[cfg(not(feature = "websocket"))]
        let clients = f32::NAN;
        let peers = inner.router().peers().len() + inner.incoming_names().len();
        Self {
            counts: [
                counters.handled + counters.failed + counters.panicked,
                counters.sent,
                counters.responses,
                errors(&counters),
                counters.dropped,
            ],
            gauges: [
                queued as f32,
                inner.handlers_waiting() as f32,
                peers as f32,
                clients,
                inner.task_count() as f32,
            ],
        }
    }

    /// What happened since an earlier reading, so many seconds ago.
    pub(super) fn since(&self, earlier: &Self, seconds: f32) -> Values<NODE> {
        let mut values = [f32::NAN; NODE];
        for (index, (now, then)) in self.counts.iter().zip(earlier.counts).enumerate() {
            values[index] = rate(now.saturating_sub(then), seconds);
        }
        values[5..].copy_from_slice(&self.gauges);
        values
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
