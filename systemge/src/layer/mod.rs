//! Layers: what happens around the handlers of topics, whatever the topic.
//!
//! A [`Layer`] sees every message and request before its handler does, and its outcome afterwards: for logging,
//! authorisation, limits of rates. [`System::layer`](crate::System::layer) puts layers around the handlers of a node;
//! the first one is the outermost. Two are here: [`Log`] and [`RateLimit`]. An own one is a method:
//!
//! ```
//! use systemge::config::NodeConfig;
//! use systemge::layer::{Call, Layer, Next, Outcome, RateLimit};
//! use systemge::prelude::*;
//!
//! /// Only the till may book.
//! struct Guard;
//!
//! impl Layer for Guard {
//!     async fn handle(&self, call: &Call, next: Next<'_>) -> Outcome {
//!         // a name that is to be more than a claim is proved: see `Context::sender_identity`
//!         if call.topic() == "book" && call.sender() != Some("till") {
//!             return next.refuse("only the till may book");
//!         }
//!         next.run().await
//!     }
//! }
//!
//! #[derive(systemge::Application, Default)]
//! struct Ledger {}
//!
//! #[systemge::node]
//! impl Ledger {
//!     #[topic("book")]
//!     async fn book(&self, amount: u64) -> u64 {
//!         amount
//!     }
//! }
//!
//! # #[derive(systemge::Application, Default)]
//! # struct Caller {}
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! let any_port = || NodeConfig::new().listen("tcp://127.0.0.1:0".parse::<systemge::config::Endpoint>().unwrap());
//! let system = System::new()
//!     .node_with("ledger", Ledger::default(), any_port())
//!     .layer(Guard)
//!     .layer(RateLimit::per_second(1000))
//!     # .node_with("till", Caller::default(), any_port())
//!     # .node_with("stranger", Caller::default(), any_port())
//!     .start()
//!     .await?;
//! # let node = |name| system.node(name).unwrap();
//! # for caller in ["till", "stranger"] {
//! #     node(caller).connect(node("ledger").endpoints()[0].clone()).await?;
//! # }
//! # assert_eq!(LedgerClient::new(&node("till")).book(7).await?, 7);
//! # let refused = LedgerClient::new(&node("stranger")).book(7).await.expect_err("it is no till").to_string();
//! # assert_eq!(refused, "the request was refused: not allowed: only the till may book");
//! # system.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What holds
//!
//! - The payload is decoded when the handler is about to run: what a layer refuses is never decoded.
//! - What a layer waits for counts as its handler's waiting: for the order of a sequential node, for the limits of
//!   handlers in flight, for a stop and its deadline. The option `timeout` of a topic limits the handler alone.
//! - A layer does not hold the application's state; that is locked while the handler runs.
//! - A panic in a layer is answered and counted like one in a handler.
//! - A request whose layer gives up its [`Next`] without a use is answered as if the layer had panicked.
//! - A node without layers pays nothing for them. With them, a call costs an allocation, another one for each layer, and
//!   a copy of its payload.

mod log;
mod outcome;
mod rate_limit;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

pub use self::log::Log;
pub use self::outcome::{Outcome, OutcomeKind};
pub use self::rate_limit::RateLimit;
use crate::context::Context;
use crate::node::{Completion, Inside};
use crate::topic::{Topic, TopicKind};

/// What happens around the handlers of a node; see the [module](self).
pub trait Layer: Send + Sync + 'static {
    /// Takes a call: lets it pass with [`Next::run`], or refuses it with [`Next::refuse`] or [`Next::overloaded`].
    ///
    /// Implementations write it as `async fn handle(&self, call: &Call, next: Next<'_>) -> Outcome`.
    ///
    /// Cancel safety: the future is dropped where it waits at the deadline of a stop.
    fn handle<'a>(&'a self, call: &'a Call, next: Next<'a>) -> impl Future<Output = Outcome> + Send + 'a;
}

/// A layer behind a pointer.
pub(crate) trait AnyLayer: Send + Sync {
    fn handle_boxed<'a>(
        &'a self,
        call: &'a Call,
        next: Next<'a>,
    ) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;
}

impl<L: Layer> AnyLayer for L {
    fn handle_boxed<'a>(
        &'a self,
        call: &'a Call,
        next: Next<'a>,
    ) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>> {
        Box::pin(self.handle(call, next))
    }
}

/// The layers of a node, the outermost first.
pub(crate) type Layers = Arc<[Arc<dyn AnyLayer>]>;

/// A message or request on its way to its handler.
#[derive(Debug)]
pub struct Call {
    topic: Topic,
    payload_bytes: usize,
    context: Context,
}

impl Call {
    pub(crate) const fn new(topic: Topic, context: Context) -> Self {
        Self { topic, payload_bytes: 0, context }
    }

    /// Gets ready for the next call.
    pub(crate) fn begin(&mut self, payload_bytes: usize, context: Context) {
        self.payload_bytes = payload_bytes;
        self.context = context;
    }

    /// The name of the topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        self.topic.name()
    }

    /// Whether it is a message or a request.
    #[must_use]
    pub const fn kind(&self) -> TopicKind {
        self.topic.kind()
    }

    /// The name of the node that sent it, as it gave it.
    #[must_use]
    pub fn sender(&self) -> Option<&str> {
        self.context.sender()
    }

    /// How many bytes its payload takes.
    #[must_use]
    pub const fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// When the sender of a request no longer waits.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.context.deadline()
    }

    /// What a handler would know: the node, and whom it can call.
    #[must_use]
    pub const fn context(&self) -> &Context {
        &self.context
    }
}

/// The way on: the next layer, or the handler.
#[must_use = "a call that is neither run nor refused is a mistake of the layer"]
pub struct Next<'a> {
    layers: &'a [Arc<dyn AnyLayer>],
    call: &'a Call,
    inside: &'a mut Inside,
}

impl<'a> Next<'a> {
    pub(crate) const fn new(layers: &'a [Arc<dyn AnyLayer>], call: &'a Call, inside: &'a mut Inside) -> Self {
        Self { layers, call, inside }
    }

    /// Lets the call pass, and returns how it ended. An error or a panic of the handler is an outcome, too.
    pub async fn run(self) -> Outcome {
        match self.layers.split_first() {
            Some((layer, layers)) => {
                let next = Next { layers, call: self.call, inside: self.inside };
                layer.handle_boxed(self.call, next).await
            }
            None => self.inside.run().await,
        }
    }

    /// Refuses the call, for that reason: the sender of a request is told that it is not allowed, and the reason; a
    /// message is dropped, counted and logged. The handler does not run.
    pub fn refuse(self, reason: impl Into<String>) -> Outcome {
        self.inside.end(Completion::NotAllowed(reason.into()))
    }

    /// Refuses the call, since there is too much to do, or too much of it comes from this sender: another node may do
    /// better, and clients that ask any node try one.
    pub fn overloaded(self, reason: impl Into<String>) -> Outcome {
        self.inside.end(Completion::Overloaded(reason.into()))
    }
}

impl std::fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Next").field("layers", &self.layers.len()).finish_non_exhaustive()
    }
}
