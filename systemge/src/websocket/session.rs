//! One connected client, from its hook `on_connect` to its hook `on_disconnect`.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, SplitSink, SplitStream};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message, error::CapacityError};

use super::WsClient;
use super::client::Closing;
use super::counters::{Counts, count};
use super::frame::{self, ERROR_TOPIC, HEARTBEAT_TOPIC, Payload};
use super::hub::Hub;
use super::queue::Receiver;
use super::site::WebSocketSite;
use super::table::{Handler, Hook};
use crate::config::{Handling, Rate};
use crate::error::panic_text;
use crate::protocol::bucket::Bucket;
use crate::text::printable;
use crate::trace::CallSpan;
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
    /// It did not run, since its payload is none.
    Undecodable(String),
    Panic,
}

impl Failure {
    /// How a call ended, as its span says it.
    const fn word(outcome: &Result<(), Self>) -> &'static str {
        match outcome {
            Ok(()) => "success",
            Err(Self::Error(_)) => "failed",
            Err(Self::Undecodable(_)) => "undecodable",
            Err(Self::Panic) => "panicked",
        }
    }
}

impl Session {
    /// Serves the client until the connection has ended and `on_disconnect` has run, or until the node is killed.
    pub(super) async fn serve<S>(self, socket: S, queue: Receiver)
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

