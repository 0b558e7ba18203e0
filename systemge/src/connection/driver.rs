//! The task of one connection.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::AsyncWrite as _;
use tokio::sync::oneshot;
use tokio::time::Sleep;

use super::input::Input;
use super::outbox::{Leaving, Outbox, Taken};
use crate::metrics::Traffic;
use crate::protocol::frame::{GoodbyeCode, Violation};
use crate::protocol::session::{Event, Session, Step};
use crate::transport::Stream;

/// What one side of a connection does with what arrives.
pub(super) trait Side {
    /// Takes an event; answers go to `out`.
    fn event(&mut self, event: Event<'_>, turn: Turn<'_, '_>) -> Result<(), End>;

    /// Whether the side can take another event; if not, it wakes the task when it can.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()>;

    /// Goes on with what runs; answers go to `out`. Returns whether something was finished.
    fn poll_running(
        &mut self,
        context: &mut Context<'_>,
        session: &mut Session,
        out: &mut Vec<u8>,
    ) -> Result<bool, End>;

    /// This side says goodbye since its node stops: what it has begun and will not answer gets its answer here.
    fn stopping(&mut self, out: &mut Vec<u8>);

    /// The connection is over, but for its last words: nobody counts on it any more.
    fn over(&mut self);

    /// So many bytes that waited were not sent.
    fn unsent(&mut self, bytes: usize);

    /// Takes what was seen of the peer, once it is known who it is.
    fn seen(&mut self, traffic: &mut Traffic);

    /// Ends a batch of events: what was counted in it goes where others see it.
    fn end_batch(&mut self);
}

/// What an event is handled with.
pub(super) struct Turn<'a, 'c> {
    pub(super) session: &'a mut Session,
    pub(super) out: &'a mut Vec<u8>,
    /// The time of the batch: one look at the clock for many events.
    pub(super) now: Instant,
    pub(super) context: &'a mut Context<'c>,
}

/// Why a connection ended.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum End {
    #[error("{0}")]
    Violation(#[from] Violation),
    #[error("the peer said goodbye ({code:?}): {reason}")]
    Goodbye { code: GoodbyeCode, reason: String },
    #[error("the peer closed the connection")]
    Closed,
    #[error("{0}")]
    Network(Arc<std::io::Error>),
    /// This node ended it.
    #[error("{reason}")]
    Ours { code: GoodbyeCode, reason: String },
}

impl End {
    /// The peer said goodbye; what it says is a stranger's text.
    pub(super) fn goodbye(code: GoodbyeCode, reason: &str) -> Self {
        Self::Goodbye { code, reason: crate::text::printable(reason) }
    }
}

impl From<std::io::Error> for End {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
        match error.kind() {
            ConnectionReset | ConnectionAborted | BrokenPipe => Self::Closed,
            _ => Self::Network(Arc::new(error)),
        }
    }
}

/// Closes an outbox when its connection's task ends, in whatever way.
struct ClosedOnDrop(Arc<Outbox>);

impl Drop for ClosedOnDrop {
    fn drop(&mut self) {
        self.0.closed(Leaving::Lost);
    }
}

/// How much is written or read between two looks at everything else.
const TURNS: u32 = 32;
/// What an idle connection's buffers may keep, in bytes.
const IDLE: usize = 4 * 1024;
/// How long the last words may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// The task of one connection.
pub(super) struct Driver<S> {
    stream: Box<dyn Stream>,
    /// Where the transport looks whether the nodes know each other.
    opened: Arc<OnceLock<u32>>,
    session: Session,
    side: S,
    outbox: Arc<Outbox>,
    input: Input,
    /// How many bytes the frame at the front of the input takes in all, as far as that is known.
    needed: usize,
    output: Vec<u8>,
    written: usize,
    /// Whether the stream may still hold back what was written to it.
    unflushed: bool,
    /// How many bytes of the output answer something that was read. Requests and messages of this side don't count:
    /// if they kept it from reading, two sides full of each other's requests and responses would both only write.
    answers: usize,
    /// How many bytes of answers may wait before nothing more is read.
    answer_limit: usize,
    /// Since when nothing is read, since the peer doesn't read its answers.
    stalled_since: Option<Instant>,
    /// How many bytes it has read since then. A whole queue of them buys it the same time again: a peer that reads a
    /// byte now and then doesn't stay for ever.
    stalled_progress: usize,
    max_wait: Duration,
    timer: Pin<Box<Sleep>>,
    timer_at: Instant,
    session_at: Instant,
    /// Whether this side has enough to do and doesn't read.
    blocked: bool,
    /// Who asks whether the peer is still there.
    asks: Option<oneshot::Sender<()>>,
    /// When a connection that is to end does so, whatever still waits to be written.
    end_at: Option<Instant>,
    /// What was seen of the peer since its counters were last told.
    traffic: Traffic,
}

