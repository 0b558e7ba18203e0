//! The nodes of a system, which come and go.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::command_line::Schedules;
use super::events::{Announcer, SystemEvent};
use crate::config::{ConfigError, NodeConfig, SystemConfig};
use crate::key::KeyError;
use crate::layer::AnyLayer;
use crate::node::{Inner, Node, Program};
use crate::topic::TopicName;
use crate::transport::Transports;

/// Why a node could not be added to a system. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddNodeError {
    /// The system has a node of that name. The caller's mistake.
    #[error("the system has a node `{0}` already")]
    NameTaken(String),
    /// A name that no node can have. The caller's mistake.
    #[error("`{0}` is no name for a node; it takes 1 to 64 letters, digits, `.`, `_` or `-`")]
    NodeName(String),
    /// The node's configuration has a mistake. The caller's.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The application handles a topic twice, under constants with the same value. The program's mistake.
    #[error("the application of node `{node}` declares the topic `{topic}` twice")]
    DuplicateTopic {
        /// The node.
        node: String,
        /// The topic.
        topic: TopicName,
    },
    /// A key of the application can't be a part of a topic's name. The program's mistake.
    #[error("the topics of node `{node}` have no names")]
    Key {
        /// The node.
        node: String,
        /// Which key, and why.
        source: KeyError,
    },
    /// A log file of the node can't be opened. The configuration's mistake, or the machine's state.
    #[error("the log file {path} of node `{node}` cannot be opened")]
    LogFile {
        /// The node.
        node: String,
        /// The file.
        path: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The system ends, and takes no new nodes.
    #[error("the system ends, and takes no new nodes")]
    Ending,
}

/// What the handles of one system share.
pub(crate) struct Registry {
    /// In the order in which they were added.
    nodes: Mutex<Vec<Node>>,
    pub(crate) config: SystemConfig,
    pub(crate) transports: Transports,
    /// What stands around the handlers of every node.
    layers: Vec<Arc<dyn AnyLayer>>,
    pub(crate) announcer: Announcer,
    pub(super) schedules: Schedules,
    pub(super) tasks: TaskTracker,
    /// Cancelled when the system is to end.
    pub(super) exit: CancellationToken,
    #[cfg(feature = "dashboard")]
    pub(super) dashboard: Mutex<Option<crate::dashboard::Serving>>,
}

impl Registry {
    pub(crate) fn new(
        config: SystemConfig,
        transports: Transports,
        layers: Vec<Arc<dyn AnyLayer>>,
    ) -> Arc<Self> {
        let tasks = TaskTracker::new();
        // it takes new tasks all the same; closed, it can be waited for
        tasks.close();
        Arc::new(Self {
            nodes: Mutex::default(),
            config,
            transports,
            layers,
            announcer: Announcer::new(),
            schedules: Schedules::default(),
            tasks,
            exit: CancellationToken::new(),
            #[cfg(feature = "dashboard")]
            dashboard: Mutex::default(),
        })
    }

    /// A system that has ended, for nodes that outlived theirs.
    pub(crate) fn ended() -> Arc<Self> {
        let registry = Self::new(SystemConfig::default(), Transports::default(), Vec::new());
        registry.exit.cancel();
        registry
    }

    pub(super) fn nodes(&self) -> Vec<Node> {
        self.lock().clone()
    }

    pub(super) fn node(&self, name: &str) -> Option<Node> {
        self.lock().iter().find(|node| node.name() == name).cloned()
    }

    /// Adds a node whose configuration is checked already.
    pub(super) fn insert(
        self: &Arc<Self>,
        name: &str,
        mut program: Program,
        config: NodeConfig,
    ) -> Result<Node, AddNodeError> {
        program.put_inside(&self.layers);
        let node = Node::new(Inner::new(name, config, program, self));
        let mut nodes = self.lock();
        // looked at under the lock: who ends the system cancels first, and then stops the nodes that are there
        if self.exit.is_cancelled() {
            return Err(AddNodeError::Ending);
        }
        if nodes.iter().any(|other| other.name() == name) {
            return Err(AddNodeError::NameTaken(name.to_owned()));
        }
        #[cfg(feature = "logging")]
        crate::logging::attach(name, &node.inner().config().log_files).map_err(|error| {
            let (path, source) = error.into_parts();
            AddNodeError::LogFile { node: name.to_owned(), path, source }
        })?;
        nodes.push(node.clone());
        self.tasks.spawn(supervise(node.clone(), self.clone()));
        // told under the lock, so that it comes before whatever the node does
        self.announcer.tell(SystemEvent::NodeAdded { node: name.into() });
        Ok(node)
    }

    /// Stops a node and takes it out; returns whether it was there until now.
    pub(super) async fn remove(&self, node: &Node) -> bool {
        node.inner().retire();
        node.inner().stop("removed from its system").await;
        let mut nodes = self.lock();
        let Some(place) = nodes.iter().position(|other| Arc::ptr_eq(other.inner(), node.inner())) else {
            return false;
        };
        nodes.remove(place);
        #[cfg(feature = "logging")]
        crate::logging::detach(node.name());
        self.announcer.tell(SystemEvent::NodeRemoved { node: node.name().into() });
        true
    }

    #[cfg(feature = "dashboard")]
    pub(super) fn dashboard(&self) -> MutexGuard<'_, Option<crate::dashboard::Serving>> {
        self.dashboard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no node does anything.
    fn is_at_rest(&self) -> bool {
        self.lock().iter().all(|node| node.state().is_at_rest())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Node>> {
        // nothing that panics runs under this lock, so that there is nothing to mend
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("nodes", &self.nodes()).finish_non_exhaustive()
    }
}

/// Stops a node when it asks for it.
async fn supervise(node: Node, registry: Arc<Registry>) {
    loop {
        let reason = tokio::select! {
            biased;
            () = registry.exit.cancelled() => return,
            () = node.inner().retired() => return,
            reason = node.inner().stop_requested() => reason,
        };
        node.inner().stop(&reason).await;
        node.inner().stop_request_done();
        if registry.is_at_rest() {
            registry.exit.cancel();
        }
    }
}
