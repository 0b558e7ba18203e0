//! How long things take: a histogram.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::counts::Count;
use super::seconds;

/// Upper bounds of the buckets, in nanoseconds; one more bucket takes what is longer.
const BOUNDS: [u64; 21] = [
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    10_000_000_000,
];

/// Durations that are counted.
#[derive(Debug, Default)]
pub(crate) struct DurationCounts {
    buckets: [Count; BOUNDS.len() + 1],
    nanos: Count,
}

impl DurationCounts {
    /// Counts a duration that stands for `weight` of its kind.
    pub(crate) fn record(&self, duration: Duration, weight: u64) {
        let nanos = nanos(duration);
        let place = BOUNDS.partition_point(|bound| *bound < nanos);
        self.buckets[place].add(weight);
        self.nanos.add(nanos.saturating_mul(weight));
    }

    pub(crate) fn snapshot(&self) -> Durations {
        let bounds = BOUNDS.iter().map(|bound| Duration::from_nanos(*bound)).chain([Duration::MAX]);
        let buckets = bounds
            .zip(&self.buckets)
            .map(|(up_to, count)| DurationBucket { up_to, count: count.get() })
            .collect();
        Durations { buckets, sum: Duration::from_nanos(self.nanos.get()) }
    }
}

/// Nanoseconds, without the arithmetic in 128 bits of `Duration::as_nanos`.
pub(super) const fn nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(duration.subsec_nanos() as u64)
}

/// How long things took: a histogram.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Durations {
    /// From short to long; the last one is for whatever is longer.
    pub buckets: Vec<DurationBucket>,
    /// All durations together; serialised in seconds.
    #[serde(with = "seconds")]
    pub sum: Duration,
}

/// How many durations lie between the bound of the bucket before and that of this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DurationBucket {
    /// The longest duration that is counted here, `Duration::MAX` for the last one; serialised in seconds, `null` for
    /// the last one.
    #[serde(with = "seconds::or_endless")]
    pub up_to: Duration,
    /// How many there were.
    pub count: u64,
}

impl Durations {
    /// How many durations were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.count).sum()
    }

    /// Their mean; `None` if there are none.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        let nanos = nanos(self.sum).checked_div(self.count())?;
        Some(Duration::from_nanos(nanos))
    }

    /// About how long that share of them took at most, from 0 to 1: `quantile(0.99)` is the duration that 99 % did not
    /// exceed. It is taken to lie in its bucket as if all in there were spread evenly; beyond the last bound it is that
    /// bound. `None` if there are none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let wanted = share.clamp(0.0, 1.0) * count as f64;
        let mut below = 0.0;
        let mut lower = Duration::ZERO;
        for bucket in &self.buckets {
            let here = bucket.count as f64;
            if bucket.count > 0 && below + here >= wanted {
                if bucket.up_to == Duration::MAX {
                    break;
                }
                let part = ((wanted - below) / here).clamp(0.0, 1.0);
                return Some(lower + (bucket.up_to - lower).mul_f64(part));
            }
            below += here;
            if bucket.up_to < Duration::MAX {
                lower = bucket.up_to;
            }
        }
        Some(lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_in_the_bucket_whose_bound_it_does_not_exceed() {
        let counts = DurationCounts::default();
        for nanos in [0, 1_000, 1_001, 10_000_000_000, 10_000_000_001, u64::MAX] {
            counts.record(Duration::from_nanos(nanos), 1);
        }
        let counted: Vec<u64> = counts.snapshot().buckets.iter().map(|bucket| bucket.count).collect();
        assert_eq!(counted.iter().sum::<u64>(), 6);
        assert_eq!((counted[0], counted[1], counted[20], counted[21]), (2, 1, 1, 2));
    }

    #[test]
    fn quantiles_and_the_mean_are_those_of_what_was_counted() {
        let counts = DurationCounts::default();
        assert_eq!((counts.snapshot().quantile(0.5), counts.snapshot().mean()), (None, None));
        counts.record(Duration::from_micros(200), 99);
        counts.record(Duration::from_secs(60), 1);
        let durations = counts.snapshot();
        assert_eq!(durations.mean(), Some(Duration::from_micros(600_198)));
        let half = durations.quantile(0.5).expect("there are some");
        assert!((100..=250).contains(&half.as_micros()), "{half:?}");
        assert_eq!(durations.quantile(1.0), Some(Duration::from_secs(10)));
    }
}
