//! What a handler knows about its call, its node and the network.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cancellation::Cancellation;
use crate::command::CommandError;
use crate::config::{ConnectConfig, Endpoint};
use crate::node::{ConnectError, Inner, Node};
use crate::system::Running;
use crate::trace::TraceContext;

/// What a handler knows about its call, its node and the network.
///
/// A handler names it as a parameter, `ctx: &Context` or `ctx: &Context<Self>`, wherever it likes among its
/// parameters. Cloning is cheap; a clone may outlive the call, in a task of [`Context::spawn`] for example. A client
/// for such a task is made from the clone: one made from the handler's own context takes the handler to be running, and
/// refuses requests to the own node that the running handler would keep from being answered.
pub struct Context<A = AnyApplication> {
    core: Box<Core>,
    application: PhantomData<fn() -> A>,
}

/// The application of a [`Context`] that doesn't say which one it belongs to.
#[derive(Debug)]
#[non_exhaustive]
pub struct AnyApplication;

/// The untyped part of a context.
#[derive(Clone)]
pub(crate) struct Core {
    pub(crate) node: Arc<Inner>,
    /// The name of the peer that sent the message or request.
    pub(crate) sender: Option<Arc<str>>,
    /// Whether the sender has proved that the name is its own.
    pub(crate) is_proved: bool,
    pub(crate) deadline: Option<Instant>,
    /// Whether the sender still waits; only calls that somebody waits for have one.
    pub(crate) cancellation: Option<Arc<Cancellation>>,
    /// The span of the call, where the node traces.
    pub(crate) trace: Option<Arc<TraceContext>>,
    /// What would keep a request of this handler to its own node from being answered.
    pub(crate) hold: Hold,
}

/// What a handler holds while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Nothing that another handler would need.
    Nothing,
    /// The lock of the application's state.
    State,
    /// The turn of a node that handles one message at a time.
    Turn,
}

impl Core {
    /// Gets ready for a call; `place` belongs to the place where the call runs.
    #[inline]
    pub(crate) fn begin(
        &mut self,
        waited_for: bool,
        deadline: Option<Instant>,
        place: &mut Option<Arc<Cancellation>>,
    ) {
        self.deadline = deadline;
        if waited_for {
            Cancellation::next(place, &mut self.cancellation);
        }
    }
}

impl<A> Context<A> {
    pub(crate) fn from_core(core: Core) -> Self {
        Self::from_boxed(Box::new(core))
    }

    pub(crate) const fn from_boxed(core: Box<Core>) -> Self {
        Self { core, application: PhantomData }
    }

    pub(crate) fn into_core(self) -> Box<Core> {
        self.core
    }

    pub(crate) const fn core(&self) -> &Core {
        &self.core
    }

    /// The name of this node.
    #[must_use]
    pub fn node_name(&self) -> &str {
        self.core.node.name()
    }

    /// The handle of this node.
    #[must_use]
    pub fn node(&self) -> Node {
        Node::new(self.core.node.clone())
    }

    /// The system that this node belongs to, to which nodes can be added and from which they can be removed. If it is
    /// gone, because the node outlived it, a system that has ended, without nodes.
    #[must_use]
    pub fn system(&self) -> Running {
        Running::new(self.core.node.system())
    }

    /// The name of the node that sent the message or request, as it gave it; `None` in hooks, commands and tasks.
    #[must_use]
    pub fn sender(&self) -> Option<&str> {
        self.core.sender.as_deref()
    }

    /// The name of the node that sent the message or request, if it has proved that the name is its own: by a
    /// certificate, by the secret that it shares with this node, or within the process. Whoever shares a secret with
    /// several nodes believes each of them every name; only a secret of its own, or a certificate, tells one node from
    /// the others.
    #[must_use]
    pub fn sender_identity(&self) -> Option<&str> {
        self.core.sender.as_deref().filter(|_| self.core.is_proved)
    }

