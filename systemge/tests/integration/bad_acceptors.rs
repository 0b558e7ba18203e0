//! Nodes that dial a peer which breaks the rules.

use std::time::Duration;

use systemge::client::RequestError;
use systemge::prelude::*;
use systemge::{DialState, Topic};
use tokio::net::TcpListener;

use crate::raw::{MAGIC, Raw, frame};
use crate::support::{Caller, soon, start, until, with};

#[derive(systemge::Application, Default)]
struct Square {}

#[systemge::node]
impl Square {
    #[topic("square")]
    async fn square(&self, number: u32) -> u32 {
        number * number
    }
}

fn topics() -> [(&'static str, u8, u64); 1] {
    [("square", 1, Topic::request::<u32, u32>("square").fingerprint())]
}

/// A node that has dialled a peer made by hand which announces `square`.
async fn dialled(change: impl FnOnce(&mut systemge::config::NodeConfig)) -> (systemge::Running, Node, Raw) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (system, caller) = start("caller", Caller::default(), with(change)).await;
    let accepting = async {
        let (stream, _) = listener.accept().await.expect("the caller");
        Raw::accept(stream, "by-hand", &topics()).await
    };
    let endpoint = systemge::config::Endpoint::tcp(address);
    let (raw, connected) = soon(async { tokio::join!(accepting, caller.connect(endpoint)) }).await;
    connected.expect("the peer answers");
    (system, caller, raw)
}

fn response(token: u64, status: u8, payload: &[u8]) -> Vec<u8> {
    frame(0x12, &[&[0, status], &token.to_le_bytes(), payload])
}

/// The token of the next request.
async fn asked(raw: &mut Raw) -> u64 {
    let request = raw.frame().await.expect("a request");
    assert_eq!(request[0], 0x11);
    u64::from_le_bytes(request[6..14].try_into().expect("eight bytes"))
}

#[tokio::test]
async fn only_who_was_asked_can_answer_and_once() {
    let (system, caller, mut raw) = dialled(|_| {}).await;
    let mut stream = SquareClient::new(&caller).square(3).stream();
    let token = asked(&mut raw).await;
    let stray = [token ^ 1, token ^ (1 << 32), u64::MAX].map(|token| response(token, 0, &[1])).concat();
    raw.send(&stray).await;
    until(|| caller.counters().late == 3).await;
    raw.send(&[response(token, 0, &[9]), response(token, 0, &[10])].concat()).await;
    assert_eq!(soon(stream.next()).await.expect("an outcome").result, Ok(9));
    assert!(soon(stream.next()).await.is_none());
    until(|| caller.counters().late == 4).await;
    assert_eq!(caller.counters().responses, 1);
    system.stop().await;
}

#[tokio::test]
async fn a_response_that_cannot_be_read_is_an_error_of_its_request_alone() {
    let (system, caller, mut raw) = dialled(|_| {}).await;
    let client = SquareClient::new(&caller);
    for (status, payload, expected) in [
        (0, &[][..], "the response cannot be read"),
        (0, &[9, 9][..], "the response cannot be read"),
        (1, &[][..], "the response cannot be read"),
        (2, b"a \x1b[31mred\n lie", "the handler panicked: a "),
        (3, b"", "the request was refused: the node is about to stop"),
        (4, b"", "the request was refused: the node has too much to do"),
        (5, b"", "the request was refused: the node does not handle the topic any more"),
        (6, b"why", "the node could not read the payload: why"),
        (7, b"why", "the node could not write its response: why"),
        (8, b"", "the handler was ended before it was done"),
    ] {
        let mut stream = client.square(3).stream();
        let token = asked(&mut raw).await;
        raw.send(&response(token, status, payload)).await;
        let error = soon(stream.next()).await.expect("an outcome").result.expect_err(expected);
        assert!(error.to_string().starts_with(expected), "{status}: {error}");
        assert!(!error.to_string().contains(['\x1b', '\n']), "{error:?}");
    }
    let mut stream = client.square(3).stream();
    let token = asked(&mut raw).await;
    raw.send(&response(token, 0, &[9])).await;
    assert_eq!(soon(stream.next()).await.expect("an outcome").result, Ok(9));
    system.stop().await;
}

#[tokio::test]
async fn a_peer_that_breaks_a_rule_is_told_and_counted_and_requests_end_at_once() {
    let announce = |name: &str, id: u32| {
        let length = u8::try_from(name.len()).expect("a short name");
        frame(3, &[&[0, 1, 0], &id.to_le_bytes(), &[1], &[0; 8], &[length], name.as_bytes()])
    };
    let cases: [(Vec<u8>, &str); 9] = [
        (frame(0x7f, &[]), "unknown kind of frame"),
        (frame(0x12, &[&[0, 99], &[0; 8]]), "status"),
        (frame(0x10, &[&[0], &[0; 4]]), "no place there: message"),
        (
            frame(2, &[&[1, 0], &[0; 4], &(1u32 << 20).to_le_bytes(), &[7; 16], &[1, b'x']]),
            "no place there: welcome",
        ),
        (announce("square", 9), "same number or name"),
        (announce("other", 0), "same number or name"),
        (announce("with space", 9), "a name has a length"),
        ((64u32 << 20).to_le_bytes().to_vec(), "over the limit"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "over the limit"),
    ];
    for (bytes, reason) in cases {
        let (system, caller, mut raw) = dialled(|config| {
            config.dial.max_attempts = 1;
            // however slow the machine is, the connection ends too soon to have held
            config.dial.initial_delay = Duration::from_secs(10);
        })
        .await;
        let mut stream = SquareClient::new(&caller).square(3).timeout(Duration::from_secs(600)).stream();
        asked(&mut raw).await;
        raw.send(&bytes).await;
        let outcome = soon(stream.next()).await.expect("an outcome").result;
        assert_eq!(outcome, Err(RequestError::Disconnected), "{reason}");
        let (_, text) = raw.goodbye().await;
        assert!(text.contains(reason), "{text}");
        drop(raw);
        until(|| matches!(&caller.dialled()[0].1, DialState::GaveUp(why) if why.contains(reason))).await;
        assert_eq!(caller.counters().broken_connections, 1, "{reason}");
        system.stop().await;
    }
}

