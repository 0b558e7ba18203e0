//! Two connections that give the same node name.

use std::time::Duration;

use systemge::prelude::*;
use systemge::{DialState, Running};
use tokio::sync::Notify;

use crate::raw::{MAGIC, Raw, frame, hello, request};
use crate::support::{Caller, endpoint, listening, plain, soon, start, until, with};

#[derive(systemge::Application, Default)]
struct Guarded {
    begun: Notify,
}

#[systemge::node]
impl Guarded {
    #[topic("number")]
    async fn number(&self) -> u8 {
        7
    }

    #[topic("wait")]
    async fn wait(&self, ctx: &Context) -> u8 {
        self.begun.notify_one();
        ctx.cancelled().await;
        1
    }

    #[topic("begun")]
    async fn begun(&self) {
        self.begun.notified().await;
    }
}

/// A node that takes a connection for stale after so long.
async fn guarded(replace_after: Duration) -> (Running, Node) {
    start("guarded", Guarded::default(), with(|config| config.keepalive.replace_after = replace_after)).await
}

/// A peer that wants in, and has not heard whether it is.
async fn knock(node: &Node, name: &str) -> Raw {
    let mut raw = Raw::dial(node.addresses()[0]).await;
    raw.send(&[MAGIC, &hello(1, 1, name)].concat()).await;
    raw
}

async fn is_let_in(raw: &mut Raw) {
    raw.expect_magic().await;
    assert_eq!(raw.frame().await.expect("a welcome")[0], 2);
    assert_eq!(raw.frame().await.expect("an announcement")[0], 3);
}

async fn is_refused(raw: &mut Raw) {
    raw.expect_magic().await;
    assert_eq!(raw.goodbye().await, (6, "a node `twin` is connected already".to_owned()));
}

const FOREVER: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_connection_that_gives_no_sign_of_life_is_replaced() {
    let (system, node) = guarded(Duration::from_millis(100)).await;
    let (mut stale, topics) = Raw::join(node.addresses()[0], "twin").await;
    let wait = topics.iter().position(|name| name == "wait").expect("it is announced");
    stale.send(&request(0, u32::try_from(wait).expect("few topics"), 1, &[])).await;
    let mut back = knock(&node, "twin").await;
    is_let_in(&mut back).await;
    assert_eq!(node.connected_from().len(), 1);
    // what it asked for sees that nobody waits any more, and comes to its end
    until(|| node.counters().handled == 1).await;
    let number = topics.iter().position(|name| name == "number").expect("it is announced");
    back.send(&request(0, u32::try_from(number).expect("few topics"), 9, &[])).await;
    assert_eq!(back.frame().await.expect("a response")[3..11], 9u64.to_le_bytes());
    assert_eq!(stale.goodbye().await.0, 10);
    drop(back);
    until(|| node.connected_from().is_empty()).await;
    system.stop().await;
}

#[tokio::test]
async fn a_connection_that_ends_meanwhile_is_replaced_at_once() {
    let (system, node) = guarded(FOREVER).await;
    let (mut stale, _) = Raw::join(node.addresses()[0], "twin").await;
    let mut back = knock(&node, "twin").await;
    stale.ping().await;
    drop(stale);
    is_let_in(&mut back).await;
    drop(back);
    system.stop().await;
}

