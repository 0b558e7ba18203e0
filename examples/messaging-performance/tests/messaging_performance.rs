//! What is sent is counted and shown, in every form.

use messaging_performance::{Gateway, Receiver};
use samples::{Browser, SOON, Shipped, eventually, every_form};
use serde_json::Value;
use systemge::{Running, System};

const SAMPLE: &str = env!("CARGO_MANIFEST_DIR");

/// The sample's own configuration, on free ports.
async fn start(shipped: &Shipped) -> Running {
    let system = System::from_config(shipped.config())
        .node("receiver", Receiver::default())
        .node("gateway", Gateway::default())
        .start()
        .await
        .expect("the nodes start");
    let gateway = system.node("gateway").expect("it is there");
    assert!(gateway.wait_for_provider("message", SOON).await, "the gateway finds the receiver");
    system
}

/// Follows what a browser is shown up to the end; returns how much of each phase it has seen last, and the summary.
async fn follow(browser: &mut Browser) -> ([u64; 2], Value) {
    let mut seen = [0, 0];
    loop {
        let (topic, payload) = browser.next().await.expect("the socket is open");
        let payload: Value = serde_json::from_str(&payload).unwrap_or(Value::String(payload));
        match topic.as_str() {
            "progress" => {
                let place = &mut seen[usize::from(payload["phase"] == "requests")];
                let done = payload["done"].as_u64().expect("a number");
                assert!(done > *place && payload["perSecond"].as_f64().expect("a rate") > 0.0, "{payload}");
                *place = done;
            }
            "summary" => return (seen, payload),
            _ => panic!("{topic}: {payload}"),
        }
    }
}

#[tokio::test]
async fn a_browser_and_the_command_line_see_how_fast_it_is() {
    let shipped = Shipped::new(SAMPLE);
    let system = start(&shipped).await;
    let mut browser = Browser::of(&system).await;
    assert_eq!(browser.json("welcome").await, Value::Null);
    browser.send("start", "3000").await;
    let (seen, summary) = follow(&mut browser).await;
    assert_eq!((seen, &summary["count"]), ([3000, 3000], &Value::from(3000)));

    // whoever comes later sees the last figures, and the command measures the same
    let mut second = Browser::of(&system).await;
    assert_eq!(second.json("welcome").await, summary);
    let gateway = system.node("gateway").expect("it is there");
    let told = gateway.command("run", ["2000"]).await.expect("it runs");
    assert!(told.starts_with("2000 messages in ") && told.contains("\n2000 requests in "), "{told}");
    let (seen, _) = follow(&mut second).await;
    assert_eq!(seen, [2000, 2000]);
    system.stop().await;
}

#[tokio::test]
async fn one_sends_at_a_time_and_it_can_be_stopped() {
    let shipped = Shipped::new(SAMPLE);
    let system = start(&shipped).await;
    let gateway = system.node("gateway").expect("it is there");
    let mut browser = Browser::of(&system).await;
    browser.text("welcome").await;
    browser.send("start", "100000000").await;
    browser.text("progress").await;
    let refusal = gateway.command("run", ["1"]).await.expect_err("it sends already").to_string();
    assert!(refusal.contains("already"), "{refusal}");
    browser.send("stop", "").await;
    let reason = loop {
        match browser.next().await.expect("the socket is open") {
            (topic, _) if topic == "progress" => {}
            (topic, payload) => break (topic, payload),
        }
    };
    assert_eq!(reason, ("failed".to_owned(), "stopped".to_owned()));
    for wrong in ["0", "100000001"] {
        let refusal = gateway.command("run", [wrong]).await.expect_err("too few or too many").to_string();
        assert!(refusal.contains("from 1 to 100000000"), "{refusal}");
    }
    system.node("receiver").expect("it is there").stop().await;
    let refusal = gateway.command("run", ["1"]).await.expect_err("nobody is there").to_string();
    assert!(refusal.contains("no connected node handles"), "{refusal}");
    system.stop().await;
}

#[tokio::test]
async fn it_runs_in_every_form() {
    every_form(env!("CARGO_BIN_EXE_messaging-performance"), SAMPLE, async |shipped, _| {
        let gateway = shipped.web().websocket;
        let (seen, _) = eventually(async || {
            let mut browser = Browser::reach(gateway, None).await?;
            browser.text("welcome").await;
            browser.send("start", "2000").await;
            match browser.next().await? {
                // the gateway may not have found the receiver yet
                (topic, _) if topic == "failed" => None,
                (topic, _) if topic == "progress" => Some(follow(&mut browser).await),
                (topic, payload) => panic!("{topic}: {payload}"),
            }
        })
        .await;
        assert_eq!(seen[1], 2000);
    })
    .await;
}
