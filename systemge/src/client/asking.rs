//! The nodes that one request asks, whatever the types of its topic.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

use super::outcome::{Refusal, RequestError};
use super::{Destination, Looking, Target, hand_to_one};
use crate::config::SlowPeerPolicy;
use crate::connection::outbox::{About, Pushed, RoomTicket, Sink, Waiting};
use crate::context::Hold;
use crate::metrics::SentCounts;
use crate::node::{Peer, Provider};
use crate::protocol::frame::{Encoding, GoodbyeCode, Token};
use crate::trace::ClientSpan;

/// An error that is not the handler's.
pub(super) type Failure = RequestError<Infallible>;

/// Appends the payload of a request.
pub(super) type Encode<'a> = dyn Fn(&mut Vec<u8>) -> Result<(), String> + 'a;

/// What is asked, and where.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) destination: Destination<'a>,
    pub(super) encode: &'a Encode<'a>,
}

impl Question<'_> {
    pub(super) fn configured_timeout(&self) -> Duration {
        self.destination.client.node.settings().requests_timeout()
    }
}

/// Where the outcomes of a request of any types arrive.
pub(super) trait AnyCall: Sink {
    /// Takes the outcome of the `asked`-th node, which nobody waits for at its connection; `elsewhere` says that
    /// another node may do better.
    fn fail(&self, asked: u32, failure: Failure, elsewhere: bool);
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

/// The nodes that are asked. Dropping it cancels what is still open.
pub(super) struct Asking {
    call: Arc<dyn AnyCall>,
    /// The first node has a place of its own, since most requests ask only one.
    first: Option<Asked>,
    more: Vec<Asked>,
    /// How many outcomes are still to be handed out.
    open: usize,
    full: usize,
    timeout: Duration,
    started: Instant,
    deadline: Instant,
    /// Waits for a node that can be asked, if there is none.
    looking: Option<Looking>,
    /// Until when one is waited for.
    patience: Option<Instant>,
    /// Ends the wait for room in a queue; what waits for a response ends by its connection.
    timer: Option<Pin<Box<Sleep>>>,
    /// What is counted of the topic, for nodes that are asked later.
    counts: Option<Arc<SentCounts>>,
    encoded: Option<Vec<u8>>,
    /// The span of the request, if its node traces.
    span: Option<Box<ClientSpan>>,
}

impl Asking {
    pub(super) fn start(
        question: Question<'_>,
        call: Arc<dyn AnyCall>,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let started = crate::clock::now();
        let mut asking = Self {
            call,
            first: None,
            more: Vec::new(),
            open: 0,
            full: 0,
            timeout,
            started,
            deadline: later(started, timeout),
            looking: None,
            patience: question.destination.client.patience.map(|patience| later(started, patience)),
            timer: None,
            counts: None,
            encoded: None,
            span: question.destination.client.request_span(question.destination.route),
        };
        match asking.ask(question, started) {
            Ok(()) => Ok(asking),
            Err(failure) => {
                asking.not_sent(&failure);
                Err(failure)
            }
        }
    }

    /// The span of a request that could not be sent says why.
    #[cold]
    fn not_sent(&mut self, failure: &Failure) {
        if let (Some(span), None) = (&mut self.span, &self.first) {
            span.end(0, failure.outcome());
        }
    }

    /// Asks those that can be asked; looks for somebody if there is nobody and the client has patience.
    fn ask(&mut self, question: Question<'_>, now: Instant) -> Result<(), Failure> {
        let destination = question.destination;
        let node = &destination.client.node;
        if !node.can_send() {
            return Err(RequestError::NotRunning(node.name().to_owned()));
        }
        let asked = match destination.client.target {
            Target::Any => self.ask_any(question, now)?,
            Target::All | Target::Node(_) => self.ask_all(question)?,
        };
        if asked {
            return Ok(());
        }
        if let Some(error) = destination.route.unnamed() {
            return Err(RequestError::Key(error.clone()));
        }
        if self.look(destination, now) {
            return Ok(());
        }
        Err(RequestError::NoHandler {
            topic: destination.route.topic_name().clone(),
            mismatched: destination.route.mismatches(),
        })
    }

    /// Waits for a node that was not asked yet, if the client has patience.
    #[cold]
    fn look(&mut self, destination: Destination<'_>, now: Instant) -> bool {
        let Some(mut until) = self.patience.filter(|until| now < *until) else { return false };
        let asked: Vec<Arc<Peer>> = self.asked().map(|asked| asked.provider.peer().clone()).collect();
        if !asked.is_empty() {
            until = until.min(self.deadline);
        }
        self.looking = Some(destination.look(until, asked));
        true
    }

    /// Whether a node is waited for that can be asked.
    #[inline]
    pub(super) const fn is_looking(&self) -> bool {
        self.looking.is_some()
    }

    /// How long the request has been under way.
    pub(super) fn waited(&self) -> Duration {
        crate::clock::now().saturating_duration_since(self.started)
    }

