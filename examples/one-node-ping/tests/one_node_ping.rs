//! The node hears itself, on a network within the process and in every form, and a browser sees it.

use one_node_ping::PingNode;
use samples::{Browser, Shipped, eventually, every_form};
use systemge::System;
use systemge::testing::Network;

const SAMPLE: &str = env!("CARGO_MANIFEST_DIR");

#[tokio::test]
async fn every_browser_is_worth_a_ping_and_sees_every_pong() {
    let system = Network::new()
        .carry(System::from_config(Shipped::new(SAMPLE).config()))
        .node("ping", PingNode::default());
    let system = system.start().await.expect("the node starts");
    let node = system.node("ping").expect("the node");
    node.until_provider("PING").await;

    let mut browser = Browser::open(node.websocket_address().expect("it listens")).await;
    assert_eq!(browser.text("welcome").await, "");
    assert_eq!(browser.text("PONG").await, "1");
    browser.send("PING", "").await;
    assert_eq!(browser.text("PONG").await, "2");
    system.stop().await;
}

#[tokio::test]
async fn it_runs_in_every_form() {
    every_form(env!("CARGO_BIN_EXE_one-node-ping"), SAMPLE, async |shipped, _| {
        let node = shipped.web().websocket;
        eventually(async || {
            let mut browser = Browser::reach(node, None).await?;
            assert_eq!(browser.next().await?.0, "welcome");
            // the node may not have found itself yet
            (browser.next().await?.0 == "PONG").then_some(())
        })
        .await;
    })
    .await;
}
