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

use super::client::Opening;
use super::session::Session;
use super::*;
use crate::application::{Application, Components, State, WebSocketBlock};
use crate::config::{Handling, HttpConfig, Rate, SlowClientPolicy, WebSocketConfig, WebSocketQueueConfig};
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
            client.send_undeclared("echo", &text).map_err(|error| error.to_string())
        });
        table.topic("cell", |_, client, cell: Cell| async move {
            client.send_undeclared("cell", &Cell { row: cell.row + 1 }).map_err(|error| error.to_string())
        });
        table.topic("unit", |_, client, (): ()| async move {
            client.send_undeclared("unit", &()).map_err(|error| error.to_string())
        });
        table.topic("fail", |_, _, (): ()| async { Err("it is broken".to_owned()) });
        table.topic("panic", |_, _, (): ()| async { panic!("the password is 1234") });
        table.topic("slow", |invocation, client, number: u32| async move {
            let (state, _context) = invocation.open::<Probe>();
            for _ in 0..10 - number {
                tokio::task::yield_now().await;
            }
            let _ = state.shared().await.events.send(format!("slow {number}"));
            client.send_undeclared("slow", &number).map_err(|error| error.to_string())
        });
        table.topic("wait", |invocation, client, (): ()| async move {
            let (state, _context) = invocation.open::<Probe>();
            let probe = state.shared().await;
            let _ = probe.events.send("waits".to_owned());
            probe.go_on.notified().await;
            let sent = client.send_undeclared("wait", "done");
            let _ = probe.events.send(format!("went on {}", sent.is_ok()));
            Ok(())
        });
        table.topic("join", |_, client, group: String| async move {
            client.join(&group);
            client.send_undeclared("joined", &client.groups()).map_err(|error| error.to_string())
        });
        table.topic("leave me", |_, client, (): ()| async move {
            client.send_undeclared("last", "words").map_err(|error| error.to_string())?;
            client.disconnect("as you like");
            Ok(())
        });
    },
    on_connect: Some(|invocation, client| {
        async move {
            let (state, _context) = invocation.open::<Probe>();
            let _ = state.shared().await.events.send("connected".to_owned());
            client.send_undeclared("hello", &client.id()).map_err(|error| error.to_string())
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

fn queue(messages: usize) -> WebSocketQueueConfig {
    WebSocketQueueConfig { messages, bytes: usize::MAX, ..WebSocketQueueConfig::default() }
}

async fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
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
        let hub = WebSocket::default();
        let parts = WebParts {
            topics: Some(WebSocketTopics::of(&BLOCK, &state)),
            hub: hub.clone(),
            ..WebParts::default()
        };
        let web = WebConfig { http, websocket: Some(config), ..WebConfig::default() };
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
    assert_eq!(hub.push_undeclared("all", "a").to_all(), 2);
    assert_eq!(hub.push_undeclared("one", &Cell { row: 1 }).to(first.id.unwrap()), 1);
    assert_eq!(hub.push_undeclared("group", "a").to_group("room"), 1);
    assert_eq!(hub.push_undeclared("many", "a").to_many([first.id.unwrap(), second.id.unwrap()]), 2);
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
async fn a_client_can_be_left_out() {
    let mut fixture = Fixture::start(&config()).await;
    let mut first = fixture.client().await;
    let mut second = fixture.client().await;
    let hub = fixture.hub.clone();
    let me = hub.client(&first.id.unwrap()).unwrap();
    assert!(me.join("room") && hub.client(&second.id.unwrap()).unwrap().join("room"));
    assert_eq!(hub.push_undeclared("others", "a").except(&me).to_all(), 1);
    assert_eq!(hub.push_undeclared("others", "b").except(&me).to_group("room"), 1);
    assert_eq!(hub.push_undeclared("nobody", "c").except(&me).except(second.id.unwrap()).to_all(), 0);
    assert_eq!(hub.push_undeclared("last", "d").to_many([&me, &me]), 2);
    second.expect("others", "a").await;
    second.expect("others", "b").await;
    first.expect("last", "d").await;
    first.expect("last", "d").await;
}

#[tokio::test]
async fn a_client_that_sends_too_fast_is_told_so_once_and_the_rest_is_dropped() {
    let rate = Rate { count: 3, per: Duration::from_secs(3600) };
    let mut fixture = Fixture::start(&WebSocketConfig { rate, ..config() }).await;
    let mut client = fixture.client().await;
    let mut other = fixture.client().await;
    for number in 0..1000 {
        client.send(&format!(r#"{{"topic":"echo","payload":"{number}"}}"#)).await;
        client.send(r#"{"topic":"heartbeat"}"#).await;
    }
    for number in 0..3 {
        client.expect("echo", &number.to_string()).await;
    }
    client.expect("error", "rate limited").await;
    until(|| fixture.hub.counters().received == 2000).await;
    let counters = fixture.hub.counters();
    assert_eq!(counters.rate_limited, 1000 - 3, "heartbeats don't count");
    assert_eq!(counters.unknown_topic + counters.undecodable, 0);
    other.send(r#"{"topic":"echo","payload":"others are not concerned"}"#).await;
    other.expect("echo", "others are not concerned").await;
    fixture.hub.push_undeclared("end", "").to(client.id.unwrap());
    client.expect("end", "").await;
}

#[tokio::test]
async fn handlers_of_one_client_interleave_where_that_is_configured() {
    let concurrent = WebSocketConfig { handling: Handling::Concurrent, handlers: 2, ..config() };
    let mut fixture = Fixture::start(&concurrent).await;
    let mut client = fixture.client().await;
    client.send(r#"{"topic":"wait"}"#).await;
    assert_eq!(fixture.event().await, "waits");
    client.send(r#"{"topic":"echo","payload":"beside"}"#).await;
    client.expect("echo", "beside").await;
    client.send(r#"{"topic":"wait"}"#).await;
    assert_eq!(fixture.event().await, "waits");
    // both places are taken: the third is not read before one of them is done
    client.send(r#"{"topic":"echo","payload":"later"}"#).await;
    assert!(client.socket.next().now_or_never().is_none());
    fixture.state.shared().await.go_on.notify_one();
    client.expect("wait", "done").await;
    client.expect("echo", "later").await;
    // who leaves is gone when the last handler is done
    client.socket.close(None).await.unwrap();
    assert!(fixture.event().await.starts_with("went on"));
    fixture.state.shared().await.go_on.notify_one();
    assert!(fixture.event().await.starts_with("went on"));
    assert_eq!(fixture.event().await, "disconnected []");
}

#[tokio::test]
async fn messages_for_a_slow_client_are_dropped_where_that_is_configured() {
    let policy = SlowClientPolicy::DropNewest;
    let queue = WebSocketQueueConfig { messages: 1000, bytes: 100_000, policy };
    let mut fixture = Fixture::start(&WebSocketConfig { queue, ..config() }).await;
    let mut slow = fixture.client().await;
    let large = "a".repeat(60_000);
    let mut queued = 0;
    while fixture.hub.push_undeclared("large", &large).to(slow.id.unwrap()) == 1 {
        queued += 1;
        tokio::task::yield_now().await;
    }
    for _ in 0..9 {
        let client = fixture.hub.client(&slow.id.unwrap()).unwrap();
        assert!(matches!(client.send_undeclared("large", &large), Err(WsSendError::QueueFull)));
    }
    assert_eq!((fixture.hub.counters().dropped, fixture.hub.counters().overflows), (10, 0));
    for _ in 0..queued {
        assert_eq!(slow.message().await, ("large".to_owned(), large.clone()));
    }
    until(|| fixture.hub.push_undeclared("again", "").to(slow.id.unwrap()) == 1).await;
    slow.expect("again", "").await;
}

#[tokio::test]
async fn a_client_is_in_a_bounded_number_of_groups_and_leaves_all_of_them() {
    let mut fixture = Fixture::start(&WebSocketConfig { groups_per_client: 10_000, ..config() }).await;
    let client = fixture.client().await;
    let handle = fixture.hub.client(&client.id.unwrap()).unwrap();
    for number in 0..10_000 {
        assert!(handle.join(&format!("room {number}")));
    }
    assert!(!handle.join("one too many"));
    assert!(handle.join("room 7"), "a member already");
    assert_eq!(fixture.hub.groups().len(), 10_000);
    assert_eq!(fixture.hub.counters().refused_joins, 1);
    assert!(handle.leave("room 7") && !handle.leave("room 7"));
    assert!(handle.join("another"));
    assert_eq!(fixture.hub.push_undeclared("t", "").to_group("room 9999"), 1);
    drop(client);
    assert!(fixture.event().await.starts_with("disconnected [\"another\", \"room 0\""));
    assert_eq!(fixture.hub.groups().len(), 0);
    assert!(!handle.join("room"), "it has left");
}

#[tokio::test]
async fn what_happens_is_counted() {
    let mut fixture = Fixture::start(&WebSocketConfig { message_bytes: 1000, ..config() }).await;
    assert_eq!(refused(fixture.connect("https://evil.example").await), 403);
    let mut client = fixture.client().await;
    let mut texts =
        ["{", r#"{"topic":"no"}"#, r#"{"topic":"cell"}"#, r#"{"topic":"fail"}"#, r#"{"topic":"panic"}"#]
            .map(str::to_owned)
            .to_vec();
    texts.push("a".repeat(2000));
    for text in &texts {
        client.send(text).await;
        assert_eq!(client.message().await.0, "error");
    }
    assert_eq!(client.close().await.0, 1009);
    assert_eq!(fixture.event().await, "disconnected []");
    let counters = fixture.hub.counters();
    let read: Vec<_> =
        counters.iter().filter(|(name, count)| *count > 0 && !name.ends_with("bytes")).collect();
    let expected = [
        ("connected", 1),
        ("refused", 1),
        ("received", 5),
        ("sent", 7),
        ("undecodable", 2),
        ("unknown_topic", 1),
        ("failed", 1),
        ("panicked", 1),
        ("too_large", 1),
    ];
    assert_eq!(read, expected);
    assert_eq!(counters.received_bytes, texts[..5].iter().map(|text| text.len() as u64).sum::<u64>());
    assert!(counters.sent_bytes > 7 * 20);
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
    let mut fixture = Fixture::start(&WebSocketConfig { queue: queue(4), ..config() }).await;
    let slow = fixture.client().await;
    let slow_id = slow.id.unwrap();
    let large = "a".repeat(1_000_000);
    // what the sockets hold is taken, then the queue fills
    while fixture.hub.push_undeclared("large", &large).to(slow_id) == 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fixture.hub.counters().overflows, 1);
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
    assert_eq!(fixture.hub.push_undeclared("all", "a").to_all(), 0);
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
    check(Some(&WebSocketConfig { queue: queue(0), ..config() }), "`websocket.queue.messages` is 0").await;
}

/// A session over a pipe, so that the clock of the test is the only one.
async fn piped(
    config: WebSocketConfig,
) -> (Browser<DuplexStream>, mpsc::UnboundedReceiver<String>, TaskTracker, CancellationToken) {
    let (state, events) = probe();
    let hub = WebSocket::default();
    let site = WebSocketSite::new(&config, WebSocketTopics::of(&BLOCK, &state), hub.clone()).unwrap();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let tracker = TaskTracker::new();
    let stop = CancellationToken::new();
    let run = Run {
        core: test_core(),
        tracker: tracker.clone(),
        stop: stop.clone(),
        kill: CancellationToken::new(),
    };
    let (client, queue) =
        WsClient::new(ClientId::random().unwrap(), Opening::default(), site.limits(), 9, hub.hub());
    let session = Session { site: Arc::new(site), client, run };
    tracker.spawn(async move {
        // the hub would go with its last handle
        let _hub = hub;
        session.serve(near, queue).await;
    });
    tracker.close();
    let socket = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
    (Browser { socket, id: None }, events, tracker, stop)
}

#[tokio::test(start_paused = true)]
async fn a_client_is_disconnected_for_silence_and_a_heartbeat_breaks_it() {
    let (mut client, mut events, tracker, _stop) = piped(config()).await;
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
    let (mut client, mut events, _tracker, _stop) = piped(config()).await;
    assert_eq!(client.message().await.0, "hello");
    client.send(r#"{"topic":"wait"}"#).await;
    assert_eq!(events.recv().await.as_deref(), Some("connected"));
    assert_eq!(events.recv().await.as_deref(), Some("waits"));
    let silent = tokio::time::timeout(Duration::from_secs(3600), client.socket.next()).await;
    assert!(silent.is_err(), "still connected");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_close_its_side_is_dropped() {
    let (mut client, _events, tracker, _stop) = piped(config()).await;
    assert_eq!(client.message().await.0, "hello");
    let start = tokio::time::Instant::now();
    // it never reads again, so it never answers the Close
    tracker.wait().await;
    assert_eq!(start.elapsed().as_secs(), 60 + 3);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_only_a_moment_for_a_client_that_was_told_and_does_not_close_its_side() {
    let (mut client, _events, tracker, stop) = piped(config()).await;
    assert_eq!(client.message().await.0, "hello");
    stop.cancel();
    let start = tokio::time::Instant::now();
    // it does not read, and so does not answer
    tracker.wait().await;
    assert_eq!(start.elapsed().as_millis(), 250);
    let told = client.socket.next().await;
    assert!(
        matches!(&told, Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 1001),
        "{told:?}"
    );
}
