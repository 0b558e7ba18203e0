//! Who may connect to a listener, and how many.

use std::time::Duration;

use systemge::access::{IpNet, RefusalReason, parse_network};
use systemge::config::{ListenConfig, NodeConfig};

use crate::raw::{MAGIC, Raw};
use crate::support::{Caller, any_tcp_port, endpoint, listening, plain, scheme, soon, start, until};

#[derive(systemge::Application, Default)]
struct Door {}

#[systemge::node]
impl Door {
    #[topic("knock")]
    async fn knock(&self) -> u32 {
        1
    }
}

fn network(text: &str) -> IpNet {
    parse_network(text).expect("a range")
}

/// What whoever dials from a denied address gets to know: before the handshake of a transport there is little room.
fn turned_away() -> &'static str {
    match scheme() {
        "tcp" => "the address may not connect",
        _ => "it lets nobody in from this address",
    }
}

fn any_port() -> ListenConfig {
    ListenConfig::new(any_tcp_port())
}

#[tokio::test]
async fn whoever_is_denied_is_told_so_and_counted() {
    let denied = || [network("127.0.0.0/8")];
    let config = plain()
        .listen(any_port().deny(denied()))
        .listen(any_port())
        .listen(ListenConfig::new(crate::support::any_port()).deny(denied()));
    let (system, node) = start("node", Door::default(), config).await;
    let [closed, open, _] = node.addresses()[..] else { panic!("three listeners") };
    for _ in 0..3 {
        let mut raw = Raw::dial(closed).await;
        raw.expect_magic().await;
        assert_eq!(raw.goodbye().await, (11, "the address may not connect".to_owned()));
    }
    let (_in, names) = Raw::join(open, "guest").await;
    assert_eq!(names, ["knock"], "the lists of one listener don't concern the other");
    assert_eq!(node.refused(RefusalReason::Denied), 3);
    assert_eq!(node.counters().refused_connections, 3);

    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    let error = soon(caller.connect(endpoint(&node))).await.expect_err("denied").to_string();
    assert!(error.contains(turned_away()), "{error}");
    caller_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn the_lists_are_changed_while_the_node_runs() {
    let (system, node) = start("node", Door::default(), plain().listen(crate::support::any_port())).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&node)).await.expect("everyone may");
    let [listener] = &node.listeners()[..] else { panic!("one listener") };
    assert_eq!(listener.endpoint(), endpoint(&node));
    assert_eq!(listener.connections(), 1);

    // a list that doesn't concern the peer leaves it alone
    assert!(listener.access().add_denied(network("192.0.2.0/24")));
    assert_eq!(soon(DoorClient::new(&caller).knock()).await, Ok(1));

    // one that does ends its connection, and keeps it out
    assert!(listener.access().add_denied(network("127.0.0.1")));
    until(|| node.connected_from().is_empty()).await;
    until(|| node.refused(RefusalReason::Denied) > 0).await;
    assert!(caller.connected_to().is_empty());

    // the lists outlast a restart, since a restart must not let anybody in
    let refused = node.refused(RefusalReason::Denied);
    let port = endpoint(&node);
    node.restart().await.expect("it starts");
    assert_ne!(endpoint(&node), port, "another free port");
    let (other_system, other) = start("other", Caller::default(), listening()).await;
    let error = soon(other.connect(endpoint(&node))).await.expect_err("denied").to_string();
    assert!(error.contains(turned_away()), "{error}");
    assert!(node.refused(RefusalReason::Denied) > refused);
    other_system.stop().await;

    // and may be let in again
    assert!(listener.access().remove_denied(network("127.0.0.1")));
    caller.disconnect(&port);
    soon(caller.connect(endpoint(&node))).await.expect("it may again");
    assert_eq!(soon(DoorClient::new(&caller).knock()).await, Ok(1));

    // a list of who may: nobody else
    assert!(listener.access().add_allowed(network("192.0.2.0/24")));
    until(|| node.connected_from().is_empty()).await;
    assert_eq!(listener.access().rules().to_string(), "allow 192.0.2.0/24; deny 192.0.2.0/24");
    caller_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn whoever_is_denied_in_the_middle_of_its_handshake_has_to_leave() {
    let (system, node) = start("node", Door::default(), listening()).await;
    let mut raw = Raw::dial(node.addresses()[0]).await;
    raw.send(&MAGIC[..4]).await;
    let listener = &node.listeners()[0];
    until(|| listener.connections() == 1).await;
    listener.access().add_denied(network("127.0.0.0/8"));
    raw.expect_magic().await;
    assert_eq!(raw.goodbye().await.0, 11);
    until(|| node.refused(RefusalReason::Denied) == 1).await;
    system.stop().await;
}

