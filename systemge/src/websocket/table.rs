//! The topics that clients may send, and their handlers.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;

use super::WsClient;
use super::frame::Payload;
use crate::application::{Application, HookResult, Invocation, State, WebSocketBlock};
use crate::context::Core;

/// The handler of a topic; an error says why it cannot run.
pub(super) type Handler =
    Box<dyn Fn(Core, WsClient, Payload) -> Result<BoxFuture<'static, HookResult>, String> + Send + Sync>;
pub(super) type Hook = Box<dyn Fn(Core, WsClient) -> BoxFuture<'static, HookResult> + Send + Sync>;

/// Collects the topics that browsers may send.
#[doc(hidden)]
pub struct WebSocketTable<A> {
    state: Arc<State<A>>,
    topics: WebSocketTopics,
}

impl<A: Application> WebSocketTable<A> {
    pub(crate) fn new(state: Arc<State<A>>) -> Self {
        Self { state, topics: WebSocketTopics::default() }
    }

    pub(crate) fn finish(self) -> WebSocketTopics {
        self.topics
    }

    /// Adds the handler of a topic.
    pub fn topic<P, H, F>(&mut self, name: &'static str, handler: H)
    where
        P: DeserializeOwned + Send + 'static,
        H: Fn(Invocation<A>, WsClient, P) -> F + Send + Sync + 'static,
        F: Future<Output = HookResult> + Send + 'static,
    {
        let state = self.state.clone();
        let handler: Handler = Box::new(move |core, client, payload| {
            let payload = payload.read::<P>()?;
            Ok(handler(Invocation::new(state.clone(), core), client, payload).boxed())
        });
        self.topics.handlers.insert(name, handler);
    }
}

/// The topics and hooks of one application.
#[derive(Default)]
pub(crate) struct WebSocketTopics {
    pub(super) handlers: HashMap<&'static str, Handler>,
    pub(super) on_connect: Option<Hook>,
    pub(super) on_disconnect: Option<Hook>,
}

impl WebSocketTopics {
    /// The topics and hooks of `#[systemge::websocket]`.
    pub(crate) fn of<A: Application>(block: &WebSocketBlock<A>, state: &Arc<State<A>>) -> Self {
        let mut table = WebSocketTable::new(state.clone());
        (block.topics)(&mut table);
        let mut topics = table.finish();
        let hook = |hook: fn(Invocation<A>, WsClient) -> BoxFuture<'static, HookResult>| -> Hook {
            let state = state.clone();
            Box::new(move |core, client| hook(Invocation::new(state.clone(), core), client))
        };
        topics.on_connect = block.on_connect.map(hook);
        topics.on_disconnect = block.on_disconnect.map(hook);
        topics
    }
}
