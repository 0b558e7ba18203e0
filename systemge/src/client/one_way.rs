//! Messages: asynchronous, nobody responds.

use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use super::asking::later;
use super::{Destination, Looking, Target, hand_to_one};
use crate::config::SlowPeerPolicy;
use crate::connection::outbox::{About, Pushed, RoomTicket};
use crate::key::KeyError;
use crate::node::{Provider, Route};
use crate::payload::Payload;
use crate::payload::codec::encode;
use crate::protocol::frame::{Encoding, GoodbyeCode};
use crate::topic::TopicName;
use crate::trace::{ClientSpan, TraceContext};

/// A message about to be sent: `.await` it.
///
/// It goes to every connected node that handles the topic, at most once to each. The result is the number of nodes
/// to whose connections it was handed; 0 if nobody handles the topic, which is no error, and is waited for if the client
/// says so by `wait_for_provider`. What a node does with it is not reported.
///
/// If a node reads too slowly and its queue is full, the policy of `[nodes.NAME.queue]` decides: the default waits.
///
/// Cancel safety: dropping the future before it is done may leave the message with some nodes and not with others.
///
/// The last parameter is that of the macros, which say by it whether the payload is one.
#[must_use = "a message is sent when it is awaited"]
pub struct OneWay<'c, P, const CHECKED: bool = true> {
    destination: Destination<'c>,
    payload: P,
}

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The node that sends is not running. The caller's mistake, or a node that is being stopped.
    #[error("the node `{0}` is not running")]
    NotRunning(String),
    /// The client's key can't be a part of a topic's name. The caller's mistake.
    #[error(transparent)]
    Key(KeyError),
    /// The payload can't be written, or is larger than a receiver accepts. The caller's mistake.
    #[error("the payload of `{topic}` cannot be sent: {reason}")]
    Unencodable {
        /// The topic.
        topic: TopicName,
        /// What serde or the receiver's limit says.
        reason: String,
    },
}

impl SendError {
    /// The word for it in spans: that of a request.
    const fn outcome(&self) -> &'static str {
        match self {
            Self::NotRunning(_) => "not_running",
            Self::Key(_) => "wrong_key",
            Self::Unencodable { .. } => "unsendable",
        }
    }
}

impl<'c, P: Payload> OneWay<'c, P> {
    pub(super) const fn new(destination: Destination<'c>, payload: P) -> Self {
        Self { destination, payload }
    }
}

impl<'c, P: Payload> IntoFuture for OneWay<'c, P> {
    type Output = Result<usize, SendError>;
    type IntoFuture = SendMessage<'c, P>;

    fn into_future(self) -> SendMessage<'c, P> {
        SendMessage { message: self, sending: None }
    }
}

impl<P: Payload> OneWay<'_, P> {
    /// Hands the message to the only node there is, if it has room: the usual case, written straight into its queue.
    /// `None` if it is another case.
    #[inline]
    fn hand_to_only(&self) -> Option<Result<usize, SendError>> {
        let Destination { client, route } = self.destination;
        if !client.node.can_send() || client.traces {
            return None;
        }
        let providers = route.providers();
        let [provider] = providers.as_slice() else { return None };
        if let Target::Node(name) = &client.target
            && provider.peer().name() != name
        {
            return None;
        }
        match push(provider, route, None, |out| encode(&self.payload, Encoding::Postcard, out)) {
            Pushed::Done(()) => Some(Ok(1)),
            Pushed::Full | Pushed::Closed | Pushed::Failed(_) => None,
        }
    }
}

/// The future of a [`OneWay`].
#[must_use = "a message is sent when it is awaited"]
pub struct SendMessage<'c, P> {
    message: OneWay<'c, P>,
    /// Where it got to, if it was not sent at once.
    sending: Option<Sending>,
}

// nothing in it is ever pinned
impl<P> Unpin for SendMessage<'_, P> {}

impl<P: Payload> Future for SendMessage<'_, P> {
    type Output = Result<usize, SendError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { message, sending } = self.get_mut();
        if sending.is_none()
            && let Some(done) = message.hand_to_only()
        {
            return Poll::Ready(done);
        }
        let payload = &message.payload;
        sending.get_or_insert_with(|| Sending::new(message.destination)).poll(
            message.destination,
            &|out| encode(payload, Encoding::Postcard, out),
            context,
        )
    }
}

/// Appends the payload of a message.
type Encode<'a> = dyn Fn(&mut Vec<u8>) -> Result<(), String> + 'a;

/// Where a message got to, whatever its type.
struct Sending {
    stage: Stage,
    sent: usize,
    /// Until when a node is waited for that handles the topic.
    patience: Option<Instant>,
    /// The span of the message, if its node traces.
    span: Option<Box<ClientSpan>>,
}

enum Stage {
    New,
    /// Waits for a node that handles the topic.
    Looking(Looking),
    /// The nodes whose queues are full, and the payload where it is needed more than once.
    Waiting {
        full: Vec<(Provider, RoomTicket)>,
        encoded: Option<Vec<u8>>,
    },
}

impl Sending {
    #[cold]
    fn new(destination: Destination<'_>) -> Self {
        let span = destination.client.message_span(destination.route);
        Self { stage: Stage::New, sent: 0, patience: None, span }
    }

