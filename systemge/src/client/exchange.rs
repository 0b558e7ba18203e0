//! One request and the outcomes of the nodes that were asked.

use std::collections::VecDeque;
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
    more: VecDeque<Arrived<R>>,
    waker: Option<Waker>,
}

struct Arrived<R: Reply> {
    asked: u32,
    at: Option<Instant>,
    result: ResultOf<R>,
}

impl<R: Reply> Call<R> {
    fn arrive(&self, arrived: Arrived<R>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.first.is_none() && state.more.is_empty() {
            state.first = Some(arrived);
        } else {
            state.more.push_back(arrived);
        }
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
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
}

fn response<R: Reply>(status: Status, encoding: Encoding, payload: &[u8]) -> ResultOf<R> {
    let text = || crate::text::printable(&String::from_utf8_lossy(payload));
    match status {
        Status::Success => decode(payload, encoding).map_err(RequestError::ResponseUndecodable),
        Status::HandlerError => {
            Err(decode(payload, encoding)
                .map_or_else(RequestError::ResponseUndecodable, RequestError::Handler))
        }
        Status::Panicked => Err(RequestError::Panicked(text())),
        Status::Draining => Err(RequestError::Refused(Refusal::Draining)),
        Status::Overloaded => Err(RequestError::Refused(Refusal::Overloaded)),
        Status::UnknownTopic => Err(RequestError::Refused(Refusal::UnknownTopic)),
        Status::Undecodable => Err(RequestError::Undecodable(text())),
        Status::Unencodable => Err(RequestError::ResponseUnencodable(text())),
        Status::Cancelled => Err(RequestError::Cancelled),
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

/// One request and the outcomes of the nodes that were asked. Dropping it cancels what is still open.
pub(super) struct Exchange<R: Reply> {
    call: Arc<Call<R>>,
    /// The first node has a place of its own, since most requests ask only one.
    first: Option<Asked>,
    more: Vec<Asked>,
    open: usize,
    full: usize,
    started: Instant,
    deadline: Instant,
    /// Ends the wait for room in a queue; what waits for a response ends by its connection.
    timer: Option<Pin<Box<Sleep>>>,
    encoded: Option<Vec<u8>>,
}

impl<R: Reply> Exchange<R> {
    /// Asks every node that the client's target leaves. Fails if there is none, or if the payload can't be sent.
    pub(super) fn start<P: Payload>(
        destination: Destination<'_>,
        payload: &P,
        timeout: Option<Duration>,
        timed: bool,
    ) -> Result<Self, RequestError<R::Error>> {
        let node = &destination.client.node;
        if !node.can_send() {
            return Err(RequestError::NotRunning(node.name().to_owned()));
        }
        let timeout = timeout.unwrap_or_else(|| node.config().requests.timeout);
        let started = crate::clock::now();
        // a time that the clock can't show is as good as a year
        let deadline = started.checked_add(timeout).unwrap_or(started + Duration::from_secs(365 * 24 * 3600));
        let state = CallState { first: None, more: VecDeque::new(), waker: None };
        let mut exchange = Self {
            call: Arc::new(Call { state: Mutex::new(state), timeout, timed }),
            first: None,
            more: Vec::new(),
            open: 0,
            full: 0,
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
            if exchange.first.is_none() {
                exchange.first = Some(asked);
            } else {
                exchange.more.push(asked);
            }
        });
        if exchange.first.is_none() {
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
        exchange.ask_all(destination, payload)?;
        Ok(exchange)
    }

    fn ask_all<P: Payload>(
        &mut self,
        destination: Destination<'_>,
        payload: &P,
    ) -> Result<(), RequestError<R::Error>> {
        if !self.more.is_empty() {
            let mut bytes = Vec::new();
            encode(payload, Encoding::Postcard, &mut bytes).map_err(RequestError::Unencodable)?;
            self.encoded = Some(bytes);
        }
        let policy = destination.client.node.config().queue.policy;
        let mut index = 0;
        while let Some(asked) = slot(&mut self.first, &mut self.more, index) {
            let pushed =
                push(&self.call, asked, index, self.started, self.deadline, |out| match &self.encoded {
                    Some(bytes) => {
                        out.extend_from_slice(bytes);
                        Ok(())
                    }
                    None => encode(payload, Encoding::Postcard, out),
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
                        fail(&self.call, index, RequestError::Refused(Refusal::Overloaded));
                    }
                    SlowPeerPolicy::Disconnect => {
                        asked
                            .provider
                            .peer()
                            .outbox()
                            .close(GoodbyeCode::TooSlow, "the peer reads too slowly");
                        fail(&self.call, index, RequestError::Disconnected);
                    }
                },
                Pushed::Closed => fail(&self.call, index, RequestError::Disconnected),
                Pushed::Failed(why) => fail(&self.call, index, RequestError::Unencodable(why)),
            }
            index += 1;
        }
        if self.full > 0 && self.encoded.is_none() {
            let mut bytes = Vec::new();
            encode(payload, Encoding::Postcard, &mut bytes).map_err(RequestError::Unencodable)?;
            self.encoded = Some(bytes);
        }
        Ok(())
    }

    /// The next outcome; `None` when every asked node has one.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<OutcomeOf<R>>> {
        if self.full > 0 {
            self.poll_full(context);
        }
        if self.open == 0 {
            return Poll::Ready(None);
        }
        let arrived = {
            let mut state = self.call.state.lock().unwrap_or_else(PoisonError::into_inner);
            match state.first.take().or_else(|| state.more.pop_front()) {
                Some(arrived) => arrived,
                None => {
                    match &mut state.waker {
                        Some(waker) => waker.clone_from(context.waker()),
                        none => *none = Some(context.waker().clone()),
                    }
                    return Poll::Pending;
                }
            }
        };
        self.open -= 1;
        let took = match arrived.at {
            Some(at) => at - self.started,
            None if self.call.timed => crate::clock::now() - self.started,
            None => Duration::ZERO,
        };
        let Some(asked) = slot(&mut self.first, &mut self.more, arrived.asked as usize) else {
            return Poll::Ready(None);
        };
        asked.state = AskedState::Done;
        Poll::Ready(Some(Outcome {
            node: asked.provider.peer().name().clone(),
            took,
            result: arrived.result,
        }))
    }

    /// Asks the nodes whose queues had no room, as they get it.
    #[cold]
    fn poll_full(&mut self, context: &mut Context<'_>) {
        let deadline = self.deadline;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline.into())));
        let over = timer.as_mut().poll(context).is_ready();
        let mut index = 0;
        while let Some(asked) = slot(&mut self.first, &mut self.more, index) {
            while let AskedState::Full(ticket) = &mut asked.state {
                let outbox = asked.provider.peer().outbox().clone();
                if over {
                    outbox.leave_room(ticket);
                    fail(&self.call, index, RequestError::Timeout(self.call.timeout));
                } else if outbox.poll_room(ticket, context).is_pending() {
                    break;
                } else {
                    let bytes = self.encoded.as_deref().unwrap_or_default();
                    let pushed = push(&self.call, asked, index, self.started, deadline, |out| {
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
                        Pushed::Closed => fail(&self.call, index, RequestError::Disconnected),
                        Pushed::Failed(why) => fail(&self.call, index, RequestError::Unencodable(why)),
                    }
                }
                asked.state = AskedState::Done;
                self.full -= 1;
            }
            index += 1;
        }
    }
}

impl<R: Reply> Drop for Exchange<R> {
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

fn slot<'a>(first: &'a mut Option<Asked>, more: &'a mut [Asked], index: usize) -> Option<&'a mut Asked> {
    if index == 0 { first.as_mut() } else { more.get_mut(index - 1) }
}

fn push<R: Reply>(
    call: &Arc<Call<R>>,
    asked: &Asked,
    index: usize,
    started: Instant,
    deadline: Instant,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), String>,
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
        || Waiting { sink: call.clone(), asked: u32::try_from(index).unwrap_or(u32::MAX) },
        encode,
    )
}

fn fail<R: Reply>(call: &Call<R>, index: usize, error: RequestError<R::Error>) {
    let asked = u32::try_from(index).unwrap_or(u32::MAX);
    call.arrive(Arrived { asked, at: None, result: Err(error) });
}
