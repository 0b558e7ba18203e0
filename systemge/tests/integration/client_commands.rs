//! The commands of nodes with browsers.

use std::time::Duration;

use futures_util::StreamExt as _;
use systemge::config::{NodeConfig, WebSocketConfig};
use systemge::prelude::*;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{soon, until};

#[derive(systemge::Application, Default)]
struct Club {}

#[systemge::websocket]
impl Club {
    #[on_connect]
    async fn joined(&self, client: &WsClient) {
        client.join("guests");
    }
}

#[tokio::test]
async fn clients_and_groups_are_shown_and_a_client_is_disconnected() {
    let mut websocket = WebSocketConfig::default();
    websocket.listen = Some(([127, 0, 0, 1], 0).into());
    let config = NodeConfig::new().websocket(websocket);
    let system = System::new().node_with("club", Club::default(), config).start().await.expect("it starts");
    let execute = async |line: &str| system.execute(line).await.map_err(|error| error.to_string());
    assert_eq!(execute("clients").await, Ok("there are no clients".to_owned()));
    assert_eq!(execute("groups").await, Ok("there are no groups".to_owned()));

    let club = system.node("club").expect("the node");
    let address = club.websocket_address().expect("it listens");
    let (mut browser, _) =
        soon(tokio_tungstenite::connect_async(format!("ws://{address}/ws"))).await.expect("it lets us in");
    until(|| !club.context().websocket().groups().is_empty()).await;
    assert_eq!(execute("groups").await, Ok("guests  1".to_owned()));
    let client = club.context().websocket().clients().remove(0);
    let line = format!("{}  {}  guests", client.id(), client.address());
    assert_eq!(execute("clients").await, Ok(line.clone()));
    assert_eq!(execute("members guests").await, Ok(line));
    let nobody = execute("members strangers").await.expect_err("nobody is there");
    assert!(nobody.contains("there is no group `strangers`"), "{nobody}");

    let kicked = execute(&format!("kick {} no shoes", client.id())).await;
    assert_eq!(kicked, Ok(format!("{} is disconnected", client.id())));
    let reason = soon(async {
        loop {
            match browser.next().await {
                Some(Ok(Message::Close(Some(frame)))) => break frame.reason.to_string(),
                Some(Ok(_)) => {}
                other => panic!("a close is expected: {other:?}"),
            }
        }
    })
    .await;
    assert_eq!(reason, "no shoes");
    drop(browser);
    let again = format!("kick {}", client.id());
    let gone = async {
        while !execute(&again).await.is_err_and(|error| error.contains("there is no client")) {
            // nothing but the command tells that the client is gone
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    soon(gone).await;
    system.stop().await;

    // a node without clients has no such commands
    let plain = System::new().node_with("plain", crate::support::Caller::default(), NodeConfig::new());
    let plain = plain.start().await.expect("it starts");
    assert!(plain.execute("clients").await.is_err());
    plain.stop().await;
}