    /// When the sender of the request no longer waits for the response; `None` for messages, hooks and commands.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.core.deadline
    }

    /// How long the sender of the request will still wait for the response, zero if its time is over; `None` if there
    /// is no [`deadline`](Self::deadline).
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.core.deadline.map(|deadline| deadline.saturating_duration_since(crate::clock::now()))
    }

    /// Whether nobody waits for the response any more: the sender gave the request up, its deadline is over, or its
    /// connection is gone. A clone that outlives the call sees the call's end in the same way. Always false for
    /// messages, hooks and commands, which have no response.
    ///
    /// The handler runs on all the same, so that it leaves no half a change behind; who has much to do looks here
    /// between two steps, or waits for [`cancelled`](Self::cancelled).
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        let given_up =
            self.core.cancellation.as_ref().is_some_and(|cancellation| cancellation.is_cancelled());
        given_up || self.remaining().is_some_and(|remaining| remaining.is_zero())
    }

    /// Waits until nobody waits for the response any more; see [`is_cancelled`](Self::is_cancelled). Never ends for
    /// messages, hooks and commands.
    ///
    /// ```
    /// # use systemge::prelude::*;
    /// # #[derive(systemge::Application, Default)]
    /// # struct Search {}
    /// # impl Search { async fn look(&self, _: &str) -> Option<u64> { None } }
    /// #[systemge::node]
    /// impl Search {
    ///     #[topic("find")]
    ///     async fn find(&self, what: String, ctx: &Context) -> Option<u64> {
    ///         tokio::select! {
    ///             found = self.look(&what) => found,
    ///             () = ctx.cancelled() => None,
    ///         }
    ///     }
    /// }
    /// # fn main() {}
    /// ```
    ///
    /// Cancel safe.
    pub async fn cancelled(&self) {
        let given_up = async {
            match &self.core.cancellation {
                Some(cancellation) => cancellation.cancelled().await,
                None => std::future::pending().await,
            }
        };
        let over = async {
            match self.core.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = given_up => {}
            () = over => {}
        }
    }

    /// The span of this call, which is the parent of everything that is sent by clients made from this context. `None`
    /// unless the node traces (`tracing = true`).
    #[must_use]
    pub fn trace(&self) -> Option<TraceContext> {
        self.core.trace.as_deref().copied()
    }

    /// The same as the text of the header `traceparent` of the
    /// [W3C's Trace Context](https://www.w3.org/TR/trace-context/), to be sent to services that are no nodes.
    #[must_use]
    pub fn traceparent(&self) -> Option<String> {
        self.trace().map(|trace| trace.to_string())
    }

    /// The same context as a part of another trace: what is sent by clients made from it are children of that span. For a
    /// trace that was begun elsewhere, or for a task that outlives its call and does one thing after the other, each of which is
    /// a trace of its own: `ctx.in_trace(TraceContext::new())`. Changes nothing where the node doesn't trace.
    #[must_use]
    pub fn in_trace(&self, trace: TraceContext) -> Self {
        let trace = self.core.node.config().tracing.then(|| Arc::new(trace));
        Self::from_core(Core { trace, ..(*self.core).clone() })
    }

    /// Dials a peer and keeps this node connected to it, with the delays of `[nodes.NAME.dial]`. Returns the peer's
    /// name once its topics are known.
    ///
    /// # Errors
    ///
    /// If the node isn't running, dials that endpoint already, or the first attempt fails; it is then not dialled
    /// again.
    ///
    /// Cancel safety: dropping the future leaves the endpoint dialled.
    pub async fn connect(&self, peer: impl Into<ConnectConfig>) -> Result<Arc<str>, ConnectError> {
        self.core.node.connect(peer.into()).await
    }

    /// Ends the connection to an endpoint, with a goodbye, and no longer dials it. Returns whether it was dialled.
    pub fn disconnect(&self, endpoint: &Endpoint) -> bool {
        self.core.node.disconnect(endpoint)
    }

    /// Withdraws a topic, and its aliases: the connected peers are told, and what they send to it nevertheless is
    /// refused. Lasts until the topic is announced again, or the node is started anew. Returns whether the node
    /// announced it until now.
    pub fn withdraw(&self, topic: &str) -> bool {
        self.core.node.set_announced(topic, false)
    }

    /// Announces a topic again that was withdrawn, and its aliases. Returns whether the node has such a topic, and had
    /// withdrawn it.
    ///
    /// Every start of a node announces all topics that its application handles. One that is not to be announced at
    /// once is withdrawn in `on_start`, before any peer is let in.
    pub fn announce(&self, topic: &str) -> bool {
        self.core.node.set_announced(topic, true)
    }

    /// Waits until a connected node handles a topic; returns whether one does in time.
    ///
    /// Cancel safe.
    pub async fn wait_for_provider(&self, topic: &str, time: Duration) -> bool {
        tokio::time::timeout(time, self.core.node.router().provided(topic)).await.is_ok()
    }

    /// Runs a command of this node, its arguments as text.
    ///
    /// # Errors
    ///
    /// If the node has no such command, if an argument is wrong, or if the command itself fails or panics.
    pub async fn command(
        &self,
        name: &str,
        arguments: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<String, CommandError> {
        let arguments = arguments.into_iter().map(Into::into).collect();
        self.core.node.command(name, arguments, self.core.trace.clone()).await
    }

    /// This node's HTTP component: routes that come and go, who may ask, what is counted.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http(&self) -> crate::http::Http {
        self.core.node.program().http.clone()
    }

    /// The clients of this node's WebSocket component; what the application pushes to them are methods of it.
    #[cfg(feature = "websocket")]
    #[must_use]
    pub fn websocket(&self) -> crate::websocket::WebSocket<A> {
        self.core.node.program().websocket.typed()
    }

    /// Runs a task that ends with the node: when the node stops, it is dropped where it waits, after the handlers
    /// in flight are done and before `on_stop`. A panic in it is logged.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.core.node.spawn_task(task);
    }

    /// Waits until the node is about to stop, for tasks that want to end in an orderly way.
    ///
    /// Cancel safe.
    pub async fn stopping(&self) {
        self.core.node.stopping().await;
    }

    /// Asks for this node to be stopped, for that reason; returns at once, since the handler that asks is in flight
    /// itself.
    pub fn stop(&self, reason: impl Into<String>) {
        self.core.node.request_stop(reason);
    }
}

impl<A> Clone for Context<A> {
    fn clone(&self) -> Self {
        // a clone may outlive the call, and then holds nothing of what the handler held
        Self::from_core(Core { hold: Hold::Nothing, ..(*self.core).clone() })
    }
}

impl<A> fmt::Debug for Context<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("sender", &self.core.sender)
            .field("deadline", &self.core.deadline)
            .finish_non_exhaustive()
    }
}
