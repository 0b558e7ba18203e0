//! The streams of a connection, as one sequence of bytes in each direction.
//!
//! Small frames go on one stream that both sides use for the whole connection. A large request or response goes on a
//! stream of its own, if the peer allows one more, so that small frames need not wait for its end; in its place stands a
//! reference to that stream. The receiving side takes it in when it is there whole, so never before what was sent before
//! it, and takes a goodbye or the end only after it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, FuturesUnordered};
use futures_util::{FutureExt as _, StreamExt as _};
use quinn::{Connection, ConnectionError, ReadError, RecvStream, SendStream, VarInt, WriteError};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::{self, Head, Position};
use super::{STALL, of_connection};
use crate::protocol::frame::LENGTH;

/// How many streams of large frames a peer may have open at a time, frames that wait to be taken included. Each holds up to
/// one frame, so that this bounds what a peer can make a node hold.
const LARGE_FRAMES: u8 = 4;
/// How many bytes of a large frame are read or written at once.
const PIECE: usize = 64 * 1024;

/// A large frame that is under way: the number of its stream, and its bytes.
type LargeFrame = BoxFuture<'static, io::Result<(u64, Vec<u8>)>>;

/// The streams of a connection, as one sequence of bytes in each direction.
pub(super) struct Multiplexed {
    connection: Connection,
    /// Set once the nodes know each other.
    opened: Arc<OnceLock<u32>>,
    sending: Sending,
    receiving: Receiving,
}

struct Sending {
    stream: SendStream,
    position: Position,
    /// A reference that is still to be written, from this place on.
    reference: Option<([u8; frames::REFERENCE], usize)>,
    /// Large frames that are under way.
    large: FuturesUnordered<BoxFuture<'static, io::Result<()>>>,
    /// Whether large frames may go on streams of their own.
    is_open: bool,
}

struct Receiving {
    stream: RecvStream,
    position: Position,
    /// What was read of the stream of small frames and not yet passed on.
    stash: BytesMut,
    is_at_end: bool,
    /// The streams that the peer opens, once it may.
    incoming: Option<BoxStream<'static, Result<RecvStream, ConnectionError>>>,
    frame_limit: usize,
    /// Large frames that are under way, each with the number of its stream.
    large: FuturesUnordered<LargeFrame>,
    /// Those that are there, but not their references.
    early: BTreeMap<u64, Vec<u8>>,
    /// Those whose references are there, but not they themselves.
    late: BTreeSet<u64>,
    /// Those that are next, the first one from this place on.
    whole: VecDeque<Vec<u8>>,
    passed_on: usize,
}

impl Multiplexed {
    pub(super) fn new(
        connection: Connection,
        sending: SendStream,
        receiving: RecvStream,
        opened: Arc<OnceLock<u32>>,
    ) -> Self {
        // before large frames, which are in no hurry; the stream is new and so not closed
        let _ = sending.set_priority(1);
        Self {
            connection,
            opened,
            sending: Sending {
                stream: sending,
                position: Position::start(),
                reference: None,
                large: FuturesUnordered::new(),
                is_open: false,
            },
            receiving: Receiving {
                stream: receiving,
                position: Position::start(),
                stash: BytesMut::new(),
                is_at_end: false,
                incoming: None,
                frame_limit: 0,
                large: FuturesUnordered::new(),
                early: BTreeMap::new(),
                late: BTreeSet::new(),
                whole: VecDeque::new(),
                passed_on: 0,
            },
        }
    }

    /// Allows streams for large frames as soon as the nodes know each other.
    fn open(&mut self) {
        if self.sending.is_open {
            return;
        }
        let Some(frame_limit) = self.opened.get() else { return };
        self.connection.set_max_concurrent_uni_streams(LARGE_FRAMES.into());
        let streams = futures_util::stream::unfold(self.connection.clone(), |connection| async move {
            let stream = connection.accept_uni().await;
            Some((stream, connection))
        });
        self.receiving.incoming = Some(streams.boxed());
        self.receiving.frame_limit = *frame_limit as usize;
        self.sending.is_open = true;
    }
}

impl AsyncRead for Multiplexed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.open();
        this.sending.poll_large(context)?;
        this.receiving.poll_large(context)?;
        this.receiving.poll(context, buffer)
    }
}

impl AsyncWrite for Multiplexed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.open();
        this.sending.poll_large(context)?;
        ready!(this.sending.poll_reference(context))?;
        this.sending.poll_write(context, bytes, &this.connection)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.sending.poll_reference(context))?;
        self.sending.poll_large(context)?;
        if self.sending.large.is_empty() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(context))?;
        // an error says that it has ended already
        let _ = self.sending.stream.finish();
        Poll::Ready(Ok(()))
    }
}

