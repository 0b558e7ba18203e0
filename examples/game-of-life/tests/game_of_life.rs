//! The game as a browser plays it: over its WebSocket, against both nodes on a network within the process, and in every
//! form.

use game_of_life::{COLUMNS, Gateway, Life, ROWS, Snapshot};
use samples::{Browser, Shipped, eventually, every_form};
use serde_json::json;
use systemge::testing::Network;
use systemge::{Node, Running, System};

const SAMPLE: &str = env!("CARGO_MANIFEST_DIR");

/// The sample's own configuration without the dashboard; only browsers come over real sockets.
async fn game() -> Running {
    let mut config = Shipped::new(SAMPLE).config();
    config.dashboard = None;
    let system = Network::new()
        .carry(System::from_config(config))
        .node("life", Life::default())
        .node("gateway", Gateway::default())
        .start()
        .await
        .expect("the nodes start");
    for (name, topic) in [("gateway", "getGrid"), ("life", "propagateGrid")] {
        node(&system, name).until_provider(topic).await;
    }
    system
}

fn node(system: &Running, name: &str) -> Node {
    system.node(name).expect("a node of that name")
}

/// Opens the game; returns the grid that is shown first, too.
async fn open(system: &Running) -> (Browser, Snapshot) {
    let mut browser = Browser::of(system).await;
    let grid = shown(&mut browser, "getGrid").await;
    (browser, grid)
}

/// The grid of the next message, which must have that topic.
async fn shown(browser: &mut Browser, topic: &str) -> Snapshot {
    serde_json::from_value(browser.json(topic).await).expect("a grid in the payload")
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
    let (mut first, grid) = open(&system).await;
    assert_eq!((grid.rows, grid.cols, living(&grid).len()), (ROWS, COLUMNS, 0));
    let (mut second, _) = open(&system).await;

    // a blinker, cell by cell
    for column in 1..4 {
        first.send("gridChange", json!({ "row": 2, "column": column, "state": 1 }).to_string()).await;
        for browser in [&mut first, &mut second] {
            let change = browser.json("propagateGridChange").await;
            assert_eq!(change, json!({ "row": 2, "column": column, "state": 1 }));
        }
    }
    second.send("heartbeat", "").await;
    second.send("nextGeneration", "").await;
    for browser in [&mut first, &mut second] {
        let grid = shown(browser, "propagateGrid").await;
        assert_eq!(living(&grid), [(1, 2), (2, 2), (3, 2)]);
    }

    first.send("setGrid", "1".repeat(ROWS * COLUMNS)).await;
    let grid = shown(&mut second, "propagateGrid").await;
    assert_eq!(living(&grid).len(), ROWS * COLUMNS);
    system.stop().await;
}

#[tokio::test]
async fn bad_input_is_answered_and_changes_nothing() {
    let system = game().await;
    let (mut browser, _) = open(&system).await;
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
    let (_, grid) = open(&system).await;
    assert_eq!(living(&grid), []);
    system.stop().await;
}

#[tokio::test]
async fn commands_change_the_grid_and_show_it() {
    let system = game().await;
    let (mut browser, _) = open(&system).await;
    let life = node(&system, "life");
    let nothing: [&str; 0] = [];
    life.command("chess", nothing).await.expect("the command runs");
    assert_eq!(living(&shown(&mut browser, "propagateGrid").await).len(), ROWS * COLUMNS / 2);
    life.command("randomize", ["100"]).await.expect("the command runs");
    assert_eq!(living(&shown(&mut browser, "propagateGrid").await).len(), ROWS * COLUMNS);
    life.command("invert", nothing).await.expect("the command runs");
    assert_eq!(living(&shown(&mut browser, "propagateGrid").await), []);
    assert_eq!(life.command("toggleToroidal", nothing).await.as_deref(), Ok("the edges are apart"));
    let error = life.command("randomize", ["many"]).await.expect_err("`many` is no number");
    assert!(error.to_string().contains("percent"), "{error}");
    system.stop().await;
}

#[tokio::test]
async fn a_browser_learns_that_the_game_is_not_connected() {
    let system = game().await;
    let (mut browser, _) = open(&system).await;
    node(&system, "life").stop().await;
    browser.send("nextGeneration", "").await;
    let error = browser.text("error").await;
    assert!(error.contains("not connected"), "{error}");
    system.stop().await;
}

#[tokio::test]
async fn it_runs_in_every_form() {
    every_form(env!("CARGO_BIN_EXE_game-of-life"), SAMPLE, async |shipped, _| {
        let gateway = shipped.web().websocket;
        // the nodes may not have found each other yet
        eventually(async || {
            let mut browser = Browser::reach(gateway, None).await?;
            if browser.next().await?.0 != "getGrid" {
                return None;
            }
            browser.send("gridChange", json!({ "row": 2, "column": 3, "state": 1 }).to_string()).await;
            let (topic, change) = browser.next().await?;
            (topic == "propagateGridChange" && change.contains("\"column\":3")).then_some(())
        })
        .await;
    })
    .await;
}
