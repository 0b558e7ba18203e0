//! Nodes.

use std::sync::Arc;

use crate::application::{Application, Invocation, State};
use crate::payload::{OneWayReply, Payload, Reply};

/// The running parts of a node.
pub(crate) struct Inner {
    pub(crate) name: Arc<str>,
}

/// What the options of `#[topic(..)]` say.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "generated code builds it")]
pub struct TopicOptions {
    /// The handler takes `&mut self`.
    pub exclusive: bool,
    /// The handler runs in a task of its own.
    pub spawn: bool,
}

/// Collects the topics of an application.
#[doc(hidden)]
pub struct TopicTable<A> {
    state: Arc<State<A>>,
}

impl<A: Application> TopicTable<A> {
    /// Adds the handler of a one-way topic.
    pub fn message<P, R, H, F>(&mut self, name: &'static str, options: TopicOptions, handler: H)
    where
        P: Payload,
        R: OneWayReply,
        H: Fn(Invocation<A>, P) -> F + Send + Sync + 'static,
        F: Future<Output = (R, Invocation<A>)> + Send + 'static,
    {
        let _ = (&self.state, name, options, handler);
    }

    /// Adds the handler of a request.
    pub fn request<P, R, H, F>(&mut self, name: &'static str, options: TopicOptions, handler: H)
    where
        P: Payload,
        R: Reply,
        H: Fn(Invocation<A>, P) -> F + Send + Sync + 'static,
        F: Future<Output = (R, Invocation<A>)> + Send + 'static,
    {
        let _ = (&self.state, name, options, handler);
    }
}
