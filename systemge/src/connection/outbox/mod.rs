//! What waits to be sent to one peer.
//!
//! Senders write their frames straight into the buffer; the connection's task swaps the whole buffer out and writes
//! it with one system call. Only the sender that finds the buffer empty wakes the task.

#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use futures_util::task::AtomicWaker;
use slab::Slab;
use tokio::sync::oneshot;

use crate::config::QueueConfig;
use crate::error::panic_text;
use crate::metrics::{SentCounts, SentTally};
use crate::protocol::frame::{
    Encoding, Frame, GoodbyeCode, MESSAGE_HEAD, Open, REQUEST_HEAD, Status, TRACE_FRAME, Token, TopicId,
    Violation, begin_message, begin_request, finish,
};
use crate::protocol::pending::Pending;
use crate::trace::TraceContext;

/// Who waits for the outcome of a request.
pub(crate) trait Sink: Send + Sync {
    /// Takes the outcome of the `asked`-th node; returns whether it could be read.
    fn complete(&self, asked: u32, outcome: RawOutcome<'_>) -> bool;
    /// Takes that the response of the `asked`-th node can't be read: a user's `Deserialize` panicked.
    fn undecodable(&self, asked: u32, why: String);
}

/// How a request ended, its payload still in the buffer that it was read into.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RawOutcome<'a> {
    Response {
        status: Status,
        encoding: Encoding,
        payload: &'a [u8],
    },
    /// The connection is gone; `unsent` says that the request was not even written to it.
    Disconnected {
        unsent: bool,
    },
    /// The peer has stopped and said goodbye, and has answered everything that it had begun.
    Stopped,
    TimedOut,
}

/// How a connection's task leaves the requests that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// Whether their handlers ran is not known.
    Lost,
    /// The peer has stopped: those without a response were not begun.
    Stopped,
}

/// What stands before a payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    /// The number that the peer gave the topic.
    pub(crate) topic: TopicId,
    /// What is counted of the topic.
    pub(crate) counts: &'a Arc<SentCounts>,
    pub(crate) encoding: Encoding,
    /// The span that it is sent from, if its node traces.
    pub(crate) trace: Option<&'a TraceContext>,
}

/// A request that waits for its response.
pub(crate) struct Waiting {
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) asked: u32,
    /// Where the topic stands in the tables of what is counted.
    pub(crate) topic: u32,
    /// Where the request stands among all bytes that were ever sent; set by the outbox.
    pub(crate) place: u64,
}

impl Waiting {
    /// Returns whether the outcome could be read.
    pub(crate) fn complete(&self, outcome: RawOutcome<'_>) -> bool {
        let taken = std::panic::catch_unwind(AssertUnwindSafe(|| self.sink.complete(self.asked, outcome)));
        taken.unwrap_or_else(|panic| {
            self.unreadable(panic_text(&*panic));
            false
        })
    }

    /// There is a response, which this node can't take.
    pub(crate) fn unreadable(&self, why: String) {
        self.sink.undecodable(self.asked, why);
    }
}

/// What waits to be sent to one peer, and which requests wait for its responses.
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// The connection's task.
    task: AtomicWaker,
    capacity: Capacity,
}

/// How much may wait to be sent to one peer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capacity {
    pub(crate) bytes: usize,
    pub(crate) messages: usize,
}

impl From<&QueueConfig> for Capacity {
    fn from(queue: &QueueConfig) -> Self {
        Self { bytes: queue.bytes, messages: queue.messages }
    }
}

struct State {
    buffer: Vec<u8>,
    /// How many messages and requests are in it.
    messages: usize,
    /// How many bytes were ever swapped out.
    taken: u64,
    pending: Pending<Waiting>,
    /// Senders that wait for room.
    senders: Slab<Waker>,
    /// How often all of them were woken; a ticket of an earlier time is no place any more.
    woken: u64,
    /// Since when senders wait without any room.
    full_since: Option<Instant>,
    frame_limit: u32,
    /// Whether the peer takes part in traces, too.
    traces: bool,
    /// What was counted and not yet told to the node.
    tally: SentTally,
    /// Who asks whether the peer is still there.
    asks: Option<oneshot::Sender<()>>,
    /// Whether the peer knows the announcement, so that it must hear of changes.
    welcomed: bool,
    closing: Option<(GoodbyeCode, String)>,
    closed: bool,
}

/// What became of something to send.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pushed<T> {
    Done(T),
    /// The queue is full: wait with [`Outbox::poll_room`], or leave it.
    Full,
    /// The connection is gone.
    Closed,
    /// The payload can't be written.
    Failed(String),
}