#[tokio::test]
async fn a_thousand_handshakes_of_one_address_leave_room_for_others() {
    let config = NodeConfig::new().listen(any_port().handshakes(1200).handshakes_per_address(32));
    let (system, node) = start("node", Door::default(), config).await;
    // from 127.0.0.1, which is not where the others come from
    let mut idle = Vec::new();
    for _ in 0..1000 {
        idle.push(Raw::dial(node.addresses()[0]).await);
    }
    until(|| node.refused(RefusalReason::HandshakesOfAddress) == 1000 - 32).await;
    let mut refused = idle.pop().expect("one of them");
    refused.expect_magic().await;
    let (code, reason) = refused.goodbye().await;
    assert_eq!((code, reason.contains("from this address")), (7, true), "{reason}");

    // another address of this machine still gets in
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.2:0".parse().expect("an address")).expect("an address of this machine");
    let stream = soon(socket.connect(node.addresses()[0])).await.expect("the node listens");
    let mut other = Raw(stream);
    other.send(&[MAGIC, &crate::raw::hello(1, 1, "other")].concat()).await;
    other.expect_magic().await;
    assert_eq!(other.frame().await.expect("a welcome")[0], 2);

    // and so does the first one when its handshakes are over
    drop(idle);
    until(|| node.listeners()[0].connections() == 1).await;
    let (_in, _) = Raw::join(node.addresses()[0], "guest").await;
    system.stop().await;
}

#[tokio::test]
async fn every_listener_has_limits_of_its_own() {
    let config = NodeConfig::new()
        .listen(any_port().connections(1))
        .listen(any_port().handshake_timeout(Duration::from_millis(30)))
        .listen(any_port().frame_bytes(8192))
        .listen(any_port().handshakes(1));
    let (system, node) = start("node", Door::default(), config).await;
    let [few, hasty, small, crowded] = node.addresses()[..] else { panic!("four listeners") };

    let (_first, _) = Raw::join(few, "first").await;
    let mut second = Raw::dial(few).await;
    second.expect_magic().await;
    assert_eq!(second.goodbye().await.0, 7);
    assert_eq!(node.refused(RefusalReason::Connections), 1);

    let mut slow = Raw::dial(hasty).await;
    slow.expect_magic().await;
    assert_eq!(slow.goodbye().await.0, 4);
    drop(slow);
    until(|| node.refused(RefusalReason::Timeout) == 1).await;

    let (mut large, _) = Raw::join(small, "large").await;
    large.send(&8193u32.to_le_bytes()).await;
    let (code, reason) = large.goodbye().await;
    assert_eq!((code, reason.contains("over the limit of 8192")), (3, true), "{reason}");
    let (mut fits, _) = Raw::join(hasty, "fits").await;
    fits.send(&8193u32.to_le_bytes()).await;
    fits.send(&[0x7f; 8193]).await;
    assert_eq!(fits.goodbye().await.0, 2, "the other listeners take larger frames");

    let _idle = Raw::dial(crowded).await;
    until(|| node.listeners()[3].connections() == 1).await;
    let mut one_too_many = Raw::dial(crowded).await;
    one_too_many.expect_magic().await;
    assert_eq!(one_too_many.goodbye().await.0, 7);
    assert_eq!(node.refused(RefusalReason::Handshakes), 1);
    system.stop().await;
}
