//! The WebSocket component: topics to and from browsers.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::application::{Application, HookResult, Invocation, State};

/// A connected client.
#[derive(Debug, Clone)]
pub struct WsClient {}

/// Collects the topics that browsers may send.
#[doc(hidden)]
pub struct WebSocketTable<A> {
    state: Arc<State<A>>,
}

impl<A: Application> WebSocketTable<A> {
    /// Adds the handler of a topic.
    pub fn topic<P, H, F>(&mut self, name: &'static str, handler: H)
    where
        P: DeserializeOwned + Send + 'static,
        H: Fn(Invocation<A>, WsClient, P) -> F + Send + Sync + 'static,
        F: Future<Output = HookResult> + Send + 'static,
    {
        let _ = (&self.state, name, handler);
    }
}
