//! Connected clients, as handlers see them.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use ::http::HeaderMap;
use ::http::header::HeaderName;
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_util::sync::CancellationToken;

use super::counters::count;
use super::frame;
use super::hub::Hub;
pub(super) use super::id::ClientId;
use super::queue::{self, NotQueued, QueueLimits, Receiver, Sender};
use crate::config::SlowClientPolicy;

/// Why a message was not queued for a client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WsSendError {
    /// The client is not connected any more.
    #[error("the client is not connected any more")]
    Disconnected,
    /// The client reads too slowly: its queue is full. The message is dropped, and unless `websocket.queue.policy` is
    /// `drop_newest`, the client is being disconnected for it.
    #[error("the client reads too slowly: its queue is full")]
    QueueFull,
    /// The payload can't be written as JSON: a mistake of its `Serialize`. The caller's mistake.
    #[error("the payload cannot be written as JSON")]
    Encode(#[source] serde_json::Error),
}

/// A connected client.
///
/// Cloning is cheap. A clone may outlive the connection; sending to it fails then.
#[derive(Clone)]
pub struct WsClient(Arc<Inner>);

struct Inner {
    id: ClientId,
    opening: Opening,
    queue: Sender,
    policy: SlowClientPolicy,
    /// Whether messages are being dropped, so that it is logged once until the queue has room again.
    dropping: AtomicBool,
    /// In how many groups it may be.
    groups_limit: usize,
    /// Cancelled when the connection is about to end; `closing` says why.
    closed: CancellationToken,
    closing: OnceLock<Closing>,
    /// The groups; written only while the hub is locked, so that both agree.
    groups: Mutex<BTreeSet<String>>,
    hub: Weak<Hub>,
}

/// How a client opened its connection.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) address: SocketAddr,
    query: Box<str>,
    headers: Box<[(HeaderName, Box<str>)]>,
}

/// How a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closing {
    /// What the client is told; nothing if it has left already.
    pub(super) frame: Option<(CloseCode, String)>,
    /// Whether what is queued is sent before.
    pub(super) flush: bool,
}

impl Opening {
    /// Copies what handlers may want to know, since the headers themselves hold on to the whole head of the request.
    pub(super) fn new(address: SocketAddr, query: &str, headers: &HeaderMap) -> Self {
        let told = headers.iter().filter(|(name, _)| !UNTOLD_HEADERS.contains(&name.as_str()));
        let told = told.filter_map(|(name, value)| Some((name.clone(), value.to_str().ok()?.into())));
        Self { address, query: query.into(), headers: told.collect() }
    }
}

impl Default for Opening {
    fn default() -> Self {
        Self::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), "", &HeaderMap::new())
    }
}

impl WsClient {
    /// A client, and the other end of its queue.
    pub(super) fn new(
        id: ClientId,
        opening: Opening,
        limits: QueueLimits,
        groups_limit: usize,
        hub: &Arc<Hub>,
    ) -> (Self, Receiver) {
        let (sender, receiver) = queue::queue(limits);
        let client = Self(Arc::new(Inner {
            id,
            opening,
            queue: sender,
            policy: limits.policy,
            dropping: AtomicBool::new(false),
            groups_limit,
            closed: CancellationToken::new(),
            closing: OnceLock::new(),
            groups: Mutex::default(),
            hub: Arc::downgrade(hub),
        }));
        (client, receiver)
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> ClientId {
        self.0.id
    }

    /// The address of the client, or of the proxy before it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.opening.address
    }

    /// A header of the request that opened the connection, if it was there and was text. Headers of the connection
    /// itself, such as `upgrade`, are not kept.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.0.opening.headers.iter();
        headers.find(|(found, _)| found.as_str().eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    /// A cookie of the request that opened the connection. A browser sends those of the host, whatever page opens the
    /// connection; `websocket.origins` decides which pages may.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let headers = self.0.opening.headers.iter().filter(|(found, _)| *found == ::http::header::COOKIE);
        headers.flat_map(|(_, value)| value.split(';')).find_map(|pair| {
            let (found, value) = pair.split_once('=')?;
            (found.trim() == name).then(|| value.trim())
        })
    }