#[tokio::test]
async fn a_connection_that_lives_is_not_replaced() {
    let (system, node) = guarded(FOREVER).await;
    let (twin_system, twin) = start("twin", Caller::default(), plain()).await;
    twin.connect(endpoint(&node)).await.expect("the node listens");
    let client = GuardedClient::new(&twin);
    for _ in 0..3 {
        is_refused(&mut knock(&node, "twin").await).await;
        assert_eq!(client.number().await, Ok(7));
    }
    assert_eq!(node.connected_from().len(), 1);
    twin_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn any_byte_is_a_sign_of_life() {
    let (system, node) = guarded(FOREVER).await;
    let (mut first, _) = Raw::join(node.addresses()[0], "twin").await;
    let mut second = knock(&node, "twin").await;
    // the ping, which `Raw::frame` passes over
    let mut ping = [0; 13];
    soon(tokio::io::AsyncReadExt::read_exact(&mut first.0, &mut ping)).await.expect("a ping");
    assert_eq!(ping[4], 6);
    first.send(&[9, 0]).await;
    is_refused(&mut second).await;
    drop(first);
    system.stop().await;
}

#[tokio::test]
async fn only_one_waits_for_a_place_and_who_goes_away_makes_room_for_the_next() {
    let (system, node) = guarded(FOREVER).await;
    let (first, _) = Raw::join(node.addresses()[0], "twin").await;
    for _ in 0..3 {
        let (mut second, mut third) = (knock(&node, "twin").await, knock(&node, "twin").await);
        // whichever comes first waits
        tokio::select! {
            () = is_refused(&mut second) => {}
            () = is_refused(&mut third) => {}
        }
    }
    drop(first);
    soon(async {
        // until the node has seen that nobody else waits
        while node.connected_from().is_empty() {
            let mut last = knock(&node, "twin").await;
            last.expect_magic().await;
            if last.frame().await.is_some_and(|frame| frame[0] == 2) {
                until(|| node.connected_from().len() == 1).await;
                break;
            }
        }
    })
    .await;
    system.stop().await;
}

#[tokio::test]
async fn who_waits_for_a_place_is_bound_by_the_time_of_the_handshake() {
    let config = with(|config| {
        config.keepalive.replace_after = FOREVER;
        config.limits.handshake_timeout = Duration::from_millis(100);
    });
    let (system, node) = start("guarded", Guarded::default(), config).await;
    let (first, _) = Raw::join(node.addresses()[0], "twin").await;
    let mut second = knock(&node, "twin").await;
    second.expect_magic().await;
    assert_eq!(second.goodbye().await.0, 4);
    assert_eq!(node.connected_from().len(), 1);
    drop(first);
    system.stop().await;
}

#[tokio::test]
async fn who_waits_for_a_place_is_turned_away_when_the_node_stops() {
    let (system, node) = guarded(FOREVER).await;
    let (mut first, _) = Raw::join(node.addresses()[0], "twin").await;
    let mut second = knock(&node, "twin").await;
    first.ping().await;
    let stopping = tokio::spawn(async move { system.stop().await });
    second.expect_magic().await;
    assert_eq!(second.goodbye().await.0, 0);
    drop(first);
    soon(stopping).await.expect("no panic");
}

#[tokio::test]
async fn a_node_whose_name_is_taken_says_so_and_gets_in_when_it_is_free() {
    let (system, node) = guarded(Duration::from_millis(500)).await;
    let (first_system, first) = start("twin", Caller::default(), plain()).await;
    first.connect(endpoint(&node)).await.expect("the node listens");
    let mut config = plain().connect(endpoint(&node));
    config.dial.initial_delay = Duration::from_millis(5);
    config.dial.max_delay = Duration::from_millis(20);
    let (second_system, second) = start("twin", Caller::default(), config).await;
    let reason = "a node `twin` is connected already";
    until(|| matches!(&second.dialled()[0].1, DialState::Waiting(why) if why.ends_with(reason))).await;
    assert_eq!(GuardedClient::new(&first).number().await, Ok(7));
    first_system.stop().await;
    let patient = GuardedClient::new(&second).wait_for_provider(Duration::from_secs(20));
    assert_eq!(soon(patient.number()).await, Ok(7));
    second_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn two_nodes_dial_each_other_at_the_same_time() {
    for _ in 0..20 {
        let (one_system, one) = start("one", Guarded::default(), listening()).await;
        let (two_system, two) = start("two", Guarded::default(), listening()).await;
        let (there, back) = tokio::join!(one.connect(endpoint(&two)), two.connect(endpoint(&one)));
        assert_eq!((there.as_deref(), back.as_deref()), (Ok("two"), Ok("one")));
        let (there, back) = (GuardedClient::new(&one), GuardedClient::new(&two));
        let (there, back) = tokio::join!(there.number().into_future(), back.number().into_future());
        assert_eq!((there, back), (Ok(7), Ok(7)));
        tokio::join!(one_system.stop(), two_system.stop());
    }
}

#[tokio::test]
async fn a_frame_before_the_decision_is_a_violation() {
    let (system, node) = guarded(FOREVER).await;
    let (first, _) = Raw::join(node.addresses()[0], "twin").await;
    let mut second = knock(&node, "twin").await;
    second.send(&frame(6, &[&[0; 8]])).await;
    second.expect_magic().await;
    assert_eq!(second.goodbye().await.0, 2);
    drop(first);
    system.stop().await;
}