    async fn exchange<S>(&self, socket: S, mut queue: Receiver, registered: &Registered)
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
                // nobody is left who could be told
                let _ = self.hook("on_disconnect", hook).await;
            }
            broken
        };
        let sending = async {
            self.send(&mut sink, &mut queue).await;
            // nobody takes anything out of it any more
            let unsent = queue.close();
            self.counts().unsent.fetch_add(unsent as u64, Relaxed);
        };
        let stopping = async {
            tokio::select! {
                () = self.run.stop.cancelled() => self.client.close(CloseCode::Away, "the node stops"),
                () = self.site.hub.access().denied(self.client.address().ip()) => {
                    self.client.close(CloseCode::Policy, "your address is not allowed any more");
                }
            }
        };
        let broken = {
            let mut exchange = pin!(async { tokio::join!(handling, sending).0 });
            tokio::select! {
                broken = &mut exchange => broken,
                () = stopping => exchange.await,
            }
        };
        let told = self.client.closing().is_some_and(|closing| closing.frame.is_some());
        if !told {
            return;
        }
        tokio::select! {
            biased;
            () = part(stream, sink, broken) => {}
            () = self.patience() => {
                tracing::debug!(node = self.node(), client = %self.client.address(), "a WebSocket client did not close its side in time");
            }
        }
    }

    /// For how long a client that was told that its connection ends may take to close its side.
    async fn patience(&self) {
        let stopping = async {
            self.run.stop.cancelled().await;
            tokio::time::sleep(STOP_TIMEOUT).await;
        };
        tokio::select! {
            () = tokio::time::sleep(CLOSE_TIMEOUT) => {}
            () = stopping => {}
        }
    }

    /// Receives and handles messages until the connection is about to end and every handler is done; whether it ends
    /// for something that tungstenite reads no further after.
    async fn receive<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut Stream<S>) -> bool {
        self.greet().await;
        let config = &self.site.config;
        let limit = match config.handling {
            Handling::Sequential => 1,
            Handling::Concurrent => config.handlers,
        };
        let mut running = FuturesUnordered::new();
        let mut pace = Pace::new(config.rate);
        let mut heard = Instant::now();
        let mut broken = false;
        loop {
            let full = running.len() >= limit;
            let received = tokio::select! {
                biased;
                () = self.client.closed() => break,
                Some(()) = running.next() => {
                    if full {
                        // nobody listened until now, which is no silence of the client's
                        heard = Instant::now();
                    }
                    continue;
                }
                received = self.next(stream, heard), if !full => received,
            };
            heard = Instant::now();
            match received {
                Ok(Some(Ok(Message::Text(text)))) => {
                    if let Some((handler, topic, payload)) = self.admit(&text, &mut pace, heard) {
                        running.push(self.handle(handler, topic, payload));
                    }
                }
                Ok(Some(Ok(Message::Binary(bytes)))) => {
                    self.count_received(bytes.len());
                    count(&self.counts().undecodable);
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
                    let silence = config.watchdog;
                    count(&self.counts().silent);
                    tracing::debug!(node = self.node(), client = %self.client.address(), ?silence, "a WebSocket client is silent");
                    self.client.close(CloseCode::Policy, &format!("silent for {silence:?}"));
                }
            }
        }
        while running.next().await.is_some() {}
        broken
    }

    /// Runs `on_connect`; a client that it refuses is told why.
    async fn greet(&self) {
        let Some(hook) = &self.site.topics.on_connect else { return };
        let outcome = self.hook("on_connect", hook).await;
        match outcome {
            Ok(()) => {}
            Err(Failure::Error(text) | Failure::Undecodable(text)) => {
                self.error(&text);
                self.client.close(CloseCode::Policy, "refused");
            }
            Err(Failure::Panic) => self.client.close(CloseCode::Error, "internal error"),
        }
    }

    /// The next message, within the time of the watchdog.
    async fn next<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut Stream<S>,
        heard: Instant,
    ) -> Result<Option<Result<Message, WsError>>, tokio::time::error::Elapsed> {
        let watchdog = self.site.config.watchdog;
        if watchdog.is_zero() {
            Ok(stream.next().await)
        } else {
            tokio::time::timeout_at(heard + watchdog, stream.next()).await
        }
    }

    /// The handler of a message and what it takes; what is wrong with the message is answered.
    fn admit<'s>(
        &'s self,
        text: &str,
        pace: &mut Pace,
        now: Instant,
    ) -> Option<(&'s Handler, &'static str, Payload)> {
        self.count_received(text.len());
        // before anything large is decoded, so that a flood costs next to nothing
        if !pace.take(now) {
            if is_heartbeat(text) {
                return None;
            }
            count(&self.counts().rate_limited);
            if pace.tell() {
                tracing::debug!(node = self.node(), client = %self.client.address(), "a WebSocket client sends too fast");
                self.error("rate limited");
            }
            return None;
        }
        let (topic, payload) = match frame::decode(text) {
            Ok(decoded) => decoded,
            Err(error) => {
                count(&self.counts().undecodable);
                self.error(&format!(r#"not a message {{"topic": "...", "payload": "..."}}: {error}"#));
                return None;
            }
        };
        if topic == HEARTBEAT_TOPIC {
            pace.give_back();
            return None;
        }
        pace.told = false;
        let Some((topic, handler)) = self.site.topics.handlers.get_key_value(topic.as_ref()) else {
            count(&self.counts().unknown_topic);
            self.error(&format!("nobody handles the topic `{}`", printable(&topic)));
            return None;
        };
        Some((handler, topic, payload))
    }

    /// Handles one message; what goes wrong is answered.
    async fn handle(&self, handler: &Handler, topic: &'static str, payload: Payload) {
        let mut core = self.run.core.clone();
        let span = CallSpan::websocket(&mut core, topic, self.client.address());
        let call = || async {
            match handler(core, self.client.clone(), payload) {
                Ok(running) => running.await.map_err(Failure::Error),
                Err(error) => Err(Failure::Undecodable(format!("the payload does not decode: {error}"))),
            }
        };
        let outcome = span.run(self.caught(call), Failure::word).await;
        let counts = self.counts();
        let (counter, text) = match &outcome {
            Ok(()) => return,
            Err(Failure::Undecodable(text)) => (&counts.undecodable, text.as_str()),
            Err(Failure::Error(text)) => (&counts.failed, text.as_str()),
            Err(Failure::Panic) => (&counts.panicked, "the handler panicked"),
        };
        count(counter);
        self.error(&format!("`{topic}`: {text}"));
        tracing::debug!(node = self.node(), client = %self.client.address(), topic, error = printable(text), "a message failed");
    }

    /// Runs a handler or a hook; a panic in it is a failure like any other.
    async fn caught<F>(&self, call: impl FnOnce() -> F) -> Result<(), Failure>
    where
        F: Future<Output = Result<(), Failure>>,
    {
        // it runs code of the application before its future exists, too
        match AssertUnwindSafe(async { call().await }).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(panic) => {
                let panic = crate::text::own(&panic_text(&*panic));
                tracing::error!(node = self.node(), panic, "a handler of a WebSocket client panicked");
                Err(Failure::Panic)
            }
        }
    }

    /// The node's name, for the log.
    pub(super) fn node(&self) -> &str {
        self.run.core.node.name()
    }

    fn counts(&self) -> &Counts {
        &self.site.hub.hub().counts
    }

    fn count_received(&self, bytes: usize) {
        let counts = self.counts();
        count(&counts.received);
        counts.received_bytes.fetch_add(bytes as u64, Relaxed);
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
                count(&self.counts().too_large);
                self.error(&format!("a message may have {limit} bytes"));
                self.client.close(CloseCode::Size, "message too large");
            }
            WsError::Utf8(_) => {
                count(&self.counts().broken);
                self.client.close(CloseCode::Invalid, "a text frame must be UTF-8");
            }
            WsError::Protocol(_) | WsError::Capacity(_) => {
                count(&self.counts().broken);
                self.client.close(CloseCode::Protocol, "not WebSocket");
            }
            _ => {
                count(&self.counts().broken);
                self.left();
            }
        }
        tracing::debug!(node = self.node(), client = %self.client.address(), %error, "a WebSocket connection broke");
    }

    /// Tells the client what went wrong.
    fn error(&self, text: &str) {
        // a client that is gone, or is being disconnected for its full queue, needs no answer
        if let Err(error) = self.client.send_undeclared(ERROR_TOPIC, text) {
            tracing::trace!(node = self.node(), client = %self.client.address(), %error, "an error was not sent");
        }
    }

    /// Runs a hook; that it failed is counted and logged.
    async fn hook(&self, name: &'static str, hook: &Hook) -> Result<(), Failure> {
        let mut core = self.run.core.clone();
        let span = CallSpan::client_hook(&mut core, name, self.client.address());
        let call = || async { hook(core, self.client.clone()).await.map_err(Failure::Error) };
        let outcome = span.run(self.caught(call), Failure::word).await;
        if let Err(failure) = &outcome {
            count(&self.counts().failed_hooks);
            if let Failure::Error(text) | Failure::Undecodable(text) = failure {
                tracing::warn!(node = self.node(), client = %self.client.address(), hook = name, error = text, "a hook of a WebSocket client failed");
            }
        }
        outcome
    }

    /// Sends what is queued until the connection ends, then the Close frame.
    async fn send<S>(&self, sink: &mut Sink<S>, queue: &mut Receiver)
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
            tracing::debug!(node = self.node(), client = %self.client.address(), %error, "a WebSocket client cannot be sent to");
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
                tracing::debug!(node = self.node(), client = %self.client.address(), %error, "a Close was not sent")
            }
            Err(_) => {
                tracing::debug!(node = self.node(), client = %self.client.address(), "a Close was not sent in time")
            }
        }
    }

    /// Sends what is queued, until the connection is about to end and the queue is empty.
    async fn send_queue<S>(&self, sink: &mut Sink<S>, queue: &mut Receiver) -> Result<(), WsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let first = tokio::select! {
                biased;
                () = self.client.closed() => queue.try_next(),
                first = queue.next() => first,
            };
            let Some(first) = first else { return Ok(()) };
            let mut next = Some(first);
            let (mut messages, mut bytes) = (0, 0);
            // one flush for all that waits, without waiting for more
            while let Some(frame) = next {
                messages += 1;
                bytes += frame.len() as u64;
                sink.feed(Message::Text(frame)).await?;
                next = queue.try_next();
            }
            sink.flush().await?;
            self.counts().sent.fetch_add(messages, Relaxed);
            self.counts().sent_bytes.fetch_add(bytes, Relaxed);
        }
    }
}

