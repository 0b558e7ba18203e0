//! One request and the outcomes of the nodes that were asked.
//!
//! What depends on the types of a topic is kept small, since it is compiled once for every topic of a program: to
//! decode a response ([`Call`]) and to hand it out ([`Exchange`]). Everything else is in [`Asking`].

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use super::asking::{AnyCall, Asking, Failure, Question};
use super::outcome::{Outcome, Refusal, RequestError};
use crate::connection::outbox::{RawOutcome, Sink};
use crate::payload::Reply;
use crate::payload::codec::decode;
use crate::protocol::frame::{Encoding, Status};

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
    more: Vec<Option<Arrived<R>>>,
    waker: Option<Waker>,
}

struct Arrived<R: Reply> {
    asked: u32,
    at: Option<Instant>,
    result: ResultOf<R>,
    /// Whether the handler certainly did not run, for a reason that another node may not have.
    elsewhere: bool,
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
    fn complete(&self, asked: u32, outcome: RawOutcome<'_>) -> bool {
        let (result, elsewhere) = match outcome {
            RawOutcome::Response { status, encoding, payload } => {
                let elsewhere = matches!(
                    status,
                    Status::Draining
                        | Status::Overloaded
                        | Status::UnknownTopic
                        | Status::NotAllowed
                        | Status::TooLarge
                );
                (response::<R>(status, encoding, payload), elsewhere)
            }
            RawOutcome::Disconnected { unsent } => (Err(RequestError::Disconnected), unsent),
            RawOutcome::Stopped => (Err(RequestError::Refused(Refusal::Draining)), true),
            RawOutcome::TimedOut => (Err(RequestError::Timeout(self.timeout)), false),
        };
        let readable = !matches!(result, Err(RequestError::ResponseUndecodable(_)));
        self.arrive(Arrived { asked, at: self.timed.then(crate::clock::now), result, elsewhere });
        readable
    }

    fn undecodable(&self, asked: u32, why: String) {
        self.fail(asked, RequestError::ResponseUndecodable(why), false);
    }
}

impl<R: Reply> AnyCall for Call<R> {
    fn fail(&self, asked: u32, failure: Failure, elsewhere: bool) {
        let at = self.timed.then(crate::clock::now);
        self.arrive(Arrived { asked, at, result: Err(failure.widen()), elsewhere });
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
        Status::Overloaded => RequestError::Refused(Refusal::Overloaded(text())),
        Status::UnknownTopic => RequestError::Refused(Refusal::UnknownTopic),
        Status::Undecodable => RequestError::Undecodable(text()),
        Status::Unencodable => RequestError::ResponseUnencodable(text()),
        Status::Cancelled => RequestError::Cancelled,
        Status::NotAllowed => RequestError::Refused(Refusal::NotAllowed(text())),
        Status::TooLarge => RequestError::Refused(Refusal::TooLarge(text())),
    }
}

/// One request and the outcomes of the nodes that were asked. Dropping it cancels what is still open.
pub(super) struct Exchange<R: Reply> {
    call: Arc<Call<R>>,
    batch: Batch<R>,
    asking: Asking,
    /// What the last node said, while another one is looked for.
    refused: Option<Arrived<R>>,
}

impl<R: Reply> Exchange<R> {
    /// Asks every node that the client's target leaves. Fails if there is none and the client has no patience, or if
    /// the payload can't be sent.
    pub(super) fn start(
        question: Question<'_>,
        timeout: Option<Duration>,
        timed: bool,
    ) -> Result<Self, RequestError<R::Error>> {
        let timeout = timeout.unwrap_or_else(|| question.configured_timeout());
        let state = CallState { first: None, more: Vec::new(), waker: None };
        let call = Arc::new(Call { state: Mutex::new(state), timeout, timed });
        match Asking::start(question, call.clone(), timeout) {
            Ok(asking) => {
                let batch = Batch { arrived: Vec::new(), handed_out: 0 };
                Ok(Self { call, batch, asking, refused: None })
            }
            Err(failure) => Err(failure.widen()),
        }
    }

    /// Waits until somebody has been asked.
    #[inline]
    pub(super) fn poll_asked(
        &mut self,
        context: &mut Context<'_>,
        question: Option<Question<'_>>,
    ) -> Poll<Result<(), RequestError<R::Error>>> {
        if self.asking.is_looking() { self.poll_looking(context, question) } else { Poll::Ready(Ok(())) }
    }

    #[cold]
    fn poll_looking(
        &mut self,
        context: &mut Context<'_>,
        question: Option<Question<'_>>,
    ) -> Poll<Result<(), RequestError<R::Error>>> {
        match ready!(self.asking.poll_looking(context, question)) {
            Ok(()) => self.refused = None,
            // nobody else was found: what the last node said is the outcome
            Err(_) if self.refused.is_some() => {}
            Err(failure) => return Poll::Ready(Err(failure.widen())),
        }
        Poll::Ready(Ok(()))
    }

    /// The next outcome; `None` when every asked node has one. `question` is there if it may be asked again.
    pub(super) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
        question: Option<Question<'_>>,
    ) -> Poll<Option<OutcomeOf<R>>> {
        loop {
            if ready!(self.poll_asked(context, question)).is_err() {
                return Poll::Ready(None);
            }
            if let Some(refused) = self.refused.take() {
                return Poll::Ready(self.hand_out(refused));
            }
            if !self.asking.is_open(context) {
                return Poll::Ready(None);
            }
            let Some(arrived) = self.call.take(&mut self.batch, context.waker()) else {
                return Poll::Pending;
            };
            if !arrived.elsewhere || !self.asking.ask_elsewhere(arrived.asked, question) {
                return Poll::Ready(self.hand_out(arrived));
            }
            self.refused = self.asking.is_looking().then_some(arrived);
        }
    }

    /// How long the request has been under way.
    pub(super) fn waited(&self) -> Duration {
        self.asking.waited()
    }

    fn hand_out(&mut self, arrived: Arrived<R>) -> Option<OutcomeOf<R>> {
        let Arrived { asked, at, result, .. } = arrived;
        let outcome = result.as_ref().map_or_else(RequestError::outcome, |_| "success");
        let (node, took) = self.asking.done(asked, outcome, at, self.call.timed)?;
        Some(Outcome { node, took, result })
    }
}
