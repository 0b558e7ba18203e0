//! The commands of nodes with browsers.

use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use systemge::config::{HttpConfig, NodeConfig, WebSocketConfig};
use systemge::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use crate::support::{soon, until};

#[derive(systemge::Application, Default)]
struct Club {}

#[systemge::websocket]
impl Club {
    #[on_connect]
    async fn joined(&self, client: &WsClient) -> Result<()> {
        if client.query() == "shoes=none" {
            return Err(Error::message("nobody is let in without shoes"));
        }
        client.join("guests");
        Ok(())
    }
}

#[systemge::http]
impl Club {
    #[get("/open")]
    async fn open(&self) -> &'static str {
        "yes"
    }
}

fn club_config() -> NodeConfig {
    let mut websocket = WebSocketConfig::default();
    websocket.listen = Some(([127, 0, 0, 1], 0).into());
    let mut http = HttpConfig::default();
    http.listen = ([127, 0, 0, 1], 0).into();
    NodeConfig::new().websocket(websocket).http(http)
}

/// Waits until a socket is closed; returns the code and the reason, and the text that came before.
async fn closed(mut socket: impl Stream<Item = Result<Message, WsError>> + Unpin) -> (u16, String, String) {
    let mut said = String::new();
    soon(async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => {
                    break (frame.code.into(), frame.reason.to_string(), said);
                }
                Some(Ok(message)) => said += message.to_text().unwrap_or_default(),
                other => panic!("a close is expected: {other:?}"),
            }
        }
    })
    .await
}

#[tokio::test]
async fn whoever_is_refused_or_denied_is_closed_with_1008() {
    let system =
        System::new().node_with("club", Club::default(), club_config()).start().await.expect("it starts");
    let club = system.node("club").expect("the node");
    let address = club.websocket_address().expect("it listens");
    let open = async |query: &str| {
        let url = format!("ws://{address}/ws{query}");
        soon(tokio_tungstenite::connect_async(url)).await.map(|(socket, _)| socket)
    };
    let (code, reason, said) = closed(open("?shoes=none").await.expect("it is a socket at first")).await;
    assert_eq!((code, reason.as_str()), (1008, "refused"));
    assert!(said.contains("without shoes"), "{said}");

    let guest = open("").await.expect("it is let in");
    until(|| !club.context().websocket().groups().is_empty()).await;
    let execute = async |line: &str| system.execute(line).await.map_err(|error| error.to_string());
    let denied = execute("deny add 127.0.0.1 websocket").await;
    assert_eq!(denied, Ok("websocket  127.0.0.1/32 added to the list `deny`".to_owned()));
    let (code, reason, _) = closed(guest).await;
    assert_eq!((code, reason.as_str()), (1008, "your address is not allowed any more"));
    let refused = open("").await.expect_err("it is denied").to_string();
    assert!(refused.contains("403"), "{refused}");
    system.stop().await;
}

#[tokio::test]
async fn the_lists_of_the_http_component_are_changed_by_commands() {
    let system =
        System::new().node_with("club", Club::default(), club_config()).start().await.expect("it starts");
    let address = system.node("club").and_then(|club| club.http_address()).expect("it listens");
    let execute = async |line: &str| system.execute(line).await.map_err(|error| error.to_string());
    let status = async || {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let request = "GET /open HTTP/1.1\r\nhost: club\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        soon(stream.read_to_string(&mut answer)).await.expect("it answers");
        answer.split(' ').nth(1).map(str::to_owned).expect("a status")
    };
    let both = "http  allows everyone  denies nobody\nwebsocket  allows everyone  denies nobody";
    assert_eq!(execute("access").await, Ok(both.to_owned()));
    assert_eq!(status().await, "200");
    let denied = execute("deny add 127.0.0.0/8 http").await;
    assert_eq!(denied, Ok("http  127.0.0.0/8 added to the list `deny`".to_owned()));
    assert_eq!(status().await, "403");
    execute("deny remove 127.0.0.0/8 http").await.expect("it is there");
    assert_eq!(status().await, "200");
    // without a place, all are meant
    execute("allow add 192.0.2.1").await.expect("it is an address");
    assert_eq!(execute("access").await, Ok(both.replace("everyone", "192.0.2.1/32")));
    assert_eq!(status().await, "403");
    let elsewhere =
        execute("deny add 192.0.2.1 tcp://127.0.0.1:1").await.expect_err("it does not listen there");
    assert!(elsewhere.contains("does not listen on tcp://127.0.0.1:1"), "{elsewhere}");
    system.stop().await;
}

#[tokio::test]
async fn clients_and_groups_are_shown_and_a_client_is_disconnected() {
    let system =
        System::new().node_with("club", Club::default(), club_config()).start().await.expect("it starts");
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
