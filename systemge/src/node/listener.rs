//! The listeners of a node.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::inner::lock;
use crate::access::{AccessList, Crowded, Handshake, Handshakes, RefusalReason};
use crate::config::{Endpoint, LimitConfig, ListenConfig, NodeConfig};

/// A listener of a node, as its configuration has it. Cloning is cheap; all clones are the same listener.
///
/// It is there whether or not the node runs, and what is changed about it outlasts stops and starts.
#[derive(Debug, Clone)]
pub struct Listener {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    /// Its place among the node's listeners.
    index: usize,
    config: ListenConfig,
    /// The limits of the node, with those of this listener put in.
    limits: LimitConfig,
    access: AccessList,
    connections: Arc<Semaphore>,
    handshakes: Arc<Handshakes>,
    /// Where it listens, while it does.
    bound: Mutex<Option<Endpoint>>,
}

impl Listener {
    pub(super) fn new(index: usize, config: &ListenConfig, node: &NodeConfig) -> Self {
        let limits = config.limits(&node.limits);
        let state = State {
            index,
            connections: Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS))),
            handshakes: Handshakes::new(limits.handshakes, limits.handshakes_per_address),
            limits,
            access: AccessList::new(config.access(node)),
            config: config.clone(),
            bound: Mutex::default(),
        };
        Self { state: Arc::new(state) }
    }

    /// The endpoint as others can dial it, with the real port, while the node runs; as it is configured otherwise.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        lock(&self.state.bound).clone().unwrap_or_else(|| self.state.config.endpoint.clone())
    }

    /// Who may connect to it. A change holds at once, also for peers that are connected.
    #[must_use]
    pub fn access(&self) -> &AccessList {
        &self.state.access
    }

    /// How many peers are connected to it, or in the handshake.
    #[must_use]
    pub fn connections(&self) -> usize {
        let all = self.state.limits.connections.min(Semaphore::MAX_PERMITS);
        all.saturating_sub(self.state.connections.available_permits())
    }

    /// A place for somebody who dials, or why there is none.
    pub(crate) fn enter(&self, address: Option<IpAddr>) -> Result<Place, RefusalReason> {
        // the lists first: whoever is denied must not learn how busy the node is
        if address.is_some_and(|address| !self.state.access.allows(address)) {
            return Err(RefusalReason::Denied);
        }
        let connection = self.state.connections.clone().try_acquire_owned();
        let connection = connection.map_err(|_| RefusalReason::Connections)?;
        let handshake = self.state.handshakes.begin(address).map_err(|crowded| match crowded {
            Crowded::InAll => RefusalReason::Handshakes,
            Crowded::FromAddress => RefusalReason::HandshakesOfAddress,
        })?;
        Ok(Place { connection, handshake })
    }

    /// What peers may do on it.
    pub(crate) fn limits(&self) -> &LimitConfig {
        &self.state.limits
    }

    /// Its place among the node's listeners.
    pub(crate) fn index(&self) -> usize {
        self.state.index
    }

    pub(crate) fn config(&self) -> &ListenConfig {
        &self.state.config
    }

    pub(super) fn set_bound(&self, endpoint: Option<Endpoint>) {
        *lock(&self.state.bound) = endpoint;
    }
}

/// The place of somebody who dials.
pub(crate) struct Place {
    /// Held as long as the connection.
    pub(crate) connection: OwnedSemaphorePermit,
    /// Held until the handshake is done.
    pub(crate) handshake: Handshake,
}