    /// Waits for a node that can be asked, and asks it.
    pub(super) fn poll_looking(
        &mut self,
        context: &mut Context<'_>,
        question: Option<Question<'_>>,
    ) -> Poll<Result<(), Failure>> {
        while let (Some(looking), Some(question)) = (&mut self.looking, question) {
            ready!(looking.as_mut().poll(context));
            self.looking = None;
            let (now, since) = (crate::clock::now(), self.started);
            if self.first.is_none() {
                // the time of the request counts from when somebody is asked
                (self.started, self.deadline) = (now, later(now, self.timeout));
            }
            if let Err(failure) = self.ask(question, now) {
                self.started = since;
                self.not_sent(&failure);
                return Poll::Ready(Err(failure));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Asks every node that the client's target leaves. Returns whether there is one.
    fn ask_all(&mut self, question: Question<'_>) -> Result<bool, Failure> {
        let Question { destination, encode } = question;
        let mut own = false;
        destination.select(&destination.providers(), |provider| {
            own |= is_own(destination, provider);
            self.add(provider, AskedState::Done);
        });
        if own {
            return Err(would_deadlock(destination));
        }
        if !self.more.is_empty() {
            let mut bytes = Vec::new();
            encode(&mut bytes).map_err(RequestError::Unencodable)?;
            self.encoded = Some(bytes);
        }
        let counts = destination.route.counts();
        let mut index = 0_u32;
        while let Some(asked) = slot(&mut self.first, &mut self.more, index) {
            let encode: &Encode<'_> = &|out| match &self.encoded {
                Some(bytes) => {
                    out.extend_from_slice(bytes);
                    Ok(())
                }
                None => encode(out),
            };
            let trace = self.span.as_ref().map(|span| span.trace());
            let about = About { topic: asked.provider.topic(), counts, encoding: Encoding::Postcard, trace };
            let pushed = push(&self.call, &asked.provider, about, index, self.started, self.deadline, encode);
            self.open += 1;
            match pushed {
                Pushed::Done(token) => asked.state = AskedState::Waiting(token),
                Pushed::Full => self.queue_is_full(index, destination),
                Pushed::Closed => self.call.fail(index, RequestError::Disconnected, true),
                Pushed::Failed(why) => self.call.fail(index, RequestError::Unencodable(why), false),
            }
            index += 1;
        }
        self.keep_encoded(encode)?;
        Ok(index > 0)
    }

    /// Asks one node that has not been asked: the less busy of two random ones, another if its connection can't take
    /// it now. Returns whether there is one.
    fn ask_any(&mut self, question: Question<'_>, now: Instant) -> Result<bool, Failure> {
        let Question { destination, encode } = question;
        let providers = destination.providers();
        let index = u32::try_from(self.asked().count()).unwrap_or(u32::MAX);
        let mut own = false;
        let fits = |provider: &Provider| {
            let is_own = is_own(destination, provider);
            own |= is_own;
            !is_own && !self.asked().any(|asked| Arc::ptr_eq(asked.provider.peer(), provider.peer()))
        };
        let handed = hand_to_one(&providers, fits, |provider| {
            let (topic, counts) = (provider.topic(), destination.route.counts());
            let trace = self.span.as_ref().map(|span| span.trace());
            let about = About { topic, counts, encoding: Encoding::Postcard, trace };
            push(&self.call, provider, about, index, now, self.deadline, encode)
        });
        match handed {
            Some((provider, Pushed::Done(token))) => self.add(provider, AskedState::Waiting(token)),
            Some((_, Pushed::Failed(why))) => return Err(RequestError::Unencodable(why)),
            Some((provider, _)) => {
                self.add(provider, AskedState::Done);
                self.queue_is_full(index, destination);
                self.keep_encoded(encode)?;
            }
            None if own && self.first.is_none() && self.patience.is_none() => {
                return Err(would_deadlock(destination));
            }
            None => return Ok(false),
        }
        // whoever was asked before has had its say
        self.open = 1;
        Ok(true)
    }

    /// The `asked`-th node has certainly not handled the request: asks another one, if any one will do. Returns
    /// whether another outcome will come.
    #[cold]
    pub(super) fn ask_elsewhere(&mut self, asked: u32, question: Option<Question<'_>>) -> bool {
        let Some(question) = question else { return false };
        let destination = question.destination;
        if !matches!(destination.client.target, Target::Any) || !destination.client.node.can_send() {
            return false;
        }
        let now = crate::clock::now();
        if now >= self.deadline {
            return false;
        }
        if let Some(asked) = slot(&mut self.first, &mut self.more, asked) {
            asked.state = AskedState::Done;
        }
        self.ask_any(question, now).unwrap_or(false) || self.look(destination, now)
    }

    fn asked(&self) -> impl Iterator<Item = &Asked> {
        self.first.iter().chain(&self.more)
    }

    fn add(&mut self, provider: &Provider, state: AskedState) {
        let asked = Asked { provider: provider.clone(), state };
        if self.first.is_none() {
            self.first = Some(asked);
        } else {
            self.more.push(asked);
        }
    }

    /// The queue of the `asked`-th node has no room: does what the node's policy says.
    #[cold]
    fn queue_is_full(&mut self, index: u32, destination: Destination<'_>) {
        let node = &destination.client.node;
        let Some(asked) = slot(&mut self.first, &mut self.more, index) else { return };
        let peer = asked.provider.peer();
        match node.config().queue.policy {
            SlowPeerPolicy::Wait => {
                asked.state = AskedState::Full(RoomTicket::default());
                self.counts.get_or_insert_with(|| destination.route.counts().clone());
                self.full += 1;
            }
            SlowPeerPolicy::DropNewest => {
                node.count_dropped(peer, destination.route.name());
                let why = "its queue is full, since it reads too slowly".to_owned();
                self.call.fail(index, RequestError::Refused(Refusal::Overloaded(why)), true);
            }
            SlowPeerPolicy::Disconnect => {
                node.count_dropped(peer, destination.route.name());
                peer.outbox().close(GoodbyeCode::TooSlow, "the peer reads too slowly");
                self.call.fail(index, RequestError::Disconnected, true);
            }
        }
    }

    /// Keeps the payload for nodes that will be asked when their queues have room.
    fn keep_encoded(&mut self, encode: &Encode<'_>) -> Result<(), Failure> {
        if self.full > 0 && self.encoded.is_none() {
            let mut bytes = Vec::new();
            encode(&mut bytes).map_err(RequestError::Unencodable)?;
            self.encoded = Some(bytes);
        }
        Ok(())
    }

    /// Whether outcomes are still to come.
    pub(super) fn is_open(&mut self, context: &mut Context<'_>) -> bool {
        if self.full > 0 {
            self.poll_full(context);
        }
        self.open > 0
    }

    /// The `asked`-th node has its outcome: its name, and how long it took.
    pub(super) fn done(
        &mut self,
        asked: u32,
        outcome: &'static str,
        at: Option<Instant>,
        timed: bool,
    ) -> Option<(Arc<str>, Duration)> {
        self.open = self.open.saturating_sub(1);
        let took = match at {
            Some(at) => at.saturating_duration_since(self.started),
            None if timed => crate::clock::now().saturating_duration_since(self.started),
            None => Duration::ZERO,
        };
        let asked = slot(&mut self.first, &mut self.more, asked)?;
        asked.state = AskedState::Done;
        let name = asked.provider.peer().name();
        if let Some(span) = &mut self.span {
            span.answered(name, outcome);
        }
        Some((name.clone(), took))
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
                    self.call.fail(index, RequestError::Timeout(self.timeout), false);
                } else if outbox.poll_room(ticket, context).is_pending() {
                    break;
                } else {
                    let bytes = self.encoded.as_deref().unwrap_or_default();
                    let now = crate::clock::now();
                    let Some(counts) = &self.counts else { break };
                    let topic = asked.provider.topic();
                    let trace = self.span.as_ref().map(|span| span.trace());
                    let about = About { topic, counts, encoding: Encoding::Postcard, trace };
                    let pushed = push(&self.call, &asked.provider, about, index, now, deadline, &|out| {
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
                        Pushed::Closed => self.call.fail(index, RequestError::Disconnected, true),
                        Pushed::Failed(why) => self.call.fail(index, RequestError::Unencodable(why), false),
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

/// Hands a request to a connection; `now` is about what the clock says.
fn push(
    call: &Arc<dyn AnyCall>,
    provider: &Provider,
    about: About<'_>,
    index: u32,
    now: Instant,
    deadline: Instant,
    encode: &Encode<'_>,
) -> Pushed<Token> {
    let remaining = deadline.saturating_duration_since(now);
    // a request that has less than a millisecond says so, since 0 would mean that it doesn't say
    let remaining = u32::try_from(remaining.as_secs())
        .ok()
        .and_then(|seconds| seconds.checked_mul(1000)?.checked_add(remaining.subsec_millis()))
        .map_or(u32::MAX, |millis| millis.max(1));
    let topic = about.counts.index();
    provider.peer().outbox().request(
        about,
        remaining,
        deadline,
        || Waiting { sink: call.clone(), asked: index, topic, place: 0 },
        encode,
    )
}

/// A time that the clock can't show is as good as a year.
pub(super) fn later(now: Instant, by: Duration) -> Instant {
    now.checked_add(by).unwrap_or(now + Duration::from_secs(365 * 24 * 3600))
}

/// Whether the handler that asks keeps its own node from answering.
fn is_own(destination: Destination<'_>, provider: &Provider) -> bool {
    let client = destination.client;
    client.hold != Hold::Nothing && **provider.peer().name() == *client.node.name()
}

#[cold]
fn would_deadlock(destination: Destination<'_>) -> Failure {
    let client = destination.client;
    let reason = match client.hold {
        Hold::Turn => "has its turn, and the node handles one message at a time",
        Hold::State | Hold::Nothing => "holds the lock of the application's state",
    };
    RequestError::WouldDeadlock { node: client.node.name().to_owned(), reason }
}