    /// The query of the URL that opened the connection, without the `?`; empty if it had none.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.0.opening.query
    }

    /// Whether messages can still be queued for it.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        !self.0.closed.is_cancelled()
    }

    /// Queues a message whose topic no `#[push]` declares, such as one whose name is known at run time only; never
    /// waits. Nothing checks that browsers know the topic; a declared push goes to a client by
    /// [`to`](super::Push::to).
    ///
    /// A payload that is a string travels as it is, any other as JSON.
    ///
    /// # Errors
    ///
    /// If the client is not connected any more, its queue is full, or the payload can't be written as JSON.
    pub fn send_undeclared<T: Serialize + ?Sized>(
        &self,
        topic: &str,
        payload: &T,
    ) -> Result<(), WsSendError> {
        if !self.is_connected() {
            return Err(WsSendError::Disconnected);
        }
        self.queue(frame::encode(topic, payload).map_err(WsSendError::Encode)?)
    }

    /// Disconnects the client, after what is queued for it has been sent.
    ///
    /// It is told the reason, of which a Close frame takes 123 bytes. The connection ends later by itself;
    /// `on_disconnect` runs after the handlers that run now.
    pub fn disconnect(&self, reason: &str) {
        self.close(CloseCode::Normal, reason);
    }

    /// Puts the client into a group; a group is there as long as it has members. Returns whether it is a member now.
    ///
    /// A client that is not connected any more joins nothing, and none is in more groups than
    /// `websocket.groups_per_client`, so that groups which browsers name take no memory without bounds.
    pub fn join(&self, group: &str) -> bool {
        self.0.hub.upgrade().is_some_and(|hub| hub.join(self, group, self.0.groups_limit))
    }

    /// Takes the client out of a group. Returns whether it was in it.
    pub fn leave(&self, group: &str) -> bool {
        self.0.hub.upgrade().is_some_and(|hub| hub.leave(self, group))
    }

    /// The groups that the client is in, sorted; in `on_disconnect`, those that it was in at the end.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        self.own_groups().iter().cloned().collect()
    }

    pub(super) fn own_groups(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a frame.
    pub(super) fn queue(&self, frame: Utf8Bytes) -> Result<(), WsSendError> {
        if !self.is_connected() {
            return Err(WsSendError::Disconnected);
        }
        match self.0.queue.put(frame) {
            Ok(()) => {
                self.0.dropping.store(false, Ordering::Relaxed);
                Ok(())
            }
            Err(NotQueued::Closed) => Err(WsSendError::Disconnected),
            Err(NotQueued::Full) => {
                self.overflow();
                Err(WsSendError::QueueFull)
            }
        }
    }

    /// The queue is full: the message is dropped, and the client perhaps, too.
    fn overflow(&self) {
        let hub = self.0.hub.upgrade();
        if let Some(hub) = &hub {
            count(&hub.counts.dropped);
        }
        let (node, client) = (hub.as_deref().and_then(Hub::node), self.address());
        match self.0.policy {
            SlowClientPolicy::DropNewest => {
                if !self.0.dropping.swap(true, Ordering::Relaxed) {
                    tracing::warn!(node, %client, "a WebSocket client reads too slowly; messages for it are dropped");
                }
            }
            SlowClientPolicy::Disconnect => {
                let reason = "reads too slowly".to_owned();
                if self.end(Closing { frame: Some((CloseCode::Again, reason)), flush: false }) {
                    if let Some(hub) = &hub {
                        count(&hub.counts.overflows);
                    }
                    tracing::warn!(node, %client, "a WebSocket client reads too slowly and is disconnected");
                }
            }
        }
    }

    /// Ends the connection with a Close frame, after what is queued.
    pub(super) fn close(&self, code: CloseCode, reason: &str) {
        let fits = |end: &usize| *end <= CLOSE_REASON_BYTES;
        let end = reason.char_indices().map(|(start, c)| start + c.len_utf8()).take_while(fits).last();
        let reason = reason[..end.unwrap_or(0)].to_owned();
        self.end(Closing { frame: Some((code, reason)), flush: true });
    }

    /// Ends the connection; the first reason stays. Whether this was the first.
    pub(super) fn end(&self, closing: Closing) -> bool {
        let first = self.0.closing.set(closing).is_ok();
        self.0.closed.cancel();
        first
    }

    /// Resolves when the connection is about to end.
    pub(super) async fn closed(&self) {
        self.0.closed.cancelled().await;
    }

    /// How the connection ends, once [`closed`](Self::closed) has resolved.
    pub(super) fn closing(&self) -> Option<&Closing> {
        self.0.closing.get()
    }
}

impl fmt::Debug for WsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WsClient")
            .field("id", &self.0.id)
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

/// What a Close frame holds besides its code (RFC 6455, 5.5).
const CLOSE_REASON_BYTES: usize = 123;
/// Headers that say something of the connection, not of the client.
const UNTOLD_HEADERS: &[&str] = &[
    "connection",
    "upgrade",
    "host",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
    "cache-control",
    "pragma",
    "accept-encoding",
];

#[cfg(test)]
mod tests {
    use super::super::WebSocket;
    use super::*;

    fn client(opening: Opening) -> WsClient {
        let limits = QueueLimits { messages: 1, bytes: 1, policy: SlowClientPolicy::Disconnect };
        WsClient::new(ClientId::random().unwrap(), opening, limits, 1, WebSocket::default().hub()).0
    }

    #[test]
    fn a_reason_is_cut_to_what_a_close_frame_takes() {
        let client = client(Opening::default());
        client.disconnect(&"ä".repeat(100));
        let Some(Closing { frame: Some((_, reason)), .. }) = client.closing() else { panic!("not closing") };
        assert_eq!(reason.len(), 122);
    }

    #[test]
    fn what_the_opening_request_said_is_known() {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", "a=1; session=x=y ;b=2".parse().unwrap());
        headers.insert("user-agent", "test".parse().unwrap());
        headers.insert("upgrade", "websocket".parse().unwrap());
        let client = client(Opening::new(([127, 0, 0, 1], 1).into(), "room=1", &headers));
        assert_eq!(client.cookie("session"), Some("x=y"));
        assert_eq!((client.cookie("b"), client.cookie("c")), (Some("2"), None));
        assert_eq!(client.header("User-Agent"), Some("test"));
        assert_eq!(client.header("upgrade"), None);
        assert_eq!(client.query(), "room=1");
    }
}
