//! The two nodes play, on a network within the process, in every form, and after one of them was killed.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use ping_pong::{Gateway, Pong, PongClient};
use samples::{Browser, Shipped, eventually, every_form};
use systemge::System;
use systemge::testing::Network;

const SAMPLE: &str = env!("CARGO_MANIFEST_DIR");

/// Opens the page again and again until it is told something that holds a text, after the welcome.
async fn waits_for(gateway: SocketAddr, topic: &str, part: &str) {
    eventually(async || {
        let mut browser = Browser::reach(gateway, None).await?;
        assert_eq!(browser.next().await?.0, "welcome");
        let (seen, text) = browser.next().await?;
        (seen == topic && text.contains(part)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_browser_sees_an_answer_and_every_browser_a_pong() {
    let system = Network::new()
        .carry(System::from_config(Shipped::new(SAMPLE).config()))
        .node("pong", Pong::default())
        .node("gateway", Gateway::default())
        .start()
        .await
        .expect("the nodes start");
    let gateway = system.node("gateway").expect("it is there");
    let pong = system.node("pong").expect("it is there");
    gateway.until_provider("pingPong").await;
    pong.until_provider("pong").await;

    let mut first = Browser::of(&system).await;
    for expected in [("welcome", ""), ("pingPong", "pong"), ("pong", "")] {
        assert_eq!(first.text(expected.0).await, expected.1);
    }
    let _second = Browser::of(&system).await;
    first.text("pong").await;

    let wrong = PongClient::new(&gateway).ping_pong("pang".to_owned()).await;
    assert!(wrong.expect_err("it is no ping").to_string().contains("`pang` is no `ping`"));
    system.stop().await;
}

/// A process that runs one of the nodes; killed when it is dropped.
struct Process(Child);

impl Process {
    fn start(shipped: &Shipped, node: &str) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_ping-pong"))
            .arg(shipped.file())
            .env("SYSTEMGE__SYSTEM__RUN", format!("[{node:?}]"))
            .env("SYSTEMGE__NODES__GATEWAY__DIAL__MAX_DELAY", "200ms")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("the program starts"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn two_processes_find_each_other_again() {
    let shipped = Shipped::new(SAMPLE);
    let gateway = shipped.web().websocket;
    let _asking = Process::start(&shipped, "gateway");
    let answering = Process::start(&shipped, "pong");
    waits_for(gateway, "pingPong", "pong").await;
    drop(answering);
    waits_for(gateway, "error", "no connected node handles `pingPong`").await;
    let _answering = Process::start(&shipped, "pong");
    waits_for(gateway, "pingPong", "pong").await;
}

#[tokio::test]
async fn it_runs_in_every_form() {
    every_form(env!("CARGO_BIN_EXE_ping-pong"), SAMPLE, async |shipped, _| {
        waits_for(shipped.web().websocket, "pingPong", "pong").await;
    })
    .await;
}