#[tokio::test]
async fn what_a_peer_announces_is_bounded_however_it_is_announced() {
    let (system, caller, mut raw) = dialled(|config| config.limits.topics = 100).await;
    // each round adds topics, and withdraws others that were never there
    let mut next = 1u32;
    let (_, reason) = soon(async {
        for _ in 0..10 {
            let mut entries = Vec::new();
            for id in next..next + 30 {
                let name = format!("topic-{id}");
                entries.extend(id.to_le_bytes());
                entries.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, u8::try_from(name.len()).expect("a short name")]);
                entries.extend(name.as_bytes());
            }
            let gone: Vec<u8> = (0..30u32).flat_map(|id| (1_000_000 + next + id).to_le_bytes()).collect();
            raw.send(&[frame(3, &[&[0, 30, 0], &entries]), frame(4, &[&[30, 0], &gone])].concat()).await;
            next += 30;
        }
        raw.goodbye().await
    })
    .await;
    assert!(reason.contains("100"), "{reason}");
    until(|| caller.connected_to().is_empty()).await;
    system.stop().await;
}

#[tokio::test]
async fn whoever_answers_a_dial_with_nonsense_is_named_in_the_error() {
    let (system, caller) =
        start("caller", Caller::default(), with(|config| config.dial.timeout = Duration::from_millis(200)))
            .await;
    let cases: [(&[u8], &str); 6] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "looks like HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "looks like SSH"),
        (b"\x15\x03\x01\0\x02\x02\x46", "does not speak systemge"),
        (MAGIC, "handshake"),
        (b"", "handshake"),
        (&[MAGIC, &[0xff; 16]].concat(), "over the limit of 1024"),
    ];
    for (words, expected) in cases {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = systemge::config::Endpoint::tcp(listener.local_addr().expect("an address"));
        let accepting = async {
            let (stream, _) = listener.accept().await.expect("the caller");
            let mut raw = Raw(stream);
            raw.send(words).await;
            raw.expect_magic().await;
            raw.goodbye().await
        };
        let (_, connected) = soon(async { tokio::join!(accepting, caller.connect(endpoint)) }).await;
        let error = connected.expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
        assert!(caller.dialled().is_empty());
    }
    let unknown = "tcp://no-such-host.invalid:1".parse::<systemge::config::Endpoint>().expect("an endpoint");
    let error = soon(caller.connect(unknown)).await.expect_err("nobody is called that").to_string();
    assert!(error.starts_with("cannot connect to tcp://no-such-host.invalid:1: "), "{error}");
    system.stop().await;
}

#[tokio::test]
async fn a_peer_that_drains_is_asked_no_more() {
    let (system, caller, mut raw) = dialled(|_| {}).await;
    let client = SquareClient::new(&caller);
    let mut open = client.square(3).stream();
    let token = asked(&mut raw).await;
    raw.send(&frame(5, &[])).await;
    soon(async {
        while !matches!(client.square(4).timeout(Duration::ZERO).await, Err(RequestError::NoHandler { .. })) {
        }
    })
    .await;
    // what was asked before is still answered
    raw.send(&response(token, 0, &[9])).await;
    assert_eq!(soon(open.next()).await.expect("an outcome").result, Ok(9));
    system.stop().await;
}

#[tokio::test]
async fn a_topic_that_is_withdrawn_and_announced_again_is_found_again() {
    let (system, caller, mut raw) = dialled(|_| {}).await;
    let client = SquareClient::new(&caller);
    raw.send(&frame(4, &[&[1, 0], &0u32.to_le_bytes()])).await;
    soon(async {
        while !matches!(client.square(4).timeout(Duration::ZERO).await, Err(RequestError::NoHandler { .. })) {
        }
    })
    .await;
    let [(name, kind, fingerprint)] = topics();
    let entry =
        [&7u32.to_le_bytes()[..], &[kind], &fingerprint.to_le_bytes(), &[6], name.as_bytes()].concat();
    raw.send(&frame(3, &[&[0, 1, 0], &entry])).await;
    assert!(caller.wait_for_provider("square", Duration::from_secs(10)).await);
    let mut stream = client.square(3).stream();
    soon(async {
        loop {
            let frame = raw.frame().await.expect("a request");
            // requests of before, and their cancellations
            if frame[0] == 0x11 && frame[2..6] == 7u32.to_le_bytes() {
                let token = u64::from_le_bytes(frame[6..14].try_into().expect("eight bytes"));
                raw.send(&response(token, 0, &[9])).await;
                return;
            }
        }
    })
    .await;
    assert_eq!(soon(stream.next()).await.expect("an outcome").result, Ok(9));
    system.stop().await;
}
