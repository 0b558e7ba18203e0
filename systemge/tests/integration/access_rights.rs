//! What single peers may send and announce.

use systemge::client::{Refusal, RequestError};
use systemge::config::{ListenConfig, NodeConfig, PeerConfig, Secret, TopicPattern};

use crate::raw::{Raw, message, request};
use crate::support::{Caller, any_port, any_tcp_port, endpoint, listening, plain, soon, start, until};

#[derive(systemge::Application, Default)]
struct Hall {}

#[systemge::node]
impl Hall {
    #[topic("game/move")]
    async fn play(&self, field: u32) -> u32 {
        field
    }

    #[topic("chat")]
    async fn chat(&self, _text: String) {}

    #[topic("shutdown", alias = "halt")]
    async fn shutdown(&self) {}

    #[topic("keys")]
    async fn keys(&self) -> String {
        "all of them".to_owned()
    }
}

fn secret() -> Secret {
    Secret::new("correct horse battery staple")
}

fn topics(patterns: &[&str]) -> Vec<TopicPattern> {
    patterns.iter().map(|pattern| pattern.parse().expect("a pattern")).collect()
}

/// The gateway may play, everyone may chat.
fn restricted() -> NodeConfig {
    listening()
        .secret(secret())
        .peer("gateway", PeerConfig::new().may_send(topics(&["game/*", "chat"])))
        .peer("*", PeerConfig::new().may_send(topics(&["chat"])))
}

