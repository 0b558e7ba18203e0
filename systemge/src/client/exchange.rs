//! One request and the outcomes of the nodes that were asked.
//!
//! What depends on the types of a topic is kept small, since it is compiled once for every topic of a program: to
//! decode a response ([`Call`]) and to hand it out ([`Exchange`]). Everything else is in [`Asking`].

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

use super::Destination;
use super::outcome::{Outcome, Refusal, RequestError};
use crate::config::SlowPeerPolicy;
use crate::connection::outbox::{Pushed, RawOutcome, RoomTicket, Sink, Waiting};
use crate::context::Hold;
use crate::node::Provider;
use crate::payload::codec::{decode, encode};
use crate::payload::{Payload, Reply};
use crate::protocol::frame::{Encoding, GoodbyeCode, Status, Token};

type ResultOf<R> = Result<<R as Reply>::Success, RequestError<<R as Reply>::Error>>;
pub(super) type OutcomeOf<R> = Outcome<<R as Reply>::Success, <R as Reply>::Error>;

/// An error that is not the handler's.
type Failure = RequestError<Infallible>;

/// Appends the payload of a request.
type Encode<'a> = dyn Fn(&mut Vec<u8>) -> Result<(), String> + 'a;

/// Where the outcomes of a request arrive.
struct Call<R: Reply> {
    state: Mutex<CallState<R>>,
    timeout: Duration,
    /// Whether it matters when an outcome arrives; to look at the clock takes as long as to handle the response.
    timed: bool,
}

struct CallState<R: Reply> {
    /// The first outcome has a place of its own, since most requests have only one.
    first: Option<Arrived<R>>,
    more: Vec<Option<Arrived<R>>>,
    waker: Option<Waker>,
}

struct Arrived<R: Reply> {
    asked: u32,
    at: Option<Instant>,
    result: ResultOf<R>,
}

/// A [`Call`] of any types.
trait AnyCall: Sink {
    /// Takes the outcome of the `asked`-th node, which nobody waits for at its connection.
    fn fail(&self, asked: u32, failure: Failure);
}

