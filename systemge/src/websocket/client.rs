//! Connected clients, as handlers see them.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_util::sync::CancellationToken;

use super::frame;
use super::hub::Hub;
use crate::payload::{Schema, Shape};

/// The id of a connected client: 128 random bits, which nobody guesses. As text, 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(u128);

impl ClientId {
    /// A new id from the operating system's random numbers.
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(u128::from_be_bytes(bytes)))
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no [`ClientId`]. The caller's mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a client has 32 hexadecimal digits")]
#[non_exhaustive]
pub struct ClientIdError;

impl FromStr for ClientId {
    type Err = ClientIdError;

    fn from_str(text: &str) -> Result<Self, ClientIdError> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(Self).ok_or(ClientIdError)
    }
}

impl Schema for ClientId {
    const SHAPE: &'static Shape = &Shape::Text;
}

impl Serialize for ClientId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a message was not queued for a client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WsSendError {
    /// The client is not connected any more.
    #[error("the client is not connected any more")]
    Disconnected,
    /// The client reads too slowly: its queue is full, and for that it is being disconnected.
    #[error("the client reads too slowly and is being disconnected")]
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
    address: SocketAddr,
    queue: mpsc::Sender<Utf8Bytes>,
    /// Cancelled when the connection is about to end; `closing` says why.
    closed: CancellationToken,
    closing: OnceLock<Closing>,
    /// The groups; written only while the hub is locked, so that both agree.
    groups: Mutex<BTreeSet<String>>,
    hub: Weak<Hub>,
}

/// How a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closing {
    /// What the client is told; nothing if it has left already.
    pub(super) frame: Option<(CloseCode, String)>,
    /// Whether what is queued is sent before.
    pub(super) flush: bool,
}

impl WsClient {
    /// A client, and the other end of its queue.
    pub(super) fn new(
        id: ClientId,
        address: SocketAddr,
        queue: usize,
        hub: Weak<Hub>,
    ) -> (Self, mpsc::Receiver<Utf8Bytes>) {
        let (sender, receiver) = mpsc::channel(queue);
        let client = Self(Arc::new(Inner {
            id,
            address,
            queue: sender,
            closed: CancellationToken::new(),
            closing: OnceLock::new(),
            groups: Mutex::default(),
            hub,
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
        self.0.address
    }

    /// Whether messages can still be queued for it.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        !self.0.closed.is_cancelled()
    }

    /// Queues a message for the client; never waits.
    ///
    /// A payload that is a string travels as it is, any other as JSON.
    ///
    /// # Errors
    ///
    /// If the client is not connected any more, or its queue is full; then it is disconnected, since it would
    /// miss messages without knowing it.
    pub fn send<T: Serialize + ?Sized>(&self, topic: &str, payload: &T) -> Result<(), WsSendError> {
        if !self.is_connected() {
            return Err(WsSendError::Disconnected);
        }
        self.queue(frame::encode(topic, payload).map_err(WsSendError::Encode)?)
    }

    /// Disconnects the client, after what is queued for it has been sent.
    ///
    /// It is told the reason, of which a Close frame takes 123 bytes. The connection ends later by itself;
    /// `on_disconnect` runs after the handler that runs now.
    pub fn disconnect(&self, reason: &str) {
        self.close(CloseCode::Normal, reason);
    }

    /// Puts the client into a group; a group is there as long as it has members.
    ///
    /// A client that is not connected any more joins nothing.
    pub fn join(&self, group: &str) {
        if let Some(hub) = self.0.hub.upgrade() {
            hub.join(self, group);
        }
    }

    /// Takes the client out of a group.
    pub fn leave(&self, group: &str) {
        if let Some(hub) = self.0.hub.upgrade() {
            hub.leave(self, group);
        }
    }

    /// The groups that the client is in, sorted; in `on_disconnect`, those that it was in at the end.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        self.own_groups().iter().cloned().collect()
    }

    pub(super) fn own_groups(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a frame. A client whose queue is full is disconnected.
    pub(super) fn queue(&self, frame: Utf8Bytes) -> Result<(), WsSendError> {
        if !self.is_connected() {
            return Err(WsSendError::Disconnected);
        }
        match self.0.queue.try_send(frame) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(WsSendError::Disconnected),
            Err(mpsc::error::TrySendError::Full(_)) => {
                let reason = "reads too slowly".to_owned();
                let closing = Closing { frame: Some((CloseCode::Again, reason)), flush: false };
                if self.end(closing) {
                    if let Some(hub) = self.0.hub.upgrade() {
                        hub.count_overflow();
                    }
                    tracing::warn!(
                        client = %self.0.address,
                        queue = self.0.queue.max_capacity(),
                        "a WebSocket client reads too slowly and is disconnected"
                    );
                }
                Err(WsSendError::QueueFull)
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
            .field("address", &self.0.address)
            .finish_non_exhaustive()
    }
}

/// What a Close frame holds besides its code (RFC 6455, 5.5).
const CLOSE_REASON_BYTES: usize = 123;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_from_its_text() {
        let id = ClientId::random().unwrap();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(serde_json::from_str::<ClientId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
        assert_ne!(ClientId::random().unwrap(), id);
        assert_eq!(ClientId(1).to_string(), "00000000000000000000000000000001");
        for text in ["", "1", "+0000000000000000000000000000001", "000000000000000000000000000000001"] {
            assert_eq!(text.parse::<ClientId>(), Err(ClientIdError), "{text}");
        }
    }

    #[test]
    fn a_reason_is_cut_to_what_a_close_frame_takes() {
        let (client, _queue) =
            WsClient::new(ClientId(1), SocketAddr::from(([127, 0, 0, 1], 1)), 1, Weak::new());
        client.disconnect(&"ä".repeat(100));
        let Some(Closing { frame: Some((_, reason)), .. }) = client.closing() else { panic!("not closing") };
        assert_eq!(reason.len(), 122);
    }
}