#[tokio::test]
async fn a_peer_sends_what_it_may_and_nothing_else() {
    let (system, node) = start("hall", Hall::default(), restricted()).await;
    let (gateway_system, gateway) = start("gateway", Caller::default(), listening().secret(secret())).await;
    let (guest_system, guest) = start("guest", Caller::default(), listening().secret(secret())).await;
    for caller in [&gateway, &guest] {
        soon(caller.connect(endpoint(&node))).await.expect("both know the secret");
    }
    let (of_gateway, of_guest) = (HallClient::new(&gateway), HallClient::new(&guest));
    assert_eq!(soon(of_gateway.play(3)).await, Ok(3));
    let not_allowed = RequestError::Refused(Refusal::NotAllowed(
        "its configuration does not let this node send the topic".to_owned(),
    ));
    assert_eq!(soon(of_guest.play(3)).await, Err(not_allowed.clone()));
    assert_eq!(
        not_allowed.to_string(),
        "the request was refused: not allowed: its configuration does not let this node send the topic"
    );
    assert!(matches!(soon(of_gateway.keys()).await, Err(RequestError::Refused(Refusal::NotAllowed(_)))));
    let all = soon(of_guest.keys().all()).await.expect("one node is asked");
    assert!(matches!(all[0].result, Err(RequestError::Refused(Refusal::NotAllowed(_)))), "{all:?}");
    assert_eq!(node.counters().forbidden, 3);

    // a message has nobody whom one could tell; it is counted, and its handler doesn't run
    soon(of_guest.chat("hello".to_owned())).await.expect("handed over");
    soon(of_guest.shutdown()).await.expect("handed over");
    until(|| node.counters().forbidden == 4).await;
    assert_eq!(node.counters().handled, 2, "one move, one chat");
    gateway_system.stop().await;
    guest_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn whoever_proves_nothing_may_do_what_everybody_may() {
    let config = NodeConfig::new()
        .listen(any_tcp_port())
        .peer("gateway", PeerConfig::new().secret(secret()).may_send(topics(&["*"])))
        .peer("*", PeerConfig::new().may_send(topics(&["chat"])));
    let (system, node) = start("hall", Hall::default(), config).await;
    let (mut raw, names) = Raw::join(node.addresses()[0], "gatevvay").await;
    let id =
        |name: &str| u32::try_from(names.iter().position(|topic| topic == name).expect(name)).expect("few");
    for (token, topic) in (1..).zip(["game/move", "keys"]) {
        raw.send(&request(0, id(topic), token, &[7])).await;
        let response = raw.frame().await.expect("a response");
        assert_eq!((response[0], response[2]), (0x12, 9), "{topic}");
        assert!(String::from_utf8_lossy(&response[11..]).contains("does not let"));
    }
    for topic in ["shutdown", "halt"] {
        raw.send(&message(id(topic), &[])).await;
    }
    raw.send(&message(id("chat"), &[2, b'h', b'i'])).await;
    until(|| node.counters().forbidden == 4 && node.counters().handled == 1).await;
    assert_eq!(node.counters().failed + node.counters().undecodable + node.counters().unknown_topic, 0);
    system.stop().await;
}

#[tokio::test]
async fn what_a_peer_may_not_announce_is_as_if_it_did_not_handle_it() {
    let (system, node) = start("hall", Hall::default(), listening().secret(secret())).await;
    let config =
        listening().secret(secret()).peer("hall", PeerConfig::new().may_announce(topics(&["game/*"])));
    let (caller_system, caller) = start("caller", Caller::default(), config).await;
    soon(caller.connect(endpoint(&node))).await.expect("both know the secret");
    let client = HallClient::new(&caller);
    assert_eq!(soon(client.play(3)).await, Ok(3));
    assert!(matches!(soon(client.keys()).await, Err(RequestError::NoHandler { .. })));
    assert_eq!(
        soon(client.chat("hello".to_owned())).await.map_err(|error| error.to_string()),
        Ok(0),
        "nobody"
    );
    assert_eq!(caller.counters().forbidden_announcements, 4, "chat, shutdown, halt, keys");

    // later announcements are no way around it
    assert!(node.withdraw("keys") && node.announce("keys"));
    until(|| caller.counters().forbidden_announcements == 5).await;
    assert!(matches!(soon(client.keys()).await, Err(RequestError::NoHandler { .. })));
    assert_eq!(soon(client.play(4)).await, Ok(4));

    // a node that no section names announces nothing here
    let (other_system, other) = start("other", Hall::default(), listening().secret(secret())).await;
    soon(caller.connect(endpoint(&other))).await.expect("it knows the secret, too");
    assert_eq!(caller.counters().forbidden_announcements, 10);
    let all = soon(client.play(5).all()).await.expect("the hall is there");
    assert_eq!(all.len(), 1, "only the hall is asked: {all:?}");
    other_system.stop().await;
    caller_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn nodes_of_one_process_know_each_other_without_a_secret() {
    let door: systemge::config::Endpoint = "mem://hall".parse().expect("an endpoint");
    let config = NodeConfig::new()
        .listen(door.clone())
        .peer("gateway", PeerConfig::new().may_send(topics(&["game/*"])));
    let system = systemge::System::new()
        .node_with("hall", Hall::default(), config)
        .node_with("gateway", Caller::default(), NodeConfig::new())
        .node_with("guest", Caller::default(), NodeConfig::new())
        .start()
        .await
        .expect("they start");
    for (name, expected) in [("gateway", true), ("guest", false)] {
        let node = system.node(name).expect("it is there");
        soon(node.connect(door.clone())).await.expect("it listens");
        assert_eq!(soon(HallClient::new(&node).play(3)).await.is_ok(), expected, "{name}");
    }
    system.stop().await;
}

#[tokio::test]
async fn a_payload_over_the_limit_is_refused_and_the_connection_goes_on() {
    let narrow = |door| ListenConfig::new(door).payload_bytes(16).name_bytes(8);
    let config = plain().listen(narrow(any_tcp_port())).listen(narrow(any_port()));
    let (system, node) = start("hall", Hall::default(), config).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    soon(caller.connect(endpoint(&node))).await.expect("it listens");
    let client = HallClient::new(&caller);
    soon(client.chat("a".repeat(15))).await.expect("handed over");
    soon(client.chat("a".repeat(16))).await.expect("handed over");
    until(|| node.counters().too_large == 1 && node.counters().handled == 1).await;
    assert_eq!(soon(client.play(3)).await, Ok(3), "the connection goes on");

    let (mut raw, names) = Raw::join(node.addresses()[0], "rogue").await;
    let play = names.iter().position(|name| name == "game/move").expect("it is announced");
    raw.send(&request(0, u32::try_from(play).expect("few"), 1, &[0; 17])).await;
    let response = raw.frame().await.expect("a response");
    assert_eq!((response[0], response[2]), (0x12, 10));
    assert_eq!(&response[11..], b"17 bytes are over the limit of 16");
    let (long_system, long) = start("a-long-name", Caller::default(), listening()).await;
    let error = soon(long.connect(endpoint(&node))).await.expect_err("its name is too long").to_string();
    assert!(error.contains("longer than the limit of 8"), "{error}");
    long_system.stop().await;
    caller_system.stop().await;
    system.stop().await;
}
