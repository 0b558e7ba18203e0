//! Clients: the typed callers of topics.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::context::Context;
use crate::node::Inner;
use crate::payload::{Payload, Reply};
use crate::topic::Topic;

/// Whoever can send: a [`Context`], or the handle of a running node.
pub trait Caller: sealed::Sealed {}

pub(crate) mod sealed {
    pub trait Sealed {}
}

impl<A> sealed::Sealed for Context<A> {}
impl<A> Caller for Context<A> {}

/// What every generated client holds; `N` is the number of its topics.
#[doc(hidden)]
#[derive(Clone)]
pub struct ClientCore<const N: usize> {
    node: Option<Arc<Inner>>,
}

impl<const N: usize> ClientCore<N> {
    /// A client that asks every node that handles the topic.
    pub fn new(_caller: &impl Caller) -> Self {
        Self { node: None }
    }

    /// Asks only the node of that name.
    #[must_use]
    pub fn to(self, _node: impl Into<String>) -> Self {
        self
    }

    /// Asks one of the nodes that handle the topic, the less busy of two random ones.
    #[must_use]
    pub fn any(self) -> Self {
        self
    }

    /// A message; `index` is the topic's place in the client.
    pub fn message<P: Payload>(&self, index: usize, topic: &'static Topic, payload: P) -> OneWay<'_, P> {
        let _ = (&self.node, index, topic);
        OneWay { payload, client: PhantomData }
    }

    /// A request; `index` is the topic's place in the client.
    pub fn request<P: Payload, R: Reply>(
        &self,
        index: usize,
        topic: &'static Topic,
        payload: P,
    ) -> Request<'_, P, R> {
        let _ = (&self.node, index, topic);
        Request { payload, client: PhantomData, reply: PhantomData }
    }
}

/// A message about to be sent: `.await` it.
#[must_use = "a message is sent when it is awaited"]
pub struct OneWay<'c, P> {
    payload: P,
    client: PhantomData<&'c ()>,
}

/// A request about to be sent: `.await` it, or ask for more than one response first.
#[must_use = "a request is sent when it is awaited"]
pub struct Request<'c, P, R> {
    payload: P,
    client: PhantomData<&'c ()>,
    reply: PhantomData<fn() -> R>,
}
