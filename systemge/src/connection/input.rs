//! The buffer that a connection reads into.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use crate::protocol::frame::LENGTH;
use crate::protocol::{HANDSHAKE_FRAME, MAGIC};

/// What an idle connection keeps, in bytes: enough for a handshake and for a few small frames.
const IDLE: usize = 4 * 1024;
/// What is read of a stranger at a time, in bytes: the largest frame of a handshake, with its length and the magic
/// before it.
const STRANGER: usize = HANDSHAKE_FRAME as usize + LENGTH + MAGIC.len();
/// What one read asks for under load, in bytes.
const BUSY: usize = 128 * 1024;

/// The buffer that a connection reads into: small while it is idle, larger while much arrives.
#[derive(Debug, Default)]
pub(super) struct Input {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    /// What was read and not yet used.
    #[inline]
    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    #[inline]
    pub(super) const fn consume(&mut self, used: usize) {
        self.start += used;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Reads once. `needed` is how many bytes the frame at the front takes in all; the buffer grows with what has
    /// really arrived, not with what a length promises, and for a `stranger` not because much arrives.
    pub(super) fn poll_fill<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        needed: usize,
        stranger: bool,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<usize>> {
        let filled = self.end - self.start;
        if self.start > 0 && self.bytes.len() - self.start < needed.max(filled + self.bytes.len() / 2) {
            self.bytes.copy_within(self.start..self.end, 0);
            self.start = 0;
            self.end = filled;
        }
        if self.end == self.bytes.len() {
            let least = if stranger { STRANGER } else { IDLE };
            let grown = (self.bytes.len() * 2).clamp(least, BUSY.max(needed * 2));
            if grown > self.bytes.len() {
                self.bytes.resize(grown, 0);
            }
        }
        let mut free = ReadBuf::new(&mut self.bytes[self.end..]);
        let room = free.remaining();
        ready!(Pin::new(stream).poll_read(context, &mut free))?;
        let count = free.filled().len();
        self.end += count;
        if count == room && self.bytes.len() < BUSY && !stranger {
            let grown = (self.bytes.len() * 4).min(BUSY);
            self.bytes.resize(grown, 0);
        }
        Poll::Ready(Ok(count))
    }

    /// Gives the memory of an idle connection back.
    pub(super) fn shrink(&mut self) {
        if self.start == self.end && self.bytes.len() > IDLE {
            *self = Self::default();
        }
    }
}
