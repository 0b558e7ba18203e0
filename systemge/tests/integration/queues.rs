//! Peers that don't read, and payloads that don't fit.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use systemge::client::{RequestError, SendError};
use systemge::config::{Endpoint, NodeConfig, SlowPeerPolicy};
use systemge::prelude::*;
use systemge::{Schema, Topic};
use tokio::net::TcpListener;

use crate::raw::Raw;
use crate::support::{Caller, endpoint, listening, soon, start, until, with};

/// A payload that does as its sender says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
enum Odd {
    Fine(Vec<u8>),
}

/// Whether the next values of this thread are written as they should.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mood {
    Fine,
    Fails,
    Panics,
}

thread_local! {
    static MOOD: std::cell::Cell<Mood> = const { std::cell::Cell::new(Mood::Fine) };
}

impl Serialize for Odd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self::Fine(bytes) = self;
        match MOOD.get() {
            Mood::Fine => serializer.serialize_newtype_variant("Odd", 0, "Fine", bytes),
            Mood::Fails => Err(serde::ser::Error::custom("not today")),
            Mood::Panics => panic!("never"),
        }
    }
}

/// A number that can't be read if it is 13.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Superstitious(u32);

impl<'de> Deserialize<'de> for Superstitious {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            13 => panic!("not that one"),
            number => Ok(Self(number)),
        }
    }
}

impl Schema for Superstitious {
    const SHAPE: &'static systemge::payload::Shape = u32::SHAPE;
}

impl Schema for Odd {
    const SHAPE: &'static systemge::payload::Shape = <Option<Vec<u8>> as Schema>::SHAPE;
}

#[derive(systemge::Application, Default)]
struct Store {}

#[systemge::node]
impl Store {
    #[topic("put")]
    async fn put(&self, _odd: Odd) {}

    #[topic("swap")]
    async fn swap(&self, odd: Odd) -> Odd {
        odd
    }

    #[topic("tell")]
    async fn tell(&self, number: Superstitious) -> u32 {
        number.0
    }

    #[topic("told")]
    async fn told(&self, number: u32) -> Superstitious {
        Superstitious(number)
    }
}

#[tokio::test]
async fn a_payload_or_a_response_whose_deserializer_panics_ends_its_request_alone() {
    let (server_system, server) = start("server", Store::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    let client = StoreClient::new(&caller);
    assert_eq!(
        client.tell(Superstitious(13)).await,
        Err(RequestError::Undecodable("not that one".to_owned()))
    );
    assert_eq!(client.told(13).await, Err(RequestError::ResponseUndecodable("not that one".to_owned())));
    assert_eq!(client.tell(Superstitious(12)).await, Ok(12));
    assert_eq!(client.told(14).await, Ok(Superstitious(14)));
    assert_eq!(server.counters().undecodable, 1);
    caller_system.stop().await;
    server_system.stop().await;
}

#[tokio::test]
async fn a_payload_that_fails_panics_or_does_not_fit_leaves_the_connection_usable() {
    let config = with(|config| config.limits.frame_bytes = 2 * 1024 * 1024);
    let (server_system, server) = start("server", Store::default(), config).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    let client = StoreClient::new(&caller);
    let fine = Odd::Fine(vec![7; 10]);

    MOOD.set(Mood::Fails);
    let error = client.put(fine.clone()).await.expect_err("it can't be written");
    assert!(matches!(&error, SendError::Unencodable { topic, .. } if topic == "put"), "{error}");
    let error = client.swap(fine.clone()).await.expect_err("it can't be written");
    assert!(matches!(error, RequestError::Unencodable(_)), "{error}");
    MOOD.set(Mood::Panics);
    let panicked = std::panic::AssertUnwindSafe(client.swap(fine.clone()).into_future());
    assert!(futures_util::FutureExt::catch_unwind(panicked).await.is_err());
    MOOD.set(Mood::Fine);
    assert_eq!(client.swap(fine.clone()).await.as_ref(), Ok(&fine));

    let large = Odd::Fine(vec![7; 1024 * 1024]);
    assert_eq!(soon(client.swap(large.clone())).await.as_ref(), Ok(&large));
    let error = client.swap(Odd::Fine(vec![7; 3 * 1024 * 1024])).await.expect_err("it is too large");
    assert!(error.to_string().contains("over the limit of 2097152"), "{error}");
    assert_eq!(client.swap(fine.clone()).await.as_ref(), Ok(&fine));
    caller_system.stop().await;
    server_system.stop().await;
}

/// A node that has dialled a peer which never reads, and that peer.
async fn stalled(change: impl FnOnce(&mut NodeConfig)) -> (systemge::Running, Node, Raw) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (system, caller) = start("caller", Caller::default(), with(change)).await;
    let fingerprint = Topic::one_way::<Odd>("put").fingerprint();
    let accepting = async {
        let (stream, _) = listener.accept().await.expect("the caller");
        let swap = Topic::request::<Odd, Odd>("swap").fingerprint();
        Raw::accept(stream, "stalled", &[("put", 0, fingerprint), ("swap", 1, swap)]).await
    };
    let (raw, connected) =
        soon(async { tokio::join!(accepting, caller.connect(Endpoint::tcp(address))) }).await;
    connected.expect("the peer answers");
    (system, caller, raw)
}

