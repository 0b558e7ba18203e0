//! A line for every call.

use tracing::Level;

use super::{Call, Layer, Next, Outcome};

/// Logs every call with its node, peer, topic, size, outcome and time. Calls that end well are logged at the level
/// `debug`, or another one; the others at `warn`.
#[derive(Debug, Clone, Copy)]
pub struct Log {
    level: Level,
}

impl Log {
    /// Calls that end well are logged at the level `debug`.
    #[must_use]
    pub const fn new() -> Self {
        Self { level: Level::DEBUG }
    }

    /// Logs the calls that end well at another level.
    #[must_use]
    pub const fn level(self, level: Level) -> Self {
        Self { level }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for Log {
    async fn handle(&self, call: &Call, next: Next<'_>) -> Outcome {
        let outcome = next.run().await;
        macro_rules! line {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    node = call.context().node_name(),
                    peer = call.sender(),
                    topic = call.topic(),
                    bytes = call.payload_bytes(),
                    outcome = outcome.kind().as_str(),
                    reason = outcome.reason(),
                    took = ?outcome.took(),
                    "handled"
                )
            };
        }
        // the level of an event is part of its place in the code
        match self.level {
            _ if outcome.kind() != super::OutcomeKind::Success => line!(Level::WARN),
            Level::ERROR => line!(Level::ERROR),
            Level::WARN => line!(Level::WARN),
            Level::INFO => line!(Level::INFO),
            Level::DEBUG => line!(Level::DEBUG),
            Level::TRACE => line!(Level::TRACE),
        }
        outcome
    }
}
