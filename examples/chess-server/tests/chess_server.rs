//! The chess server as browsers use it: over their WebSockets, with games that are spawned and dialled over real TCP.

use std::ops::{Deref, DerefMut};

use chess_server::{Gateway, spawner};
use samples::{Browser, SOON, Shipped, eventually, every_form};
use serde_json::json;
use systemge::{Running, System};

const SAMPLE: &str = env!("CARGO_MANIFEST_DIR");

const BEGINNING: &str = "RNBQKBNRPPPPPPPP................................pppppppprnbqkbnr";

/// The sample's own configuration, on free ports.
async fn start() -> Running {
    let system = System::from_config(Shipped::new(SAMPLE).config())
        .node("spawner", spawner())
        .node("gateway", Gateway::default())
        .start()
        .await
        .expect("the nodes start");
    let gateway = system.node("gateway").expect("it is there");
    assert!(gateway.wait_for_provider("spawner/spawn-and-start", SOON).await, "it finds the spawner");
    system
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

/// Somebody who plays, and the id that the gateway knows.
struct Player {
    browser: Browser,
    id: String,
}

impl Player {
    async fn open(system: &Running) -> Self {
        let mut browser = Browser::of(system).await;
        let id = browser.text("connected").await;
        Self { browser, id }
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
}

impl Deref for Player {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}

impl DerefMut for Player {
    fn deref_mut(&mut self) -> &mut Browser {
        &mut self.browser
    }
}

/// Plays moves in turn, and checks that both see each with its notation.
async fn play(white: &mut Player, black: &mut Player, moves: &[(&str, &str)]) {
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
    let (mut white, mut black) = Player::two(&system).await;
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
    let (mut ada, mut bob) = Player::two(&system).await;
    let (mut eve, mut dan) = Player::two(&system).await;
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
    let (white, mut black) = Player::two(&system).await;
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
    let (mut white, mut black) = Player::two(&system).await;
    let mut other = Player::open(&system).await;
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

#[tokio::test]
async fn it_runs_in_every_form() {
    every_form(env!("CARGO_BIN_EXE_chess-server"), SAMPLE, async |shipped, _| {
        let gateway = shipped.web().websocket;
        // the gateway may not have found the spawner yet
        let mut players = eventually(async || {
            let mut white = Browser::reach(gateway, None).await?;
            let mut black = Browser::reach(gateway, None).await?;
            white.text("connected").await;
            white.send("startGame", black.text("connected").await).await;
            (white.next().await?.0 == "propagate_gameStart").then_some((white, black))
        })
        .await;
        let (white, black) = (&mut players.0, &mut players.1);
        white.send("move", r#"{"fromRow":1,"fromCol":4,"toRow":3,"toCol":4}"#).await;
        assert_eq!(white.json("propagate_move").await["algebraicNotation"], "e4");
        black.text("propagate_gameStart").await;
        black.send("endGame", "").await;
        assert_eq!(white.json("propagate_gameEnd").await["reason"], "Black gave up");
    })
    .await;
}
