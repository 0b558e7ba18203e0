//! Sends messages and requests, and measures how fast that goes.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use systemge::prelude::*;

use crate::receiver::ReceiverClient;

/// How many requests are on their way at any time.
const IN_FLIGHT: usize = 256;
/// After how many the clock is looked at.
const BATCH: u64 = 512;
/// How often the rate is told.
const PAUSE: Duration = Duration::from_millis(200);

/// What is sent.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::exhaustive_enums, reason = "there are no more kinds of topics")]
pub enum Phase {
    /// Messages.
    Messages,
    /// Requests.
    Requests,
}

/// How far it is.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Progress {
    /// What is sent.
    pub phase: Phase,
    /// How many went through.
    pub done: u64,
    /// How many there will be.
    pub of: u64,
    /// How many went through per second since the last time.
    pub per_second: f64,
}

/// How fast a phase was.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Rate {
    /// How many went through per second.
    pub per_second: f64,
    /// How long it took.
    pub seconds: f64,
}

/// How fast it was.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// How many of each were sent.
    pub count: u64,
    /// The messages.
    pub messages: Rate,
    /// The requests.
    pub requests: Rate,
}

/// Tells how far it is, now and then.
struct Reporter<'a> {
    report: &'a (dyn Fn(Progress) + Sync),
    stop: &'a AtomicBool,
    phase: Phase,
    of: u64,
    begin: Instant,
    last: (u64, Instant),
}

impl Reporter<'_> {
    /// So many went through; fails once it is to stop.
    fn at(&mut self, done: u64) -> Result<()> {
        if !done.is_multiple_of(BATCH) && done != self.of {
            return Ok(());
        }
        let now = Instant::now();
        let since = now - self.last.1;
        if since >= PAUSE || done == self.of {
            let per_second = per_second(done - self.last.0, since);
            self.last = (done, now);
            (self.report)(Progress { phase: self.phase, done, of: self.of, per_second });
        }
        if self.stop.load(Relaxed) { Err(Error::message("stopped")) } else { Ok(()) }
    }

    fn rate(&self) -> Rate {
        let time = self.begin.elapsed();
        Rate { per_second: per_second(self.of, time), seconds: time.as_secs_f64() }
    }
}

/// Sends so many messages, then so many requests.
pub(crate) async fn send(
    receiver: &ReceiverClient,
    count: u64,
    stop: &AtomicBool,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Summary> {
    let reporter = |phase| {
        let now = Instant::now();
        Reporter { report, stop, phase, of: count, begin: now, last: (0, now) }
    };
    let before = receiver.received().await?;

    let mut messages = reporter(Phase::Messages);
    for number in 0..count {
        receiver.message(number).await?;
        // the last one counts once all have come
        if number + 1 < count {
            messages.at(number + 1)?;
        }
    }
    // what is asked afterwards is answered afterwards
    let received = receiver.received().await?.wrapping_sub(before);
    if received != count {
        return Err(Error::message(format!("{received} of {count} messages have come")));
    }
    messages.at(count)?;
    let messages = messages.rate();

    let mut requests = reporter(Phase::Requests);
    let mut answers = stream::iter(0..count)
        .map(|number| async move { Ok::<_, Error>(receiver.request(number).await? == number) })
        .buffer_unordered(IN_FLIGHT);
    let mut done = 0;
    while let Some(right) = answers.next().await {
        if !right? {
            return Err(Error::message("an answer belongs to another request"));
        }
        done += 1;
        requests.at(done)?;
    }
    Ok(Summary { count, messages, requests: requests.rate() })
}

#[expect(clippy::cast_precision_loss, reason = "a rate is for people")]
fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(1e-9)
}
