//! One connected client, from its hook `on_connect` to its hook `on_disconnect`.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message, Utf8Bytes, error::CapacityError};

use super::WsClient;
use super::client::Closing;
use super::frame::{self, ERROR_TOPIC, HEARTBEAT_TOPIC};
use super::hub::Hub;
use super::site::WebSocketSite;
use crate::application::HookResult;
use crate::error::panic_text;
use crate::text::printable;
use crate::web::Run;

/// What the task of a client works with.
pub(super) struct Session {
    pub(super) site: Arc<WebSocketSite>,
    pub(super) client: WsClient,
    pub(super) run: Run,
}

type Stream<S> = SplitStream<WebSocketStream<S>>;
type Sink<S> = SplitSink<WebSocketStream<S>, Message>;

/// Why a handler or a hook did not succeed.
enum Failure {
    /// It says why.
    Error(String),
    Panic,
}

impl Session {
    /// Serves the client until the connection has ended and `on_disconnect` has run, or until the node is killed.
    pub(super) async fn serve<S>(self, socket: S, queue: mpsc::Receiver<Utf8Bytes>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let kill = self.run.kill.clone();
        let registered = Registered::new(self.site.hub.hub().clone(), self.client.clone());
        tokio::select! {
            biased;
            () = kill.cancelled() => {}
            () = self.exchange(socket, queue, &registered) => {}
        }
    }

    async fn exchange<S>(&self, socket: S, mut queue: mpsc::Receiver<Utf8Bytes>, registered: &Registered)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(self.site.config.message_bytes))
            .max_frame_size(Some(self.site.config.message_bytes));
        let socket = WebSocketStream::from_raw_socket(socket, Role::Server, Some(config)).await;
        let (mut sink, mut stream) = socket.split();
        let handling = async {
            let broken = self.receive(&mut stream).await;
            registered.remove();
            if let Some(hook) = &self.site.topics.on_disconnect {
                let failed = caught(|| hook(self.run.core.clone(), self.client.clone())).await;
                self.log_failure("on_disconnect", failed);
            }
            broken
        };
        let sending = async {
            self.send(&mut sink, &mut queue).await;
            // nobody takes anything out of it any more
            queue.close();
        };
        let stopping = async {
            self.run.stop.cancelled().await;
            self.client.close(CloseCode::Away, "the node stops");
        };
        let broken = {
            let mut exchange = pin!(async { tokio::join!(handling, sending).0 });
            tokio::select! {
                broken = &mut exchange => broken,
                () = stopping => exchange.await,
            }
        };
        let told = self.client.closing().is_some_and(|closing| closing.frame.is_some());
        if told && tokio::time::timeout(CLOSE_TIMEOUT, part(stream, sink, broken)).await.is_err() {
            tracing::debug!(client = %self.client.address(), "a WebSocket client did not close its side in time");
        }
    }

    /// Receives and handles messages until the connection is about to end; whether it ends for something that
    /// tungstenite reads no further after.
    async fn receive<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut Stream<S>) -> bool {
        let mut broken = false;
        if let Some(hook) = &self.site.topics.on_connect {
            let outcome = caught(|| hook(self.run.core.clone(), self.client.clone())).await;
            match &outcome {
                Ok(()) => {}
                Err(Failure::Error(text)) => {
                    self.error(text);
                    self.client.close(CloseCode::Policy, "refused");
                }
                Err(Failure::Panic) => self.client.close(CloseCode::Error, "internal error"),
            }
            self.log_failure("on_connect", outcome);
        }
        loop {
            let received = tokio::select! {
                biased;
                () = self.client.closed() => return broken,
                received = self.next(stream) => received,
            };
            match received {
                Ok(Some(Ok(Message::Text(text)))) => self.handle(&text).await,
                Ok(Some(Ok(Message::Binary(_)))) => {
                    self.error("a binary frame says nothing here; send JSON as text");
                }
                // tungstenite answers a Ping by itself
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)))) => {}
                Ok(Some(Ok(Message::Close(_))) | None) => self.left(),
                Ok(Some(Err(error))) => {
                    broken = true;
                    self.broken(&error);
                }
                Err(_) => {
                    let silence = self.site.config.watchdog;
                    tracing::debug!(client = %self.client.address(), ?silence, "a WebSocket client is silent");
                    self.client.close(CloseCode::Policy, &format!("silent for {silence:?}"));
                }
            }
        }
    }

    /// The next message, within the time of the watchdog.
    async fn next<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut Stream<S>,
    ) -> Result<Option<Result<Message, WsError>>, tokio::time::error::Elapsed> {
        let watchdog = self.site.config.watchdog;
        if watchdog.is_zero() {
            Ok(stream.next().await)
        } else {
            tokio::time::timeout(watchdog, stream.next()).await
        }
    }

    /// Handles one message; what goes wrong is answered.
    async fn handle(&self, text: &str) {
        let (topic, payload) = match frame::decode(text) {
            Ok(decoded) => decoded,
            Err(error) => {
                self.error(&format!(r#"not a message {{"topic": "...", "payload": "..."}}: {error}"#));
                return;
            }
        };
        if topic == HEARTBEAT_TOPIC {
            return;
        }
        let Some(handler) = self.site.topics.handlers.get(topic.as_ref()) else {
            self.error(&format!("nobody handles the topic `{}`", printable(&topic)));
            return;
        };
        let outcome = caught(|| handler(self.run.core.clone(), self.client.clone(), payload)).await;
        match &outcome {
            Ok(()) => {}
            Err(Failure::Error(text)) => self.error(&format!("`{topic}`: {text}")),
            Err(Failure::Panic) => self.error(&format!("`{topic}`: the handler panicked")),
        }
        if let Err(Failure::Error(text)) = &outcome {
            tracing::debug!(client = %self.client.address(), %topic, error = printable(text), "a message failed");
        }
    }

    /// The client has closed its side, or the connection is gone.
    fn left(&self) {
        self.client.end(Closing { frame: None, flush: false });
    }

    /// What came is not WebSocket, or too much.
    fn broken(&self, error: &WsError) {
        match error {
            WsError::Capacity(CapacityError::MessageTooLong { .. }) => {
                let limit = self.site.config.message_bytes;
                self.error(&format!("a message may have {limit} bytes"));
                self.client.close(CloseCode::Size, "message too large");
            }
            WsError::Utf8(_) => self.client.close(CloseCode::Invalid, "a text frame must be UTF-8"),
            WsError::Protocol(_) | WsError::Capacity(_) => {
                self.client.close(CloseCode::Protocol, "not WebSocket");
            }
            _ => self.left(),
        }
        tracing::debug!(client = %self.client.address(), %error, "a WebSocket connection broke");
    }

    /// Tells the client what went wrong.
    fn error(&self, text: &str) {
        // a client that is gone, or is being disconnected for its full queue, needs no answer
        if let Err(error) = self.client.send(ERROR_TOPIC, text) {
            tracing::trace!(client = %self.client.address(), %error, "an error was not sent");
        }
    }

    fn log_failure(&self, hook: &'static str, outcome: Result<(), Failure>) {
        if let Err(Failure::Error(text)) = outcome {
            tracing::warn!(client = %self.client.address(), hook, error = text, "a hook of a WebSocket client failed");
        }
    }

    /// Sends what is queued until the connection ends, then the Close frame.
    async fn send<S>(&self, sink: &mut Sink<S>, queue: &mut mpsc::Receiver<Utf8Bytes>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let patience = async {
            self.client.closed().await;
            if self.client.closing().is_some_and(|closing| closing.flush) {
                tokio::time::sleep(CLOSE_TIMEOUT).await;
            }
        };
        let sent = tokio::select! {
            sent = self.send_queue(sink, queue) => sent,
            () = patience => Ok(()),
        };
        if let Err(error) = sent {
            tracing::debug!(client = %self.client.address(), %error, "a WebSocket client cannot be sent to");
            self.left();
            return;
        }
        let Some(closing) = self.client.closing() else { return };
        let told = async {
            if let Some((code, reason)) = &closing.frame {
                let frame = CloseFrame { code: *code, reason: reason.as_str().into() };
                sink.feed(Message::Close(Some(frame))).await?;
            }
            // if the client has closed its side, this writes the answer that tungstenite has prepared
            sink.flush().await
        };
        match tokio::time::timeout(CLOSE_TIMEOUT, told).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(client = %self.client.address(), %error, "a Close was not sent")
            }
            Err(_) => tracing::debug!(client = %self.client.address(), "a Close was not sent in time"),
        }
    }

    /// Sends what is queued, until the connection is about to end and the queue is empty.
    async fn send_queue<S>(
        &self,
        sink: &mut Sink<S>,
        queue: &mut mpsc::Receiver<Utf8Bytes>,
    ) -> Result<(), WsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let first = tokio::select! {
                biased;
                () = self.client.closed() => queue.try_recv().ok(),
                first = queue.recv() => first,
            };
            let Some(first) = first else { return Ok(()) };
            let mut next = Some(first);
            // one flush for all that waits, without waiting for more
            while let Some(frame) = next {
                sink.feed(Message::Text(frame)).await?;
                next = queue.try_recv().ok();
            }
            sink.flush().await?;
        }
    }
}