impl<S: Side + Unpin> Driver<S> {
    pub(super) fn new(
        (stream, opened): (Box<dyn Stream>, Arc<OnceLock<u32>>),
        session: Session,
        side: S,
        outbox: Arc<Outbox>,
        output: Vec<u8>,
        queue: &crate::config::QueueConfig,
    ) -> Self {
        let now = crate::clock::now();
        Self {
            stream,
            opened,
            session,
            side,
            outbox,
            input: Input::default(),
            needed: 0,
            output,
            written: 0,
            unflushed: false,
            answers: 0,
            answer_limit: queue.bytes,
            stalled_since: None,
            stalled_progress: 0,
            max_wait: queue.max_wait,
            timer: Box::pin(tokio::time::sleep_until(now.into())),
            timer_at: now,
            session_at: now,
            blocked: false,
            asks: None,
            end_at: None,
            traffic: Traffic::default(),
        }
    }

    /// Runs the connection to its end. From a box, since a future holds what it is given twice.
    pub(super) async fn run(mut self: Box<Self>) -> (End, S) {
        // even if the task is dropped where it stands: requests that wait have nobody else who would end them
        let _closed = ClosedOnDrop(self.outbox.clone());
        let end = std::future::poll_fn(|context| self.poll(context)).await;
        let farewell = match &end {
            End::Violation(violation) => Some((violation.goodbye(), violation.to_string())),
            End::Ours { code, reason } => Some((*code, reason.clone())),
            End::Goodbye { .. } | End::Closed | End::Network(_) => None,
        };
        let mut unsent = self.outbox.closed(match end {
            End::Goodbye { code: GoodbyeCode::Stopping, .. } => Leaving::Stopped,
            _ => Leaving::Lost,
        });
        if let Some((GoodbyeCode::Stopping, _)) = farewell {
            self.side.stopping(&mut self.output);
        }
        self.side.seen(&mut self.traffic);
        self.side.over();
        // whoever asks for a sign of life learns that there will be none
        self.asks = None;
        let waiting = self.output.len() - self.written;
        if let Some((code, reason)) = farewell {
            self.session.goodbye(code, &reason, &mut self.output);
            let last_words = async {
                use tokio::io::AsyncWriteExt as _;
                self.stream.write_all(&self.output[self.written..]).await?;
                self.stream.flush().await?;
                self.stream.shutdown().await?;
                // what the peer still sends is read and left, lest a reset overtakes the goodbye
                let mut rest = vec![0; 1024];
                while tokio::io::AsyncReadExt::read(&mut self.stream, &mut rest).await? > 0 {}
                std::io::Result::Ok(())
            };
            // a peer that doesn't listen to it has lost nothing but the reason
            if !matches!(tokio::time::timeout(FAREWELL, last_words).await, Ok(Ok(()))) {
                unsent += waiting;
            }
        } else {
            unsent += waiting;
        }
        if unsent > 0 {
            self.side.unsent(unsent);
        }
        (end, self.side)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        match self.poll_turns(context) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        }
    }

    fn poll_turns(&mut self, context: &mut Context<'_>) -> Result<(), End> {
        let mut turns = 0;
        loop {
            let before = self.output.len();
            let was_open = self.session.is_open();
            let mut progress = self.side.poll_running(context, &mut self.session, &mut self.output)?;
            self.answers += self.output.len() - before;
            if !was_open && self.session.is_open() {
                self.opened(crate::clock::now());
            }
            progress |= self.poll_input(context)?;
            progress |= self.poll_output(context)?;
            if !progress {
                break;
            }
            turns += 1;
            if turns == TURNS {
                context.waker().wake_by_ref();
                break;
            }
        }
        if self.traffic.read > 0 || self.traffic.written > 0 {
            self.traffic.round_trip = self.session.take_round_trip();
            self.side.seen(&mut self.traffic);
        }
        self.poll_timer(context)
    }

    /// Handles what has arrived, then reads once more. Returns whether anything came.
    fn poll_input(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        if !self.handle_input(context, false)? {
            return Ok(false);
        }
        let stranger = !self.session.is_open();
        match self.input.poll_fill(&mut self.stream, self.needed, stranger, context) {
            Poll::Pending => return Ok(false),
            Poll::Ready(Ok(0)) => return Err(End::Closed),
            Poll::Ready(Ok(count)) => self.traffic.read += count as u64,
            Poll::Ready(Err(error)) => return Err(error.into()),
        }
        self.handle_input(context, true)?;
        Ok(true)
    }

    /// Handles whole frames; `fresh` says that something has just been read. Returns whether more input is wanted.
    fn handle_input(&mut self, context: &mut Context<'_>, fresh: bool) -> Result<bool, End> {
        if self.input.filled().is_empty() {
            self.needed = 0;
            return Ok(true);
        }
        if !fresh && !self.blocked {
            return Ok(true);
        }
        let now = crate::clock::now();
        self.session.heard(now);
        self.traffic.heard = Some(now);
        let was_open = self.session.is_open();
        let mut before = self.output.len();
        let wants_more = loop {
            self.answers += self.output.len() - before;
            before = self.output.len();
            if self.input.filled().is_empty() {
                // not even asked whether it is ready: a side that is given its turn now would have nothing to do with
                // it, and nobody would take it back; and a peer that says nothing any more is not taken for one that
                // isn't heard
                self.needed = 0;
                break Ok(true);
            }
            // asked first: a turn that this side is given is given back with the batch, even if nothing can be answered
            let ready = self.side.poll_ready(context).is_ready();
            if self.answers.min(self.output.len() - self.written) >= self.answer_limit {
                if self.stalled_since.is_none() {
                    (self.stalled_since, self.stalled_progress) = (Some(now), 0);
                }
                break Ok(false);
            }
            self.stalled_since = None;
            if !ready {
                break Ok(false);
            }
            match self.session.step(self.input.filled(), &mut self.output) {
                Err(violation) => break Err(violation.into()),
                Ok(Step::Incomplete(needed)) => {
                    self.needed = needed;
                    break Ok(true);
                }
                Ok(Step::Used(used)) => self.input.consume(used),
                Ok(Step::Event(event, used)) => {
                    let turn = Turn { session: &mut self.session, out: &mut self.output, now, context };
                    let handled = self.side.event(event, turn);
                    self.input.consume(used);
                    if let Err(end) = handled {
                        break Err(end);
                    }
                }
            }
        };
        self.answers += self.output.len() - before;
        self.side.end_batch();
        self.blocked = matches!(wants_more, Ok(false));
        if (fresh || self.blocked)
            && let Some(asks) = self.asks.take()
        {
            // nobody can blame a peer for silence that isn't read; who no longer asks needs no answer
            let _ = asks.send(());
        }
        if self.blocked {
            // what the peer says is not looked at for now, its pings neither: it will want to know that this side lives
            self.arm(now + self.session.keepalive_interval());
        }
        if !was_open && self.session.is_open() {
            self.opened(now);
        }
        wants_more
    }

    /// Writes what waits. Returns whether anything was written.
    fn poll_output(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        self.outbox.register(context);
        let mut progress = false;
        loop {
            if self.output.is_empty() {
                let taken = self.take();
                if self.output.is_empty() {
                    if let Some((code, reason)) = taken.closing {
                        return Err(End::Ours { code, reason });
                    }
                    let deadline = taken.wake_at.map_or(self.session_at, |at| at.min(self.session_at));
                    self.arm(deadline);
                    break;
                }
            }
            match Pin::new(&mut self.stream).poll_write(context, &self.output[self.written..]) {
                Poll::Ready(Ok(0)) => return Err(End::Closed),
                Poll::Ready(Ok(count)) => {
                    progress = true;
                    self.traffic.written += count as u64;
                    self.unflushed = true;
                    self.written += count;
                    self.stalled_progress += count;
                    if self.written == self.output.len() || self.stalled_progress >= self.answer_limit {
                        self.stalled_since = None;
                    }
                    if self.written == self.output.len() {
                        self.output.clear();
                        self.written = 0;
                        self.answers = 0;
                    }
                }
                Poll::Ready(Err(error)) => return Err(error.into()),
                Poll::Pending => {
                    // senders that wait, or that gave up, want this to end in time
                    let taken = self.take();
                    let mut deadline = taken.wake_at.map_or(self.session_at, |at| at.min(self.session_at));
                    if let Some(since) = earlier(taken.full_since, self.stalled_since) {
                        deadline = deadline.min(since + self.max_wait);
                    }
                    if let Some((code, reason)) = taken.closing {
                        let now = crate::clock::now();
                        let end = *self.end_at.get_or_insert(now + FAREWELL);
                        if code == GoodbyeCode::TooSlow || now >= end {
                            return Err(End::Ours { code, reason });
                        }
                        deadline = deadline.min(end);
                    }
                    self.arm(deadline);
                    break;
                }
            }
        }
        if self.unflushed && self.output.is_empty() {
            match Pin::new(&mut self.stream).poll_flush(context) {
                Poll::Ready(Err(error)) => return Err(error.into()),
                Poll::Ready(Ok(())) => self.unflushed = false,
                // the stream wakes this task when it can go on
                Poll::Pending => {}
            }
        }
        Ok(progress)
    }

    /// Looks into the outbox, and takes what waits there if there is nothing to write.
    fn take(&mut self) -> Taken {
        let mut taken = self.outbox.take(&mut self.output);
        if let Some(asks) = taken.asks.take() {
            if self.blocked {
                let _ = asks.send(());
            } else {
                self.session.ask(&mut self.output);
                self.asks = Some(asks);
            }
        }
        taken
    }

    /// The handshake is done.
    fn opened(&mut self, now: Instant) {
        let _ = self.opened.set(self.session.frame_limit());
        // the timer is set for the end of the handshake; from now on the time of keepalive counts
        self.arm(now);
    }

    /// Makes the timer go off at `deadline` at the latest.
    fn arm(&mut self, deadline: Instant) {
        if deadline < self.timer_at {
            self.timer_at = deadline;
            self.timer.as_mut().reset(deadline.into());
        }
    }

    fn poll_timer(&mut self, context: &mut Context<'_>) -> Result<(), End> {
        loop {
            if self.timer.as_mut().poll(context).is_pending() {
                return Ok(());
            }
            let now = crate::clock::now();
            self.outbox.expire(now);
            if self.blocked && self.session.is_open() {
                // it is this side that doesn't read: the silence is ours
                self.session.sign_of_life(now, &mut self.output);
            }
            let mut next = self.session.check(now, &mut self.output)?;
            self.session_at = next;
            if self.output.is_empty() {
                self.input.shrink();
                self.outbox.shrink(IDLE);
                if self.output.capacity() > IDLE {
                    self.output = Vec::new();
                }
            }
            let taken = self.take();
            if let Some(since) = earlier(taken.full_since, self.stalled_since) {
                let end = since + self.max_wait;
                if now >= end {
                    let reason = format!("the peer read too little for {:?}", self.max_wait);
                    return Err(End::Ours { code: GoodbyeCode::TooSlow, reason });
                }
                next = next.min(end);
            }
            if let Some(end) = self.end_at {
                next = next.min(end.max(now + crate::protocol::pending::TICK));
            }
            if let Some(at) = taken.wake_at {
                // what is still there although its time is over is due in the next tick
                next = next.min(if at > now { at } else { now + crate::protocol::pending::TICK });
            }
            self.timer_at = next;
            self.timer.as_mut().reset(next.into());
            // what there is to write is written in the next turn, which also sees whether the end is due
            if !self.output.is_empty() {
                context.waker().wake_by_ref();
            }
        }
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}