/// What the connection's task finds.
pub(crate) struct Taken {
    /// When a request's time is over.
    pub(crate) wake_at: Option<Instant>,
    pub(crate) full_since: Option<Instant>,
    pub(crate) closing: Option<(GoodbyeCode, String)>,
    /// Who asks whether the peer is still there.
    pub(crate) asks: Option<oneshot::Sender<()>>,
}

/// A place among the senders that wait for room: its number, and how often all had been woken when it was taken.
#[derive(Debug, Default)]
pub(crate) struct RoomTicket(Option<(usize, u64)>);

impl Outbox {
    pub(crate) fn new(capacity: Capacity, frame_limit: u32, now: Instant) -> Self {
        Self {
            state: Mutex::new(State {
                buffer: Vec::new(),
                messages: 0,
                taken: 0,
                pending: Pending::new(now),
                senders: Slab::new(),
                woken: 0,
                full_since: None,
                frame_limit,
                traces: false,
                tally: SentTally::default(),
                asks: None,
                welcomed: false,
                closing: None,
                closed: false,
            }),
            task: AtomicWaker::new(),
            capacity,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // a panic under the lock is one in a user's `Serialize`, and `Rollback` has taken back what it wrote
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a message; `encode` appends its payload.
    #[inline]
    pub(crate) fn message(
        &self,
        about: About<'_>,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), String>,
    ) -> Pushed<()> {
        let mut state = self.lock();
        if let Some(refused) = state.refuse(self.capacity) {
            return refused;
        }
        let start = state.buffer.len();
        let limit = state.frame_limit;
        let trace = about.trace.filter(|_| state.traces);
        let begin = |out: &mut Vec<u8>| {
            write_trace(trace, out);
            begin_message(out, about.topic, about.encoding)
        };
        if let Err(why) = write(&mut state.buffer, limit, begin, encode) {
            return Pushed::Failed(why);
        }
        state.messages += 1;
        let bytes = state.buffer.len() - start - trace_bytes(trace) - MESSAGE_HEAD;
        state.tally.sent(about.counts, bytes);
        drop(state);
        if start == 0 {
            self.task.wake();
        }
        Pushed::Done(())
    }

    /// Writes a request; `encode` appends its payload. Its outcome goes to `waiting`.
    #[inline]
    pub(crate) fn request(
        &self,
        about: About<'_>,
        remaining: u32,
        deadline: Instant,
        waiting: impl FnOnce() -> Waiting,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), String>,
    ) -> Pushed<Token> {
        let mut state = self.lock();
        if let Some(refused) = state.refuse(self.capacity) {
            return refused;
        }
        let first = state.buffer.is_empty();
        let limit = state.frame_limit;
        let trace = about.trace.filter(|_| state.traces);
        let State { buffer, messages, pending, taken, tally, .. } = &mut *state;
        // the token is written last, since a request whose payload fails never waits
        let before = buffer.len();
        let begin = |out: &mut Vec<u8>| {
            write_trace(trace, out);
            begin_request(out, about.topic, 0, remaining, about.encoding)
        };
        if let Err(why) = write(buffer, limit, begin, encode) {
            return Pushed::Failed(why);
        }
        let start = before + trace_bytes(trace);
        let due = pending.earliest();
        let Some(token) = pending.insert(deadline, Waiting { place: *taken + start as u64, ..waiting() })
        else {
            buffer.truncate(before);
            return Pushed::Failed("too many requests wait for this node".to_owned());
        };
        *messages += 1;
        buffer[start + REQUEST_TOKEN..start + REQUEST_TOKEN + 8].copy_from_slice(&token.to_le_bytes());
        tally.sent(about.counts, buffer.len() - start - REQUEST_HEAD);
        // a task that can't write and waits for the end of another request must look again
        let sooner = pending.earliest() < due;
        drop(state);
        if first || sooner {
            self.task.wake();
        }
        Pushed::Done(token)
    }

    /// Appends whole frames, beyond the capacity if need be: responses and control frames, which are bounded
    /// elsewhere.
    pub(crate) fn append(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        let first = state.buffer.is_empty();
        write(&mut state.buffer);
        drop(state);
        if first {
            self.task.wake();
        }
    }

    /// From now on the peer hears of changes of the announcement.
    pub(crate) fn set_welcomed(&self) {
        self.lock().welcomed = true;
    }

    /// Tells a peer of a change of the announcement, if it knows the announcement. A peer that leaves a whole queue of
    /// them unread is let go.
    pub(crate) fn tell(&self, frames: &[u8]) {
        let mut state = self.lock();
        if state.closed || !state.welcomed {
            return;
        }
        if state.buffer.len() >= self.capacity.bytes {
            drop(state);
            self.close(GoodbyeCode::TooSlow, "the peer reads too slowly");
            return;
        }
        let first = state.buffer.is_empty();
        state.buffer.extend_from_slice(frames);
        drop(state);
        if first {
            self.task.wake();
        }
    }

    /// Asks the peer for a sign of life; it comes by the receiver, which fails if the connection ends first.
    pub(crate) fn sign_of_life(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        if !state.closed {
            state.asks = Some(sender);
        }
        drop(state);
        self.task.wake();
        receiver
    }

    /// Gives a request up: its place is free, and the other side is told, if it reads at all.
    pub(crate) fn cancel(&self, token: Token) {
        let mut state = self.lock();
        let Some(waiting) = state.pending.remove(token) else { return };
        if let Some(counts) = state.tally.counts(waiting.topic) {
            counts.outcomes.given_up.add(1);
        }
        let first = state.buffer.is_empty();
        // a peer that doesn't read has no use for it: what travels with the request ends the handler's wait, too
        if !state.closed && state.buffer.len() < self.capacity.bytes {
            Frame::Cancel(token).write(&mut state.buffer);
        }
        drop(state);
        drop(waiting);
        if first {
            self.task.wake();
        }
    }

    /// Takes the request out that a response belongs to.
    #[inline]
    pub(crate) fn answered(&self, token: Token, status: Status) -> Option<Waiting> {
        let mut state = self.lock();
        let waiting = state.pending.remove(token)?;
        state.tally.answered(waiting.topic, status);
        Some(waiting)
    }

    /// The response that was just counted can't be read.
    #[cold]
    pub(crate) fn unreadable(&self, topic: u32, status: Status) {
        self.lock().tally.unreadable(topic, status);
    }

    /// How many requests wait for this peer.
    pub(crate) fn in_flight(&self) -> usize {
        self.lock().pending.len()
    }

    /// How many bytes wait to be sent.
    pub(crate) fn queued(&self) -> usize {
        self.lock().buffer.len()
    }

    /// Waits for room.
    pub(crate) fn poll_room(&self, ticket: &mut RoomTicket, context: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.closed || state.closing.is_some() || state.has_room(self.capacity) {
            state.leave(ticket);
            return Poll::Ready(());
        }
        let State { senders, woken, .. } = &mut *state;
        let place = ticket.0.filter(|(_, taken)| taken == woken);
        match place.and_then(|(key, _)| senders.get_mut(key)) {
            Some(waker) => waker.clone_from(context.waker()),
            None => ticket.0 = Some((senders.insert(context.waker().clone()), *woken)),
        }
        if state.full_since.is_none() {
            state.full_since = Some(crate::clock::now());
            drop(state);
            // the task must learn since when somebody waits
            self.task.wake();
        }
        Poll::Pending
    }

    /// Gives a place among the waiting senders back.
    pub(crate) fn leave_room(&self, ticket: &mut RoomTicket) {
        if ticket.0.is_some() {
            self.lock().leave(ticket);
        }
    }

    /// Asks the connection's task to say goodbye and end.
    pub(crate) fn close(&self, code: GoodbyeCode, reason: impl Into<String>) {
        let mut state = self.lock();
        state.closing.get_or_insert_with(|| (code, reason.into()));
        state.wake_senders();
        drop(state);
        self.task.wake();
    }

    // ---- the connection's task ----

    /// Registers the task, which then looks with [`Outbox::take`].
    pub(crate) fn register(&self, context: &Context<'_>) {
        self.task.register(context.waker());
    }

    /// Sets what the peer said in the handshake.
    pub(crate) fn set_frame_limit(&self, limit: u32) {
        self.lock().frame_limit = limit;
    }

    /// From now on the traces of messages and requests travel with them.
    pub(crate) fn set_traces(&self) {
        self.lock().traces = true;
    }

    /// Swaps the buffer out, if `into` is empty.
    pub(crate) fn take(&self, into: &mut Vec<u8>) -> Taken {
        let mut state = self.lock();
        state.tally.settle();
        if into.is_empty() && !state.buffer.is_empty() {
            std::mem::swap(&mut state.buffer, into);
            state.taken += into.len() as u64;
            state.messages = 0;
            state.full_since = None;
            state.wake_senders();
        }
        Taken {
            wake_at: state.pending.wake_at(),
            full_since: state.full_since,
            closing: state.closing.clone(),
            asks: state.asks.take(),
        }
    }

    /// Ends the requests whose time is over.
    pub(crate) fn expire(&self, now: Instant) {
        let mut expired = Vec::new();
        {
            let mut state = self.lock();
            let State { pending, buffer, tally, .. } = &mut *state;
            pending.expire(now, |token, waiting| {
                if let Some(counts) = tally.counts(waiting.topic) {
                    counts.outcomes.timed_out.add(1);
                }
                if buffer.len() < self.capacity.bytes {
                    Frame::Cancel(token).write(buffer);
                }
                expired.push(waiting);
            });
        }
        for waiting in expired {
            waiting.complete(RawOutcome::TimedOut);
        }
    }

    /// Gives the memory of an idle connection back.
    pub(crate) fn shrink(&self, keep: usize) {
        let mut state = self.lock();
        if state.buffer.is_empty() && state.buffer.capacity() > keep {
            state.buffer = Vec::new();
        }
    }

    /// The connection is gone: every request that waits ends. Returns how many bytes will not be sent.
    pub(crate) fn closed(&self, leaving: Leaving) -> usize {
        let mut lost = Vec::new();
        let (unsent, taken);
        {
            let mut state = self.lock();
            state.closed = true;
            state.asks = None;
            taken = state.taken;
            unsent = std::mem::take(&mut state.buffer).len();
            state.tally.settle();
            let State { pending, tally, .. } = &mut *state;
            pending.drain(|waiting| {
                if let Some(counts) = tally.counts(waiting.topic) {
                    match leaving {
                        Leaving::Lost => counts.outcomes.disconnected.add(1),
                        Leaving::Stopped => counts.outcomes.refused.add(1),
                    }
                }
                lost.push(waiting);
            });
            state.wake_senders();
        }
        for waiting in lost {
            waiting.complete(match leaving {
                Leaving::Lost => RawOutcome::Disconnected { unsent: waiting.place >= taken },
                Leaving::Stopped => RawOutcome::Stopped,
            });
        }
        unsent
    }
}

impl State {
    #[inline]
    const fn has_room(&self, capacity: Capacity) -> bool {
        self.buffer.len() < capacity.bytes && self.messages < capacity.messages
    }

