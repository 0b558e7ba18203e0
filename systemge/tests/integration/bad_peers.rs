//! Peers that break the rules, by hand on a TCP stream: each gets a reason, and the node serves the others.

use std::time::Duration;

use systemge::prelude::*;

use crate::raw::{MAGIC, Raw, frame, hello, message, request};
use crate::support::{Caller, SOON, endpoint, listening, soon, start, until, with};

#[derive(systemge::Application, Default)]
struct Square {}

#[systemge::node]
impl Square {
    #[topic("square")]
    async fn square(&self, number: u32) -> u32 {
        number * number
    }

    #[topic("note")]
    async fn note(&self, _text: String) {}
}

/// The node answers somebody who behaves, and dials again if there is no place at first.
async fn serves(node: &Node) {
    let config = with(|config| config.connect.push(endpoint(node).into()));
    let (system, caller) = start("well-behaved", Caller::default(), config).await;
    let client = SquareClient::new(&caller).wait_for_provider(SOON);
    assert_eq!(soon(client.square(7)).await, Ok(49));
    system.stop().await;
}

#[tokio::test]
async fn whoever_speaks_something_else_is_told_so() {
    let (system, node) = start("node", Square::default(), listening()).await;
    let with_magic = |bytes: Vec<u8>| [MAGIC, &bytes].concat();
    let oversized = with_magic(vec![0xff, 0xff, 0xff, 0x7f, 1]);
    let cases: [(Vec<u8>, u16, &str); 8] = [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), 2, "looks like HTTP"),
        (vec![0x16, 3, 1, 0, 200, 1], 2, "looks like TLS"),
        (b"SYSTEMGO".to_vec(), 2, "does not speak systemge"),
        (oversized, 3, "over the limit of 1024"),
        (with_magic(hello(2, 9, "future")), 1, "the peer speaks 2 to 9"),
        (with_magic(hello(1, 1, "no spaces please")), 2, "a name has a length or characters"),
        (with_magic(message(0, b"")), 2, "no place there: message"),
        (with_magic(frame(0x7f, &[])), 2, "unknown kind of frame: 0x7f"),
    ];
    let count = cases.len() as u64;
    for (bytes, code, reason) in cases {
        let mut raw = Raw::dial(node.addresses()[0]).await;
        raw.send(&bytes).await;
        raw.expect_magic().await;
        let (got, text) = raw.goodbye().await;
        assert_eq!(got, code, "{text}");
        assert!(text.contains(reason), "{text}");
    }
    until(|| node.counters().refused_connections == count).await;
    serves(&node).await;
    system.stop().await;
}

#[tokio::test]
async fn whoever_says_nothing_has_to_leave() {
    let config = with(|config| config.limits.handshake_timeout = Duration::from_millis(50));
    let (system, node) = start("node", Square::default(), config).await;
    for words in [&b""[..], &MAGIC[..3], MAGIC] {
        let mut raw = Raw::dial(node.addresses()[0]).await;
        raw.send(words).await;
        raw.expect_magic().await;
        assert_eq!(raw.goodbye().await.0, 4);
    }
    serves(&node).await;
    system.stop().await;
}

#[tokio::test]
async fn an_open_connection_that_breaks_a_rule_ends_with_a_reason() {
    let config = with(|config| config.limits.frame_bytes = 8192);
    let (system, node) = start("node", Square::default(), config).await;
    let oversized = 8193u32.to_le_bytes().to_vec();
    let cases: [(Vec<u8>, u16, &str); 5] = [
        (oversized, 3, "a frame of 8193 bytes is over the limit of 8192"),
        (frame(0x7f, &[]), 2, "unknown kind of frame"),
        (frame(0x12, &[&[0, 0], &[0; 8]]), 2, "no place there: response"),
        (frame(0x10, &[&[9], &[0; 4]]), 2, "unknown flags"),
        (hello(1, 1, "again"), 2, "no place there: hello"),
    ];
    let count = cases.len() as u64;
    for (bytes, code, reason) in cases {
        let (mut raw, names) = Raw::join(node.addresses()[0], "rogue").await;
        assert_eq!(names, ["square", "note"]);
        raw.send(&bytes).await;
        let (got, text) = raw.goodbye().await;
        assert_eq!(got, code, "{text}");
        assert!(text.contains(reason), "{text}");
        until(|| node.connected_from().is_empty()).await;
    }
    until(|| node.counters().broken_connections == count).await;
    serves(&node).await;
    system.stop().await;
}