impl<R: Reply> Call<R> {
    fn arrive(&self, arrived: Arrived<R>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.first.is_none() && state.more.is_empty() {
            state.first = Some(arrived);
        } else {
            state.more.push(Some(arrived));
        }
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes an outcome out, or remembers who waits for one.
    fn take(&self, batch: &mut Batch<R>, waker: &Waker) -> Option<Arrived<R>> {
        if let Some(next) = batch.next() {
            return Some(next);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = state.first.take() {
            return Some(first);
        }
        batch.arrived.clear();
        batch.handed_out = 0;
        std::mem::swap(&mut state.more, &mut batch.arrived);
        let next = batch.next();
        if next.is_none() {
            remember(&mut state.waker, waker);
        }
        next
    }
}

/// Outcomes that have arrived, taken all at once.
struct Batch<R: Reply> {
    arrived: Vec<Option<Arrived<R>>>,
    handed_out: usize,
}

impl<R: Reply> Batch<R> {
    fn next(&mut self) -> Option<Arrived<R>> {
        let next = self.arrived.get_mut(self.handed_out)?.take();
        self.handed_out += 1;
        next
    }
}

fn remember(place: &mut Option<Waker>, waker: &Waker) {
    match place {
        Some(known) => known.clone_from(waker),
        none => *none = Some(waker.clone()),
    }
}

impl<R: Reply> Sink for Call<R> {
    fn complete(&self, asked: u32, outcome: RawOutcome<'_>) {
        let result = match outcome {
            RawOutcome::Response { status, encoding, payload } => response::<R>(status, encoding, payload),
            RawOutcome::Disconnected => Err(RequestError::Disconnected),
            RawOutcome::TimedOut => Err(RequestError::Timeout(self.timeout)),
        };
        self.arrive(Arrived { asked, at: self.timed.then(crate::clock::now), result });
    }

    fn undecodable(&self, asked: u32, why: String) {
        self.fail(asked, RequestError::ResponseUndecodable(why));
    }
}

impl<R: Reply> AnyCall for Call<R> {
    fn fail(&self, asked: u32, failure: Failure) {
        self.arrive(Arrived { asked, at: None, result: Err(failure.widen()) });
    }
}

fn response<R: Reply>(status: Status, encoding: Encoding, payload: &[u8]) -> ResultOf<R> {
    match status {
        Status::Success => decode(payload, encoding).map_err(RequestError::ResponseUndecodable),
        Status::HandlerError => {
            Err(decode(payload, encoding)
                .map_or_else(RequestError::ResponseUndecodable, RequestError::Handler))
        }
        status => Err(failure(status, payload).widen()),
    }
}

/// What a status without a typed payload says.
fn failure(status: Status, payload: &[u8]) -> Failure {
    let text = || crate::text::printable(&String::from_utf8_lossy(payload));
    match status {
        Status::Success | Status::HandlerError => RequestError::ResponseUndecodable(text()),
        Status::Panicked => RequestError::Panicked(text()),
        Status::Draining => RequestError::Refused(Refusal::Draining),
        Status::Overloaded => RequestError::Refused(Refusal::Overloaded),
        Status::UnknownTopic => RequestError::Refused(Refusal::UnknownTopic),
        Status::Undecodable => RequestError::Undecodable(text()),
        Status::Unencodable => RequestError::ResponseUnencodable(text()),
        Status::Cancelled => RequestError::Cancelled,
    }
}

/// One request and the outcomes of the nodes that were asked. Dropping it cancels what is still open.
pub(super) struct Exchange<R: Reply> {
    call: Arc<Call<R>>,
    batch: Batch<R>,
    asking: Asking,
}

impl<R: Reply> Exchange<R> {
    /// Asks every node that the client's target leaves. Fails if there is none, or if the payload can't be sent.
    pub(super) fn start<P: Payload>(
        destination: Destination<'_>,
        payload: &P,
        timeout: Option<Duration>,
        timed: bool,
    ) -> Result<Self, RequestError<R::Error>> {
        let timeout = timeout.unwrap_or_else(|| destination.client.node.config().requests.timeout);
        let state = CallState { first: None, more: Vec::new(), waker: None };
        let call = Arc::new(Call { state: Mutex::new(state), timeout, timed });
        let asking = Asking::start(destination, call.clone(), timeout, &|out| {
            encode(payload, Encoding::Postcard, out)
        });
        match asking {
            Ok(asking) => Ok(Self { call, batch: Batch { arrived: Vec::new(), handed_out: 0 }, asking }),
            Err(failure) => Err(failure.widen()),
        }
    }

    /// The next outcome; `None` when every asked node has one.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<OutcomeOf<R>>> {
        if !self.asking.is_open(context) {
            return Poll::Ready(None);
        }
        let Some(Arrived { asked, at, result }) = self.call.take(&mut self.batch, context.waker()) else {
            return Poll::Pending;
        };
        let done = self.asking.done(asked, at, self.call.timed);
        Poll::Ready(done.map(|(node, took)| Outcome { node, took, result }))
    }
}

/// A node that was asked, or is about to be.
struct Asked {
    provider: Provider,
    state: AskedState,
}

enum AskedState {
    /// Its queue is full.
    Full(RoomTicket),
    Waiting(Token),
    Done,
}

/// The nodes that are asked, whatever the types of the topic.
struct Asking {
    call: Arc<dyn AnyCall>,
    /// The first node has a place of its own, since most requests ask only one.
    first: Option<Asked>,
    more: Vec<Asked>,
    open: usize,
    full: usize,
    timeout: Duration,
    started: Instant,
    deadline: Instant,
    /// Ends the wait for room in a queue; what waits for a response ends by its connection.
    timer: Option<Pin<Box<Sleep>>>,
    encoded: Option<Vec<u8>>,
}

impl Asking {
    fn start(
        destination: Destination<'_>,
        call: Arc<dyn AnyCall>,
        timeout: Duration,
        encode: &Encode<'_>,
    ) -> Result<Self, Failure> {
        let node = &destination.client.node;
        if !node.can_send() {
            return Err(RequestError::NotRunning(node.name().to_owned()));
        }
        let started = crate::clock::now();
        // a time that the clock can't show is as good as a year
        let deadline = started.checked_add(timeout).unwrap_or(started + Duration::from_secs(365 * 24 * 3600));
        let mut asking = Self {
            call,
            first: None,
            more: Vec::new(),
            open: 0,
            full: 0,
            timeout,
            started,
            deadline,
            timer: None,
            encoded: None,
        };
        let hold = destination.client.hold;
        let mut own = false;
        destination.select(&destination.providers(), |provider| {
            own |= hold != Hold::Nothing && **provider.peer().name() == *node.name();
            let asked = Asked { provider: provider.clone(), state: AskedState::Done };
            if asking.first.is_none() {
                asking.first = Some(asked);
            } else {
                asking.more.push(asked);
            }
        });
        if asking.first.is_none() {
            return Err(RequestError::NoHandler {
                topic: destination.route.name(),
                mismatched: destination.route.mismatched(),
            });
        }
        if own {
            let reason = match hold {
                Hold::Nothing => None,
                Hold::State => Some("holds the lock of the application's state"),
                Hold::Turn => Some("has its turn, and the node handles one message at a time"),
            };
            if let Some(reason) = reason {
                return Err(RequestError::WouldDeadlock { node: node.name().to_owned(), reason });
            }
        }
        asking.ask_all(destination, encode)?;
        Ok(asking)
    }

