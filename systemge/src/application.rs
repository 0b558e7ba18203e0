//! An application and its components, as the macros describe them to the runtime.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::command::CommandTable;
use crate::context::{Context, Core};
use crate::contract::Contracts;
use crate::node::TopicTable;

/// The user's struct: the state of one node. Derived: `#[derive(systemge::Application)]`.
#[diagnostic::on_unimplemented(
    message = "[SGE0507] `{Self}` is not an application, so nothing would start its components",
    label = "not an application",
    note = "put `#[derive(systemge::Application)]` on the definition of `{Self}`; an application is given by value, not behind a `&` or an `Arc`"
)]
pub trait Application: Send + Sync + Sized + 'static {
    /// The components that the macros found.
    #[doc(hidden)]
    fn __components() -> Components<Self>;

    /// The contracts that it lists: `#[application(handles(..), calls(..))]`.
    #[doc(hidden)]
    const __CONTRACTS: Contracts = Contracts::NONE;

    /// What names this instance of the application: the texts of its `#[key]` fields.
    #[doc(hidden)]
    fn __keys(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The kinds of nodes that it makes, which the configuration may name.
    #[doc(hidden)]
    fn __kinds(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The components of an application.
#[doc(hidden)]
#[expect(clippy::exhaustive_structs, reason = "generated code builds it")]
pub struct Components<A: Application> {
    pub nodes: Vec<NodeBlock<A>>,
    pub commands: Option<CommandBlock<A>>,
    #[cfg(feature = "http")]
    pub http: Option<HttpBlock<A>>,
    #[cfg(feature = "websocket")]
    pub websocket: Option<WebSocketBlock<A>>,
}

impl<A: Application> Components<A> {
    /// No component at all.
    #[expect(clippy::new_without_default, reason = "generated code calls it")]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            nodes: Vec::new(),
            commands: None,
            #[cfg(feature = "http")]
            http: None,
            #[cfg(feature = "websocket")]
            websocket: None,
        }
    }

    /// Adds a block of handlers, if there is one.
    pub fn add(&mut self, block: Option<NodeBlock<A>>) {
        self.nodes.extend(block);
    }

    /// Whether some handler takes `&mut self`, so that the state needs a lock.
    pub(crate) fn exclusive(&self) -> bool {
        #[cfg_attr(
            not(any(feature = "http", feature = "websocket")),
            expect(unused_mut, reason = "the other components may have exclusive handlers, too")
        )]
        let mut exclusive = self.nodes.iter().any(|block| block.exclusive)
            || self.commands.as_ref().is_some_and(|block| block.exclusive);
        #[cfg(feature = "http")]
        {
            exclusive |= self.http.as_ref().is_some_and(|block| block.exclusive);
        }
        #[cfg(feature = "websocket")]
        {
            exclusive |= self.websocket.as_ref().is_some_and(|block| block.exclusive);
        }
        exclusive
    }
}

/// The outcome of a hook or of a handler to which nobody listens.
pub type HookResult = Result<(), String>;

/// What `#[systemge::node]` generates.
#[doc(hidden)]
#[expect(clippy::exhaustive_structs, reason = "generated code builds it")]
pub struct NodeBlock<A: Application> {
    /// Whether some handler or hook takes `&mut self`.
    pub exclusive: bool,
    /// The names of its topics, with their aliases.
    pub names: &'static [&'static str],
    pub topics: fn(&mut TopicTable<A>),
    pub on_start: Option<fn(Invocation<A>) -> BoxFuture<'static, HookResult>>,
    pub on_stop: Option<fn(Invocation<A>) -> BoxFuture<'static, HookResult>>,
}

/// What `#[systemge::commands]` generates.
#[doc(hidden)]
#[expect(clippy::exhaustive_structs, reason = "generated code builds it")]
pub struct CommandBlock<A: Application> {
    pub exclusive: bool,
    pub commands: fn(&mut CommandTable<A>),
}

/// What `#[systemge::http]` generates.
#[cfg(feature = "http")]
#[doc(hidden)]
#[expect(clippy::exhaustive_structs, reason = "generated code builds it")]
pub struct HttpBlock<A: Application> {
    pub exclusive: bool,
    pub routes: fn(&mut crate::http::RouteTable<A>),
}

/// What `#[systemge::websocket]` generates.
#[cfg(feature = "websocket")]
#[doc(hidden)]
#[expect(clippy::exhaustive_structs, reason = "generated code builds it")]
pub struct WebSocketBlock<A: Application> {
    pub exclusive: bool,
    pub topics: fn(&mut crate::websocket::WebSocketTable<A>),
    pub on_connect: Option<ClientHook<A>>,
    pub on_disconnect: Option<ClientHook<A>>,
}

/// A hook that is told of a client.
#[cfg(feature = "websocket")]
pub(crate) type ClientHook<A> =
    fn(Invocation<A>, crate::websocket::WsClient) -> BoxFuture<'static, HookResult>;