    #[inline]
    const fn refuse<T>(&self, capacity: Capacity) -> Option<Pushed<T>> {
        if self.closed || self.closing.is_some() {
            Some(Pushed::Closed)
        } else if self.has_room(capacity) {
            None
        } else {
            Some(Pushed::Full)
        }
    }

    /// Gives a place among the waiting senders back, if it still is one.
    fn leave(&mut self, ticket: &mut RoomTicket) {
        if let Some((key, taken)) = ticket.0.take()
            && taken == self.woken
        {
            self.senders.try_remove(key);
        }
    }

    fn wake_senders(&mut self) {
        if !self.senders.is_empty() {
            self.woken += 1;
            for waker in self.senders.drain() {
                waker.wake();
            }
        }
    }
}

/// Where the token of a request stands in its frame: after the length, the kind, the flags and the topic.
const REQUEST_TOKEN: usize = 10;

/// Writes what a message or request is a part of, directly before it.
#[inline]
fn write_trace(trace: Option<&TraceContext>, out: &mut Vec<u8>) {
    #[cold]
    fn write(trace: &TraceContext, out: &mut Vec<u8>) {
        Frame::Trace(*trace).write(out);
    }
    if let Some(trace) = trace {
        write(trace, out);
    }
}

/// How many bytes that takes.
#[inline]
fn trace_bytes(trace: Option<&TraceContext>) -> usize {
    trace.map_or(0, |_| TRACE_FRAME)
}

/// Writes one frame, or leaves the buffer as it was: if the payload is refused, too large, or panics.
#[inline]
fn write(
    buffer: &mut Vec<u8>,
    limit: u32,
    begin: impl FnOnce(&mut Vec<u8>) -> Open,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), String>,
) -> Result<(), String> {
    let mut rollback = Rollback { keep: buffer.len(), buffer };
    let frame = begin(rollback.buffer);
    encode(rollback.buffer)?;
    finish(rollback.buffer, frame, limit).map_err(|violation| match violation {
        Violation::TooLarge { length, limit } => {
            format!("a frame of {length} bytes is over the limit of {limit} that the peer accepts")
        }
        other => other.to_string(),
    })?;
    rollback.keep = rollback.buffer.len();
    Ok(())
}

/// Cuts a buffer back to what is to be kept.
struct Rollback<'a> {
    buffer: &'a mut Vec<u8>,
    keep: usize,
}

impl Drop for Rollback<'_> {
    #[inline]
    fn drop(&mut self) {
        self.buffer.truncate(self.keep);
    }
}
