//! The two nodes play, in one system over real TCP.

use std::time::Duration;

use ping_pong::{Ping, PingClient, Pong, PongClient};
use systemge::System;
use systemge::config::{Endpoint, NodeConfig};

fn listening() -> NodeConfig {
    NodeConfig::new().listen("tcp://127.0.0.1:0".parse().expect("an endpoint"))
}

#[tokio::test]
async fn a_ping_is_answered_by_a_pong() {
    let system = System::new()
        .node_with("pong", Pong::default(), listening())
        .node_with("ping", Ping::default(), listening())
        .start()
        .await
        .expect("the nodes start");
    let (ping, pong) = (&system.nodes()[1], &system.nodes()[0]);
    pong.connect(Endpoint::tcp(ping.addresses()[0])).await.expect("pong dials ping");
    ping.connect(Endpoint::tcp(pong.addresses()[0])).await.expect("ping dials pong");

    let answer = PongClient::new(ping).ping_pong("ping".to_owned()).await;
    assert_eq!(answer.as_deref(), Ok("pong"));

    let counted = async {
        while PingClient::new(pong).pongs().await.expect("ping counts") == 0 {
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(PongClient::new(ping).ping().await, Ok(1));
    tokio::time::timeout(Duration::from_secs(10), counted).await.expect("the pong arrives");
    system.stop().await;
}

#[test]
fn the_configurations_have_no_mistakes() {
    for file in ["systemge.toml", "ping.toml", "pong.toml"] {
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        if let Err(error) = systemge::config::SystemConfig::from_file(path) {
            panic!("{error}");
        }
    }
}
