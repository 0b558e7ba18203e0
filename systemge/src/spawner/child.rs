//! What a spawner is asked for, and what it answers.

use std::net::SocketAddr;

use serde::Serialize;

use crate::config::Endpoint;
use crate::node::{Node, NodeState, StartError};
use crate::system::AddNodeError;

/// A node that a [`Spawner`](super::Spawner) is asked to make.
///
/// Whoever asks says where the node listens and whom it dials, and nothing else of its configuration: the rest is
/// that of its kind, so that nobody gets a folder of the machine served by asking for it.
#[crate::payload(crate = crate)]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Child {
    /// The kind, as the spawner knows it.
    pub kind: String,
    /// The name that the node gets.
    pub name: String,
    /// The settings of its kind as JSON; left out, the kind gets `null`, which `()` and `Option` take.
    pub settings: Option<String>,
    /// Where the node listens for peers instead of where its kind does. Port 0 takes any free port.
    pub listen: Option<Vec<Endpoint>>,
    /// The peers that the node dials instead of those of its kind.
    pub connect: Option<Vec<Endpoint>>,
}

impl Child {
    /// A node without settings, which listens and dials as its kind does.
    #[must_use]
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), name: name.into(), settings: None, listen: None, connect: None }
    }

    /// Sets the settings.
    ///
    /// # Errors
    ///
    /// [`SpawnError::Settings`] if they can't be written as JSON, such as a map whose keys are no texts. The caller's
    /// mistake.
    pub fn settings(self, settings: &impl Serialize) -> Result<Self, SpawnError> {
        match serde_json::to_string(settings) {
            Ok(settings) => Ok(Self { settings: Some(settings), ..self }),
            Err(error) => Err(SpawnError::Settings { kind: self.kind, reason: error.to_string() }),
        }
    }

    /// Adds an endpoint to listen on. With the first, those of the kind don't count.
    #[must_use]
    pub fn listen(mut self, endpoint: Endpoint) -> Self {
        self.listen.get_or_insert_default().push(endpoint);
        self
    }

    /// Adds a peer to dial. With the first, those of the kind don't count.
    #[must_use]
    pub fn connect(mut self, endpoint: Endpoint) -> Self {
        self.connect.get_or_insert_default().push(endpoint);
        self
    }
}

/// How a node stands that a [`Spawner`](super::Spawner) made.
#[crate::payload(crate = crate)]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildStatus {
    /// The name.
    pub name: String,
    /// The kind.
    pub kind: String,
    /// What it does.
    pub state: NodeState,
    /// Where it listens for peers, with the real ports; empty unless it runs.
    pub endpoints: Vec<Endpoint>,
    /// Where its HTTP component listens, if it has one and runs.
    pub http: Option<SocketAddr>,
    /// Where its WebSocket component listens, if it has one and runs.
    pub websocket: Option<SocketAddr>,
}

impl ChildStatus {
    pub(super) fn of(kind: &str, node: &Node) -> Self {
        Self {
            name: node.name().to_owned(),
            kind: kind.to_owned(),
            state: node.state(),
            endpoints: node.endpoints(),
            #[cfg(feature = "http")]
            http: node.http_address(),
            #[cfg(not(feature = "http"))]
            http: None,
            #[cfg(feature = "websocket")]
            websocket: node.websocket_address(),
            #[cfg(not(feature = "websocket"))]
            websocket: None,
        }
    }
}

/// Why a [`Spawner`](super::Spawner) did not do what it was asked for. Nothing half-made is left behind.
#[crate::payload(crate = crate)]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// No such kind is registered. The caller's mistake.
    #[error("there is no kind `{kind}`; there are: {}", .known.join(", "))]
    UnknownKind {
        /// The kind that was asked for.
        kind: String,
        /// The kinds that there are.
        known: Vec<String>,
    },
    /// The settings are not those of the kind. The caller's mistake.
    #[error("the settings don't fit the kind `{kind}`: {reason}")]
    Settings {
        /// The kind.
        kind: String,
        /// What is wrong.
        reason: String,
    },
    /// The constructor of the kind, or the preparation of its configuration, refused or panicked. The application's decision, or its mistake.
    #[error("no node of the kind `{kind}` can be made: {reason}")]
    Refused {
        /// The kind.
        kind: String,
        /// What it says.
        reason: String,
    },
    /// The spawner has as many nodes as it may have. The operator's decision.
    #[error("the spawner has {limit} nodes already, which is its limit")]
    LimitReached {
        /// The limit.
        limit: u64,
    },
    /// The system has a node of that name. The caller's mistake.
    #[error("the system has a node `{name}` already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The name, the application or the configuration of the node can't be used. The caller's mistake, or that of the
    /// kind.
    #[error("the node `{name}` cannot be made: {reason}")]
    Invalid {
        /// The name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Somebody else listens on an endpoint that the node should listen on. The caller's mistake, or the machine's
    /// state.
    #[error("the node `{name}` cannot listen on {endpoint}, which is taken")]
    EndpointTaken {
        /// The name.
        name: String,
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// The node could not start: its application's decision or mistake, or the machine's state.
    #[error("the node `{name}` could not start: {reason}")]
    Start {
        /// The name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The spawner has made no such node, or it was removed. The caller's mistake.
    #[error("the spawner has no node `{name}`")]
    UnknownChild {
        /// The name.
        name: String,
    },
    /// A node that runs is stopped first. The caller's mistake.
    #[error("the node `{name}` is {state}; it is removed once it is stopped")]
    NotStopped {
        /// The name.
        name: String,
        /// What it does.
        state: NodeState,
    },
    /// The spawner or its system stops, and makes no new nodes.
    #[error("the spawner stops, and makes no new nodes")]
    Ending,
}

impl SpawnError {
    pub(super) fn adding(name: &str, error: &AddNodeError) -> Self {
        match error {
            AddNodeError::NameTaken(name) => Self::NameTaken { name: name.clone() },
            AddNodeError::Ending => Self::Ending,
            error => Self::Invalid { name: name.to_owned(), reason: crate::error::chain(error) },
        }
    }

    pub(super) fn starting(error: &StartError) -> Self {
        let reason = crate::error::chain(error);
        match error {
            StartError::Listen { node, endpoint, source } => match endpoint.parse() {
                Ok(endpoint) if source.kind() == std::io::ErrorKind::AddrInUse => {
                    Self::EndpointTaken { name: node.clone(), endpoint }
                }
                _ => Self::Start { name: node.clone(), reason },
            },
            StartError::Removed(node) => Self::UnknownChild { name: node.clone() },
            StartError::OnStart { node, .. } | StartError::Secret { node, .. } => {
                Self::Start { name: node.clone(), reason }
            }
            #[cfg(feature = "tls")]
            StartError::Tls { node, .. } => Self::Start { name: node.clone(), reason },
            #[cfg(feature = "_web")]
            StartError::Web { node, .. } => Self::Start { name: node.clone(), reason },
        }
    }
}