impl Sending {
    /// Goes on with large frames that are under way.
    fn poll_large(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        while let Poll::Ready(Some(sent)) = self.large.poll_next_unpin(context) {
            sent?;
        }
        Ok(())
    }

    /// Writes the reference to a large frame whose stream is open.
    fn poll_reference(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((bytes, at)) = &mut self.reference {
            match ready!(Pin::new(&mut self.stream).poll_write(context, &bytes[*at..])) {
                Ok(count) => *at += count,
                Err(error) => return Poll::Ready(Err(of_write(error))),
            }
            if *at == bytes.len() {
                self.reference = None;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        connection: &Connection,
    ) -> Poll<io::Result<usize>> {
        let mut count = bytes.len();
        if self.is_open {
            let (small, large) = frames::split(&self.position, bytes);
            if let Some(length) = large {
                // if the peer allows no more streams now, it goes with the others
                if let Some(Ok(stream)) = connection.open_uni().now_or_never() {
                    self.reference = Some((frames::reference(stream.id().into()), 0));
                    self.large.push(send(stream, Bytes::copy_from_slice(&bytes[..length])).boxed());
                    // so that the peer knows of it even if nothing else is written
                    let _ = self.poll_reference(context)?;
                    self.poll_large(context)?;
                    return Poll::Ready(Ok(length));
                }
                count = length;
            } else if small > 0 {
                count = small;
            }
        }
        let count =
            ready!(Pin::new(&mut self.stream).poll_write(context, &bytes[..count])).map_err(of_write)?;
        self.position.advance(&bytes[..count], |_| true);
        Poll::Ready(Ok(count))
    }
}

impl Receiving {
    /// Goes on with large frames that are under way, and accepts new ones.
    fn poll_large(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        loop {
            if let Poll::Ready(Some(received)) = self.large.poll_next_unpin(context) {
                let (stream, frame) = received?;
                if self.late.remove(&stream) {
                    self.whole.push_back(frame);
                } else {
                    self.early.insert(stream, frame);
                }
                continue;
            }
            let held = self.large.len() + self.early.len() + self.whole.len();
            let Some(incoming) = self.incoming.as_mut().filter(|_| held < usize::from(LARGE_FRAMES)) else {
                return Ok(());
            };
            match incoming.poll_next_unpin(context) {
                Poll::Ready(Some(Ok(stream))) => self.large.push(receive(stream, self.frame_limit).boxed()),
                // the stream of small frames says why
                Poll::Ready(Some(Err(_)) | None) => self.incoming = None,
                Poll::Pending => return Ok(()),
            }
        }
    }

    fn poll(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            if self.position.left == 0 {
                if let Some(frame) = self.whole.front() {
                    let count = buffer.remaining().min(frame.len() - self.passed_on);
                    buffer.put_slice(&frame[self.passed_on..self.passed_on + count]);
                    self.passed_on += count;
                    if self.passed_on == frame.len() {
                        self.whole.pop_front();
                        self.passed_on = 0;
                    }
                    return Poll::Ready(Ok(()));
                }
                match Head::of(&self.stash) {
                    Head::Elsewhere(stream) => {
                        self.stash.advance(frames::REFERENCE);
                        self.refer(stream)?;
                        continue;
                    }
                    head @ Head::Frame { .. } if head.is_last() && !self.late.is_empty() => {
                        // `poll_large` has registered for what is awaited
                        return Poll::Pending;
                    }
                    Head::Frame { bytes, .. } => self.position.left = bytes,
                    Head::Incomplete if self.stash.is_empty() && !self.is_at_end => {
                        if ready!(self.poll_fresh(context, buffer))? {
                            return Poll::Ready(Ok(()));
                        }
                        continue;
                    }
                    Head::Incomplete if self.is_at_end => {
                        if !self.late.is_empty() {
                            return Poll::Pending;
                        }
                        // a frame that is cut off, if anything
                        let count = buffer.remaining().min(self.stash.len());
                        buffer.put_slice(&self.stash[..count]);
                        self.stash.advance(count);
                        return Poll::Ready(Ok(()));
                    }
                    Head::Incomplete => {
                        let mut more = [0; 64];
                        let count = ready!(self.poll_stream(context, &mut more))?;
                        self.is_at_end = count == 0;
                        self.stash.extend_from_slice(&more[..count]);
                        continue;
                    }
                }
            }
            if self.stash.is_empty() {
                if ready!(self.poll_fresh(context, buffer))? || self.is_at_end {
                    return Poll::Ready(Ok(()));
                }
                continue;
            }
            let room = buffer.remaining().min(self.stash.len());
            let count = self.position.advance(&self.stash[..room], may_pass(&self.whole, &self.late));
            buffer.put_slice(&self.stash[..count]);
            self.stash.advance(count);
            return Poll::Ready(Ok(()));
        }
    }

    /// Reads straight into the buffer; what can't be passed on now, since something else comes before it, goes into the
    /// stash. Returns whether anything is passed on.
    fn poll_fresh(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        let count = ready!(self.poll_stream(context, buffer.initialize_unfilled()))?;
        if count == 0 {
            self.is_at_end = true;
            return Poll::Ready(Ok(false));
        }
        let fresh = &buffer.initialize_unfilled()[..count];
        let passed = self.position.advance(fresh, may_pass(&self.whole, &self.late));
        self.stash.extend_from_slice(&fresh[passed..]);
        buffer.advance(passed);
        Poll::Ready(Ok(passed > 0))
    }

    fn poll_stream(&mut self, context: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        match ready!(self.stream.poll_read(context, bytes)) {
            Ok(count) => Poll::Ready(Ok(count)),
            Err(error) => match of_read(error) {
                // the peer has closed the connection, as it may at any time
                error if error.kind() == ErrorKind::ConnectionReset => Poll::Ready(Ok(0)),
                error => Poll::Ready(Err(error)),
            },
        }
    }

    /// The frame of that stream is next.
    fn refer(&mut self, stream: u64) -> io::Result<()> {
        match self.early.remove(&stream) {
            Some(frame) => self.whole.push_back(frame),
            // each stands for a stream that is open
            None if self.late.len() < usize::from(LARGE_FRAMES) && self.late.insert(stream) => {}
            None => return Err(violation("a reference to a stream that can't be")),
        }
        Ok(())
    }
}

/// Which frames may be passed on now: none while a large one is next, and no last one while a large one is awaited.
fn may_pass<'a>(whole: &'a VecDeque<Vec<u8>>, late: &'a BTreeSet<u64>) -> impl Fn(&Head) -> bool + 'a {
    |head| whole.is_empty() && (late.is_empty() || !head.is_last())
}

/// Sends a large frame on its own stream.
async fn send(mut stream: SendStream, mut frame: Bytes) -> io::Result<()> {
    while !frame.is_empty() {
        let piece = frame.split_to(frame.len().min(PIECE));
        let written = tokio::time::timeout(STALL, stream.write_chunk(piece)).await;
        written.map_err(|_| stalled())?.map_err(of_write)?;
    }
    // an error says that it has ended already
    let _ = stream.finish();
    Ok(())
}

/// Receives a large frame on its own stream. Its length is checked before its bytes are awaited, and the memory grows with
/// what has arrived.
async fn receive(mut stream: RecvStream, frame_limit: usize) -> io::Result<(u64, Vec<u8>)> {
    let number = u64::from(stream.id());
    let mut frame = Vec::new();
    let mut whole = usize::MAX;
    loop {
        let piece = tokio::time::timeout(STALL, stream.read_chunk(PIECE, true)).await;
        let Some(piece) = piece.map_err(|_| stalled())?.map_err(of_read)? else { break };
        frame.extend_from_slice(&piece.bytes);
        if let Some(length) = frame.first_chunk::<LENGTH>() {
            let length = u32::from_le_bytes(*length) as usize;
            if length > frame_limit {
                return Err(violation("a frame over the limit"));
            }
            whole = LENGTH + length;
        }
        if frame.len() > whole {
            return Err(violation("more than a frame on the stream of one"));
        }
    }
    if frame.len() == whole {
        Ok((number, frame))
    } else {
        Err(violation("less than a frame on the stream of one"))
    }
}

fn violation(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("the peer broke a rule of the protocol over QUIC: {what}"))
}

fn stalled() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, format!("a large frame stood still for {STALL:?}"))
}

fn of_write(error: WriteError) -> io::Error {
    match error {
        WriteError::ConnectionLost(error) => of_connection(error),
        // the peer doesn't read any more: it is gone
        _ => ErrorKind::BrokenPipe.into(),
    }
}

fn of_read(error: ReadError) -> io::Error {
    match error {
        ReadError::ConnectionLost(error) => of_connection(error),
        _ => ErrorKind::ConnectionReset.into(),
    }
}

impl Drop for Multiplexed {
    fn drop(&mut self) {
        // large frames that are under way know the connection, too
        self.connection.close(VarInt::from_u32(0), b"");
    }
}
