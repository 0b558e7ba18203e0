//! When to dial again: exponential backoff with jitter.

use std::time::Duration;

/// The delays between attempts to dial a peer.
///
/// Equal jitter, as in the AWS Architecture Blog's "Exponential Backoff And Jitter": half of the delay is fixed, so
/// that a peer isn't hammered, and half is random, so that many nodes don't knock at the same moment.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    initial: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) const fn new(initial: Duration, max: Duration) -> Self {
        Self { initial, max, failures: 0 }
    }

    /// How many attempts failed in a row.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Counts a failure; tells how long to wait. `random` is any number, evenly distributed.
    pub(crate) fn failed(&mut self, random: u64) -> Duration {
        let factor = 1u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.failures = self.failures.saturating_add(1);
        let delay = self.initial.saturating_mul(factor).min(self.max);
        let half = delay / 2;
        // 53 bits fill the mantissa of an f64, so that the quotient lies in 0..1
        half + half.mul_f64((random >> 11) as f64 / (1u64 << 53) as f64)
    }

    /// A connection that held is lost, which is no failed attempt: tells how long to wait, from the beginning.
    pub(crate) fn lost(&mut self, random: u64) -> Duration {
        self.failures = 0;
        let delay = self.failed(random);
        self.failures = 0;
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest_and_start_again_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let delays: Vec<_> = (0..6).map(|_| backoff.failed(u64::MAX).as_millis()).collect();
        assert_eq!(delays, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(backoff.failures(), 6);
        // the loss of a connection that held counts as no failure
        assert_eq!(backoff.lost(0), Duration::from_millis(50));
        assert_eq!(backoff.failures(), 0);
        assert_eq!(backoff.failed(u64::MAX).as_millis(), 100);
        assert_eq!(backoff.failures(), 1);
    }

    #[test]
    fn a_delay_lies_between_half_and_whole() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::MAX);
        for random in [0, 1, u64::MAX / 3, u64::MAX] {
            let delay = backoff.lost(random);
            assert!((Duration::from_millis(500)..=Duration::from_secs(1)).contains(&delay), "{delay:?}");
        }
        for _ in 0..100 {
            backoff.failed(u64::MAX);
        }
    }
}