    #[cold]
    fn poll(
        &mut self,
        destination: Destination<'_>,
        encode: &Encode<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<usize, SendError>> {
        let done = ready!(self.poll_sent(destination, encode, context));
        if let Some(span) = &mut self.span {
            span.end(self.sent, done.as_ref().map_or_else(SendError::outcome, |_| "success"));
        }
        Poll::Ready(done)
    }

    fn poll_sent(
        &mut self,
        destination: Destination<'_>,
        encode: &Encode<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<usize, SendError>> {
        if let Stage::New = self.stage
            && let Some(done) = self.start(destination, encode)
        {
            return Poll::Ready(done);
        }
        while let Stage::Looking(looking) = &mut self.stage {
            ready!(looking.as_mut().poll(context));
            if let Some(done) = self.start(destination, encode) {
                return Poll::Ready(done);
            }
        }
        self.poll_full(destination, encode, context)
    }

    /// Hands the message to every node that has room. `None` if some have not, or if there is nobody yet.
    fn start(
        &mut self,
        destination: Destination<'_>,
        encode: &Encode<'_>,
    ) -> Option<Result<usize, SendError>> {
        let node = &destination.client.node;
        if !node.can_send() {
            return Some(Err(SendError::NotRunning(node.name().to_owned())));
        }
        if let Some(error) = destination.route.unnamed() {
            return Some(Err(SendError::Key(error.clone())));
        }
        let providers = destination.providers();
        let any = matches!(destination.client.target, Target::Any);
        let several = providers.len() > 1 && !any;
        let mut encoded = None;
        if several {
            let mut bytes = Vec::new();
            if let Err(reason) = encode(&mut bytes) {
                return Some(Err(unencodable(destination, reason)));
            }
            encoded = Some(bytes);
        }
        let mut full = Vec::new();
        let mut failed = None;
        let sent = &mut self.sent;
        let trace = self.span.as_ref().map(|span| span.trace());
        let hand = |provider: &Provider| {
            push(provider, destination.route, trace, |out| append(encoded.as_deref(), encode, out))
        };
        let mut settle = |provider: &Provider, pushed| match pushed {
            Pushed::Done(()) => *sent += 1,
            Pushed::Full => match node.config().queue.policy {
                SlowPeerPolicy::Wait => full.push((provider.clone(), RoomTicket::default())),
                SlowPeerPolicy::DropNewest => {
                    node.count_dropped(provider.peer(), destination.route.name());
                }
                SlowPeerPolicy::Disconnect => {
                    node.count_dropped(provider.peer(), destination.route.name());
                    provider.peer().outbox().close(GoodbyeCode::TooSlow, "the peer reads too slowly");
                }
            },
            Pushed::Closed => {}
            Pushed::Failed(reason) => failed = Some(unencodable(destination, reason)),
        };
        if any {
            if let Some((provider, pushed)) = hand_to_one(&providers, |_| true, hand) {
                settle(provider, pushed);
            }
        } else {
            destination.select(&providers, |provider| settle(provider, hand(provider)));
        }
        if full.is_empty() {
            if self.sent == 0 && failed.is_none() && self.look(destination) {
                return None;
            }
            return Some(failed.map_or(Ok(self.sent), Err));
        }
        self.stage = Stage::Waiting { full, encoded };
        None
    }

    /// Waits for a node that handles the topic, if the client has patience.
    fn look(&mut self, destination: Destination<'_>) -> bool {
        let Some(patience) = destination.client.patience else { return false };
        let now = crate::clock::now();
        let until = *self.patience.get_or_insert_with(|| later(now, patience));
        if now >= until {
            return false;
        }
        self.stage = Stage::Looking(destination.look(until, Vec::new()));
        true
    }

    /// Hands the message to the nodes that had no room, as they get it.
    fn poll_full(
        &mut self,
        destination: Destination<'_>,
        encode: &Encode<'_>,
        context: &Context<'_>,
    ) -> Poll<Result<usize, SendError>> {
        let Self { stage, sent, span, .. } = self;
        let Stage::Waiting { full, encoded } = stage else { return Poll::Ready(Ok(*sent)) };
        let trace = span.as_ref().map(|span| span.trace());
        let mut failed = None;
        full.retain_mut(|(provider, ticket)| {
            let outbox = provider.peer().outbox();
            while outbox.poll_room(ticket, context).is_ready() {
                let encode = |out: &mut Vec<u8>| append(encoded.as_deref(), encode, out);
                match push(provider, destination.route, trace, encode) {
                    Pushed::Done(()) => *sent += 1,
                    // somebody else was faster
                    Pushed::Full => continue,
                    Pushed::Closed => {}
                    Pushed::Failed(reason) => failed = Some(unencodable(destination, reason)),
                }
                return false;
            }
            true
        });
        if full.is_empty() { Poll::Ready(failed.map_or(Ok(*sent), Err)) } else { Poll::Pending }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if let Stage::Waiting { full, .. } = &mut self.stage {
            for (provider, ticket) in full {
                provider.peer().outbox().leave_room(ticket);
            }
        }
    }
}

#[inline]
fn push(
    provider: &Provider,
    route: &Route,
    trace: Option<&TraceContext>,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), String>,
) -> Pushed<()> {
    let (topic, counts) = (provider.topic(), route.counts());
    let about = About { topic, counts, encoding: Encoding::Postcard, trace };
    provider.peer().outbox().message(about, encode)
}

fn append(encoded: Option<&[u8]>, encode: &Encode<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    match encoded {
        Some(bytes) => {
            out.extend_from_slice(bytes);
            Ok(())
        }
        None => encode(out),
    }
}

fn unencodable(destination: Destination<'_>, reason: String) -> SendError {
    SendError::Unencodable { topic: destination.route.topic_name().clone(), reason }
}
