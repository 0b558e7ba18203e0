//! The one clock of everything that waits for peers.

use std::time::Instant;

/// The time. It is tokio's, so that a test that pauses the clock of its runtime drives connections, too.
#[inline]
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
