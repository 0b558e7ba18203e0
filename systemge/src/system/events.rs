//! What happens to the nodes of a system, for those who follow it.

use std::fmt;
use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::node::NodeState;

/// Something that happened to the nodes of a system; see [`Running::events`](super::Running::events).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SystemEvent {
    /// A node was added. It is stopped; what it does next is an event of its own.
    NodeAdded {
        /// Its name.
        node: Arc<str>,
    },
    /// A node was removed, and its name is free again.
    NodeRemoved {
        /// Its name.
        node: Arc<str>,
    },
    /// A node does something else now.
    NodeState {
        /// Its name.
        node: Arc<str>,
        /// What it does.
        state: NodeState,
    },
    /// The receiver was too slow: so many of the oldest events are gone. Where things stand now is in
    /// [`Running::nodes`](super::Running::nodes).
    Missed {
        /// How many.
        events: u64,
    },
}

/// Receives what happens to the nodes of a system, from when it was made.
///
/// Who wants to know how things stand, too, takes the events first and looks at
/// [`Running::nodes`](super::Running::nodes) then: what changes in between is told twice, and nothing is overlooked.
pub struct SystemEvents {
    receiver: broadcast::Receiver<SystemEvent>,
}

impl SystemEvents {
    /// The next event; `None` once the system and its nodes are gone.
    ///
    /// At most 1024 events wait. A receiver that lets more come is told how many of the oldest it has missed, and goes
    /// on with the rest.
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<SystemEvent> {
        match self.receiver.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(events)) => Some(SystemEvent::Missed { events }),
            Err(RecvError::Closed) => None,
        }
    }
}

impl fmt::Debug for SystemEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemEvents").finish_non_exhaustive()
    }
}

/// Tells the events of a system to whoever follows them; nobody needs to.
#[derive(Debug, Clone)]
pub(crate) struct Announcer(broadcast::Sender<SystemEvent>);

impl Announcer {
    pub(super) fn new() -> Self {
        Self(broadcast::Sender::new(WAITING_EVENTS))
    }

    pub(super) fn subscribe(&self) -> SystemEvents {
        SystemEvents { receiver: self.0.subscribe() }
    }

    pub(crate) fn tell(&self, event: SystemEvent) {
        // it fails if nobody listens
        let _ = self.0.send(event);
    }
}

/// How many events wait for a slow receiver; each is a few words.
const WAITING_EVENTS: usize = 1024;
