//! Requests: synchronous, one response from every node that is asked.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;

use super::asking::Question;
use super::exchange::{Exchange, OutcomeOf};
use super::outcome::{Outcome, RequestError};
use super::{ClientInner, Destination, Target};
use crate::node::Route;
use crate::payload::codec::encode;
use crate::payload::{Payload, Reply};
use crate::protocol::frame::Encoding;

/// A request about to be sent: `.await` it for one response, or ask for more first.
///
/// Awaiting asks every connected node that handles the topic and takes the first success; if nobody succeeds, the
/// first error. [`all`](Self::all) waits for the outcome of every node, [`stream`](Self::stream) hands them out as
/// they come. If nobody handles the topic, the request fails at once.
///
/// Cancel safety: dropping the future gives the request up, and the nodes that were asked are told. A handler that
/// has begun runs to its end.
///
/// The last parameter is that of the macros, which say by it whether the types are what they have to be.
#[must_use = "a request is sent when it is awaited"]
pub struct Request<'c, P, R, const CHECKED: bool = true> {
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
        let state = self.running().unwrap_or_else(|error| {
            StreamState::Failed(Outcome {
                node: Arc::from(self.destination.client.node.name()),
                took: crate::clock::now() - started,
                result: Err(error),
            })
        });
        ResponseStream { state, left: self.most() }
    }
}

impl<P: Payload, R: Reply> Request<'_, P, R> {
    /// After how many responses it ends.
    fn most(&self) -> usize {
        let configured = || self.destination.client.node.settings().requests_limit();
        match self.limit.unwrap_or_else(configured) {
            0 => usize::MAX,
            limit => limit,
        }
    }

    /// Sends the request, with all that is needed to ask again.
    fn running(&self) -> Result<StreamState<R>, RequestError<R::Error>> {
        let client = self.destination.client;
        if client.patience.is_none() && !matches!(client.target, Target::Any) {
            let exchange = self.with_question(|question| Exchange::start(question, self.timeout, true))?;
            return Ok(StreamState::Running { exchange, again: None });
        }
        let mut payload = Vec::new();
        encode(&self.payload, Encoding::Postcard, &mut payload).map_err(RequestError::Unencodable)?;
        let again =
            Box::new(Again { client: client.clone(), route: self.destination.route.clone(), payload });
        let exchange = again.with_question(|question| Exchange::start(question, self.timeout, true))?;
        Ok(StreamState::Running { exchange, again: Some(again) })
    }

    fn with_question<T>(&self, use_it: impl FnOnce(Question<'_>) -> T) -> T {
        let encode = |out: &mut Vec<u8>| encode(&self.payload, Encoding::Postcard, out);
        use_it(Question { destination: self.destination, encode: &encode })
    }

    /// The exchange of this request, once somebody has been asked; the first call sends it.
    fn poll_exchange<'e>(
        &self,
        exchange: &'e mut Option<Exchange<R>>,
        timed: bool,
        context: &mut Context<'_>,
        question: Question<'_>,
    ) -> Poll<Result<&'e mut Exchange<R>, RequestError<R::Error>>> {
        let exchange = match exchange {
            Some(exchange) => exchange,
            none => none.insert(Exchange::start(question, self.timeout, timed)?),
        };
        ready!(exchange.poll_asked(context, Some(question)))?;
        Poll::Ready(Ok(exchange))
    }
}

/// What it takes to ask again when the request itself is gone.
struct Again {
    client: ClientInner,
    route: Arc<Route>,
    payload: Vec<u8>,
}

impl Again {
    fn with_question<T>(&self, use_it: impl FnOnce(Question<'_>) -> T) -> T {
        let encode = |out: &mut Vec<u8>| {
            out.extend_from_slice(&self.payload);
            Ok(())
        };
        let destination = Destination { client: &self.client, route: &self.route };
        use_it(Question { destination, encode: &encode })
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
        let Self { request, exchange, first_error } = self.get_mut();
        request.with_question(|question| {
            let exchange = ready!(request.poll_exchange(exchange, false, context, question))?;
            loop {
                match ready!(exchange.poll_next(context, Some(question))) {
                    Some(Outcome { result: Ok(response), .. }) => return Poll::Ready(Ok(response)),
                    Some(Outcome { result: Err(error), .. }) => {
                        first_error.get_or_insert(error);
                    }
                    None => {
                        let error = first_error.take().unwrap_or(RequestError::Disconnected);
                        return Poll::Ready(Err(error));
                    }
                }
            }
        })
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
        let Self { request, exchange, outcomes, successes } = self.get_mut();
        let limit = request.most();
        request.with_question(|question| {
            let exchange = ready!(request.poll_exchange(exchange, true, context, question))?;
            while *successes < limit {
                match ready!(exchange.poll_next(context, Some(question))) {
                    Some(outcome) => {
                        *successes += usize::from(outcome.result.is_ok());
                        outcomes.push(outcome);
                    }
                    None => break,
                }
            }
            Poll::Ready(Ok(std::mem::take(outcomes)))
        })
    }
}

/// The outcomes of a request as they come; see [`Request::stream`]. Dropping it gives the request up.
pub struct ResponseStream<R: Reply> {
    state: StreamState<R>,
    /// How many successes are still wanted.
    left: usize,
}

#[expect(clippy::large_enum_variant, reason = "nearly all streams run")]
enum StreamState<R: Reply> {
    Running { exchange: Exchange<R>, again: Option<Box<Again>> },
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
            StreamState::Running { exchange, again } => {
                let outcome = match again {
                    None => ready!(exchange.poll_next(context, None)),
                    Some(again) => ready!(again.with_question(|question| {
                        if let Err(error) = ready!(exchange.poll_asked(context, Some(question))) {
                            return Poll::Ready(Some(Outcome {
                                node: Arc::from(question.destination.client.node.name()),
                                took: exchange.waited(),
                                result: Err(error),
                            }));
                        }
                        exchange.poll_next(context, Some(question))
                    })),
                };
                match &outcome {
                    Some(outcome) => self.left -= usize::from(outcome.result.is_ok()),
                    None => self.state = StreamState::Ended,
                }
                Poll::Ready(outcome)
            }
            StreamState::Failed(_) => match std::mem::replace(&mut self.state, StreamState::Ended) {
                StreamState::Failed(outcome) => Poll::Ready(Some(outcome)),
                StreamState::Running { .. } | StreamState::Ended => Poll::Ready(None),
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
