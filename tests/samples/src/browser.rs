//! A browser, without the page.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use systemge::Running;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::SOON;

/// A browser, without the page: its WebSocket.
#[derive(Debug)]
pub struct Browser(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Browser {
    /// Opens the WebSocket of a gateway that runs.
    ///
    /// # Panics
    ///
    /// If that fails.
    pub async fn open(gateway: SocketAddr) -> Self {
        Self::reach(gateway, None).await.expect("a socket")
    }

    /// Opens the WebSocket of the node `gateway` of a system.
    ///
    /// # Panics
    ///
    /// If that fails.
    pub async fn of(system: &Running) -> Self {
        let gateway = system.node("gateway").expect("there is a gateway");
        Self::open(gateway.websocket_address().expect("it listens")).await
    }

    /// Opens the WebSocket of a gateway, if there is one; the header `cookie` goes with it.
    ///
    /// # Panics
    ///
    /// If the cookie is no header.
    pub async fn reach(gateway: SocketAddr, cookie: Option<&str>) -> Option<Self> {
        let mut request = format!("ws://{gateway}/ws").into_client_request().expect("an address");
        if let Some(cookie) = cookie {
            request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).expect("a header"));
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await.ok()?;
        Some(Self(socket))
    }

    /// Sends a message.
    ///
    /// # Panics
    ///
    /// If the socket is closed.
    pub async fn send(&mut self, topic: &str, payload: impl Into<String>) {
        let frame = json!({ "topic": topic, "payload": payload.into() });
        self.0.send(Message::text(frame.to_string())).await.expect("the socket is open");
    }

    /// The topic and the payload of the next message; nothing once the socket is closed.
    ///
    /// # Panics
    ///
    /// If there is neither in time, or if the message is none of this protocol.
    pub async fn next(&mut self) -> Option<(String, String)> {
        let next = tokio::time::timeout(SOON, self.0.next()).await.expect("a message in time");
        let message = next?.ok()?;
        if message.is_close() {
            return None;
        }
        let frame: Value = serde_json::from_str(message.to_text().expect("a text frame")).expect("JSON");
        let text = |key: &str| frame[key].as_str().expect("a string").to_owned();
        Some((text("topic"), text("payload")))
    }

    /// The payload of the next message, which must have that topic.
    ///
    /// # Panics
    ///
    /// If it has another one.
    pub async fn text(&mut self, topic: &str) -> String {
        let (found, payload) = self.next().await.expect("the socket is open");
        assert_eq!(found, topic, "its payload is {payload}");
        payload
    }

    /// The same as JSON.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub async fn json(&mut self, topic: &str) -> Value {
        serde_json::from_str(&self.text(topic).await).expect("JSON in the payload")
    }

    /// The payload of the next message of that topic, whatever comes before it but an error.
    ///
    /// # Panics
    ///
    /// If the socket is closed before, or an error comes.
    pub async fn until(&mut self, topic: &str) -> String {
        loop {
            let (found, payload) = self.next().await.expect("the socket is open");
            if found == topic {
                return payload;
            }
            assert_ne!(found, "error", "{payload}");
        }
    }
}
