//! What is counted per topic: by plain numbers of one connection, which go to the node's counters batch by batch.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::counts::{Count, HandlerCounts, RequestCounts};
use super::durations::DurationCounts;
use super::{ReceivedTopic, SentTopic};
use crate::protocol::frame::Status;
use crate::topic::{Topic, TopicKind};

// ---- received ----

/// A topic that the node handles.
#[derive(Debug)]
pub(crate) struct ReceivedCounts {
    /// As it is written in the program: the same for all instances of a keyed topic.
    name: &'static str,
    kind: TopicKind,
    received: Count,
    bytes: Count,
    pub(crate) outcomes: HandlerCounts,
    durations: DurationCounts,
}

impl ReceivedCounts {
    pub(super) fn new(name: &'static str, kind: TopicKind) -> Self {
        Self {
            name,
            kind,
            received: Count::default(),
            bytes: Count::default(),
            outcomes: HandlerCounts::default(),
            durations: DurationCounts::default(),
        }
    }

    /// A handler took so long; stands for `weight` of its calls.
    pub(crate) fn took(&self, duration: std::time::Duration, weight: u64) {
        self.durations.record(duration, weight);
    }

    pub(super) fn snapshot(&self) -> ReceivedTopic {
        ReceivedTopic {
            topic: self.name.into(),
            kind: self.kind,
            received: self.received.get(),
            bytes: self.bytes.get(),
            outcomes: self.outcomes.snapshot(),
            durations: self.durations.snapshot(),
        }
    }
}

/// Of how many calls that end without waiting the time of one is taken.
const SAMPLED: u32 = 64;

/// What one accepting connection has counted since it last told its node. To count is to add to two numbers in a place
/// that belongs to the connection's task.
#[derive(Debug, Default)]
pub(crate) struct ReceivedTally {
    topics: Box<[ReceivedPlace]>,
    /// The topics that have something to tell.
    touched: Vec<usize>,
}

#[derive(Debug, Clone, Copy, Default)]
struct ReceivedPlace {
    bytes: u64,
    received: u32,
    handled: u32,
    /// All calls of this connection so far, for the choice of those whose time is taken.
    calls: u32,
    touched: bool,
}

impl ReceivedTally {
    pub(crate) fn new(topics: usize) -> Self {
        Self { topics: vec![ReceivedPlace::default(); topics].into(), touched: Vec::new() }
    }

    #[inline]
    fn place(&mut self, topic: usize) -> Option<&mut ReceivedPlace> {
        let place = self.topics.get_mut(topic)?;
        if !place.touched {
            place.touched = true;
            self.touched.push(topic);
        }
        Some(place)
    }

    /// Something came. Returns for how many calls this one stands if its time is to be taken, 0 if it isn't: every one
    /// of the first, then one for many.
    #[inline]
    pub(crate) fn received(&mut self, topic: usize, bytes: usize) -> u32 {
        let Some(place) = self.place(topic) else { return 0 };
        place.received += 1;
        place.bytes += bytes as u64;
        let call = place.calls;
        place.calls = call.wrapping_add(1);
        if call < SAMPLED {
            1
        } else if call.is_multiple_of(SAMPLED) {
            SAMPLED
        } else {
            0
        }
    }

    /// A handler came to its end without an error.
    #[inline]
    pub(crate) fn handled(&mut self, topic: usize) {
        if let Some(place) = self.place(topic) {
            place.handled += 1;
        }
    }

    /// Tells the node.
    #[inline]
    pub(crate) fn settle(&mut self, topics: &[ReceivedCounts]) {
        for topic in self.touched.drain(..) {
            let (Some(place), Some(counts)) = (self.topics.get_mut(topic), topics.get(topic)) else {
                continue;
            };
            place.touched = false;
            let (received, handled) =
                (std::mem::take(&mut place.received), std::mem::take(&mut place.handled));
            if received > 0 {
                counts.received.add(received.into());
                counts.bytes.add(std::mem::take(&mut place.bytes));
            }
            if handled > 0 {
                counts.outcomes.success.add(handled.into());
            }
        }
    }
}

// ---- sent ----

/// A topic that the node's clients send to.
#[derive(Debug)]
pub(crate) struct SentCounts {
    name: &'static str,
    kind: TopicKind,
    /// Its place in the tables of the connections.
    index: u32,
    sent: Count,
    bytes: Count,
    pub(crate) outcomes: RequestCounts,
}

impl SentCounts {
    /// Its place in the tables of the connections.
    #[inline]
    pub(crate) const fn index(&self) -> u32 {
        self.index
    }

    /// The name of the topic as it is written in the program.
    #[cfg(feature = "dashboard")]
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    fn snapshot(&self) -> SentTopic {
        SentTopic {
            topic: self.name.into(),
            kind: self.kind,
            sent: self.sent.get(),
            bytes: self.bytes.get(),
            outcomes: self.outcomes.snapshot(),
        }
    }