#[tokio::test]
async fn a_sender_waits_for_a_slow_peer_only_so_long() {
    let (system, caller, _raw) = stalled(|config| config.queue.max_wait = Duration::from_millis(200)).await;
    let client = StoreClient::new(&caller);
    let started = Instant::now();
    soon(async {
        // what the operating system takes, and the queue; then the peer is let go, and nobody gets it
        while client.put(Odd::Fine(vec![0; 100_000])).await.expect("it can be written") == 1 {}
    })
    .await;
    assert!(started.elapsed() >= Duration::from_millis(200));
    until(|| caller.connected_to().is_empty()).await;
    until(|| caller.counters().unsent_bytes > 0).await;
    system.stop().await;
}

#[tokio::test]
async fn messages_to_a_slow_peer_are_dropped_and_counted_if_that_is_the_policy() {
    let (stalled_system, caller, raw) = stalled(|config| {
        config.queue.policy = SlowPeerPolicy::DropNewest;
        // the stalled peer must not be taken for gone, however long all this takes
        config.keepalive.timeout = Duration::from_secs(600);
    })
    .await;
    let (server_system, server) = start("server", Store::default(), listening()).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    let client = StoreClient::new(&caller);
    let mut handed = 0u64;
    let messages = 500u64;
    for _ in 0..messages {
        handed += client.put(Odd::Fine(vec![0; 100_000])).await.expect("it can be written") as u64;
        tokio::task::yield_now().await;
    }
    let counters = caller.counters();
    assert!(counters.dropped > 0, "{counters:?}");
    assert_eq!(handed + counters.dropped, 2 * messages, "nothing is lost uncounted");
    assert_eq!(caller.connected_to().len(), 2);
    drop(raw);
    stalled_system.stop().await;
    server_system.stop().await;
}

#[tokio::test]
async fn a_stop_ends_requests_to_a_peer_that_takes_not_even_a_goodbye() {
    let (system, caller, _raw) = stalled(|config| {
        config.queue.policy = SlowPeerPolicy::DropNewest;
        config.stop.deadline = Duration::ZERO;
    })
    .await;
    let client = StoreClient::new(&caller);
    let mut waiting = client.swap(Odd::Fine(vec![])).timeout(Duration::from_secs(600)).stream();
    soon(async {
        while client.put(Odd::Fine(vec![0; 100_000])).await.expect("it can be written") == 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    soon(system.stop()).await;
    let outcome = soon(waiting.next()).await.expect("an outcome");
    assert!(matches!(outcome.result, Err(RequestError::Disconnected)), "{outcome:?}");
    assert!(caller.connected_to().is_empty());
}

#[tokio::test]
async fn a_slow_peer_is_disconnected_if_that_is_the_policy() {
    let (system, caller, _raw) = stalled(|config| config.queue.policy = SlowPeerPolicy::Disconnect).await;
    let client = StoreClient::new(&caller);
    soon(async {
        while client.put(Odd::Fine(vec![0; 100_000])).await.expect("it can be written") == 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    until(|| caller.connected_to().is_empty()).await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_senders_and_a_small_queue_lose_nothing() {
    let (server_system, server) = start("server", Store::default(), listening()).await;
    let config = with(|config| config.queue.bytes = 1000);
    let (caller_system, caller) = start("caller", Caller::default(), config).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    let client = StoreClient::new(&caller);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..2000 {
                    assert_eq!(client.put(Odd::Fine(vec![1; 90])).await, Ok(1));
                }
            })
        })
        .collect();
    for task in tasks {
        soon(task).await.expect("no panic");
    }
    until(|| server.counters().handled == 16_000).await;
    caller_system.stop().await;
    server_system.stop().await;
}
