//! Two processes: what happens when one of them is killed, or told to end.
#![cfg(unix)]

use std::time::Duration;

use reliability::child::{RemoteClient, Remotely};
use systemge::client::RequestError;
use systemge::config::{Endpoint, NodeConfig};
use systemge::prelude::*;
use systemge::{DialState, Running};

const PROGRAM: &str = env!("CARGO_BIN_EXE_reliability");

/// An application without any component: it only calls.
#[derive(systemge::Application, Default)]
struct Caller {}

/// Waits for something that is expected to happen.
async fn soon<F: IntoFuture>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it happens in time")
}

async fn remote() -> (Remotely, Endpoint) {
    let mut process = Remotely::start(PROGRAM, "remote", &"tcp://127.0.0.1:0".parse().expect("an endpoint"))
        .expect("a process");
    let endpoint = process.endpoint().await.expect("it listens");
    (process, endpoint)
}

/// A node of this process that dials the other one again soon.
async fn caller(endpoint: Endpoint) -> (Running, Node) {
    let mut config = NodeConfig::new().connect(endpoint);
    config.dial.initial_delay = Duration::from_millis(5);
    config.dial.max_delay = Duration::from_millis(20);
    let system =
        System::new().node_with("caller", Caller::default(), config).start().await.expect("it starts");
    let node = system.node("caller").expect("the node");
    assert!(node.wait_for_provider("pid", Duration::from_secs(10)).await);
    (system, node)
}

#[tokio::test]
async fn requests_to_a_process_that_is_killed_end_at_once_and_it_is_found_when_it_comes_back() {
    let (mut process, endpoint) = remote().await;
    let (system, node) = caller(endpoint.clone()).await;
    let client = RemoteClient::new(&node);
    for _ in 0..2 {
        assert_eq!(soon(client.pid()).await, Ok(process.child.id().expect("it runs")));
        let mut open: Vec<_> =
            (0..50).map(|_| client.slow().timeout(Duration::from_secs(600)).stream()).collect();
        process.says("asked").await.expect("it says so");
        soon(process.child.kill()).await.expect("it is killed");
        for stream in &mut open {
            let outcome = soon(stream.next()).await.expect("an outcome");
            assert_eq!(outcome.result, Err(RequestError::Disconnected));
        }
        soon(async {
            while matches!(node.dialled()[0].1, DialState::Connected(_)) {
                // nothing tells that the state of a dialled endpoint has changed
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        assert_eq!(client.go().await, Ok(0));
        process = Remotely::start(PROGRAM, "remote", &endpoint).expect("a process");
        process.endpoint().await.expect("it listens");
        assert!(node.wait_for_provider("pid", Duration::from_secs(10)).await);
    }
    assert_eq!(soon(client.pid()).await, Ok(process.child.id().expect("it runs")));
    soon(process.child.kill()).await.expect("it is killed");
    system.stop().await;
}

#[tokio::test]
async fn a_process_that_is_told_to_end_answers_what_is_in_flight() {
    for signal in ["-TERM", "-INT"] {
        let (mut process, endpoint) = remote().await;
        let (system, node) = caller(endpoint).await;
        let client = RemoteClient::new(&node);
        let mut open = client.soon_answered().stream();
        process.says("asked").await.expect("it says so");
        process.signal(signal).await.expect("it runs");
        assert_eq!(soon(open.next()).await.expect("an outcome").result, Ok(8));
        process.says("stopped").await.expect("it says so");
        process.says("ended").await.expect("it says so");
        assert!(soon(process.child.wait()).await.expect("it ends").success());
        system.stop().await;
    }
}

#[tokio::test]
async fn a_second_signal_ends_the_wait_for_what_is_in_flight() {
    let (mut process, endpoint) = remote().await;
    let (system, node) = caller(endpoint).await;
    let client = RemoteClient::new(&node);
    let mut open = client.slow().timeout(Duration::from_secs(600)).stream();
    process.says("asked").await.expect("it says so");
    process.signal("-TERM").await.expect("it runs");
    soon(async { while client.pid().await.is_ok() {} }).await;
    process.signal("-TERM").await.expect("it runs");
    process.says("ended").await.expect("it says so");
    assert!(soon(process.child.wait()).await.expect("it ends").success());
    assert_eq!(soon(open.next()).await.expect("an outcome").result, Err(RequestError::Disconnected));
    system.stop().await;
}

#[tokio::test]
async fn a_process_whose_on_start_hangs_can_be_told_to_end() {
    let mut process = Remotely::hanging(PROGRAM).expect("a process");
    process.says("starting").await.expect("it says so");
    process.signal("-TERM").await.expect("it runs");
    process.says("ended").await.expect("it says so");
    assert!(soon(process.child.wait()).await.expect("it ends").success());
}
