//! The node hears itself over real TCP, and a browser sees it.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use one_node_ping::PingNode;
use serde_json::{Value, json};
use systemge::System;
use systemge::config::{Endpoint, HttpConfig, NodeConfig, WebSocketConfig};
use tokio_tungstenite::tungstenite::Message;

/// How long anything may take that is expected to happen.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn every_browser_is_worth_a_ping_and_sees_every_pong() {
    let mut http = HttpConfig::default();
    http.listen = ([127, 0, 0, 1], 0).into();
    let mut websocket = WebSocketConfig::default();
    websocket.listen = Some(([127, 0, 0, 1], 0).into());
    let listening = NodeConfig::new().listen("tcp://127.0.0.1:0".parse::<Endpoint>().expect("an endpoint"));
    let system = System::new()
        .node_with("ping", PingNode::default(), listening.http(http).websocket(websocket))
        .start()
        .await
        .expect("the node starts");
    let node = system.node("ping").expect("the node").clone();
    node.connect(Endpoint::tcp(node.addresses()[0])).await.expect("the node dials itself");

    let address = node.websocket_address().expect("the component listens");
    let (mut browser, _) =
        tokio_tungstenite::connect_async(format!("ws://{address}/ws")).await.expect("a socket");
    let ping = json!({ "topic": "PING", "payload": "" }).to_string();
    for (topic, payload) in [("welcome", ""), ("PONG", "1"), ("PONG", "2")] {
        let next = tokio::time::timeout(SOON, browser.next()).await.expect("a message in time");
        let frame = next.expect("the socket is open").expect("a frame").into_text().expect("a text frame");
        let frame: Value = serde_json::from_str(&frame).expect("JSON");
        assert_eq!(frame, json!({ "topic": topic, "payload": payload }));
        if topic == "PONG" {
            browser.send(Message::text(ping.clone())).await.expect("the socket is open");
        }
    }
    system.stop().await;
}

#[test]
fn the_configuration_has_no_mistakes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/systemge.toml");
    if let Err(error) = systemge::config::SystemConfig::from_file(path) {
        panic!("{error}");
    }
}
