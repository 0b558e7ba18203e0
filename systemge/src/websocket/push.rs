//! Pushes: messages to browsers, and to whom they go.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::client::{ClientId, WsClient};
use super::counters::count;
use super::frame;
use super::hub::{Hub, State, WebSocket};

/// A message about to be pushed; one of its methods says to whom. It is encoded once, for however many clients.
///
/// A client is named by its [`ClientId`] or a reference to it or to the [`WsClient`]. Each method returns for how many
/// clients the message was queued; a client whose queue is full doesn't count, and is treated as
/// `websocket.queue.policy` says.
///
/// ```
/// use systemge::prelude::*;
///
/// #[derive(systemge::Application)]
/// struct Chat {}
///
/// #[systemge::websocket]
/// impl Chat {
///     /// Somebody has said something.
///     #[push("said")]
///     fn said(text: &str);
///
///     #[topic("say")]
///     async fn say(&self, client: &WsClient, text: String, ctx: &Context<Self>) {
///         ctx.websocket().said(&text).to_all();
///         ctx.websocket().said(&text).to(client);
///         ctx.websocket().said(&text).to_group("room");
///         ctx.websocket().said(&text).except(client).to_group("room");
///     }
/// }
/// # fn main() {}
/// ```
#[must_use = "a push does nothing until it is said to whom"]
pub struct Push {
    hub: Arc<Hub>,
    /// `None` if the payload can't be encoded, or nobody is connected.
    frame: Option<Utf8Bytes>,
    except: Vec<ClientId>,
}

/// What the methods of a declared push call.
#[doc(hidden)]
pub trait Pusher {
    /// Encodes a message of the application `A`.
    fn push_declared<A: ?Sized, P: Serialize + ?Sized>(&self, topic: &'static str, payload: &P) -> Push;
}

impl<B> Pusher for WebSocket<B> {
    fn push_declared<A: ?Sized, P: Serialize + ?Sized>(&self, topic: &'static str, payload: &P) -> Push {
        self.hub().check_application::<A>(topic);
        Push::encode(self.hub(), topic, payload)
    }
}

impl Push {
    pub(super) fn encode<P: Serialize + ?Sized>(hub: &Arc<Hub>, topic: &str, payload: &P) -> Self {
        let frame = if hub.read().clients.is_empty() { None } else { Some(frame::encode(topic, payload)) };
        let frame = frame.transpose().unwrap_or_else(|error| {
            count(&hub.counts.unencodable);
            let error = crate::text::own(&error.to_string());
            tracing::error!(
                node = hub.node(),
                topic,
                error,
                "a payload for WebSocket clients cannot be written as JSON"
            );
            None
        });
        Self { hub: hub.clone(), frame, except: Vec::new() }
    }

    /// Leaves a client out, whoever else is named.
    pub fn except(mut self, client: impl Into<ClientId>) -> Self {
        self.except.push(client.into());
        self
    }

    /// To every connected client.
    pub fn to_all(self) -> usize {
        self.queue(|state, give| state.clients.values().for_each(give))
    }

    /// To one client: 1 if it is connected, else 0.
    pub fn to(self, client: impl Into<ClientId>) -> usize {
        let id = client.into();
        self.queue(|state, give| state.clients.get(&id).into_iter().for_each(give))
    }

    /// To several clients; one that is named twice gets it twice.
    pub fn to_many<C: Into<ClientId>>(self, clients: impl IntoIterator<Item = C>) -> usize {
        // the iterator is the caller's code, so it does not run while the hub is locked
        let ids: Vec<ClientId> = clients.into_iter().map(Into::into).collect();
        self.queue(|state, give| ids.iter().filter_map(|id| state.clients.get(id)).for_each(give))
    }

    /// To the members of a group.
    pub fn to_group(self, group: &str) -> usize {
        self.queue(|state, give| {
            let members = state.groups.get(group).into_iter();
            members.flat_map(|members| members.values()).for_each(give);
        })
    }

    fn queue(self, each: impl FnOnce(&State, &mut dyn FnMut(&WsClient))) -> usize {
        let Some(frame) = self.frame else { return 0 };
        let mut queued = 0;
        each(&self.hub.read(), &mut |client| {
            if !self.except.contains(&client.id()) && client.queue(frame.clone()).is_ok() {
                queued += 1;
            }
        });
        queued
    }
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Push").field("frame", &self.frame).finish_non_exhaustive()
    }
}
