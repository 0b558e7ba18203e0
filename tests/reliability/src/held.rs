//! What a process holds.

use std::time::{Duration, Instant};

/// What a process holds.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Held {
    /// Tasks of this process's runtime; 0 for another process.
    pub tasks: usize,
    /// Open file descriptors.
    pub descriptors: usize,
    /// Resident memory, in KiB.
    pub memory: u64,
}

impl Held {
    /// What this process holds.
    #[must_use]
    pub fn now() -> Self {
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        Self { tasks, ..Self::of(std::process::id()) }
    }

    /// What another process holds, as far as the system tells.
    #[must_use]
    pub fn of(process: u32) -> Self {
        let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count);
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let memory = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().trim_end_matches("kB").trim().parse().ok());
        Self { tasks: 0, descriptors, memory: memory.unwrap_or(0) }
    }

    /// What this process holds, once what ends has ended: no more tasks and descriptors than `most`, if it ever comes
    /// to that within 10 s.
    pub async fn settled(most: Option<Self>) -> Self {
        let since = Instant::now();
        loop {
            let held = Self::now();
            let enough =
                most.is_none_or(|most| held.tasks <= most.tasks && held.descriptors <= most.descriptors);
            if enough || since.elapsed() > Duration::from_secs(10) {
                return held;
            }
            // the operating system tells of nothing that is given back
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
