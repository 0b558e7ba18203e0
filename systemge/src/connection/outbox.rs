//! What waits to be sent to one peer.
//!
//! Senders write their frames straight into the buffer; the connection's task swaps the whole buffer out and writes
//! it with one system call. Only the sender that finds the buffer empty wakes the task.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use futures_util::task::AtomicWaker;
use slab::Slab;

use crate::protocol::frame::{
    Encoding, Frame, GoodbyeCode, Open, Token, TopicId, Violation, begin_message, begin_request, finish,
};
use crate::protocol::pending::Pending;

/// Who waits for the outcome of a request.
pub(crate) trait Sink: Send + Sync {
    /// Takes the outcome of the `asked`-th node.
    fn complete(&self, asked: u32, outcome: RawOutcome<'_>);
}

/// How a request ended, its payload still in the buffer that it was read into.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RawOutcome<'a> {
    Response { status: crate::protocol::frame::Status, encoding: Encoding, payload: &'a [u8] },
    Disconnected,
    TimedOut,
}

/// A request that waits for its response.
pub(crate) struct Waiting {
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) asked: u32,
}

/// What waits to be sent to one peer, and which requests wait for its responses.
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// The connection's task.
    task: AtomicWaker,
    capacity: usize,
}

struct State {
    buffer: Vec<u8>,
    pending: Pending<Waiting>,
    /// Senders that wait for room.
    senders: Slab<Waker>,
    /// Since when senders wait without any room.
    full_since: Option<Instant>,
    frame_limit: u32,
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
}

/// A place among the senders that wait for room.
#[derive(Debug, Default)]
pub(crate) struct RoomTicket(Option<usize>);

impl Outbox {
    pub(crate) fn new(capacity: usize, frame_limit: u32, now: Instant) -> Self {
        Self {
            state: Mutex::new(State {
                buffer: Vec::new(),
                pending: Pending::new(now),
                senders: Slab::new(),
                full_since: None,
                frame_limit,
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
        topic: TopicId,
        encoding: Encoding,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), String>,
    ) -> Pushed<()> {
        let mut state = self.lock();
        if let Some(refused) = state.refuse(self.capacity) {
            return refused;
        }
        let first = state.buffer.is_empty();
        let limit = state.frame_limit;
        let written = write(&mut state.buffer, limit, |out| begin_message(out, topic, encoding), encode);
        drop(state);
        if let Err(why) = written {
            return Pushed::Failed(why);
        }
        if first {
            self.task.wake();
        }
        Pushed::Done(())
    }

    /// Writes a request; `encode` appends its payload. Its outcome goes to `waiting`.
    #[inline]
    pub(crate) fn request(
        &self,
        topic: TopicId,
        encoding: Encoding,
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
        let State { buffer, pending, .. } = &mut *state;
        // the token is written last, since a request whose payload fails never waits
        let start = buffer.len();
        if let Err(why) =
            write(buffer, limit, |out| begin_request(out, topic, 0, remaining, encoding), encode)
        {
            return Pushed::Failed(why);
        }
        let Some(token) = pending.insert(deadline, waiting()) else {
            buffer.truncate(start);
            return Pushed::Failed("too many requests wait for this node".to_owned());
        };
        buffer[start + REQUEST_TOKEN..start + REQUEST_TOKEN + 8].copy_from_slice(&token.to_le_bytes());
        drop(state);
        if first {
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

    /// Gives a request up: its place is free, and the other side is told.
    pub(crate) fn cancel(&self, token: Token) {
        let mut state = self.lock();
        let Some(waiting) = state.pending.remove(token) else { return };
        let first = state.buffer.is_empty();
        if !state.closed {
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
    pub(crate) fn answered(&self, token: Token) -> Option<Waiting> {
        self.lock().pending.remove(token)
    }

    /// How many requests wait for this peer.
    pub(crate) fn in_flight(&self) -> usize {
        self.lock().pending.len()
    }

    /// Waits for room.
    pub(crate) fn poll_room(&self, ticket: &mut RoomTicket, context: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.closed || state.closing.is_some() || state.buffer.len() < self.capacity {
            if let Some(key) = ticket.0.take() {
                state.senders.try_remove(key);
            }
            return Poll::Ready(());
        }
        match ticket.0.and_then(|key| state.senders.get_mut(key)) {
            Some(waker) => waker.clone_from(context.waker()),
            None => ticket.0 = Some(state.senders.insert(context.waker().clone())),
        }
        if state.full_since.is_none() {
            state.full_since = Some(Instant::now());
            drop(state);
            // the task must learn since when somebody waits
            self.task.wake();
        }
        Poll::Pending
    }

    /// Gives a place among the waiting senders back.
    pub(crate) fn leave_room(&self, ticket: &mut RoomTicket) {
        if let Some(key) = ticket.0.take() {
            self.lock().senders.try_remove(key);
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

    /// Swaps the buffer out, if `into` is empty.
    pub(crate) fn take(&self, into: &mut Vec<u8>) -> Taken {
        let mut state = self.lock();
        if into.is_empty() && !state.buffer.is_empty() {
            std::mem::swap(&mut state.buffer, into);
            state.full_since = None;
            state.wake_senders();
        }
        Taken {
            wake_at: state.pending.wake_at(),
            full_since: state.full_since,
            closing: state.closing.clone(),
        }
    }

    /// Ends the requests whose time is over.
    pub(crate) fn expire(&self, now: Instant) {
        let mut expired = Vec::new();
        {
            let mut state = self.lock();
            let State { pending, buffer, .. } = &mut *state;
            pending.expire(now, |token, waiting| {
                Frame::Cancel(token).write(buffer);
                expired.push(waiting);
            });
        }
        for waiting in expired {
            waiting.sink.complete(waiting.asked, RawOutcome::TimedOut);
        }
    }

    /// Gives the memory of an idle connection back.
    pub(crate) fn shrink(&self, keep: usize) {
        let mut state = self.lock();
        if state.buffer.is_empty() && state.buffer.capacity() > keep {
            state.buffer = Vec::new();
        }
    }

    /// The connection is gone: every request that waits ends.
    pub(crate) fn closed(&self) {
        let mut lost = Vec::new();
        {
            let mut state = self.lock();
            state.closed = true;
            state.buffer = Vec::new();
            state.pending.drain(|waiting| lost.push(waiting));
            state.wake_senders();
        }
        for waiting in lost {
            waiting.sink.complete(waiting.asked, RawOutcome::Disconnected);
        }
    }
}

impl State {
    #[inline]
    fn refuse<T>(&self, capacity: usize) -> Option<Pushed<T>> {
        if self.closed || self.closing.is_some() {
            Some(Pushed::Closed)
        } else if self.buffer.len() >= capacity {
            Some(Pushed::Full)
        } else {
            None
        }
    }

    fn wake_senders(&mut self) {
        if !self.senders.is_empty() {
            for waker in self.senders.drain() {
                waker.wake();
            }
        }
    }
}

/// Where the token of a request stands in its frame: after the length, the kind, the flags and the topic.
const REQUEST_TOKEN: usize = 10;

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