    fn ask_all(&mut self, destination: Destination<'_>, encode: &Encode<'_>) -> Result<(), Failure> {
        if !self.more.is_empty() {
            let mut bytes = Vec::new();
            encode(&mut bytes).map_err(RequestError::Unencodable)?;
            self.encoded = Some(bytes);
        }
        let policy = destination.client.node.config().queue.policy;
        let mut index = 0_u32;
        while let Some(asked) = slot(&mut self.first, &mut self.more, index) {
            let pushed =
                push(&self.call, asked, index, self.started, self.deadline, &|out| match &self.encoded {
                    Some(bytes) => {
                        out.extend_from_slice(bytes);
                        Ok(())
                    }
                    None => encode(out),
                });
            self.open += 1;
            match pushed {
                Pushed::Done(token) => asked.state = AskedState::Waiting(token),
                Pushed::Full => match policy {
                    SlowPeerPolicy::Wait => {
                        asked.state = AskedState::Full(RoomTicket::default());
                        self.full += 1;
                    }
                    SlowPeerPolicy::DropNewest => {
                        let node = &destination.client.node;
                        node.count_dropped(asked.provider.peer().name(), destination.route.name());
                        self.call.fail(index, RequestError::Refused(Refusal::Overloaded));
                    }
                    SlowPeerPolicy::Disconnect => {
                        asked
                            .provider
                            .peer()
                            .outbox()
                            .close(GoodbyeCode::TooSlow, "the peer reads too slowly");
                        self.call.fail(index, RequestError::Disconnected);
                    }
                },
                Pushed::Closed => self.call.fail(index, RequestError::Disconnected),
                Pushed::Failed(why) => self.call.fail(index, RequestError::Unencodable(why)),
            }
            index += 1;
        }
        if self.full > 0 && self.encoded.is_none() {
            let mut bytes = Vec::new();
            encode(&mut bytes).map_err(RequestError::Unencodable)?;
            self.encoded = Some(bytes);
        }
        Ok(())
    }

    /// Whether outcomes are still to come.
    fn is_open(&mut self, context: &mut Context<'_>) -> bool {
        if self.full > 0 {
            self.poll_full(context);
        }
        self.open > 0
    }

    /// The `asked`-th node has its outcome: its name, and how long it took.
    fn done(&mut self, asked: u32, at: Option<Instant>, timed: bool) -> Option<(Arc<str>, Duration)> {
        self.open -= 1;
        let took = match at {
            Some(at) => at - self.started,
            None if timed => crate::clock::now() - self.started,
            None => Duration::ZERO,
        };
        let asked = slot(&mut self.first, &mut self.more, asked)?;
        asked.state = AskedState::Done;
        Some((asked.provider.peer().name().clone(), took))
    }

    /// Asks the nodes whose queues had no room, as they get it.
    #[cold]
    fn poll_full(&mut self, context: &mut Context<'_>) {
        let deadline = self.deadline;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline.into())));
        let over = timer.as_mut().poll(context).is_ready();
        let mut index = 0_u32;
        while let Some(asked) = slot(&mut self.first, &mut self.more, index) {
            while let AskedState::Full(ticket) = &mut asked.state {
                let outbox = asked.provider.peer().outbox().clone();
                if over {
                    outbox.leave_room(ticket);
                    self.call.fail(index, RequestError::Timeout(self.timeout));
                } else if outbox.poll_room(ticket, context).is_pending() {
                    break;
                } else {
                    let bytes = self.encoded.as_deref().unwrap_or_default();
                    let pushed = push(&self.call, asked, index, self.started, deadline, &|out| {
                        out.extend_from_slice(bytes);
                        Ok(())
                    });
                    match pushed {
                        // somebody else was faster
                        Pushed::Full => continue,
                        Pushed::Done(token) => {
                            asked.state = AskedState::Waiting(token);
                            self.full -= 1;
                            break;
                        }
                        Pushed::Closed => self.call.fail(index, RequestError::Disconnected),
                        Pushed::Failed(why) => self.call.fail(index, RequestError::Unencodable(why)),
                    }
                }
                asked.state = AskedState::Done;
                self.full -= 1;
            }
            index += 1;
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if self.open == 0 {
            return;
        }
        for asked in self.first.iter_mut().chain(&mut self.more) {
            let outbox = asked.provider.peer().outbox();
            match &mut asked.state {
                AskedState::Waiting(token) => outbox.cancel(*token),
                AskedState::Full(ticket) => outbox.leave_room(ticket),
                AskedState::Done => {}
            }
        }
    }
}

fn slot<'a>(first: &'a mut Option<Asked>, more: &'a mut [Asked], index: u32) -> Option<&'a mut Asked> {
    if index == 0 { first.as_mut() } else { more.get_mut(index as usize - 1) }
}

fn push(
    call: &Arc<dyn AnyCall>,
    asked: &Asked,
    index: u32,
    started: Instant,
    deadline: Instant,
    encode: &Encode<'_>,
) -> Pushed<Token> {
    let remaining = deadline.saturating_duration_since(started);
    // a request that has less than a millisecond says so, since 0 would mean that it doesn't say
    let remaining = u32::try_from(remaining.as_secs())
        .ok()
        .and_then(|seconds| seconds.checked_mul(1000)?.checked_add(remaining.subsec_millis()))
        .map_or(u32::MAX, |millis| millis.max(1));
    asked.provider.peer().outbox().request(
        asked.provider.topic(),
        Encoding::Postcard,
        remaining,
        deadline,
        || Waiting { sink: call.clone(), asked: index },
        encode,
    )
}
