//! Whether a peer is still there.

use std::time::{Duration, Instant};

/// Watches for signs of life: asks after `interval` of silence, gives up after `timeout` of it.
#[derive(Debug)]
pub(crate) struct Liveness {
    interval: Duration,
    timeout: Duration,
    heard: Instant,
    asked: bool,
}

/// What to do about a silent peer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Look again at that time.
    Wait(Instant),
    /// Send a ping, then look again at that time.
    Ask(Instant),
    /// The peer is gone.
    Gone,
}

impl Liveness {
    pub(crate) const fn new(interval: Duration, timeout: Duration, now: Instant) -> Self {
        Self { interval, timeout, heard: now, asked: false }
    }

    /// Something came from the peer.
    #[inline]
    pub(crate) const fn heard(&mut self, now: Instant) {
        self.heard = now;
        self.asked = false;
    }

    /// When the last sign of life came.
    pub(crate) const fn heard_at(&self) -> Instant {
        self.heard
    }

    /// After how much silence the peer is gone.
    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(crate) fn check(&mut self, now: Instant) -> Verdict {
        let silence = now.saturating_duration_since(self.heard);
        if silence >= self.timeout {
            return Verdict::Gone;
        }
        let end = self.heard + self.timeout;
        if self.asked {
            Verdict::Wait(end)
        } else if silence >= self.interval {
            self.asked = true;
            Verdict::Ask(end)
        } else {
            Verdict::Wait((self.heard + self.interval).min(end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_peer_is_asked_once_then_gone() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut liveness = Liveness::new(Duration::from_secs(10), Duration::from_secs(30), start);
        assert_eq!(liveness.check(at(3)), Verdict::Wait(at(10)));
        assert_eq!(liveness.check(at(10)), Verdict::Ask(at(30)));
        assert_eq!(liveness.check(at(11)), Verdict::Wait(at(30)));
        liveness.heard(at(12));
        assert_eq!(liveness.check(at(13)), Verdict::Wait(at(22)));
        assert_eq!(liveness.check(at(25)), Verdict::Ask(at(42)));
        assert_eq!(liveness.check(at(42)), Verdict::Gone);
    }
}
