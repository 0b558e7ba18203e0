//! The WebSocket component over real sockets, and its clock over a pipe.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::session::Session;
use super::*;
use crate::application::{Application, Components, State, WebSocketBlock};
use crate::config::{HttpConfig, WebSocketConfig};
use crate::web::testing::{Running, request, test_core};
use crate::web::{Run, WebConfig, WebParts};

/// An application that tells the test what happens to it.
struct Probe {
    events: mpsc::UnboundedSender<String>,
    go_on: Notify,
}

impl Application for Probe {
    fn __components() -> Components<Self> {
        let mut components = Components::new();
        components.websocket = Some(BLOCK);
        components
    }
}

#[derive(Serialize, Deserialize)]
struct Cell {
    row: u32,
}

const BLOCK: WebSocketBlock<Probe> = WebSocketBlock {
    exclusive: false,
    topics: |table| {
        table.topic("echo", |_, client, text: String| async move {
            client.send("echo", &text).map_err(|error| error.to_string())
        });
        table.topic("cell", |_, client, cell: Cell| async move {
            client.send("cell", &Cell { row: cell.row + 1 }).map_err(|error| error.to_string())
        });
        table.topic("unit", |_, client, (): ()| async move {
            client.send("unit", &()).map_err(|error| error.to_string())
        });
        table.topic("fail", |_, _, (): ()| async { Err("it is broken".to_owned()) });
        table.topic("panic", |_, _, (): ()| async { panic!("the password is 1234") });
        table.topic("slow", |invocation, client, number: u32| async move {
            let (state, _context) = invocation.open::<Probe>();
            for _ in 0..10 - number {
                tokio::task::yield_now().await;
            }
            let _ = state.shared().await.events.send(format!("slow {number}"));
            client.send("slow", &number).map_err(|error| error.to_string())
        });
        table.topic("wait", |invocation, client, (): ()| async move {
            let (state, _context) = invocation.open::<Probe>();
            let probe = state.shared().await;
            let _ = probe.events.send("waits".to_owned());
            probe.go_on.notified().await;
            let sent = client.send("wait", "done");
            let _ = probe.events.send(format!("went on {}", sent.is_ok()));
            Ok(())
        });
        table.topic("join", |_, client, group: String| async move {
            client.join(&group);
            client.send("joined", &client.groups()).map_err(|error| error.to_string())
        });
        table.topic("leave me", |_, client, (): ()| async move {
            client.send("last", "words").map_err(|error| error.to_string())?;
            client.disconnect("as you like");
            Ok(())
        });
    },
    on_connect: Some(|invocation, client| {
        async move {
            let (state, _context) = invocation.open::<Probe>();
            let _ = state.shared().await.events.send("connected".to_owned());
            client.send("hello", &client.id()).map_err(|error| error.to_string())
        }
        .boxed()
    }),
    on_disconnect: Some(|invocation, client| {
        async move {
            let (state, _context) = invocation.open::<Probe>();
            let _ = state.shared().await.events.send(format!("disconnected {:?}", client.groups()));
            Ok(())
        }
        .boxed()
    }),
};

/// A running component and what its application tells.
struct Fixture {
    running: Running,
    address: SocketAddr,
    hub: WebSocket,
    state: Arc<State<Probe>>,
    events: mpsc::UnboundedReceiver<String>,
}

fn config() -> WebSocketConfig {
    WebSocketConfig { listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))), ..WebSocketConfig::default() }
}

fn probe() -> (Arc<State<Probe>>, mpsc::UnboundedReceiver<String>) {
    let (sender, events) = mpsc::unbounded_channel();
    (Arc::new(State::new(Probe { events: sender, go_on: Notify::new() }, false)), events)
}

impl Fixture {
    async fn start(config: &WebSocketConfig) -> Self {
        Self::start_beside(config, None).await
    }

    async fn start_beside(config: &WebSocketConfig, http: Option<&HttpConfig>) -> Self {
        let (state, events) = probe();
        let hub = WebSocket::new();
        let parts = WebParts {
            topics: Some(WebSocketTopics::of(&BLOCK, &state)),
            hub: hub.clone(),
            ..WebParts::default()
        };
        let web = WebConfig { http, websocket: Some(config), folder: None };
        let running = Running::start(web, parts).await;
        let address = running.addresses.websocket.unwrap();
        Self { running, address, hub, state, events }
    }

