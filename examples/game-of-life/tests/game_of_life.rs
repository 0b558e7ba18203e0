//! The game as a browser plays it: over its WebSocket, against both nodes over real TCP.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use game_of_life::{COLUMNS, Gateway, Life, ROWS, Snapshot};
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

async fn game() -> Running {
    let mut http = HttpConfig::default();
    http.listen = ([127, 0, 0, 1], 0).into();
    let mut websocket = WebSocketConfig::default();
    websocket.listen = Some(([127, 0, 0, 1], 0).into());
    let system = System::new()
        .node_with("life", Life::default(), listening())
        .node_with("gateway", Gateway::default(), listening().http(http).websocket(websocket))
        .start()
        .await
        .expect("the nodes start");
    let (life, gateway) = (node(&system, "life"), node(&system, "gateway"));
    life.connect(Endpoint::tcp(gateway.addresses()[0])).await.expect("life dials the gateway");
    gateway.connect(Endpoint::tcp(life.addresses()[0])).await.expect("the gateway dials life");
    system
}

fn node(system: &Running, name: &str) -> Node {
    system.node(name).expect("a node of that name")
}

/// A browser, without the page.
struct Browser(WebSocketStream<TcpStream>);

impl Browser {
    /// Opens the game; returns the grid that it was shown first, too.
    async fn open(system: &Running) -> (Self, Snapshot) {
        let address = node(system, "gateway").websocket_address().expect("the component listens");
        let stream = TcpStream::connect(address).await.expect("a connection");
        let url = format!("ws://{address}/ws");
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.expect("a socket");
        let mut browser = Self(socket);
        let grid = browser.next("getGrid").await;
        (browser, grid)
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

    async fn next<T: serde_json_payload::Payload>(&mut self, topic: &str) -> T {
        T::read(&self.text(topic).await)
    }
}

/// Payloads from JSON text.
mod serde_json_payload {
    use super::{Snapshot, Value};

    pub(crate) trait Payload {
        fn read(text: &str) -> Self;
    }

    impl Payload for Value {
        fn read(text: &str) -> Self {
            serde_json::from_str(text).expect("JSON in the payload")
        }
    }

