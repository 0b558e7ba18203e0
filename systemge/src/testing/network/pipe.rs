//! One direction of a connection.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::testing::wire::WireReader;

/// What holds for everything that passes from one node to another.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Link {
    pub(super) blocked: bool,
    /// In bytes per second; 0 is no limit.
    pub(super) rate: u64,
}

/// One direction of a connection: what was written and not yet read, each piece with the time when it arrives.
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) link: Link,
    pieces: VecDeque<Piece>,
    /// Bytes that take room: all that were written and not yet read.
    under_way: usize,
    window: usize,
    /// When the last piece arrives: the next one doesn't before.
    last: Instant,
    /// When its end arrives, after the last piece.
    end: Option<Instant>,
    /// When the news arrives that the connection was reset.
    pub(super) reset: Option<Instant>,
    /// What is written reaches nobody.
    pub(super) swallowed: bool,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
    /// Takes apart what passes, if that is wanted.
    pub(super) captured: Option<WireReader>,
}

#[derive(Debug)]
struct Piece {
    at: Instant,
    bytes: Vec<u8>,
    read: usize,
}

/// What a reader finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// So many bytes were read; 0 at the end.
    Bytes(usize),
    Reset,
    /// Nothing before that time, or before somebody wakes it.
    Nothing(Option<Instant>),
}

impl Pipe {
    pub(super) const fn new(link: Link, window: usize, now: Instant, captured: Option<WireReader>) -> Self {
        Self {
            link,
            pieces: VecDeque::new(),
            under_way: 0,
            window,
            last: now,
            end: None,
            reset: None,
            swallowed: false,
            reader: None,
            writer: None,
            captured,
        }
    }

    /// How many bytes can be written now.
    pub(super) const fn room(&self) -> usize {
        self.window.saturating_sub(self.under_way)
    }

    /// Whether this side has said that it ends.
    pub(super) const fn is_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Whether something was written that nobody has read.
    pub(super) fn is_unread(&self) -> bool {
        !self.pieces.is_empty()
    }

    pub(super) fn write(&mut self, bytes: &[u8], now: Instant, latency: Duration) {
        self.under_way += bytes.len();
        if self.swallowed {
            return;
        }
        let mut at = (now + latency).max(self.last);
        if let Some(nanos) = (bytes.len() as u64).saturating_mul(1_000_000_000).checked_div(self.link.rate) {
            // a slow reader takes one byte after the other, and only then has it read them
            at = now.max(self.last) + Duration::from_nanos(nanos);
        }
        self.last = at;
        self.pieces.push_back(Piece { at, bytes: bytes.to_vec(), read: 0 });
        wake(&mut self.reader);
    }

    pub(super) fn end(&mut self, now: Instant, latency: Duration) {
        if self.end.is_none() && !self.swallowed {
            self.last = (now + latency).max(self.last);
            self.end = Some(self.last);
            wake(&mut self.reader);
        }
    }

    /// The news of a reset goes its way, as fast as anything.
    pub(super) fn reset(&mut self, at: Instant) {
        if !self.swallowed {
            self.reset = Some(self.reset.map_or(at, |reset| reset.min(at)));
            wake(&mut self.reader);
        }
    }

    pub(super) fn is_reset(&self, now: Instant) -> bool {
        self.reset_at().is_some_and(|at| at <= now)
    }

    /// When it will be known that the connection was reset; never, as long as nothing passes.
    pub(super) fn reset_at(&self) -> Option<Instant> {
        self.reset.filter(|_| !self.link.blocked)
    }

    /// Reads what has arrived, `most` bytes of it; `one` piece at a time if that is wanted.
    pub(super) fn read(&mut self, into: &mut [u8], now: Instant, one: bool) -> Found {
        if self.link.blocked {
            return Found::Nothing(None);
        }
        if self.is_reset(now) {
            return Found::Reset;
        }
        let mut count = 0;
        while let Some(piece) = self.pieces.front_mut().filter(|piece| piece.at <= now) {
            let rest = &piece.bytes[piece.read..];
            let part = rest.len().min(into.len() - count);
            into[count..count + part].copy_from_slice(&rest[..part]);
            count += part;
            piece.read += part;
            if piece.read == piece.bytes.len() {
                self.pieces.pop_front();
            }
            if one || count == into.len() {
                break;
            }
        }
        if count > 0 {
            self.under_way -= count;
            wake(&mut self.writer);
            return Found::Bytes(count);
        }
        match (self.pieces.front(), self.end) {
            (None, Some(end)) if end <= now => Found::Bytes(0),
            (piece, end) => {
                let next = piece.map(|piece| piece.at).or(end);
                Found::Nothing(next.into_iter().chain(self.reset).min())
            }
        }
    }

    /// Nobody reads any more: what is under way is lost.
    pub(super) fn forget(&mut self) {
        self.pieces.clear();
        self.under_way = 0;
        wake(&mut self.writer);
    }

    /// From now on nothing arrives.
    pub(super) fn swallow(&mut self) {
        self.pieces.clear();
        self.swallowed = true;
        (self.end, self.reset) = (None, None);
    }

    /// Nothing holds it up any more; what a slow reader had before it arrives now.
    pub(super) fn heal(&mut self, now: Instant) {
        if self.link.rate > 0 {
            let times = self.pieces.iter_mut().map(|piece| &mut piece.at).chain(&mut self.end);
            times.chain([&mut self.last]).for_each(|at| *at = now.min(*at));
        }
        self.link = Link::default();
        self.wake();
    }

    /// Both sides look again.
    pub(super) fn wake(&mut self) {
        wake(&mut self.reader);
        wake(&mut self.writer);
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}
