//! How long names and payloads may be, and how much may wait.

use std::time::Duration;

use systemge::client::{Refusal, RequestError};
use systemge::config::{ConnectConfig, Endpoint, NodeConfig, SlowPeerPolicy};
use systemge::prelude::*;
use systemge::{Running, Topic};
use tokio::net::TcpListener;

use crate::raw::Raw;
use crate::support::{Caller, endpoint, listening, soon, start, until, with};

#[derive(systemge::Application, Default)]
struct Mirror {}

#[systemge::node]
impl Mirror {
    #[topic("mirror")]
    async fn mirror(&self, text: String) -> String {
        text
    }

    #[topic("note")]
    async fn note(&self, text: String) {
        drop(text);
    }
}

fn topics() -> [(&'static str, u8, u64); 2] {
    let mirror = Topic::request::<String, String>("mirror").fingerprint();
    [("mirror", 1, mirror), ("note", 0, Topic::one_way::<String>("note").fingerprint())]
}

/// A node of that configuration that dials a peer made by hand, and how that ends.
async fn dialled(
    config: NodeConfig,
    peer: impl FnOnce(ConnectConfig) -> ConnectConfig,
) -> (Running, Node, Raw, Result<String, String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let peer = peer(Endpoint::tcp(listener.local_addr().expect("an address")).into());
    let (system, caller) = start("caller", Caller::default(), config).await;
    let accepting = async {
        let (stream, _) = listener.accept().await.expect("the caller");
        Raw::accept(stream, "by-hand", &topics()).await
    };
    let (raw, connected) = soon(async { tokio::join!(accepting, caller.connect(peer)) }).await;
    let connected = connected.map(|name| name.to_string()).map_err(|error| error.to_string());
    (system, caller, raw, connected)
}

#[tokio::test]
async fn the_names_that_a_peer_announces_are_as_long_as_its_connection_allows() {
    let node = with(|config| config.limits.topic_bytes = 5);
    let cases = [
        // `mirror` has six bytes
        (listening(), Some(5), Err("longer than the limit of 5")),
        (listening(), Some(6), Ok("by-hand")),
        (node.clone(), None, Err("longer than the limit of 5")),
        (node, Some(6), Ok("by-hand")),
    ];
    for (config, limit, expected) in cases {
        let peer = |peer: ConnectConfig| match limit {
            Some(limit) => peer.topic_bytes(limit),
            None => peer,
        };
        let (system, caller, mut raw, connected) = dialled(config, peer).await;
        match (connected, expected) {
            (Ok(name), Ok(expected)) => assert_eq!(name, expected),
            (Err(error), Err(expected)) => {
                assert!(error.contains(expected), "{error}");
                // the peer learns it, too, and it is counted
                let (_, reason) = raw.goodbye().await;
                assert!(reason.contains(expected), "{reason}");
                assert_eq!(caller.counters().broken_connections, 1);
            }
            (connected, _) => panic!("{connected:?} with {limit:?}"),
        }
        system.stop().await;
    }
}

#[tokio::test]
async fn a_response_over_the_limit_is_an_error_of_its_request_alone() {
    let node = with(|config| config.limits.payload_bytes = Some(8));
    for (config, limit) in [(listening(), Some(8)), (node, None)] {
        let peer = |peer: ConnectConfig| match limit {
            Some(limit) => peer.payload_bytes(limit),
            None => peer,
        };
        let (system, caller, mut raw, connected) = dialled(config, peer).await;
        connected.expect("the peer answers");
        let client = MirrorClient::new(&caller);
        // a text has one byte for its length
        let mut stream = client.mirror("x".to_owned()).stream();
        let token = raw.asked().await;
        raw.respond(token, 0, b"\x08eightish").await;
        let outcome = soon(stream.next()).await.expect("an outcome");
        let expected = RequestError::ResponseUndecodable("9 bytes are over the limit of 8".to_owned());
        assert_eq!((&*outcome.node, outcome.result), ("by-hand", Err(expected)));
        let mut stream = client.mirror("x".to_owned()).stream();
        let token = raw.asked().await;
        raw.respond(token, 0, b"\x07sevenis").await;
        assert_eq!(soon(stream.next()).await.expect("an outcome").result, Ok("sevenis".to_owned()));
        let sent = caller.metrics().sent;
        let mirror = sent.iter().find(|topic| &*topic.topic == "mirror").expect("it was sent");
        assert_eq!((mirror.outcomes.unreadable, mirror.outcomes.success), (1, 1));
        system.stop().await;
    }
}

#[tokio::test]
async fn a_queue_is_bounded_by_how_many_wait_too() {
    let config = with(|config| {
        config.queue.messages = 3;
        config.queue.policy = SlowPeerPolicy::DropNewest;
    });
    let (system, caller, _raw, connected) = dialled(config, |peer| peer).await;
    connected.expect("the peer answers");
    let client = MirrorClient::new(&caller);
    // nothing here lets the connection's task, which is on the same thread, write in between
    let mut request = Some(client.mirror("x".to_owned()).timeout(Duration::from_secs(600)).stream());
    let asked = request.as_mut().map(|stream| futures_util::FutureExt::now_or_never(stream.next()));
    assert_eq!(asked, Some(None), "the request waits");
    let mut handed = Vec::new();
    for _ in 0..4 {
        handed.push(client.note("x".to_owned()).await.expect("it can be written"));
    }
    assert_eq!(handed, [1, 1, 0, 0]);
    assert_eq!(caller.counters().dropped, 2);
    // there is room again as soon as they are written
    until(|| caller.metrics().peers.iter().all(|peer| peer.queue_bytes == 0)).await;
    assert_eq!(client.note("x".to_owned()).await, Ok(1));
    system.stop().await;
}

#[tokio::test]
async fn who_waits_for_room_among_few_messages_gets_it() {
    let (server_system, server) = start("server", Mirror::default(), listening()).await;
    let config = with(|config| config.queue.messages = 1);
    let (system, caller) = start("caller", Caller::default(), config).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    let client = MirrorClient::new(&caller);
    for number in 0..100 {
        assert_eq!(soon(client.note(number.to_string())).await, Ok(1));
    }
    until(|| server.counters().handled == 100).await;
    system.stop().await;
    server_system.stop().await;
}

#[tokio::test]
async fn who_asks_with_too_large_a_payload_is_told_the_limit() {
    let config = with(|config| config.limits.payload_bytes = Some(16));
    let (server_system, server) = start("server", Mirror::default(), config).await;
    let (system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    let client = MirrorClient::new(&caller);
    let why = "17 bytes are over the limit of 16".to_owned();
    let refused = soon(client.mirror("x".repeat(16))).await;
    assert_eq!(refused, Err(RequestError::Refused(Refusal::TooLarge(why))));
    assert_eq!(soon(client.mirror("x".repeat(15))).await, Ok("x".repeat(15)));
    assert_eq!(server.counters().too_large, 1);
    system.stop().await;
    server_system.stop().await;
}