/// The rate at which a client may send.
struct Pace {
    bucket: Option<Bucket>,
    /// Whether the client has been told, since a message was last admitted.
    told: bool,
}

impl Pace {
    fn new(rate: Rate) -> Self {
        Self { bucket: Bucket::new(rate, crate::clock::now()), told: false }
    }

    fn take(&mut self, now: Instant) -> bool {
        self.bucket.as_mut().is_none_or(|bucket| bucket.take(now.into_std()))
    }

    /// Gives back what a heartbeat took.
    fn give_back(&mut self) {
        if let Some(bucket) = &mut self.bucket {
            bucket.give_back();
        }
    }

    /// Whether the client is still to be told; it is told once of all messages in a row.
    const fn tell(&mut self) -> bool {
        !std::mem::replace(&mut self.told, true)
    }
}

/// Whether a message is a heartbeat of the usual length.
fn is_heartbeat(text: &str) -> bool {
    text.len() <= HEARTBEAT_BYTES && frame::decode(text).is_ok_and(|(topic, _)| topic == HEARTBEAT_TOPIC)
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
/// How long a client may take to close its side when the node stops, which has told it so: a browser answers within the
/// time that its packets take, and whoever doesn't read must not hold the stop up.
const STOP_TIMEOUT: Duration = Duration::from_millis(250);
/// How long a heartbeat is at most that goes through for a client whose messages come too fast, in bytes.
const HEARTBEAT_BYTES: usize = 128;
/// How much is read and written at once, in bytes; both are held for as long as the client is connected.
const BUFFER_BYTES: usize = 8 * 1024;
