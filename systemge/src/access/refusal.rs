//! Why somebody is not let in: counted and logged.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::quiet::Quiet;

/// Why a connection was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefusalReason {
    /// Its address may not connect.
    Denied,
    /// The listener had as many connections as it may have.
    Connections,
    /// The listener had as many handshakes as it may have.
    Handshakes,
    /// The listener had as many handshakes from that address as it may have.
    HandshakesOfAddress,
    /// The handshake was not done in time.
    Timeout,
    /// It broke a rule of the protocol, or speaks another one.
    Violation,
    /// It has not proved that it knows the shared secret.
    Unproven,
    /// A node of its name is connected already.
    NameTaken,
    /// The node was about to stop.
    Stopping,
    /// The connection ended or failed before the handshake was done.
    Network,
}

impl RefusalReason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::Denied,
        Self::Connections,
        Self::Handshakes,
        Self::HandshakesOfAddress,
        Self::Timeout,
        Self::Violation,
        Self::Unproven,
        Self::NameTaken,
        Self::Stopping,
        Self::Network,
    ];

    /// The name for logs and metrics, such as `name_taken`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Connections => "connections",
            Self::Handshakes => "handshakes",
            Self::HandshakesOfAddress => "handshakes_of_address",
            Self::Timeout => "timeout",
            Self::Violation => "violation",
            Self::Unproven => "unproven",
            Self::NameTaken => "name_taken",
            Self::Stopping => "stopping",
            Self::Network => "network",
        }
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many were not let in, by reason, and when the last line about each was logged.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    by_reason: [(AtomicU64, Quiet); RefusalReason::ALL.len()],
}

impl Refusals {
    /// Counts one; returns how many log lines were left out before it, if one may be written now.
    pub(crate) fn count(&self, reason: RefusalReason) -> Option<u64> {
        let (count, quiet) = &self.by_reason[reason as usize];
        count.fetch_add(1, Relaxed);
        quiet.pass(crate::clock::now())
    }

    /// How many were not let in, by reason.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (RefusalReason, u64)> {
        RefusalReason::ALL.into_iter().map(|reason| (reason, self.of(reason)))
    }

    /// How many were not let in for that reason.
    pub(crate) fn of(&self, reason: RefusalReason) -> u64 {
        self.by_reason[reason as usize].0.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_place() {
        for (place, reason) in RefusalReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place, "{reason}");
        }
    }
}
