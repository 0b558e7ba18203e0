//! A network within the process, which does what networks do to those who trust them.

mod pipe;
mod state;
mod stream;

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use self::state::{Ending, State};
use self::stream::Attached;
use super::wire::WireFrame;
use crate::config::Endpoint;
use crate::system::System;
use crate::transport::Transport;

/// A network within the process. It carries whole nodes, delays what they send, and breaks when it is told to.
///
/// Every endpoint of the nodes that it carries belongs to it, whatever its scheme: `tcp://127.0.0.1:60001` is a name
/// like `mem://life`, so that a program's own configuration can be tested as it is. Port 0 takes a free number.
///
/// What it does to bytes is what TCP does: they arrive in order or not at all. A partition holds them back until it is
/// healed; a connection that is cut is reset; a half-open one swallows them. Connections are delayed one by one, so
/// that what happens on one of them overtakes what happens on another.
///
/// Its clock is tokio's. Its randomness comes from the thread that made it, see [`run`](super::run). Clones are the
/// same network.
#[derive(Clone)]
pub struct Network {
    shared: Arc<Shared>,
}

/// What a network, its connections and its listeners share.
struct Shared {
    state: Mutex<State>,
    /// Somebody listens, or something was healed.
    changed: Notify,
    incarnations: AtomicU64,
}

/// A frame that a node has sent, see [`Network::capture`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// The node that sent it.
    pub from: Arc<str>,
    /// The node that it was sent to; it may never have got it.
    pub to: Arc<str>,
    /// What it says.
    pub frame: WireFrame,
}

/// An attempt to connect, see [`Network::dials`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dialling {
    /// The node that dialled.
    pub from: Arc<str>,
    /// What it dialled.
    pub endpoint: Endpoint,
    /// When, since the network was made.
    pub at: Duration,
}

impl Network {
    /// A network without delays and faults.
    ///
    /// # Panics
    ///
    /// Never; but what it carries needs a tokio runtime with time.
    #[must_use]
    pub fn new() -> Self {
        let state = Mutex::new(State::new(fastrand::u64(..), crate::clock::now()));
        Self { shared: Arc::new(Shared { state, changed: Notify::new(), incarnations: AtomicU64::new(0) }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    /// A system whose nodes are on this network.
    #[must_use = "a system does nothing until it is started"]
    pub fn system(&self) -> System {
        self.carry(System::new())
    }

    /// Brings the nodes of a system onto this network, in place of the transports of their endpoints.
    #[must_use = "a system does nothing until it is started"]
    pub fn carry(&self, system: System) -> System {
        system.__transport(self.transport())
    }

    /// What connects nodes to this network. Those of one call live and die together ([`kill`](Self::kill)).
    pub(super) fn transport(&self) -> Arc<dyn Transport> {
        let incarnation = self.shared.incarnations.fetch_add(1, Relaxed);
        Arc::new(Attached::new(self.shared.clone(), incarnation))
    }

    // ---- how it is ----

    /// How long bytes take from one node to the next, from now on: a random time of the range for each piece, in
    /// whole milliseconds. Default: none at all.
    pub fn latency(&self, range: RangeInclusive<Duration>) {
        let millis = |time: &Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.state().set_latency(millis(range.start())..=millis(range.end()));
    }

    /// Whether writes are taken in pieces of random size, and read so. Default: no.
    pub fn fragment(&self, fragment: bool) {
        self.state().set_fragment(fragment);
    }

    /// How many bytes may be under way in one direction of a connection, before its sender has to wait. Counts for
    /// connections that are made from now on. Default: 65536.
    pub fn window(&self, bytes: usize) {
        self.state().set_window(bytes);
    }

    /// Lets at most so many bytes in a second pass from one node to another, as if the second read slowly. 0: as many
    /// as there are, which is the default.
    pub fn slow(&self, from: &str, to: &str, bytes_per_second: u64) {
        self.state().set_rate(from, to, bytes_per_second);
    }

    // ---- what breaks ----

    /// Lets nothing pass between two nodes until it is healed, in either direction; nothing is lost meanwhile, as long
    /// as the nodes keep their connections.
    pub fn partition(&self, one: &str, other: &str) {
        self.state().set_blocked(one, other, true);
        self.state().set_blocked(other, one, true);
    }

    /// Lets nothing pass from one node to another until it is healed; the other direction stays as it is.
    pub fn partition_one_way(&self, from: &str, to: &str) {
        self.state().set_blocked(from, to, true);
    }

    /// Ends all partitions and slowness. Connections that are half-open stay so.
    pub fn heal(&self) {
        self.state().heal(crate::clock::now());
        self.shared.changed.notify_waiters();
    }

    /// Resets every connection between two nodes.
    pub fn cut(&self, one: &str, other: &str) {
        self.state().end_between(one, other, Ending::Reset);
    }

    /// Makes every connection between two nodes half-open: what is sent over them from now on is swallowed, and
    /// nobody is told. New ones can be made.
    pub fn swallow(&self, one: &str, other: &str) {
        self.state().end_between(one, other, Ending::Swallowed);
    }

    /// Takes a node off the network as `kill -9` does: its connections are reset, and nobody listens any more. What
    /// it does from now on, reaches nobody: stop it, or forget it, and start another one of that name by a new
    /// [`system`](Self::system).
    pub fn kill(&self, node: &str) {
        self.end_node(node, Ending::Reset);
    }

    /// Takes a node off the network as a pulled plug does: its peers hear nothing any more, not even an end, and who
    /// dials it gets no answer. Otherwise as [`kill`](Self::kill).
    pub fn unplug(&self, node: &str) {
        self.end_node(node, Ending::Swallowed);
    }

    fn end_node(&self, node: &str, ending: Ending) {
        let next = self.shared.incarnations.load(Relaxed);
        self.state().end_node(node, next, ending);
        self.shared.changed.notify_waiters();
    }

    // ---- what can be seen ----

    /// Keeps what is sent over the connections that are made from now on, for [`sent`](Self::sent).
    pub fn capture(&self) {
        self.state().capture();
    }

    /// What was sent since [`capture`](Self::capture), in the order of sending; pings and pongs are left out.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.state().sent().to_vec()
    }

    /// The same, and forgets it.
    pub fn take_sent(&self) -> Vec<Sent> {
        self.state().take_sent()
    }

    /// Every attempt to connect so far.
    #[must_use]
    pub fn dials(&self) -> Vec<Dialling> {
        self.state().dials().to_vec()
    }

    /// How many connections there are of which at least one side has not gone.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state().connections()
    }

    /// A number that stands for everything that has happened on this network so far: who dialled whom and sent what
    /// when. Two runs with the same number were the same.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.state().digest()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // nothing that panics runs under the lock
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("connections", &self.connections()).finish_non_exhaustive()
    }
}
