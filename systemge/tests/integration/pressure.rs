//! Both directions of a connection full at the same time, and peers that ask without listening.

use std::time::Duration;

use crate::raw::{Raw, request};
use crate::support::{Caller, endpoint, listening, scheme, soon, start, until, with};

#[derive(systemge::Application, Default)]
struct Mirror {}

#[systemge::node]
impl Mirror {
    #[topic("mirror")]
    async fn mirror(&self, text: String) -> String {
        text
    }

    #[topic("inflate")]
    async fn inflate(&self, size: u32) -> String {
        "x".repeat(size as usize)
    }
}

/// More than the operating system, or QUIC, takes at once from one side, in bytes.
fn size() -> usize {
    // QUIC takes less, and is slow without optimization
    if scheme() == "quic" { 1_536 * 1024 } else { 12 * 1024 * 1024 }
}

/// More than the operating system takes: if both sides only wrote and neither read, nobody would ever go on.
async fn full_both_ways() {
    let (server_system, server) = start("server", Mirror::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let client = MirrorClient::new(&caller);
            tokio::spawn(async move { client.mirror("x".repeat(size())).await.map(|text| text.len()) })
        })
        .collect();
    for task in tasks {
        assert_eq!(soon(task).await.expect("no panic"), Ok(size()));
    }
    caller_system.stop().await;
    server_system.stop().await;
}

#[tokio::test]
async fn large_requests_and_large_responses_pass_each_other_on_one_thread() {
    full_both_ways().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_requests_and_large_responses_pass_each_other_on_several_threads() {
    full_both_ways().await;
}

#[tokio::test]
async fn a_peer_that_asks_and_never_listens_is_let_go() {
    let config = with(|config| config.queue.max_wait = Duration::from_millis(200));
    let (system, node) = start("node", Mirror::default(), config).await;
    let (raw, _) = Raw::join(node.addresses()[0], "mute").await;
    let (_unread, mut writing) = raw.0.into_split();
    let asking = tokio::spawn(async move {
        let mut bytes = Vec::new();
        postcard_number(512 * 1024, &mut bytes);
        // until the node no longer listens either
        for token in 0.. {
            let ask = request(0, 1, token, &bytes);
            if tokio::io::AsyncWriteExt::write_all(&mut writing, &ask).await.is_err() {
                return;
            }
            // not faster than the node can answer: it is to be kept from reading by its answers
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    until(|| node.connected_from().len() == 1).await;
    until(|| node.connected_from().is_empty()).await;
    until(|| node.counters().unsent_bytes > 0).await;
    assert!(node.counters().handled < 64, "what one peer can make a node hold is bounded");
    soon(asking).await.expect("no panic");
    system.stop().await;
}

#[tokio::test]
async fn a_peer_that_asks_and_reads_a_byte_now_and_then_is_let_go() {
    let config = with(|config| config.queue.max_wait = Duration::from_millis(300));
    let (system, node) = start("node", Mirror::default(), config).await;
    let (raw, _) = Raw::join(node.addresses()[0], "sipping").await;
    let (mut reading, mut writing) = raw.0.into_split();
    let asking = tokio::spawn(async move {
        let mut bytes = Vec::new();
        postcard_number(512 * 1024, &mut bytes);
        for token in 0.. {
            let ask = request(0, 1, token, &bytes);
            if tokio::io::AsyncWriteExt::write_all(&mut writing, &ask).await.is_err() {
                return;
            }
        }
    });
    let sipping = tokio::spawn(async move {
        // so much that the node's operating system takes something from it again and again, but no whole queue in time
        let mut sip = [0; 16 * 1024];
        while tokio::io::AsyncReadExt::read_exact(&mut reading, &mut sip).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    until(|| node.connected_from().len() == 1).await;
    until(|| node.connected_from().is_empty()).await;
    soon(asking).await.expect("no panic");
    sipping.abort();
    system.stop().await;
}

/// A number as it stands in a payload: seven bits in each byte.
fn postcard_number(mut number: u32, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
