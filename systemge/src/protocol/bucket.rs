//! Limits of rates: a token bucket.

use std::time::Instant;

use crate::config::Rate;

/// So many at once, and refilled evenly: what comes faster than its [`Rate`] finds it empty. Knows no clock; the time
/// comes in.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    /// How many are left, in nanoseconds of refilling; full at `rate.per`.
    left: u128,
    since: Instant,
}

impl Bucket {
    /// A full bucket; `None` where there is no limit.
    pub(crate) fn new(rate: Rate, now: Instant) -> Option<Self> {
        (!rate.is_unlimited()).then_some(Self { rate, left: rate.per.as_nanos(), since: now })
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let full = self.rate.per.as_nanos();
        let gone = now.saturating_duration_since(self.since);
        self.since = now;
        self.left = full.min(self.left + gone.as_nanos());
        let one = self.one();
        let some = self.left >= one;
        if some {
            self.left -= one;
        }
        some
    }

    /// Gives back one that was taken.
    #[cfg(feature = "websocket")]
    pub(crate) fn give_back(&mut self) {
        self.left = self.rate.per.as_nanos().min(self.left + self.one());
    }

    /// How long it takes until there is one again.
    #[cfg(feature = "http")]
    pub(crate) fn wait(&self) -> std::time::Duration {
        let missing = self.one().saturating_sub(self.left);
        std::time::Duration::from_nanos(u64::try_from(missing).unwrap_or(u64::MAX))
    }

    fn one(&self) -> u128 {
        self.rate.per.as_nanos() / u128::from(self.rate.count.max(1))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn as_many_as_the_rate_at_once_and_then_evenly() {
        let start = Instant::now();
        let at = |millis: u64| start + Duration::from_millis(millis);
        let rate = Rate { count: 4, per: Duration::from_secs(1) };
        let mut bucket = Bucket::new(rate, start).unwrap();
        let mut takes = |millis: u64| (0..9).take_while(|_| bucket.take(at(millis))).count();
        assert_eq!(takes(0), 4);
        assert_eq!(takes(249), 0);
        assert_eq!(takes(250), 1);
        assert_eq!(takes(1000), 3);
        assert_eq!(takes(900), 0, "time that goes back gives nothing");
        assert_eq!(takes(60_000), 4, "no more than full");
        bucket.give_back();
        assert!(bucket.take(at(60_000)));
        assert!(!bucket.take(at(60_000)));
        assert!(Bucket::new(Rate::UNLIMITED, start).is_none());
    }
}