#[tokio::test]
async fn what_cannot_be_used_is_answered_or_counted() {
    let (system, node) = start("node", Square::default(), listening()).await;
    let (mut raw, _) = Raw::join(node.addresses()[0], "clumsy").await;
    let status = async |raw: &mut Raw, bytes: Vec<u8>, token: u8| {
        raw.send(&bytes).await;
        let response = raw.frame().await.expect("a response");
        assert_eq!((response[0], response[3]), (0x12, token));
        (response[2], response[11..].to_vec())
    };
    assert_eq!(status(&mut raw, request(0, 0, 1, &[7]), 1).await, (0, vec![49]));
    assert_eq!(status(&mut raw, request(0, 0, 2, &[]), 2).await.0, 6, "a number is missing");
    assert_eq!(status(&mut raw, request(0, 0, 3, &[7, 7]), 3).await.0, 6, "there is one byte too many");
    assert_eq!(status(&mut raw, request(0, 99, 4, &[]), 4).await.0, 5, "there is no such topic");
    assert_eq!(status(&mut raw, request(0, 1, 5, &[0]), 5).await.0, 5, "that topic is one-way");
    // the same topic in JSON, through its real type
    assert_eq!(status(&mut raw, request(1, 0, 6, b"12"), 6).await, (0, b"144".to_vec()));
    let (code, why) = status(&mut raw, request(1, 0, 7, b"\"twelve\""), 7).await;
    assert_eq!(code, 6);
    assert!(String::from_utf8(why).expect("a text").contains("invalid type"));
    // a handler that panics (here by an overflow) is answered, too
    assert_eq!(status(&mut raw, request(1, 0, 8, b"4294967295"), 8).await.0, 2);

    raw.send(&[message(1, &[0xff]), message(99, &[]), message(0, &[7]), message(1, &[1, b'x'])].concat())
        .await;
    until(|| node.counters().undecodable == 4 && node.counters().unknown_topic == 4).await;
    assert_eq!(status(&mut raw, request(0, 0, 9, &[2]), 9).await, (0, vec![4]));
    assert_eq!(node.counters().panicked, 1);
    serves(&node).await;
    system.stop().await;
}

#[tokio::test]
async fn more_connections_than_the_limit_are_refused() {
    let config = with(|config| config.limits.connections = 2);
    let (system, node) = start("node", Square::default(), config).await;
    let (_first, _) = Raw::join(node.addresses()[0], "first").await;
    let (second, _) = Raw::join(node.addresses()[0], "second").await;
    let mut third = Raw::dial(node.addresses()[0]).await;
    third.expect_magic().await;
    assert_eq!(third.goodbye().await, (7, "the node has as many connections as it may have".to_owned()));
    drop(second);
    until(|| node.connected_from().len() == 1).await;
    serves(&node).await;
    system.stop().await;
}

#[tokio::test]
async fn a_silent_peer_is_noticed() {
    let config = with(|config| {
        config.keepalive.interval = Duration::from_millis(50);
        config.keepalive.timeout = Duration::from_millis(150);
    });
    let (system, node) = start("node", Square::default(), config).await;
    let (mut raw, _) = Raw::join(node.addresses()[0], "dreamer").await;
    let joined = std::time::Instant::now();
    let (code, reason) = raw.goodbye().await;
    assert_eq!(code, 5, "{reason}");
    assert!(joined.elapsed() < Duration::from_secs(2), "{:?}", joined.elapsed());
    until(|| node.connected_from().is_empty()).await;
    // one that answers stays: a node of ours does
    let (caller_system, caller) = start("awake", Caller::default(), listening()).await;
    caller.connect(endpoint(&node)).await.expect("the node listens");
    // ten pongs of 13 bytes, one at the most every 50 ms
    let read =
        || node.metrics().peers.iter().find(|peer| &*peer.peer == "awake").map_or(0, |peer| peer.read_bytes);
    let before = read();
    until(|| read() >= before + 130).await;
    assert_eq!(SquareClient::new(&caller).square(3).await, Ok(9));
    assert_eq!(node.connected_from().len(), 1);
    caller_system.stop().await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_bad_peers_keeps_nobody_from_being_served() {
    let config = with(|config| config.limits.handshakes = 64);
    let (system, node) = start("node", Square::default(), config).await;
    let (caller_system, caller) = start("steady", Caller::default(), listening()).await;
    caller.connect(endpoint(&node)).await.expect("the node listens");
    let address = node.addresses()[0];
    let flood: Vec<_> = (0..400u32)
        .map(|number| {
            tokio::spawn(async move {
                let words =
                    [b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![0xff; 5000], MAGIC.to_vec(), Vec::new()];
                let Ok(stream) = tokio::net::TcpStream::connect(address).await else { return 0 };
                let mut raw = Raw(stream);
                // the node may have ended it before it said anything
                let words = &words[number as usize % 4];
                let _ = tokio::io::AsyncWriteExt::write_all(&mut raw.0, words).await;
                1_u64
            })
        })
        .collect();
    let client = SquareClient::new(&caller);
    for number in 0..200 {
        assert_eq!(soon(client.square(number)).await, Ok(number * number));
    }
    let mut connected = 0;
    for peer in flood {
        connected += soon(peer).await.expect("no panic");
    }
    serves(&node).await;
    // the caller may have come by another listener than the flood
    until(|| node.listeners().iter().map(systemge::Listener::connections).sum::<usize>() == 1).await;
    assert_eq!(node.connected_from().len(), 1);
    // on a busy machine, the operating system forgets some that have gone before the node could accept them
    assert!((1..=connected).contains(&node.counters().refused_connections));
    caller_system.stop().await;
    system.stop().await;
}
