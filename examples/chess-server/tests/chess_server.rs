//! The chess server as browsers use it: over their WebSockets, with games that are spawned and dialled over real TCP.

use std::time::Duration;

use chess_server::{Gateway, spawner};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use systemge::config::SystemConfig;
use systemge::{Running, System};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long anything may take that is expected to happen.
const SOON: Duration = Duration::from_secs(20);

const BEGINNING: &str = "RNBQKBNRPPPPPPPP................................pppppppprnbqkbnr";

/// The sample's own configuration, on free ports.
async fn start() -> Running {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/systemge.toml");
    let mut config = SystemConfig::from_file(path).expect("no mistakes");
    let spawner_port = free_port();
    let gateway = config.nodes.get_mut("gateway").expect("it is there");
    gateway.http.as_mut().expect("it is there").listen.set_port(0);
    gateway.websocket.as_mut().expect("it is there").listen.as_mut().expect("its own").set_port(0);
    let endpoint: systemge::config::Endpoint =
        format!("tcp://127.0.0.1:{spawner_port}").parse().expect("an endpoint");
    gateway.connect = vec![endpoint.clone().into()];
    config.nodes.get_mut("spawner").expect("it is there").listen = vec![endpoint.into()];
    let system = System::from_config(config)
        .node("spawner", spawner())
        .node("gateway", Gateway::default())
        .start()
        .await
        .expect("the nodes start");
    let gateway = system.node("gateway").expect("it is there");
    assert!(
        gateway.wait_for_provider("spawner/spawn-and-start", SOON).await,
        "the gateway finds the spawner"
    );
    system
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// The nodes of games.
fn games(system: &Running) -> usize {
    system.nodes().iter().filter(|node| node.name().starts_with("game-")).count()
}

/// Waits until so many games are there.
async fn games_become(system: &Running, wanted: usize) {
    let mut events = system.events();
    let changed = async {
        while games(system) != wanted {
            events.next().await;
        }
    };
    tokio::time::timeout(SOON, changed).await.expect("games come and go in time");
}

/// A browser, without the page.
struct Browser {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    id: String,
}

impl Browser {
    async fn open(system: &Running) -> Self {
        let address = system.node("gateway").and_then(|node| node.websocket_address()).expect("it listens");
        let (socket, _) =
            tokio_tungstenite::connect_async(format!("ws://{address}/ws")).await.expect("a socket");
        let mut browser = Self { socket, id: String::new() };
        browser.id = browser.text("connected").await;
        browser
    }

    /// Two that play, White first.
    async fn two(system: &Running) -> (Self, Self) {
        let (mut white, mut black) = (Self::open(system).await, Self::open(system).await);
        white.send("startGame", black.id.clone()).await;
        for player in [&mut white, &mut black] {
            assert_eq!(player.text("propagate_gameStart").await, BEGINNING);
        }
        (white, black)
    }

    async fn send(&mut self, topic: &str, payload: impl Into<String>) {
        let frame = json!({ "topic": topic, "payload": payload.into() });
        self.socket.send(Message::text(frame.to_string())).await.expect("the socket is open");
    }

    /// Wants a move such as `e2e4` or `e7e8knight`.
    async fn wants(&mut self, mv: &str) {
        let place = |text: &str| (text.as_bytes()[1] - b'1', text.as_bytes()[0] - b'a');
        let ((from_row, from_col), (to_row, to_col)) = (place(&mv[..2]), place(&mv[2..4]));
        let mut payload =
            json!({ "fromRow": from_row, "fromCol": from_col, "toRow": to_row, "toCol": to_col });
        if mv.len() > 4 {
            payload["promotion"] = json!(mv[4..]);
        }
        self.send("move", payload.to_string()).await;
    }

    /// The payload of the next message, which must have that topic.
    async fn text(&mut self, topic: &str) -> String {
        let next = tokio::time::timeout(SOON, self.socket.next()).await.expect("a message in time");
        let frame = next.expect("the socket is open").expect("a frame").into_text().expect("a text frame");
        let frame: Value = serde_json::from_str(&frame).expect("JSON");
        assert_eq!(frame["topic"], topic, "{frame}");
        frame["payload"].as_str().expect("the payload is a string").to_owned()
    }

    async fn json(&mut self, topic: &str) -> Value {
        serde_json::from_str(&self.text(topic).await).expect("JSON in the payload")
    }
}

/// Plays moves in turn, and checks that both see each with its notation.
async fn play(white: &mut Browser, black: &mut Browser, moves: &[(&str, &str)]) {
    for (index, (mv, notation)) in moves.iter().enumerate() {
        let mover = if index % 2 == 0 { &mut *white } else { &mut *black };
        mover.wants(mv).await;
        let id = mover.id.clone();
        for player in [&mut *white, &mut *black] {
            let seen = player.json("propagate_move").await;
            assert_eq!(
                (&seen["algebraicNotation"], &seen["playerId"]),
                (&json!(notation), &json!(id)),
                "{seen}"
            );
            assert_eq!(seen["fromCol"], mv.as_bytes()[0] - b'a', "{seen}");
            assert_eq!(seen["toRow"], mv.as_bytes()[3] - b'1', "{seen}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_game_is_played_to_mate_and_its_node_is_gone() {
    let system = start().await;
    let (mut white, mut black) = Browser::two(&system).await;
    assert_eq!(games(&system), 1);
    let moves = [("f2f3", "f3"), ("e7e5", "e5"), ("g2g4", "g4"), ("d8h4", "Qh4#")];
    play(&mut white, &mut black, &moves).await;
    for player in [&mut white, &mut black] {
        let end = player.json("propagate_gameEnd").await;
        assert_eq!(end, json!({ "reason": "checkmate", "winner": end["winner"] }));
    }
    games_become(&system, 0).await;
    // the same two play again
    white.send("startGame", black.id.clone()).await;
    assert_eq!(black.text("propagate_gameStart").await, BEGINNING);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn games_side_by_side_do_not_know_each_other() {
    let system = start().await;
    let (mut ada, mut bob) = Browser::two(&system).await;
    let (mut eve, mut dan) = Browser::two(&system).await;
    assert_eq!(games(&system), 2);
    play(&mut ada, &mut bob, &[("e2e4", "e4"), ("e7e5", "e5"), ("e1e2", "Ke2")]).await;
    play(
        &mut eve,
        &mut dan,
        &[("e2e4", "e4"), ("a7a6", "a6"), ("e4e5", "e5"), ("d7d5", "d5"), ("e5d6", "exd6")],
    )
    .await;
    bob.send("endGame", "").await;
    let end = ada.json("propagate_gameEnd").await;
    assert_eq!(end, json!({ "reason": "Black gave up", "winner": ada.id }));
    games_become(&system, 1).await;
    dan.wants("e7d6").await;
    assert_eq!(eve.json("propagate_move").await["algebraicNotation"], "exd6");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_has_lost_and_the_game_is_removed() {
    let system = start().await;
    let (white, mut black) = Browser::two(&system).await;
    drop(white);
    let end = black.json("propagate_gameEnd").await;
    assert_eq!(end, json!({ "reason": "White has left", "winner": black.id }));
    games_become(&system, 0).await;
    black.wants("e7e5").await;
    assert!(black.text("error").await.contains("don't play"));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_is_answered_and_changes_nothing() {
    let system = start().await;
    let (mut white, mut black) = Browser::two(&system).await;
    let mut other = Browser::open(&system).await;
    let own = other.id.clone();
    for (opponent, part) in [
        ("nonsense", "nobody with that id"),
        ("00000000000000000000000000000000", "nobody with that id"),
        (own.as_str(), "your own id"),
        (white.id.as_str(), "plays with somebody else"),
    ] {
        other.send("startGame", opponent).await;
        let error = other.text("error").await;
        assert!(error.contains(part), "{opponent}: {error}");
    }
    white.send("startGame", other.id.clone()).await;
    assert!(white.text("error").await.contains("you play already"));
    for (topic, payload, part) in [
        ("move", "nonsense", "decode"),
        ("move", r#"{"fromRow":9,"fromCol":0,"toRow":0,"toCol":0}"#, "from 0 to 7"),
        ("move", r#"{"fromRow":1,"fromCol":4,"toRow":4,"toCol":4}"#, "rules"),
        ("move", r#"{"fromRow":6,"fromCol":4,"toRow":4,"toCol":4}"#, "opponent's"),
        ("move", r#"{"fromRow":3,"fromCol":4,"toRow":4,"toCol":4}"#, "no piece"),
        ("noSuchTopic", "", "noSuchTopic"),
    ] {
        white.send(topic, payload).await;
        let error = white.text("error").await;
        assert!(error.contains(part), "{topic} {payload}: {error}");
    }
    black.wants("e7e5").await;
    assert!(black.text("error").await.contains("opponent's turn"));
    for (topic, payload) in [("endGame", ""), ("move", r#"{"fromRow":1,"fromCol":4,"toRow":3,"toCol":4}"#)] {
        other.send(topic, payload).await;
        assert!(other.text("error").await.contains("don't play"));
    }
    play(&mut white, &mut black, &[("e2e4", "e4")]).await;
    system.stop().await;
}

#[test]
fn the_configurations_have_no_mistakes() {
    for file in ["systemge.toml", "spawner.toml", "gateway.toml"] {
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        if let Err(error) = SystemConfig::from_file(path) {
            panic!("{error}");
        }
    }
}
