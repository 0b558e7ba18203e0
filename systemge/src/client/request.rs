//! Requests: synchronous, one response from every node that is asked.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;

use super::Destination;
use super::exchange::{Exchange, OutcomeOf};
use super::outcome::{Outcome, RequestError};
use crate::payload::{Payload, Reply};

/// A request about to be sent: `.await` it for one response, or ask for more first.
///
/// Awaiting asks every connected node that handles the topic and takes the first success; if nobody succeeds, the
/// first error. [`all`](Self::all) waits for the outcome of every node, [`stream`](Self::stream) hands them out as
/// they come. If nobody handles the topic, the request fails at once.
///
/// Cancel safety: dropping the future gives the request up, and the nodes that were asked are told. A handler that
/// has begun runs to its end.
#[must_use = "a request is sent when it is awaited"]
pub struct Request<'c, P, R> {
    destination: Destination<'c>,
    payload: P,
    timeout: Option<Duration>,
    limit: Option<usize>,
    reply: PhantomData<fn() -> R>,
}

impl<'c, P: Payload, R: Reply> Request<'c, P, R> {
    pub(super) const fn new(destination: Destination<'c>, payload: P) -> Self {
        Self { destination, payload, timeout: None, limit: None, reply: PhantomData }
    }

    /// How long to wait for responses, instead of the configured `requests.timeout` (default 10 s). A request may
    /// end up to 16 ms later than that, never earlier.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// After how many responses [`all`](Self::all) and [`stream`](Self::stream) end, instead of the configured
    /// `requests.limit` (default 0: one outcome of every asked node). Only successes count.
    pub const fn limit(mut self, responses: usize) -> Self {
        self.limit = Some(responses);
        self
    }

    /// Waits for the outcome of every node that is asked, or for as many responses as [`limit`](Self::limit) says.
    ///
    /// # Errors
    ///
    /// If nobody could be asked: no connected node handles the topic, this node isn't running, or the payload can't
    /// be written. What went wrong at one node is in its outcome.
    pub const fn all(self) -> AllResponses<'c, P, R> {
        AllResponses { request: self, exchange: None, outcomes: Vec::new(), successes: 0 }
    }

    /// Sends the request now and hands out the outcomes as they come. If nobody could be asked, the only outcome
    /// says why.
    pub fn stream(self) -> ResponseStream<R> {
        let started = crate::clock::now();
        let state = match Exchange::start(self.destination, &self.payload, self.timeout, true) {
            Ok(exchange) => StreamState::Running(exchange),
            Err(error) => StreamState::Failed(Outcome {
                node: Arc::from(self.destination.client.node.name()),
                took: crate::clock::now() - started,
                result: Err(error),
            }),
        };
        ResponseStream { state, left: self.most() }
    }
}

impl<P: Payload, R: Reply> Request<'_, P, R> {
    /// After how many responses it ends.
    fn most(&self) -> usize {
        let configured = || self.destination.client.node.config().requests.limit;
        match self.limit.unwrap_or_else(configured) {
            0 => usize::MAX,
            limit => limit,
        }
    }

    /// The exchange of this request; the first call sends it.
    fn started<'e>(
        &self,
        exchange: &'e mut Option<Exchange<R>>,
        timed: bool,
    ) -> Result<&'e mut Exchange<R>, RequestError<R::Error>> {
        match exchange {
            Some(exchange) => Ok(exchange),
            none => Ok(none.insert(Exchange::start(self.destination, &self.payload, self.timeout, timed)?)),
        }
    }
}

impl<'c, P: Payload, R: Reply> IntoFuture for Request<'c, P, R> {
    type Output = Result<R::Success, RequestError<R::Error>>;
    type IntoFuture = FirstResponse<'c, P, R>;

    fn into_future(self) -> FirstResponse<'c, P, R> {
        FirstResponse { request: self, exchange: None, first_error: None }
    }
}

