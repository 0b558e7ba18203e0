//! Nodes: an application, its configuration and its running parts.

#[cfg(feature = "tls")]
mod certificates;
pub(crate) mod handler;
mod incoming;
mod inner;
mod layered;
mod lifecycle;
mod listener;
mod metrics;
mod mismatch;
mod peer;
mod program;
mod router;
mod secrets;
mod settings;
mod traced;
mod unhandled;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::handler::Completion;
#[doc(hidden)]
pub use self::handler::{TopicOptions, TopicTable, blocking};
pub(crate) use self::incoming::{Admission, Claim, Contest};
pub(crate) use self::inner::Inner;
pub(crate) use self::layered::Inside;
pub use self::lifecycle::{ConnectError, NodeState, StartError};
pub use self::listener::Listener;
pub(crate) use self::listener::Place;
pub use self::mismatch::Mismatch;
pub(crate) use self::peer::Peer;
pub(crate) use self::program::Program;
#[cfg(feature = "dashboard")]
pub(crate) use self::router::Called;
pub(crate) use self::router::{Provider, Providers, Route, Router};
use crate::access::RefusalReason;
use crate::command::CommandError;
use crate::config::{ConnectConfig, Endpoint};
use crate::connection::DialState;
use crate::context::{Context, Core, Hold};
use crate::metrics::{Counters, NodeMetrics};
use crate::topic::TopicName;

/// The handle of a node. Cloning is cheap; all clones are the same node.
///
/// A generated client can be made from it: `LifeClient::new(&node)`.
#[derive(Clone)]
pub struct Node {
    inner: Arc<Inner>,
}

impl Node {
    pub(crate) const fn new(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    pub(crate) const fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.inner.name()
    }

    /// The system that the node belongs to; see [`Context::system`].
    #[must_use]
    pub fn system(&self) -> crate::Running {
        crate::Running::new(self.inner.system())
    }

    /// What the node is doing now.
    #[must_use]
    pub fn state(&self) -> NodeState {
        self.inner.state()
    }

    /// Waits until the node is in a state that `wanted` accepts.
    ///
    /// Cancel safe.
    pub async fn wait_for_state(&self, wanted: impl FnMut(&NodeState) -> bool) -> NodeState {
        self.inner.wait_for_state(wanted).await
    }

    /// Starts the node: binds its listeners, runs `on_start`, then accepts and dials peers. A node that runs is left
    /// as it is; one that stopped or failed can be started again and keeps its application's state.
    ///
    /// # Errors
    ///
    /// If a listener can't be bound or `on_start` fails. The node is then [`NodeState::Failed`] and holds nothing.
    ///
    /// Cancel safety: if the future is dropped, the node starts all the same.
    pub async fn start(&self) -> Result<(), StartError> {
        self.inner.start().await
    }

    /// Stops the node: no new peers and requests, then what is in flight is finished up to the configured
    /// `stop.deadline`, `on_stop` runs, and the connections are closed with a goodbye. A node that is about to start is
    /// stopped once it runs; if `on_start` is not done by the deadline, it is dropped and the start fails. A node that
    /// doesn't run is left as it is.
    ///
    /// A handler that awaits it waits for itself, until the deadline is over; it calls [`Context::stop`] instead.
    ///
    /// Cancel safety: if the future is dropped, the node stops all the same.
    pub async fn stop(&self) {
        self.inner.stop("stopped by its program").await;
    }

    /// Takes nothing new any more, and waits until what is in flight is finished, at most for the configured
    /// `stop.deadline`: peers are told to ask others, and requests are refused. The node stays connected and goes on
    /// sending; [`restart`](Self::restart) makes it take new requests again. Returns whether everything is finished;
    /// `false`, too, if the node isn't running.
    ///
    /// Cancel safety: if the future is dropped, the node drains all the same.
    pub async fn drain(&self) -> bool {
        self.inner.drain().await
    }