    /// The counter of a response.
    pub(crate) fn answered(&self, status: Status) -> &Count {
        match status {
            Status::Success => &self.outcomes.success,
            Status::HandlerError => &self.outcomes.failed,
            Status::Panicked => &self.outcomes.panicked,
            Status::Draining
            | Status::Overloaded
            | Status::UnknownTopic
            | Status::NotAllowed
            | Status::TooLarge => &self.outcomes.refused,
            Status::Undecodable => &self.outcomes.undecodable,
            Status::Unencodable => &self.outcomes.unencodable,
            Status::Cancelled => &self.outcomes.ended,
        }
    }
}

/// The topics that the node's clients have sent to, or are about to.
#[derive(Debug, Default)]
pub(crate) struct SentTopics(Mutex<Sent>);

#[derive(Debug, Default)]
struct Sent {
    topics: Vec<Arc<SentCounts>>,
    by_name: BTreeMap<&'static str, u32>,
}

impl SentTopics {
    fn lock(&self) -> MutexGuard<'_, Sent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counters of a topic, as it is written in the program; made when they are first asked for.
    pub(crate) fn of(&self, topic: &Topic) -> Arc<SentCounts> {
        let mut sent = self.lock();
        let Sent { topics, by_name } = &mut *sent;
        let index = *by_name.entry(topic.written_name()).or_insert_with(|| {
            let index = u32::try_from(topics.len()).unwrap_or(u32::MAX);
            topics.push(Arc::new(SentCounts {
                name: topic.written_name(),
                kind: topic.kind(),
                index,
                sent: Count::default(),
                bytes: Count::default(),
                outcomes: RequestCounts::default(),
            }));
            index
        });
        topics[index as usize].clone()
    }

    pub(super) fn snapshot(&self) -> Vec<SentTopic> {
        let sent = self.lock();
        // in the order of their names
        sent.by_name.values().map(|index| sent.topics[*index as usize].snapshot()).collect()
    }
}

/// What one connection has been given to send since its task last looked, and what came back.
#[derive(Debug, Default)]
pub(crate) struct SentTally {
    topics: Vec<SentPlace>,
    /// The topics that have something to tell.
    touched: Vec<u32>,
}

#[derive(Debug, Default)]
struct SentPlace {
    /// `None` as long as nothing was sent.
    counts: Option<Arc<SentCounts>>,
    bytes: u64,
    sent: u32,
    succeeded: u32,
    touched: bool,
}

impl SentTally {
    /// Something was handed to the connection.
    #[inline]
    pub(crate) fn sent(&mut self, counts: &Arc<SentCounts>, bytes: usize) {
        let index = counts.index as usize;
        if self.topics.get(index).is_none_or(|place| place.counts.is_none()) {
            self.meet(counts);
        }
        let place = &mut self.topics[index];
        place.sent += 1;
        place.bytes += bytes as u64;
        if !place.touched {
            place.touched = true;
            self.touched.push(counts.index);
        }
    }

    #[cold]
    fn meet(&mut self, counts: &Arc<SentCounts>) {
        let index = counts.index as usize;
        if self.topics.len() <= index {
            self.topics.resize_with(index + 1, SentPlace::default);
        }
        self.topics[index].counts = Some(counts.clone());
    }

    /// A response came for a request of that topic.
    #[inline]
    pub(crate) fn answered(&mut self, topic: u32, status: Status) {
        let Some(place) = self.topics.get_mut(topic as usize) else { return };
        if status == Status::Success {
            place.succeeded += 1;
            if !place.touched {
                place.touched = true;
                self.touched.push(topic);
            }
        } else if let Some(counts) = &place.counts {
            counts.answered(status).add(1);
        }
    }

    /// The response that was just counted can't be read. A handler's error stays one, whatever can be read of it.
    pub(crate) fn unreadable(&mut self, topic: u32, status: Status) {
        let Some(place) = self.topics.get_mut(topic as usize) else { return };
        if status != Status::Success {
            return;
        }
        place.succeeded = place.succeeded.saturating_sub(1);
        if let Some(counts) = &place.counts {
            counts.outcomes.unreadable.add(1);
        }
    }

    /// The counters of a topic that something was sent to.
    pub(crate) fn counts(&self, topic: u32) -> Option<&Arc<SentCounts>> {
        self.topics.get(topic as usize)?.counts.as_ref()
    }

    /// Tells the node.
    #[inline]
    pub(crate) fn settle(&mut self) {
        for topic in self.touched.drain(..) {
            let Some(place) = self.topics.get_mut(topic as usize) else { continue };
            place.touched = false;
            let Some(counts) = &place.counts else { continue };
            let (sent, succeeded) = (std::mem::take(&mut place.sent), std::mem::take(&mut place.succeeded));
            if sent > 0 {
                counts.sent.add(sent.into());
                counts.bytes.add(std::mem::take(&mut place.bytes));
            }
            if succeeded > 0 {
                counts.outcomes.success.add(succeeded.into());
            }
        }
    }
}