    /// Connects a client, past its greeting.
    async fn client(&mut self) -> Browser {
        let mut client = self.connect("").await.unwrap();
        assert_eq!(self.event().await, "connected");
        let (topic, id) = client.message().await;
        assert_eq!(topic, "hello");
        client.id = id.trim_matches('"').parse().ok();
        client
    }

    async fn connect(&self, origin: &str) -> Result<Browser, WsError> {
        let mut request = format!("ws://{}/ws", self.address).into_client_request().unwrap();
        if !origin.is_empty() {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let (socket, _) = connect_async(request).await?;
        Ok(Browser { socket, id: None })
    }

    async fn event(&mut self) -> String {
        self.events.recv().await.unwrap()
    }
}

/// A client.
struct Browser<S = MaybeTlsStream<TcpStream>> {
    socket: WebSocketStream<S>,
    id: Option<ClientId>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Browser<S> {
    async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next message: topic and payload.
    async fn message(&mut self) -> (String, String) {
        let message = self.socket.next().await.unwrap().unwrap();
        let frame: serde_json::Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        (frame["topic"].as_str().unwrap().to_owned(), frame["payload"].as_str().unwrap().to_owned())
    }

    /// The Close frame that comes next, past all messages, and then the clean end.
    async fn close(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(Some(frame)) = self.socket.next().await.unwrap().unwrap() {
                assert!(self.socket.next().await.is_none());
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }

    async fn expect(&mut self, topic: &str, payload: &str) {
        assert_eq!(self.message().await, (topic.to_owned(), payload.to_owned()));
    }
}

#[tokio::test]
async fn a_message_reaches_the_handler_of_its_topic() {
    let mut fixture = Fixture::start(&config()).await;
    let mut client = fixture.client().await;
    client.send(r#"{"topic":"echo","payload":"a \"b\""}"#).await;
    client.expect("echo", "a \"b\"").await;
    client.send(r#"{"topic":"cell","payload":"{\"row\":1}"}"#).await;
    client.expect("cell", r#"{"row":2}"#).await;
    client.send(r#"{"topic":"cell","payload":{"row":2}}"#).await;
    client.expect("cell", r#"{"row":3}"#).await;
    client.send(r#"{"topic":"unit","payload":""}"#).await;
    client.expect("unit", "null").await;
}

#[tokio::test]
async fn what_goes_wrong_is_answered_and_the_client_stays() {
    let mut fixture = Fixture::start(&config()).await;
    let mut client = fixture.client().await;
    for (text, expected) in [
        ("{", "not a message {\"topic\": \"...\", \"payload\": \"...\"}: EOF while parsing an object"),
        ("{\"topic\":\"a\\u001b\"}", "nobody handles the topic `a\\u{1b}`"),
        (
            r#"{"topic":"cell","payload":"{\"row\":true}"}"#,
            "`cell`: the payload does not decode: row: invalid",
        ),
        (r#"{"topic":"fail"}"#, "`fail`: it is broken"),
        (r#"{"topic":"panic"}"#, "`panic`: the handler panicked"),
    ] {
        client.send(text).await;
        let (topic, payload) = client.message().await;
        assert_eq!(topic, "error", "{text}");
        assert!(payload.starts_with(expected), "{payload}");
        assert!(!payload.contains("1234"));
    }
    client.socket.send(Message::binary(vec![1])).await.unwrap();
    client.expect("error", "a binary frame says nothing here; send JSON as text").await;
    client.send(r#"{"topic":"heartbeat"}"#).await;
    client.send(r#"{"topic":"echo","payload":"still here"}"#).await;
    client.expect("echo", "still here").await;
}

#[tokio::test]
async fn a_message_that_is_too_large_is_answered_and_ends_the_connection() {
    let mut fixture = Fixture::start(&WebSocketConfig { message_bytes: 1000, ..config() }).await;
    let mut client = fixture.client().await;
    let text = |length: usize| format!(r#"{{"topic":"echo","payload":"{}"}}"#, "a".repeat(length));
    let fits = text(1000 - text(0).len());
    client.send(&fits).await;
    assert_eq!(client.message().await.0, "echo");
    client.send(&text(1_000_000)).await;
    client.expect("error", "a message may have 1000 bytes").await;
    assert_eq!(client.close().await, (1009, "message too large".to_owned()));
    assert_eq!(fixture.event().await, "disconnected []");
}

#[tokio::test]
async fn handlers_of_one_client_run_one_after_another_and_those_of_two_beside_each_other() {
    let mut fixture = Fixture::start(&config()).await;
    let mut first = fixture.client().await;
    let mut second = fixture.client().await;
    for number in 0..10 {
        first.send(&format!(r#"{{"topic":"slow","payload":{number}}}"#)).await;
    }
    for number in 0..10 {
        first.expect("slow", &number.to_string()).await;
        assert_eq!(fixture.event().await, format!("slow {number}"));
    }
    first.send(r#"{"topic":"wait"}"#).await;
    assert_eq!(fixture.event().await, "waits");
    second.send(r#"{"topic":"echo","payload":"beside"}"#).await;
    second.expect("echo", "beside").await;
    fixture.state.shared().await.go_on.notify_one();
    first.expect("wait", "done").await;
}

#[tokio::test]
async fn hooks_run_before_the_first_message_and_after_the_last() {
    let mut fixture = Fixture::start(&config()).await;
    let mut client = fixture.client().await;
    client.send(r#"{"topic":"join","payload":"room"}"#).await;
    client.expect("joined", r#"["room"]"#).await;
    assert_eq!(fixture.hub.groups(), ["room"]);
    client.send(r#"{"topic":"wait"}"#).await;
    assert_eq!(fixture.event().await, "waits");
    client.socket.close(None).await.unwrap();
    fixture.state.shared().await.go_on.notify_one();
    assert!(fixture.event().await.starts_with("went on"));
    assert_eq!(fixture.event().await, r#"disconnected ["room"]"#);
    assert_eq!(fixture.hub.clients().len(), 0);
    assert_eq!(fixture.hub.groups().len(), 0);
    // a client that is just gone is no different
    drop(fixture.client().await);
    assert_eq!(fixture.event().await, "disconnected []");
}

#[tokio::test]
async fn pushes_reach_one_many_a_group_or_all() {
    let mut fixture = Fixture::start(&config()).await;
    let mut first = fixture.client().await;
    let mut second = fixture.client().await;
    second.send(r#"{"topic":"join","payload":"room"}"#).await;
    second.message().await;
    let hub = fixture.hub.clone();
    assert_eq!(hub.push("all", "a").to_all(), 2);
    assert_eq!(hub.push("one", &Cell { row: 1 }).to(&first.id.unwrap()), 1);
    assert_eq!(hub.push("group", "a").to_group("room"), 1);
    assert_eq!(hub.push("many", "a").to_many([first.id.unwrap(), second.id.unwrap()]), 2);
    first.expect("all", "a").await;
    first.expect("one", r#"{"row":1}"#).await;
    first.expect("many", "a").await;
    second.expect("all", "a").await;
    second.expect("group", "a").await;
    second.expect("many", "a").await;
    let ids: BTreeSet<_> = hub.clients().iter().map(WsClient::id).collect();
    assert_eq!(ids, BTreeSet::from([first.id.unwrap(), second.id.unwrap()]));
    assert_eq!(hub.members("room")[0].id(), second.id.unwrap());
}

#[tokio::test]
async fn a_disconnected_client_gets_what_was_sent_before_and_the_reason() {
    let mut fixture = Fixture::start(&config()).await;
    let mut client = fixture.client().await;
    client.send(r#"{"topic":"leave me"}"#).await;
    client.expect("last", "words").await;
    assert_eq!(client.close().await, (1000, "as you like".to_owned()));
    assert_eq!(fixture.event().await, "disconnected []");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected_and_the_others_go_on() {
    let mut fixture = Fixture::start(&WebSocketConfig { queue: 4, ..config() }).await;
    let slow = fixture.client().await;
    let slow_id = slow.id.unwrap();
    let large = "a".repeat(1_000_000);
    // what the sockets hold is taken, then the queue fills
    while fixture.hub.push("large", &large).to(&slow_id) == 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fixture.hub.overflows(), 1);
    assert_eq!(fixture.event().await, "disconnected []");
    let mut other = fixture.client().await;
    other.send(r#"{"topic":"echo","payload":"fine"}"#).await;
    other.expect("echo", "fine").await;
    drop(slow);
    fixture.running.stop.cancel();
    assert_eq!(other.close().await.0, 1001);
    fixture.running.tracker.wait().await;
}

#[tokio::test]
async fn a_stop_closes_with_1001_and_lets_handlers_finish() {
    let mut fixture = Fixture::start(&config()).await;
    let mut idle = fixture.client().await;
    let mut busy = fixture.client().await;
    busy.send(r#"{"topic":"wait"}"#).await;
    assert_eq!(fixture.event().await, "waits");
    fixture.running.stop.cancel();
    assert_eq!(idle.close().await, (1001, "the node stops".to_owned()));
    assert_eq!(fixture.event().await, "disconnected []");
    fixture.state.shared().await.go_on.notify_one();
    assert_eq!(fixture.event().await, "went on false");
    assert_eq!(fixture.event().await, "disconnected []");
    assert_eq!(busy.close().await.0, 1001);
    fixture.running.stopped().await;
    assert!(fixture.connect("").await.is_err());
    assert_eq!(fixture.hub.push("all", "a").to_all(), 0);
}

#[tokio::test]
async fn a_kill_ends_all_tasks_at_once() {
    let mut fixture = Fixture::start(&config()).await;
    let mut client = fixture.client().await;
    client.send(r#"{"topic":"wait"}"#).await;
    assert_eq!(fixture.event().await, "waits");
    fixture.running.kill.cancel();
    fixture.running.tracker.wait().await;
    assert_eq!(fixture.hub.clients().len(), 0);
}

fn refused(result: Result<Browser, WsError>) -> u16 {
    match result {
        Err(WsError::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let fixture = Fixture::start(&config()).await;
    assert_eq!(refused(fixture.connect("https://evil.example").await), 403);
    assert_eq!(refused(fixture.connect("null").await), 403);
    assert!(fixture.connect("http://localhost:5173").await.is_ok());
    let origins = vec!["https://good.example".to_owned()];
    let fixture = Fixture::start(&WebSocketConfig { origins, ..config() }).await;
    assert_eq!(refused(fixture.connect("http://localhost:5173").await), 403);
    assert!(fixture.connect("https://good.example").await.is_ok());
    assert!(fixture.connect("").await.is_ok(), "no browser");
}

#[tokio::test]
async fn a_client_beyond_the_limit_is_refused_until_one_leaves() {
    let mut fixture = Fixture::start(&WebSocketConfig { clients: 1, ..config() }).await;
    let first = fixture.client().await;
    assert_eq!(refused(fixture.connect("").await), 503);
    drop(first);
    assert_eq!(fixture.event().await, "disconnected []");
    while fixture.connect("").await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_request_that_opens_no_websocket_is_told_so() {
    let fixture = Fixture::start(&config()).await;
    let check = async |line: &str, more: &str, status: u16| {
        assert_eq!(request(fixture.address, line, more, "").await.status, status, "{line} {more}");
    };
    // the helper sends `connection: close`; a second line adds to it
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
    check("GET /", "", 404).await;
    check("GET /ws/", "", 404).await;
    check("GET /ws", "", 426).await;
    check("POST /ws", "", 405).await;
    check("GET /ws", &format!("{upgrade}sec-websocket-version: 8\r\n"), 426).await;
    check("GET /ws", &format!("{upgrade}sec-websocket-version: 13\r\n"), 400).await;
    let key = "sec-websocket-key: short\r\n";
    check("GET /ws", &format!("{upgrade}sec-websocket-version: 13\r\n{key}"), 400).await;
}

#[tokio::test]
async fn the_listener_of_http_can_be_shared() {
    let http = HttpConfig { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..HttpConfig::default() };
    let shared = WebSocketConfig::default();
    let mut fixture = Fixture::start_beside(&shared, Some(&http)).await;
    #[cfg(feature = "http")]
    assert_eq!(fixture.running.addresses.http, fixture.running.addresses.websocket);
    let mut client = fixture.client().await;
    client.send(r#"{"topic":"echo","payload":"shared"}"#).await;
    client.expect("echo", "shared").await;
    assert_eq!(request(fixture.address, "GET /other", "", "").await.status, 404);
    fixture.running.stop.cancel();
    assert_eq!(client.close().await.0, 1001);
    fixture.running.tracker.wait().await;
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused() {
    let check = async |config: Option<&WebSocketConfig>, expected: &str| {
        let (state, _events) = probe();
        let parts = WebParts { topics: Some(WebSocketTopics::of(&BLOCK, &state)), ..WebParts::default() };
        let web = WebConfig { websocket: config, ..WebConfig::default() };
        let error = crate::web::bind(web, parts).await.err().unwrap().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(None, "has no section `websocket`").await;
    check(Some(&WebSocketConfig::default()), "shares the listener of the HTTP component").await;
    check(Some(&WebSocketConfig { path: "ws".into(), ..config() }), "`websocket.path` is `ws`").await;
    check(Some(&WebSocketConfig { queue: 0, ..config() }), "`websocket.queue` is 0").await;
}

/// A session over a pipe, so that the clock of the test is the only one.
async fn piped(
    config: WebSocketConfig,
) -> (Browser<DuplexStream>, mpsc::UnboundedReceiver<String>, TaskTracker) {
    let (state, events) = probe();
    let hub = WebSocket::new();
    let site = WebSocketSite::new(&config, WebSocketTopics::of(&BLOCK, &state), hub.clone()).unwrap();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let tracker = TaskTracker::new();
    let run = Run {
        core: test_core(),
        tracker: tracker.clone(),
        stop: CancellationToken::new(),
        kill: CancellationToken::new(),
    };
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let (client, queue) =
        WsClient::new(ClientId::random().unwrap(), address, config.queue, Arc::downgrade(hub.hub()));
    let session = Session { site: Arc::new(site), client, run };
    tracker.spawn(async move {
        // the hub would go with its last handle
        let _hub = hub;
        session.serve(near, queue).await;
    });
    tracker.close();
    let socket = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
    (Browser { socket, id: None }, events, tracker)
}

#[tokio::test(start_paused = true)]
async fn a_client_is_disconnected_for_silence_and_a_heartbeat_breaks_it() {
    let (mut client, mut events, tracker) = piped(config()).await;
    assert_eq!(client.message().await.0, "hello");
    let start = tokio::time::Instant::now();
    for _ in 0..5 {
        tokio::time::advance(Duration::from_secs(50)).await;
        client.send(r#"{"topic":"heartbeat","payload":""}"#).await;
        // an answer shows that the heartbeat before it has been taken
        client.send(r#"{"topic":"echo","payload":"there?"}"#).await;
        client.expect("echo", "there?").await;
    }
    assert_eq!(client.close().await, (1008, "silent for 60s".to_owned()));
    assert_eq!(start.elapsed().as_secs(), 5 * 50 + 60);
    tracker.wait().await;
    assert_eq!(events.recv().await.as_deref(), Some("connected"));
    assert_eq!(events.recv().await.as_deref(), Some("disconnected []"));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_long_is_no_silence_of_its_client() {
    let (mut client, mut events, _tracker) = piped(config()).await;
    assert_eq!(client.message().await.0, "hello");
    client.send(r#"{"topic":"wait"}"#).await;
    assert_eq!(events.recv().await.as_deref(), Some("connected"));
    assert_eq!(events.recv().await.as_deref(), Some("waits"));
    let silent = tokio::time::timeout(Duration::from_secs(3600), client.socket.next()).await;
    assert!(silent.is_err(), "still connected");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_close_its_side_is_dropped() {
    let (mut client, _events, tracker) = piped(config()).await;
    assert_eq!(client.message().await.0, "hello");
    let start = tokio::time::Instant::now();
    // it never reads again, so it never answers the Close
    tracker.wait().await;
    assert_eq!(start.elapsed().as_secs(), 60 + 3);
}