    /// Whether the node takes nothing new: it drains, or is about to stop.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.inner.is_draining()
    }

    /// Stops and starts the node.
    ///
    /// # Errors
    ///
    /// Those of [`start`](Self::start).
    pub async fn restart(&self) -> Result<(), StartError> {
        self.stop().await;
        self.start().await
    }

    /// The topics that this node has called and that a connected node handles with other types, sorted by name. Such a
    /// topic is logged as an error when the other node has told its types, and not used with that node.
    #[must_use]
    pub fn mismatches(&self) -> Vec<Mismatch> {
        self.inner.router().mismatches()
    }

    /// The listeners of the node for peers, in the order of its configuration: who may connect to each can be looked at
    /// and changed, whether or not the node runs.
    #[must_use]
    pub fn listeners(&self) -> Vec<Listener> {
        self.inner.listeners().to_vec()
    }

    /// The topics that no connected node handles, of those that this node has called and of those that its application lists
    /// in `calls(..)`, in the order of their names. They are logged, too, when all endpoints that the node dials are
    /// connected.
    #[must_use]
    pub fn unhandled_topics(&self) -> Vec<TopicName> {
        self.inner.router().unhandled()
    }

    /// Where the node listens for peers, as others can dial it: with the real ports; empty unless it runs.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.inner.endpoints()
    }

    /// The addresses of the sockets on which the node listens for peers, with the real ports; empty unless it runs.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.inner.addresses()
    }

    /// Where the HTTP component listens, with the real port; `None` unless the node runs and has one.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.inner.web_addresses().http
    }

    /// Where the plain listener is that leads to HTTPS, with the real port; `None` unless the node runs and has one.
    #[cfg(all(feature = "http", feature = "tls"))]
    #[must_use]
    pub fn https_redirect_address(&self) -> Option<SocketAddr> {
        self.inner.web_addresses().https_redirect
    }

    /// Where the WebSocket component listens, with the real port; `None` unless the node runs and has one.
    #[cfg(feature = "websocket")]
    #[must_use]
    pub fn websocket_address(&self) -> Option<SocketAddr> {
        self.inner.web_addresses().websocket
    }

    /// The HTTP component: routes that come and go, who may ask, what is counted.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http(&self) -> crate::http::Http {
        self.inner.program().http.clone()
    }

    /// The clients of the WebSocket component: to push to them, for their groups, and what is counted of them.
    #[cfg(feature = "websocket")]
    #[must_use]
    pub fn websocket(&self) -> crate::websocket::WebSocket {
        self.inner.program().websocket.clone()
    }

    /// The names of the nodes that this node has dialled and is connected to.
    #[must_use]
    pub fn connected_to(&self) -> Vec<Arc<str>> {
        self.inner.router().peers().iter().map(|peer| peer.name().clone()).collect()
    }

    /// The names of the nodes that have dialled this node and are connected.
    #[must_use]
    pub fn connected_from(&self) -> Vec<Arc<str>> {
        self.inner.incoming_names()
    }

    /// The endpoints that the node dials, and how each stands.
    #[must_use]
    pub fn dialled(&self) -> Vec<(Endpoint, DialState)> {
        self.inner.dialled()
    }

    /// Dials a peer and keeps the node connected to it; see [`Context::connect`].
    ///
    /// # Errors
    ///
    /// If the node isn't running, dials that endpoint already, or the first attempt fails.
    pub async fn connect(&self, peer: impl Into<ConnectConfig>) -> Result<Arc<str>, ConnectError> {
        self.inner.connect(peer.into()).await
    }

    /// Ends the connection to an endpoint, and no longer dials it. Returns whether it was dialled.
    pub fn disconnect(&self, endpoint: &Endpoint) -> bool {
        self.inner.disconnect(endpoint)
    }

    /// Withdraws a topic; see [`Context::withdraw`].
    pub fn withdraw(&self, topic: &str) -> bool {
        self.inner.set_announced(topic, false)
    }

    /// Announces a topic again that was withdrawn; see [`Context::announce`].
    pub fn announce(&self, topic: &str) -> bool {
        self.inner.set_announced(topic, true)
    }

    /// Waits until a connected node handles a topic; returns whether one does in time.
    ///
    /// Cancel safe.
    pub async fn wait_for_provider(&self, topic: &str, time: Duration) -> bool {
        tokio::time::timeout(time, self.inner.router().provided(topic)).await.is_ok()
    }

    /// The topics that the node handles, but for those that it has withdrawn.
    #[must_use]
    pub fn topics(&self) -> Vec<crate::Topic> {
        self.inner.topics()
    }

    /// The commands that the node has: how each is called, and what it does. Those of its application come first, then
    /// those that every node has; where two have the same name, the application's counts.
    #[must_use]
    pub fn commands(&self) -> Vec<crate::command::CommandInfo> {
        let own = &self.inner.program().commands;
        let built_in = crate::command::built_in_infos(self).filter(|command| !own.has(command.name));
        own.infos().into_iter().chain(built_in).collect()
    }

    /// Runs a command with its arguments as text.
    ///
    /// # Errors
    ///
    /// If the node isn't running or has no such command, if an argument is wrong, or if the command itself fails or
    /// panics.
    pub async fn command(
        &self,
        name: &str,
        arguments: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<String, CommandError> {
        let arguments = arguments.into_iter().map(Into::into).collect();
        self.inner.command(name, arguments, None).await
    }

    /// What the node has counted since it was made, and how it stands.
    #[must_use]
    pub fn metrics(&self) -> NodeMetrics {
        self.inner.reading()
    }

    /// What the node has counted since it was made, all topics and peers together; never reset. Costs less than
    /// [`metrics`](Self::metrics).
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.inner.counters()
    }

    /// How many connections were refused, or ended before their handshake was done, for that reason, since the node was
    /// made; in all, they are [`Counters::refused_connections`].
    #[must_use]
    pub fn refused(&self, reason: RefusalReason) -> u64 {
        self.inner.refused(reason)
    }

    /// A context that belongs to no call, for code that wants one.
    #[must_use]
    pub fn context(&self) -> Context {
        Context::from_core(Core {
            node: self.inner.clone(),
            sender: None,
            is_proved: false,
            deadline: None,
            cancellation: None,
            trace: None,
            hold: Hold::Nothing,
        })
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("name", &self.name())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
