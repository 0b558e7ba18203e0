//! The two nodes play, in one system over real TCP and in two processes.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::StreamExt as _;
use ping_pong::{Gateway, Pong, PongClient};
use serde_json::Value;
use systemge::System;
use systemge::config::{Endpoint, HttpConfig, NodeConfig, WebSocketConfig};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long anything may take that is expected to happen.
const SOON: Duration = Duration::from_secs(20);

fn listening() -> NodeConfig {
    NodeConfig::new().listen("tcp://127.0.0.1:0".parse::<Endpoint>().expect("an endpoint"))
}

/// A browser, without the page.
struct Browser(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Browser {
    async fn open(port: u16) -> Option<Self> {
        let (socket, _) = tokio_tungstenite::connect_async(format!("ws://127.0.0.1:{port}/ws")).await.ok()?;
        Some(Self(socket))
    }

    /// The topic and the payload of the next message.
    async fn next(&mut self) -> Option<(String, String)> {
        let next = tokio::time::timeout(SOON, self.0.next()).await.expect("a message in time");
        let frame: Value = serde_json::from_str(next?.ok()?.to_text().ok()?).ok()?;
        Some((frame["topic"].as_str()?.to_owned(), frame["payload"].as_str()?.to_owned()))
    }

    /// What a browser sees that opens the page, up to the message after the welcome that tells how it went.
    async fn sees(port: u16) -> Option<(String, String)> {
        let mut browser = Self::open(port).await?;
        assert_eq!(browser.next().await?.0, "welcome");
        browser.next().await
    }

    /// Opens the page again and again until it sees a message that holds a text.
    async fn waits_for(port: u16, topic: &str, part: &str) {
        let seen = async {
            while !Self::sees(port).await.is_some_and(|(seen, text)| seen == topic && text.contains(part)) {
                // the program is another process: only what a browser sees tells how it stands
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, seen).await.expect("it is seen in time");
    }
}

#[tokio::test]
async fn a_browser_sees_an_answer_and_every_browser_a_pong() {
    let mut http = HttpConfig::default();
    http.listen = ([127, 0, 0, 1], 0).into();
    let mut websocket = WebSocketConfig::default();
    websocket.listen = Some(([127, 0, 0, 1], 0).into());
    let system = System::new()
        .node_with("pong", Pong::default(), listening())
        .node_with("gateway", Gateway::default(), listening().http(http).websocket(websocket))
        .start()
        .await
        .expect("the nodes start");
    let (gateway, pong) = (system.nodes()[1].clone(), system.nodes()[0].clone());
    pong.connect(Endpoint::tcp(gateway.addresses()[0])).await.expect("pong dials the gateway");
    gateway.connect(Endpoint::tcp(pong.addresses()[0])).await.expect("the gateway dials pong");

    let port = gateway.websocket_address().expect("it listens").port();
    let mut first = Browser::open(port).await.expect("a socket");
    for expected in [("welcome", ""), ("pingPong", "pong"), ("pong", "")] {
        let (topic, payload) = first.next().await.expect("a message");
        assert_eq!((topic.as_str(), payload.as_str()), expected);
    }
    let _second = Browser::open(port).await.expect("a socket");
    assert_eq!(first.next().await.expect("a message").0, "pong");

    let wrong = PongClient::new(&gateway).ping_pong("pang".to_owned()).await;
    assert!(wrong.expect_err("it is no ping").to_string().contains("`pang` is no `ping`"));
    system.stop().await;
}

#[test]
fn the_configurations_have_no_mistakes() {
    for file in ["systemge.toml", "gateway.toml", "pong.toml"] {
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        if let Err(error) = systemge::config::SystemConfig::from_file(path) {
            panic!("{error}");
        }
    }
}

/// A process that runs one of the nodes; killed when the test is over.
struct Process(Child);

impl Process {
    fn start(config: &std::path::Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_ping-pong"))
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("the program starts"))
    }

    /// Asks the program to end, which it must do in an orderly way.
    #[cfg(unix)]
    fn terminate(mut self) {
        let kill = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(kill.expect("the command `kill`").success());
        let status = self.0.wait().expect("the program ends");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn two_processes_play_and_find_each_other_again() {
    // all listeners are held at once, lest two get the same port
    let held = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    let [gateway, pong, http, websocket] =
        held.map(|listener| listener.local_addr().expect("an address").port());
    let folder = std::env::temp_dir().join(format!("systemge-ping-pong-{gateway}-{pong}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let config = |name: &str| {
        let shipped = std::fs::read_to_string(format!("{}/{name}.toml", env!("CARGO_MANIFEST_DIR")));
        let mut text = shipped.expect("the sample's configuration");
        for (given, free) in [("60001", gateway), ("60002", pong), ("8080", http), ("8443", websocket)] {
            text = text.replace(given, &free.to_string());
        }
        text += &format!("\n[nodes.{name}.dial]\nmax_delay = \"200ms\"\n");
        let path = folder.join(format!("{name}.toml"));
        std::fs::write(&path, text).expect("a file");
        path
    };
    let (gateway_config, pong_config) = (config("gateway"), config("pong"));

    let asking = Process::start(&gateway_config);
    let answering = Process::start(&pong_config);
    Browser::waits_for(websocket, "pingPong", "pong").await;
    drop(answering);
    Browser::waits_for(websocket, "error", "no connected node handles `pingPong`").await;
    let _answering = Process::start(&pong_config);
    Browser::waits_for(websocket, "pingPong", "pong").await;
    #[cfg(unix)]
    asking.terminate();
    std::fs::remove_dir_all(&folder).expect("the folder can go");
}
