//! The chat as browsers use it: over their WebSockets, against both nodes on a network within the process, and
//! in every form.

use chat::{Chat, Gateway};
use samples::{Browser, Shipped, eventually, every_form};
use serde_json::{Value, json};
use systemge::testing::{Network, soon};
use systemge::{Running, System};

const SAMPLE: &str = env!("CARGO_MANIFEST_DIR");

/// The sample's own configuration; only browsers come over real sockets.
async fn start() -> Running {
    let system = System::from_config(Shipped::new(SAMPLE).config());
    let system = Network::new()
        .carry(system)
        .node("chat", Chat::default())
        .node("gateway", Gateway::default())
        .start()
        .await
        .expect("the nodes start");
    for (node, topic) in [("gateway", "join"), ("chat", "propagateMessage")] {
        system.node(node).expect("it is there").until_provider(topic).await;
    }
    system
}

/// Opens the chat; returns what was said last in the lobby, too.
async fn open(system: &Running) -> (Browser, Value) {
    let mut browser = Browser::of(system).await;
    let last = browser.json("join").await;
    (browser, last)
}

/// Opens the chat and goes into a room.
async fn enter(system: &Running, name: &str, room: &str) -> (Browser, Value) {
    let (mut browser, _) = open(system).await;
    browser.send("enter", json!({ "room": room, "name": name }).to_string()).await;
    let last = browser.json("join").await;
    (browser, last)
}

#[tokio::test]
async fn what_is_said_in_a_room_is_heard_there_and_nowhere_else() {
    let system = start().await;
    let (mut ada, last) = enter(&system, "Ada", "den").await;
    assert_eq!(last, json!([]));
    let (mut bob, _) = enter(&system, "Bob", "den").await;
    let (mut eve, _) = enter(&system, "Eve", "attic").await;
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
    let (_, last) = enter(&system, "Dan", "den").await;
    assert_eq!(last[0]["text"], "<b>hello</b>");
    system.stop().await;
}

#[tokio::test]
async fn a_name_is_free_again_when_its_owner_is_gone() {
    let system = start().await;
    let (ada, _) = enter(&system, "Ada", "den").await;
    let (mut other, _) = open(&system).await;
    let wish = json!({ "room": "den", "name": "Ada" }).to_string();
    other.send("enter", wish.clone()).await;
    let refusal = other.text("error").await;
    assert!(refusal.contains("called `Ada` already"), "{refusal}");
    // who was refused is where it was
    other.send("addMessage", "still here").await;
    assert_eq!(other.json("propagateMessage").await["text"], "still here");
    drop(ada);
    let chat = system.node("chat").expect("it is there");
    let left = async {
        while chat.command("getChatters", ["den"]).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    // Ada leaves, and with her the room
    soon(left).await;
    other.send("enter", wish).await;
    assert_eq!(other.json("join").await, json!([]));
    assert_eq!(chat.command("getChatters", ["den"]).await.as_deref(), Ok("Ada"));
    assert_eq!(chat.command("getRooms", [""; 0]).await.as_deref(), Ok("den\nlobby"));
    system.stop().await;
}

#[tokio::test]
async fn bad_input_is_answered_and_changes_nothing() {
    let system = start().await;
    let (mut browser, _) = open(&system).await;
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
    system.node("chat").expect("it is there").stop().await;
    browser.send("addMessage", "hello").await;
    let error = browser.text("error").await;
    assert!(error.contains("not connected"), "{error}");
    system.stop().await;
}

#[tokio::test]
async fn it_runs_in_every_form() {
    every_form(env!("CARGO_BIN_EXE_chat"), SAMPLE, async |shipped, _| {
        let gateway = shipped.web().websocket;
        // the nodes may not have found each other yet
        eventually(async || {
            let mut browser = Browser::reach(gateway, None).await?;
            if browser.next().await?.0 != "join" {
                return None;
            }
            browser.send("addMessage", "hello").await;
            (browser.next().await?.1.contains("hello")).then_some(())
        })
        .await;
    })
    .await;
}