/// The application's struct: behind a lock if some handler needs it alone, else without.
#[doc(hidden)]
pub struct State<A>(Kind<A>);

enum Kind<A> {
    Free(A),
    Locked(RwLock<A>),
}

impl<A> State<A> {
    pub(crate) fn new(application: A, exclusive: bool) -> Self {
        Self(if exclusive { Kind::Locked(RwLock::new(application)) } else { Kind::Free(application) })
    }

    pub(crate) const fn is_locked(&self) -> bool {
        matches!(self.0, Kind::Locked(_))
    }

    /// The application beside other handlers that take `&self`.
    pub async fn shared(&self) -> Shared<'_, A> {
        match &self.0 {
            Kind::Free(application) => Shared::Free(application),
            Kind::Locked(lock) => Shared::Locked(lock.read().await),
        }
    }

    /// The same as `shared`, on a thread that may block.
    pub fn blocking_shared(&self) -> Shared<'_, A> {
        match &self.0 {
            Kind::Free(application) => Shared::Free(application),
            Kind::Locked(lock) => Shared::Locked(lock.blocking_read()),
        }
    }

    /// The same as `exclusive`, on a thread that may block.
    ///
    /// # Panics
    ///
    /// As `exclusive`.
    pub fn blocking_exclusive(&self) -> Exclusive<'_, A> {
        match &self.0 {
            Kind::Locked(lock) => Exclusive(lock.blocking_write()),
            Kind::Free(_) => unreachable!("an application with exclusive handlers has a lock"),
        }
    }

    /// The application alone.
    ///
    /// # Panics
    ///
    /// If the application was built without a lock, although a block with `&mut self` says `exclusive`; generated
    /// code says it in the same block.
    pub async fn exclusive(&self) -> Exclusive<'_, A> {
        match &self.0 {
            Kind::Locked(lock) => Exclusive(lock.write().await),
            Kind::Free(_) => unreachable!("an application with exclusive handlers has a lock"),
        }
    }
}

/// `&self` of a handler.
#[doc(hidden)]
#[expect(unnameable_types, reason = "generated code only borrows from it")]
pub enum Shared<'a, A> {
    Free(&'a A),
    Locked(RwLockReadGuard<'a, A>),
}

impl<A> Deref for Shared<'_, A> {
    type Target = A;

    fn deref(&self) -> &A {
        match self {
            Self::Free(application) => application,
            Self::Locked(guard) => guard,
        }
    }
}

/// `&mut self` of a handler.
#[doc(hidden)]
#[expect(unnameable_types, reason = "generated code only borrows from it")]
pub struct Exclusive<'a, A>(RwLockWriteGuard<'a, A>);

impl<A> Deref for Exclusive<'_, A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0
    }
}

impl<A> DerefMut for Exclusive<'_, A> {
    fn deref_mut(&mut self) -> &mut A {
        &mut self.0
    }
}

/// One call of a handler: the application and the context. Given to generated code by value and given back, so
/// that the next call can use it again.
#[doc(hidden)]
pub struct Invocation<A> {
    pub(crate) state: Arc<State<A>>,
    /// In a box, since it moves into the handler's future and back with every call.
    pub(crate) core: Box<Core>,
}

impl<A> Clone for Invocation<A> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), core: self.core.clone() }
    }
}

impl<A: Application> Invocation<A> {
    pub(crate) fn new(state: Arc<State<A>>, core: Core) -> Self {
        Self { state, core: Box::new(core) }
    }

    /// The parts that a handler gets; the context is typed by what the handler asks for.
    #[inline]
    pub fn open<B>(self) -> (Arc<State<A>>, Context<B>) {
        (self.state, Context::from_boxed(self.core))
    }

    /// Gives the parts back.
    #[inline]
    pub fn close<B>(state: Arc<State<A>>, context: Context<B>) -> Self {
        Self { state, core: context.into_core() }
    }
}

macro_rules! fallbacks {
    ($($(#[$attribute:meta])* $name:ident: $block:ident => $constant:ident),* $(,)?) => {$(
        /// Says that an application has no such component, unless its macro says otherwise: an inherent constant
        /// goes before that of a trait.
        $(#[$attribute])*
        #[doc(hidden)]
        pub trait $name: Application {
            const $constant: Option<$block<Self>> = None;
        }

        $(#[$attribute])*
        impl<A: Application> $name for A {}
    )*};
}

fallbacks! {
    NoNode: NodeBlock => __SYSTEMGE_NODE,
    NoNamedNode: NodeBlock => __SYSTEMGE_NAMED_NODE,
    NoCommands: CommandBlock => __SYSTEMGE_COMMANDS,
    #[cfg(feature = "http")]
    NoHttp: HttpBlock => __SYSTEMGE_HTTP,
    #[cfg(feature = "websocket")]
    NoWebSocket: WebSocketBlock => __SYSTEMGE_WEBSOCKET,
}
