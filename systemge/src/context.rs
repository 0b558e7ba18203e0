//! What a handler knows about its call, its node and the network.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use crate::node::Inner;

/// What a handler knows about its call, its node and the network.
///
/// A handler names it as a parameter, `ctx: &Context` or `ctx: &Context<Self>`, wherever it likes among its
/// parameters. Cloning is cheap; a clone may outlive the call, in a task of [`Context::spawn`] for example.
pub struct Context<A = AnyApplication> {
    core: Core,
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
    pub(crate) deadline: Option<Instant>,
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

impl<A> Context<A> {
    pub(crate) const fn from_core(core: Core) -> Self {
        Self { core, application: PhantomData }
    }

    pub(crate) fn into_core(self) -> Core {
        self.core
    }

    pub(crate) const fn core(&self) -> &Core {
        &self.core
    }
}

impl<A> Clone for Context<A> {
    fn clone(&self) -> Self {
        Self::from_core(self.core.clone())
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
