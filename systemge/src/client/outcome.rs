//! How a request ends.

use std::sync::Arc;
use std::time::Duration;

use crate::key::KeyError;
use crate::node::Mismatch;
use crate::topic::TopicName;

/// How a request ended at one node that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome<T, E> {
    /// The node that was asked. If nobody could be asked, the node that wanted to.
    pub node: Arc<str>,
    /// How long it took.
    pub took: Duration,
    /// The response, or why there is none.
    pub result: Result<T, RequestError<E>>,
}

/// Why a request has no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError<E> {
    /// No connected node handles the topic (with the same shapes). The network's state, or a topic that nobody has.
    #[error("no connected node handles `{topic}`{}", mismatch_note(.mismatched))]
    NoHandler {
        /// The topic.
        topic: TopicName,
        /// The nodes that handle a topic of that name with other types, and what differs.
        mismatched: Vec<Mismatch>,
    },
    /// The client's key can't be a part of a topic's name. The caller's mistake.
    #[error(transparent)]
    Key(KeyError),
    /// The node that asks is not running. The caller's mistake, or a node that is being stopped.
    #[error("the node `{0}` is not running")]
    NotRunning(String),
    /// The handler that asks holds what the answering handler of the same node would need. The caller's mistake.
    #[error("a handler of `{node}` asked its own node while it {reason}: the response could never come")]
    WouldDeadlock {
        /// The node.
        node: String,
        /// What the handler holds.
        reason: &'static str,
    },
    /// The payload can't be written, or is larger than the node that was asked accepts. The caller's mistake.
    #[error("the payload of the request cannot be sent: {0}")]
    Unencodable(String),
    /// No response came in time.
    #[error("no response within {0:?}")]
    Timeout(Duration),
    /// The connection was lost before the response came. Whether the handler ran is not known.
    #[error("the connection was lost before the response came")]
    Disconnected,
    /// The handler's own error.
    #[error("{0}")]
    Handler(E),
    /// The handler panicked.
    #[error("the handler panicked: {0}")]
    Panicked(String),
    /// The node refused the request; its handler did not run.
    #[error("the request was refused: {0}")]
    Refused(Refusal),
    /// The handler was ended before it was done.
    #[error("the handler was ended before it was done")]
    Cancelled,
    /// The node could not read the payload.
    #[error("the node could not read the payload: {0}")]
    Undecodable(String),
    /// The handler ran, but its response can't be written, or is larger than this node accepts.
    #[error("the node could not write its response: {0}")]
    ResponseUnencodable(String),
    /// This node can't read the response, or its payload is larger than this node accepts. The handler ran.
    #[error("the response cannot be read: {0}")]
    ResponseUndecodable(String),
}

fn mismatch_note(mismatched: &[Mismatch]) -> String {
    if mismatched.is_empty() {
        return String::new();
    }
    let mismatched: Vec<String> = mismatched.iter().map(ToString::to_string).collect();
    format!(" with the types that this node knows: {}", mismatched.join(". "))
}

/// Why a node refused a request, with what it says of it, if anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The node is about to stop.
    #[error("the node is about to stop")]
    Draining,
    /// The node has too much to do, or too much of it comes from this node.
    #[error("the node has too much to do{}", because(.0))]
    Overloaded(String),
    /// The node no longer handles the topic.
    #[error("the node does not handle the topic any more")]
    UnknownTopic,
    /// The node, or one of its layers, does not allow this node to send the topic.
    #[error("not allowed{}", because(.0))]
    NotAllowed(String),
    /// The payload is larger than the node accepts.
    #[error("the payload is larger than the node accepts{}", because(.0))]
    TooLarge(String),
}

/// What a node says of its refusal, behind the refusal itself.
fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

impl RequestError<std::convert::Infallible> {
    /// An error that is not the handler's, as one of any handler.
    pub(super) fn widen<E>(self) -> RequestError<E> {
        match self {
            Self::NoHandler { topic, mismatched } => RequestError::NoHandler { topic, mismatched },
            Self::Key(error) => RequestError::Key(error),
            Self::NotRunning(node) => RequestError::NotRunning(node),
            Self::WouldDeadlock { node, reason } => RequestError::WouldDeadlock { node, reason },
            Self::Unencodable(why) => RequestError::Unencodable(why),
            Self::Timeout(timeout) => RequestError::Timeout(timeout),
            Self::Disconnected => RequestError::Disconnected,
            Self::Handler(never) => match never {},
            Self::Panicked(text) => RequestError::Panicked(text),
            Self::Refused(refusal) => RequestError::Refused(refusal),
            Self::Cancelled => RequestError::Cancelled,
            Self::Undecodable(why) => RequestError::Undecodable(why),
            Self::ResponseUnencodable(why) => RequestError::ResponseUnencodable(why),
            Self::ResponseUndecodable(why) => RequestError::ResponseUndecodable(why),
        }
    }
}

impl<E> RequestError<E> {
    /// The word for it in spans: that of the metrics, where they count it.
    pub(super) const fn outcome(&self) -> &'static str {
        match self {
            Self::NoHandler { .. } => "no_handler",
            Self::Key(_) => "wrong_key",
            Self::NotRunning(_) => "not_running",
            Self::WouldDeadlock { .. } => "would_deadlock",
            Self::Unencodable(_) => "unsendable",
            Self::Timeout(_) => "timed_out",
            Self::Disconnected => "disconnected",
            Self::Handler(_) => "failed",
            Self::Panicked(_) => "panicked",
            Self::Refused(_) => "refused",
            Self::Cancelled => "ended",
            Self::Undecodable(_) => "undecodable",
            Self::ResponseUnencodable(_) => "unencodable",
            Self::ResponseUndecodable(_) => "unreadable",
        }
    }

    /// Whether the handler certainly did not run, so that asking another node cannot do anything twice.
    #[must_use]
    pub const fn is_unhandled(&self) -> bool {
        matches!(
            self,
            Self::NoHandler { .. }
                | Self::NotRunning(_)
                | Self::WouldDeadlock { .. }
                | Self::Unencodable(_)
                | Self::Refused(_)
                | Self::Undecodable(_)
        )
    }
}
