//! So many calls of a sender and topic, and no more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Call, Layer, Next, Outcome};
use crate::config::Rate;
use crate::protocol::bucket::Bucket;

/// Refuses what comes more often than a rate allows, counted for each sender and topic of a node by itself: so many
/// calls at once, refilled evenly. A request that is refused ends as
/// [`Refusal::Overloaded`](crate::client::Refusal::Overloaded); a client that asks any node tries another one.
///
/// At most 4096 of them are remembered. Beyond that, the one that has been quiet for longest is forgotten, and starts
/// with a full allowance when it comes back.
#[derive(Debug)]
pub struct RateLimit {
    rate: Rate,
    /// By the names of node, sender and topic, with spaces between them.
    buckets: Mutex<HashMap<String, Seen>>,
}

#[derive(Debug)]
struct Seen {
    bucket: Bucket,
    last: Instant,
}

const REMEMBERED: usize = 4096;

impl RateLimit {
    /// So many calls in a time; a count or a time of zero is no limit.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    /// So many calls per second.
    #[must_use]
    pub fn per_second(calls: u32) -> Self {
        Self::new(Rate { count: calls, per: Duration::from_secs(1) })
    }

    /// Whether another call may pass.
    fn allows(&self, [node, sender, topic]: [&str; 3], now: Instant) -> bool {
        let Some(full) = Bucket::new(self.rate, now) else { return true };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let key = format!("{node} {sender} {topic}");
        if buckets.len() >= REMEMBERED
            && !buckets.contains_key(&key)
            && let Some(oldest) = buckets.iter().min_by_key(|(_, seen)| seen.last).map(|(key, _)| key.clone())
        {
            buckets.remove(&oldest);
        }
        let seen = buckets.entry(key).or_insert(Seen { bucket: full, last: now });
        seen.last = now;
        seen.bucket.take(now)
    }
}

impl Layer for RateLimit {
    async fn handle(&self, call: &Call, next: Next<'_>) -> Outcome {
        let sender = call.sender().unwrap_or_default();
        let names = [call.context().node_name(), sender, call.topic()];
        if self.allows(names, crate::clock::now()) {
            next.run().await
        } else {
            next.overloaded(format!("more than {} from one node", self.rate))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sender_and_topic_has_an_allowance_of_its_own_and_few_are_remembered() {
        let start = Instant::now();
        let limit = RateLimit::per_second(2);
        let pass = |sender: &str, topic, millis| {
            limit.allows(["n", sender, topic], start + Duration::from_millis(millis))
        };
        assert_eq!([0, 0, 0].map(|at| pass("a", "t", at)), [true, true, false]);
        assert!(pass("a", "u", 0) && pass("b", "t", 0));
        assert_eq!([500, 500].map(|at| pass("a", "t", at)), [true, false]);
        for number in 0..2 * REMEMBERED {
            assert!(pass(&format!("sender-{number}"), "t", 600));
        }
        assert_eq!(limit.buckets.lock().unwrap().len(), REMEMBERED);
        assert!(RateLimit::per_second(0).allows(["n", "a", "t"], start), "zero is no limit");
    }
}