/// The future of a [`Request`]: the first success.
#[must_use = "a request is sent when it is awaited"]
pub struct FirstResponse<'c, P, R: Reply> {
    request: Request<'c, P, R>,
    exchange: Option<Exchange<R>>,
    first_error: Option<RequestError<R::Error>>,
}

// nothing in it is ever pinned
impl<P, R: Reply> Unpin for FirstResponse<'_, P, R> {}

impl<P: Payload, R: Reply> Future for FirstResponse<'_, P, R> {
    type Output = Result<R::Success, RequestError<R::Error>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let exchange = match this.request.started(&mut this.exchange, false) {
            Ok(exchange) => exchange,
            Err(error) => return Poll::Ready(Err(error)),
        };
        loop {
            match ready!(exchange.poll_next(context)) {
                Some(Outcome { result: Ok(response), .. }) => return Poll::Ready(Ok(response)),
                Some(Outcome { result: Err(error), .. }) => {
                    this.first_error.get_or_insert(error);
                }
                None => {
                    let error = this.first_error.take().unwrap_or(RequestError::Disconnected);
                    return Poll::Ready(Err(error));
                }
            }
        }
    }
}

/// The future of [`Request::all`].
#[must_use = "a request is sent when it is awaited"]
pub struct AllResponses<'c, P, R: Reply> {
    request: Request<'c, P, R>,
    exchange: Option<Exchange<R>>,
    outcomes: Vec<OutcomeOf<R>>,
    successes: usize,
}

// nothing in it is ever pinned
impl<P, R: Reply> Unpin for AllResponses<'_, P, R> {}

impl<P: Payload, R: Reply> Future for AllResponses<'_, P, R> {
    type Output = Result<Vec<OutcomeOf<R>>, RequestError<R::Error>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let exchange = match this.request.started(&mut this.exchange, true) {
            Ok(exchange) => exchange,
            Err(error) => return Poll::Ready(Err(error)),
        };
        let limit = this.request.most();
        while this.successes < limit {
            match ready!(exchange.poll_next(context)) {
                Some(outcome) => {
                    this.successes += usize::from(outcome.result.is_ok());
                    this.outcomes.push(outcome);
                }
                None => break,
            }
        }
        Poll::Ready(Ok(std::mem::take(&mut this.outcomes)))
    }
}

/// The outcomes of a request as they come; see [`Request::stream`]. Dropping it gives the request up.
pub struct ResponseStream<R: Reply> {
    state: StreamState<R>,
    /// How many successes are still wanted.
    left: usize,
}

enum StreamState<R: Reply> {
    Running(Exchange<R>),
    Failed(OutcomeOf<R>),
    Ended,
}

impl<R: Reply> ResponseStream<R> {
    /// The next outcome; `None` when there will be no more.
    ///
    /// Cancel safety: dropping the future loses no outcome.
    pub async fn next(&mut self) -> Option<OutcomeOf<R>> {
        std::future::poll_fn(|context| self.poll_outcome(context)).await
    }

    fn poll_outcome(&mut self, context: &mut Context<'_>) -> Poll<Option<OutcomeOf<R>>> {
        if self.left == 0 {
            self.state = StreamState::Ended;
        }
        match &mut self.state {
            StreamState::Running(exchange) => {
                let outcome = ready!(exchange.poll_next(context));
                match &outcome {
                    Some(outcome) => self.left -= usize::from(outcome.result.is_ok()),
                    None => self.state = StreamState::Ended,
                }
                Poll::Ready(outcome)
            }
            StreamState::Failed(_) => match std::mem::replace(&mut self.state, StreamState::Ended) {
                StreamState::Failed(outcome) => Poll::Ready(Some(outcome)),
                StreamState::Running(_) | StreamState::Ended => Poll::Ready(None),
            },
            StreamState::Ended => Poll::Ready(None),
        }
    }
}

// nothing in it is ever pinned
impl<R: Reply> Unpin for ResponseStream<R> {}

impl<R: Reply> Stream for ResponseStream<R> {
    type Item = OutcomeOf<R>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<OutcomeOf<R>>> {
        self.get_mut().poll_outcome(context)
    }
}
