//! What of a node's configuration can be changed while it runs.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::config::NodeConfig;

/// What of a node's configuration can be changed while it runs. A change holds from the next look at it on, across
/// stops and starts, and is written nowhere.
#[derive(Debug)]
pub(crate) struct Adjustable {
    /// In nanoseconds.
    requests_timeout: AtomicU64,
    requests_limit: AtomicUsize,
    /// In nanoseconds.
    stop_deadline: AtomicU64,
    handlers: AtomicUsize,
    handlers_per_connection: AtomicUsize,
}

impl Adjustable {
    pub(super) fn new(config: &NodeConfig) -> Self {
        let settings = Self {
            requests_timeout: AtomicU64::new(0),
            requests_limit: AtomicUsize::new(0),
            stop_deadline: AtomicU64::new(0),
            handlers: AtomicUsize::new(0),
            handlers_per_connection: AtomicUsize::new(0),
        };
        settings.set(config);
        settings
    }

    /// Takes over what a configuration says, which has been checked.
    fn set(&self, config: &NodeConfig) {
        self.requests_timeout.store(nanos(config.requests.timeout), Relaxed);
        self.requests_limit.store(config.requests.limit, Relaxed);
        self.stop_deadline.store(nanos(config.stop.deadline), Relaxed);
        self.handlers.store(config.limits.handlers, Relaxed);
        self.handlers_per_connection.store(config.limits.handlers_per_connection, Relaxed);
    }

    /// Puts what holds now into a configuration.
    #[cfg(feature = "dashboard")]
    pub(crate) fn apply(&self, config: &mut NodeConfig) {
        config.requests.timeout = self.requests_timeout();
        config.requests.limit = self.requests_limit();
        config.stop.deadline = self.stop_deadline();
        config.limits.handlers = self.handlers();
        config.limits.handlers_per_connection = self.handlers_per_connection();
    }

    /// Takes over what a configuration says, if nothing is wrong with it.
    #[cfg(feature = "dashboard")]
    pub(crate) fn change(&self, name: &str, config: &NodeConfig) -> Result<(), crate::config::ConfigError> {
        config.check(name)?;
        self.set(config);
        Ok(())
    }

    #[inline]
    pub(crate) fn requests_timeout(&self) -> Duration {
        Duration::from_nanos(self.requests_timeout.load(Relaxed))
    }

    #[inline]
    pub(crate) fn requests_limit(&self) -> usize {
        self.requests_limit.load(Relaxed)
    }

    pub(crate) fn stop_deadline(&self) -> Duration {
        Duration::from_nanos(self.stop_deadline.load(Relaxed))
    }

    #[inline]
    pub(crate) fn handlers(&self) -> usize {
        self.handlers.load(Relaxed)
    }

    #[inline]
    pub(crate) fn handlers_per_connection(&self) -> usize {
        self.handlers_per_connection.load(Relaxed)
    }
}

/// A checked duration is at most a year, which fits by far.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