/// Runs a handler or a hook; a panic in it is a failure like any other.
async fn caught<F: Future<Output = HookResult>>(call: impl FnOnce() -> F) -> Result<(), Failure> {
    // it runs code of the application before its future exists, too
    match AssertUnwindSafe(async { call().await }).catch_unwind().await {
        Ok(outcome) => outcome.map_err(Failure::Error),
        Err(panic) => {
            tracing::error!(panic = panic_text(&*panic), "a handler of a WebSocket client panicked");
            Err(Failure::Panic)
        }
    }
}

/// Waits until the client has closed its side, too: a connection that is closed while bytes of the client are on
/// their way is reset, and what was sent last is lost.
async fn part<S: AsyncRead + AsyncWrite + Unpin>(mut stream: Stream<S>, sink: Sink<S>, broken: bool) {
    while stream.next().await.is_some() {}
    let Ok(mut socket) = stream.reunite(sink) else { return };
    let socket = socket.get_mut();
    if socket.shutdown().await.is_err() || !broken {
        return;
    }
    let mut discarded = [0; 4096];
    while let Ok(1..) = socket.read(&mut discarded).await {}
}

/// Keeps a client in the hub; it is taken out at the latest when this is dropped.
struct Registered {
    hub: Arc<Hub>,
    client: WsClient,
}

impl Registered {
    fn new(hub: Arc<Hub>, client: WsClient) -> Self {
        hub.add(client.clone());
        Self { hub, client }
    }

    fn remove(&self) {
        self.hub.remove(&self.client);
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.client.end(Closing { frame: None, flush: false });
        self.hub.remove(&self.client);
    }
}

/// How long a client may take to read what is left for it, and to close its side.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// How much is read and written at once, in bytes; both are held for as long as the client is connected.
const BUFFER_BYTES: usize = 8 * 1024;