    impl Payload for Snapshot {
        fn read(text: &str) -> Self {
            serde_json::from_str(text).expect("a grid in the payload")
        }
    }
}

fn living(grid: &Snapshot) -> Vec<(usize, usize)> {
    let rows = grid.grid.iter().enumerate();
    let cells = rows
        .flat_map(|(row, cells)| cells.iter().enumerate().map(move |(column, state)| (row, column, *state)));
    cells.filter(|(_, _, state)| *state == 1).map(|(row, column, _)| (row, column)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_browser_does_every_browser_sees() {
    let system = game().await;
    let (mut first, grid) = Browser::open(&system).await;
    assert_eq!((grid.rows, grid.cols, living(&grid).len()), (ROWS, COLUMNS, 0));
    let (mut second, _) = Browser::open(&system).await;

    // a blinker, cell by cell
    for column in 1..4 {
        first.send("gridChange", json!({ "row": 2, "column": column, "state": 1 }).to_string()).await;
        for browser in [&mut first, &mut second] {
            let change: Value = browser.next("propagateGridChange").await;
            assert_eq!(change, json!({ "row": 2, "column": column, "state": 1 }));
        }
    }
    second.send("heartbeat", "").await;
    second.send("nextGeneration", "").await;
    for browser in [&mut first, &mut second] {
        let grid: Snapshot = browser.next("propagateGrid").await;
        assert_eq!(living(&grid), [(1, 2), (2, 2), (3, 2)]);
    }

    first.send("setGrid", "1".repeat(ROWS * COLUMNS)).await;
    let grid: Snapshot = second.next("propagateGrid").await;
    assert_eq!(living(&grid).len(), ROWS * COLUMNS);
    system.stop().await;
}

#[tokio::test]
async fn bad_input_is_answered_and_changes_nothing() {
    let system = game().await;
    let (mut browser, _) = Browser::open(&system).await;
    for (topic, payload, part) in [
        ("gridChange", json!({ "row": ROWS, "column": 0, "state": 1 }).to_string(), "row 90"),
        ("gridChange", json!({ "row": 0, "column": 0, "state": 7 }).to_string(), "0 or 1"),
        ("gridChange", "nonsense".to_owned(), "decode"),
        ("setGrid", "0101".to_owned(), "12600"),
        ("setGrid", "2".repeat(ROWS * COLUMNS), "`2`"),
        ("noSuchTopic", String::new(), "noSuchTopic"),
    ] {
        browser.send(topic, payload).await;
        let error = browser.text("error").await;
        assert!(error.contains(part), "{topic}: {error}");
    }
    let (_, grid) = Browser::open(&system).await;
    assert_eq!(living(&grid), []);
    system.stop().await;
}

#[tokio::test]
async fn commands_change_the_grid_and_show_it() {
    let system = game().await;
    let (mut browser, _) = Browser::open(&system).await;
    let life = node(&system, "life");
    let nothing: [&str; 0] = [];
    life.command("chess", nothing).await.expect("the command runs");
    assert_eq!(living(&browser.next("propagateGrid").await).len(), ROWS * COLUMNS / 2);
    life.command("randomize", ["100"]).await.expect("the command runs");
    assert_eq!(living(&browser.next("propagateGrid").await).len(), ROWS * COLUMNS);
    life.command("invert", nothing).await.expect("the command runs");
    assert_eq!(living(&browser.next("propagateGrid").await), []);
    assert_eq!(life.command("toggleToroidal", nothing).await.as_deref(), Ok("the edges are apart"));
    let error = life.command("randomize", ["many"]).await.expect_err("`many` is no number");
    assert!(error.to_string().contains("percent"), "{error}");
    system.stop().await;
}

#[tokio::test]
async fn a_browser_learns_that_the_game_is_not_connected() {
    let system = game().await;
    let (mut browser, _) = Browser::open(&system).await;
    node(&system, "life").stop().await;
    browser.send("nextGeneration", "").await;
    let error = browser.text("error").await;
    assert!(error.contains("not connected"), "{error}");
    system.stop().await;
}

/// The game over another transport, of which nothing but the configuration knows.
async fn plays_over(scheme: &str) {
    let folder = std::env::temp_dir().join(format!("game-of-life-{scheme}-{}", std::process::id()));
    let authority = systemge::certificates::Authority::new("game of life").expect("a CA");
    authority.own().write(&folder, "ca", true).expect("files");
    for name in ["life", "gateway"] {
        authority.node(name).issue().expect("a certificate").write(&folder, name, true).expect("files");
    }
    let [life, gateway] = [free_port(scheme), free_port(scheme)];
    let tls = |name: &str| {
        format!(
            "[nodes.{name}.tls]\ncertificate = \"{name}.pem\"\nkey = \"{name}.key\"\nca = \"ca.pem\"\nmutual = true\n"
        )
    };
    let config = format!(
        "[nodes.life]\nlisten = [\"{scheme}://127.0.0.1:{life}\"]\nconnect = [\"{scheme}://127.0.0.1:{gateway}\"]\n{}\
         [nodes.gateway]\nlisten = [\"{scheme}://127.0.0.1:{gateway}\"]\nconnect = [\"{scheme}://127.0.0.1:{life}\"]\n{}\
         [nodes.gateway.http]\nlisten = \"127.0.0.1:0\"\n[nodes.gateway.websocket]\nlisten = \"127.0.0.1:0\"\n",
        tls("life"),
        tls("gateway"),
    );
    let file = folder.join("systemge.toml");
    std::fs::write(&file, config).expect("a file");
    let system = System::from_file(&file).expect("a configuration");
    let system = system.node("life", Life::default()).node("gateway", Gateway::default());
    let system = system.start().await.expect("the nodes start");
    let there = node(&system, "gateway").wait_for_provider("getGrid", SOON).await
        && node(&system, "life").wait_for_provider("propagateGrid", SOON).await;
    assert!(there, "they find each other over {scheme}");
    let (mut browser, _) = Browser::open(&system).await;
    browser.send("gridChange", json!({ "row": 2, "column": 3, "state": 1 }).to_string()).await;
    let change: Value = browser.next("propagateGridChange").await;
    assert_eq!(change, json!({ "row": 2, "column": 3, "state": 1 }));
    system.stop().await;
    std::fs::remove_dir_all(folder).expect("the folder is there");
}

/// A port that nobody has at the moment.
fn free_port(scheme: &str) -> u16 {
    let any = "127.0.0.1:0";
    let address = match scheme {
        "quic" => std::net::UdpSocket::bind(any).and_then(|socket| socket.local_addr()),
        _ => std::net::TcpListener::bind(any).and_then(|socket| socket.local_addr()),
    };
    address.expect("a port").port()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_game_is_played_over_tls_by_changing_only_its_configuration() {
    plays_over("tls").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_game_is_played_over_quic_by_changing_only_its_configuration() {
    plays_over("quic").await;
}

#[test]
fn the_configuration_has_no_mistakes() {
    if let Err(error) =
        systemge::config::SystemConfig::from_file(concat!(env!("CARGO_MANIFEST_DIR"), "/systemge.toml"))
    {
        panic!("{error}");
    }
}
