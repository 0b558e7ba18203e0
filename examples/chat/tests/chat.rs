//! The chat as browsers use it: over their WebSockets, against both nodes over real TCP.

use std::time::Duration;

use chat::{Chat, Gateway};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use systemge::config::{Endpoint, HttpConfig, NodeConfig, WebSocketConfig};
use systemge::{Node, Running, System};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// How long anything may take that is expected to happen.
const SOON: Duration = Duration::from_secs(10);

fn listening() -> NodeConfig {
    NodeConfig::new().listen("tcp://127.0.0.1:0".parse::<Endpoint>().expect("an endpoint"))
}

async fn start() -> Running {
    let mut http = HttpConfig::default();
    http.listen = ([127, 0, 0, 1], 0).into();
    let mut websocket = WebSocketConfig::default();
    websocket.listen = Some(([127, 0, 0, 1], 0).into());
    let system = System::new()
        .node_with("chat", Chat::default(), listening())
        .node_with("gateway", Gateway::default(), listening().http(http).websocket(websocket))
        .start()
        .await
        .expect("the nodes start");
    let (chat, gateway) = (node(&system, "chat"), node(&system, "gateway"));
    chat.connect(Endpoint::tcp(gateway.addresses()[0])).await.expect("chat dials the gateway");
    gateway.connect(Endpoint::tcp(chat.addresses()[0])).await.expect("the gateway dials chat");
    system
}

fn node(system: &Running, name: &str) -> Node {
    system.node(name).expect("a node of that name").clone()
}

/// A browser, without the page.
struct Browser(WebSocketStream<TcpStream>);

impl Browser {
    /// Opens the chat; returns what was said last in the lobby, too.
    async fn open(system: &Running) -> (Self, Value) {
        let address = node(system, "gateway").websocket_address().expect("the component listens");
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (socket, _) =
            tokio_tungstenite::client_async(format!("ws://{address}/ws"), stream).await.expect("a socket");
        let mut browser = Self(socket);
        let last = browser.json("join").await;
        (browser, last)
    }

    /// Opens the chat and goes into a room.
    async fn enter(system: &Running, name: &str, room: &str) -> (Self, Value) {
        let (mut browser, _) = Self::open(system).await;
        browser.send("enter", json!({ "room": room, "name": name }).to_string()).await;
        let last = browser.json("join").await;
        (browser, last)
    }

    async fn send(&mut self, topic: &str, payload: impl Into<String>) {
        let frame = json!({ "topic": topic, "payload": payload.into() });
        self.0.send(Message::text(frame.to_string())).await.expect("the socket is open");
    }

    /// The payload of the next message, which must have that topic.
    async fn text(&mut self, topic: &str) -> String {
        let next = tokio::time::timeout(SOON, self.0.next()).await.expect("a message in time");
        let frame = next.expect("the socket is open").expect("a frame").into_text().expect("a text frame");
        let frame: Value = serde_json::from_str(&frame).expect("JSON");
        assert_eq!(frame["topic"], topic, "{frame}");
        frame["payload"].as_str().expect("the payload is a string").to_owned()
    }

    async fn json(&mut self, topic: &str) -> Value {
        serde_json::from_str(&self.text(topic).await).expect("JSON in the payload")
    }
}

#[tokio::test]
async fn what_is_said_in_a_room_is_heard_there_and_nowhere_else() {
    let system = start().await;
    let (mut ada, last) = Browser::enter(&system, "Ada", "den").await;
    assert_eq!(last, json!([]));
    let (mut bob, _) = Browser::enter(&system, "Bob", "den").await;
    let (mut eve, _) = Browser::enter(&system, "Eve", "attic").await;
    ada.send("addMessage", "<b>hello</b>").await;
    for browser in [&mut ada, &mut bob] {
        let heard = browser.json("propagateMessage").await;
        assert_eq!((&heard["sender"], &heard["text"]), (&json!("Ada"), &json!("<b>hello</b>")));
        let sent_at = heard["sentAt"].as_str().expect("a time");
        assert!(chrono::DateTime::parse_from_rfc3339(sent_at).is_ok(), "{sent_at}");
    }
    // the next that Eve hears is what she says herself
    eve.send("addMessage", "anybody here?").await;
    assert_eq!(eve.json("propagateMessage").await["sender"], "Eve");
    let (_, last) = Browser::enter(&system, "Dan", "den").await;
    assert_eq!(last[0]["text"], "<b>hello</b>");
    system.stop().await;
}

#[tokio::test]
async fn a_name_is_free_again_when_its_owner_is_gone() {
    let system = start().await;
    let (ada, _) = Browser::enter(&system, "Ada", "den").await;
    let (mut other, _) = Browser::open(&system).await;
    let wish = json!({ "room": "den", "name": "Ada" }).to_string();
    other.send("enter", wish.clone()).await;
    let refusal = other.text("error").await;
    assert!(refusal.contains("called `Ada` already"), "{refusal}");
    // who was refused is where it was
    other.send("addMessage", "still here").await;
    assert_eq!(other.json("propagateMessage").await["text"], "still here");
    drop(ada);
    let chat = node(&system, "chat");
    let left = async {
        while chat.command("getChatters", ["den"]).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, left).await.expect("Ada leaves, and with her the room");
    other.send("enter", wish).await;
    assert_eq!(other.json("join").await, json!([]));
    assert_eq!(chat.command("getChatters", ["den"]).await.as_deref(), Ok("Ada"));
    assert_eq!(chat.command("getRooms", [""; 0]).await.as_deref(), Ok("den\nlobby"));
    system.stop().await;
}

#[tokio::test]
async fn bad_input_is_answered_and_changes_nothing() {
    let system = start().await;
    let (mut browser, _) = Browser::open(&system).await;
    for (topic, payload, part) in [
        ("addMessage", " ".to_owned(), "1 to 2000"),
        ("enter", json!({ "room": "", "name": "Ada" }).to_string(), "1 to 32"),
        ("enter", json!({ "room": "den", "name": "A\nda" }).to_string(), "1 to 32"),
        ("enter", "nonsense".to_owned(), "decode"),
        ("noSuchTopic", String::new(), "noSuchTopic"),
    ] {
        browser.send(topic, payload).await;
        let error = browser.text("error").await;
        assert!(error.contains(part), "{topic}: {error}");
    }
    node(&system, "chat").stop().await;
    browser.send("addMessage", "hello").await;
    let error = browser.text("error").await;
    assert!(error.contains("not connected"), "{error}");
    system.stop().await;
}

#[test]
fn the_configurations_have_no_mistakes() {
    for file in ["systemge.toml", "chat.toml", "gateway.toml"] {
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        if let Err(error) = systemge::config::SystemConfig::from_file(path) {
            panic!("{error}");
        }
    }
}
