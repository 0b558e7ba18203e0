//! Requests that wait for a response, and until when.
//!
//! A table whose places are used again, and a wheel of deadlines (Varghese and Lauck, "Hashed and Hierarchical
//! Timing Wheels", scheme 6): adding, answering and looking up a request take constant time, whatever the number of
//! requests and however their deadlines lie.

use std::time::{Duration, Instant};

use super::frame::Token;

/// How much later than its deadline a request may end: one tick.
pub(crate) const TICK: Duration = Duration::from_millis(TICK_MILLIS);
const TICK_MILLIS: u64 = 16;
const BUCKETS: usize = 256;
const NONE: u32 = u32::MAX;

/// Requests that wait for a response.
#[derive(Debug)]
pub(crate) struct Pending<T> {
    places: Vec<Place<T>>,
    free: u32,
    count: usize,
    /// The first place of each bucket; empty until the first request comes.
    buckets: Box<[u32]>,
    epoch: Instant,
    /// The next tick that has not been swept.
    swept: u64,
    /// No request ends before this tick.
    earliest: u64,
}

#[derive(Debug)]
struct Place<T> {
    generation: u32,
    next: u32,
    previous: u32,
    tick: u64,
    value: Option<T>,
}

impl<T> Pending<T> {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            places: Vec::new(),
            free: NONE,
            count: 0,
            buckets: Box::default(),
            epoch: now,
            swept: 0,
            earliest: u64::MAX,
        }
    }

    /// How many requests wait.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// Adds a request. `None` if four billion wait already.
    pub(crate) fn insert(&mut self, deadline: Instant, value: T) -> Option<Token> {
        if self.buckets.is_empty() {
            self.buckets = vec![NONE; BUCKETS].into();
        }
        let tick = self.tick_after(deadline).max(self.swept);
        let index = if self.free == NONE {
            let index = u32::try_from(self.places.len()).ok().filter(|index| *index != NONE)?;
            self.places.push(Place { generation: 0, next: NONE, previous: NONE, tick, value: None });
            index
        } else {
            let index = self.free;
            self.free = self.places[index as usize].next;
            index
        };
        let bucket = bucket(tick);
        let head = std::mem::replace(&mut self.buckets[bucket], index);
        let place = &mut self.places[index as usize];
        place.tick = tick;
        place.next = head;
        place.previous = NONE;
        place.value = Some(value);
        let token = u64::from(place.generation) << 32 | u64::from(index);
        if head != NONE {
            self.places[head as usize].previous = index;
        }
        self.count += 1;
        self.earliest = self.earliest.min(tick);
        Some(token)
    }

    /// Takes a request out: it is answered, or no longer wanted. `None` if it doesn't wait (any more).
    pub(crate) fn remove(&mut self, token: Token) -> Option<T> {
        let index = token as u32;
        let place = self.places.get_mut(index as usize)?;
        if place.generation != (token >> 32) as u32 {
            return None;
        }
        let value = place.value.take()?;
        let (next, previous, tick) = (place.next, place.previous, place.tick);
        // a generation that comes round again after four billion uses of one place is no use to a late response
        place.generation = place.generation.wrapping_add(1);
        place.next = self.free;
        self.free = index;
        if next != NONE {
            self.places[next as usize].previous = previous;
        }
        if previous == NONE {
            self.buckets[bucket(tick)] = next;
        } else {
            self.places[previous as usize].next = next;
        }
        self.count -= 1;
        Some(value)
    }

    /// A number that becomes smaller when [`Pending::wake_at`] does.
    pub(crate) const fn earliest(&self) -> u64 {
        self.earliest
    }

    /// When to call [`Pending::expire`] next; requests that came and went may make it earlier than needed.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        (self.count > 0)
            .then(|| self.epoch + TICK.saturating_mul(u32::try_from(self.earliest).unwrap_or(u32::MAX)))
    }

    /// Takes out the requests whose deadline is over.
    pub(crate) fn expire(&mut self, now: Instant, mut expired: impl FnMut(Token, T)) {
        let tick = self.tick_before(now);
        if self.count == 0 {
            self.earliest = u64::MAX;
            self.swept = self.swept.max(tick);
            return;
        }
        if tick < self.earliest {
            return;
        }
        // one round visits every bucket, however long nobody looked
        let first = self.swept.max(self.earliest);
        for bucket in (first..=tick).take(BUCKETS).map(bucket) {
            let mut index = self.buckets[bucket];
            while index != NONE {
                let place = &self.places[index as usize];
                let next = place.next;
                let token = u64::from(place.generation) << 32 | u64::from(index);
                if place.tick <= tick
                    && let Some(value) = self.remove(token)
                {
                    expired(token, value);
                }
                index = next;
            }
        }
        self.swept = tick + 1;
        self.earliest = self.find_earliest();
    }

    /// Takes out all requests.
    pub(crate) fn drain(&mut self, mut drained: impl FnMut(T)) {
        for place in &mut self.places {
            if let Some(value) = place.value.take() {
                drained(value);
            }
        }
        *self = Self::new(self.epoch);
    }

    /// The tick of the next bucket that holds anything: no request ends before it.
    fn find_earliest(&self) -> u64 {
        if self.count == 0 {
            return u64::MAX;
        }
        (self.swept..self.swept + BUCKETS as u64)
            .find(|tick| self.buckets[bucket(*tick)] != NONE)
            .unwrap_or(self.swept + BUCKETS as u64)
    }

    fn tick_before(&self, time: Instant) -> u64 {
        millis(time.saturating_duration_since(self.epoch)) / TICK_MILLIS
    }

    /// The first tick that is not before a deadline: nothing ends early.
    fn tick_after(&self, time: Instant) -> u64 {
        // one more for the part of a millisecond that is cut off
        (millis(time.saturating_duration_since(self.epoch)) + 1).div_ceil(TICK_MILLIS)
    }
}

/// Whole milliseconds, without the division of 128 bits that `Duration::as_millis` takes.
const fn millis(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000).saturating_add(duration.subsec_millis() as u64)
}

const fn bucket(tick: u64) -> usize {
    (tick % BUCKETS as u64) as usize
}
