//! What a process knows of itself, and how it tells the driver.

use std::io::{BufRead as _, Write as _};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Messages that a server has handled.
static HANDLED: AtomicU64 = AtomicU64::new(0);
/// Since its start, in nanoseconds: when the first message was handled, and when the count last moved.
static FIRST: AtomicU64 = AtomicU64::new(0);
static LAST: AtomicU64 = AtomicU64::new(0);

/// A message was handled.
#[inline]
pub fn handled<T>(message: T) {
    std::hint::black_box(message);
    HANDLED.fetch_add(1, Relaxed);
}

/// What a caller reports when it is done.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Report {
    Sent { messages: u64 },
    Latency { median: f64, p99: f64, requests: u64, cpu: f64 },
    Rate { per_second: f64, requests: u64, cpu: f64 },
    Idle,
}

/// What any process reports when it is asked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    pub handled: u64,
    /// From the first message to the last.
    pub seconds: f64,
    /// CPU time, user and system, in seconds.
    pub cpu: f64,
    pub resident_kb: f64,
    pub threads: usize,
}

/// Tells the driver that the process is ready, answers what it asks, and ends the process when it is gone, or after
/// two minutes.
pub fn ready(line: &impl Serialize) {
    let started = Instant::now();
    print(line);
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_secs(120));
        std::process::exit(3);
    });
    std::thread::spawn(move || {
        let mut seen = 0;
        loop {
            std::thread::sleep(Duration::from_millis(2));
            let handled = HANDLED.load(Relaxed);
            if handled != seen {
                let now = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
                if seen == 0 {
                    FIRST.store(now, Relaxed);
                }
                seen = handled;
                LAST.store(now, Relaxed);
            }
        }
    });
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if line.is_err() {
                break;
            }
            print(&State {
                handled: HANDLED.load(Relaxed),
                seconds: LAST.load(Relaxed).saturating_sub(FIRST.load(Relaxed)) as f64 / 1e9,
                cpu: cpu_seconds(),
                resident_kb: resident_kb(),
                threads: std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count),
            });
        }
        std::process::exit(0);
    });
}

fn print(line: &impl Serialize) {
    let line = serde_json::to_string(line).expect("it is JSON");
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

/// The CPU time that this process has used, user and system.
pub fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn resident_kb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}
