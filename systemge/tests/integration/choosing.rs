//! Which node is asked, and what happens if there is none, or if it will not.

use std::time::Duration;

use systemge::client::{Refusal, RequestError};
use systemge::config::Endpoint;
use systemge::prelude::*;
use systemge::{Running, Topic};
use tokio::net::TcpListener;

use crate::raw::{Raw, frame};
use crate::support::{Caller, endpoint, listening, soon, start, until, with};

#[derive(systemge::Application, Default)]
struct Oracle {}

#[systemge::node]
impl Oracle {
    #[topic("ask")]
    async fn ask(&self, payload: Vec<u8>) -> u8 {
        u8::try_from(payload.len() % 256).unwrap_or_default()
    }

    #[topic("tell")]
    async fn tell(&self, _payload: Vec<u8>) {}
}

/// A peer made by hand that handles both topics.
async fn provider(caller: &Node, name: &str) -> Raw {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let ask = Topic::request::<Vec<u8>, u8>("ask").fingerprint();
    let tell = Topic::one_way::<Vec<u8>>("tell").fingerprint();
    let accepting = async {
        let (stream, _) = listener.accept().await.expect("the caller");
        Raw::accept(stream, name, &[("ask", 1, ask), ("tell", 0, tell)]).await
    };
    let (raw, connected) =
        soon(async { tokio::join!(accepting, caller.connect(Endpoint::tcp(address))) }).await;
    connected.expect("the peer answers");
    raw
}

/// A node that calls, and an oracle, not connected to each other.
async fn strangers() -> (Running, Node, Running, Node) {
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    let (oracle_system, oracle) = start("oracle", Oracle::default(), listening()).await;
    (caller_system, caller, oracle_system, oracle)
}

/// Answers every request with one status.
fn always(mut raw: Raw, status: u8) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        while let Some(frame) = raw.frame().await {
            if frame[0] == 0x11 {
                let token = u64::from_le_bytes(frame[6..14].try_into().expect("eight bytes"));
                raw.respond(token, status, b"no").await;
            }
        }
    })
}

#[tokio::test]
async fn any_asks_another_node_if_one_refuses() {
    let (caller_system, caller, oracle_system, oracle) = strangers().await;
    for (name, status) in [("draining", 3), ("overloaded", 4), ("forgetful", 5)] {
        always(provider(&caller, name).await, status);
    }
    let client = OracleClient::new(&caller).any();
    // without anybody who answers: the last refusal, after everybody was asked once
    let outcomes = soon(client.ask(vec![1]).all()).await.expect("somebody is asked");
    assert!(matches!(outcomes[..], [ref only] if matches!(only.result, Err(RequestError::Refused(_)))));
    assert_eq!(caller.counters().responses, 3);
    caller.connect(endpoint(&oracle)).await.expect("the oracle listens");
    for round in 0..30 {
        let payload = vec![0; round];
        let expected = u8::try_from(round).expect("few rounds");
        assert_eq!(soon(client.ask(payload.clone())).await, Ok(expected));
        let mut stream = client.ask(payload.clone()).stream();
        let outcome = soon(stream.next()).await.expect("an outcome");
        assert_eq!((&*outcome.node, outcome.result), ("oracle", Ok(expected)));
        assert!(soon(stream.next()).await.is_none());
        let outcomes = soon(client.ask(payload).all()).await.expect("somebody is asked");
        assert_eq!(outcomes.len(), 1);
    }
    // who asks all of them, or a certain one, gets what they say
    let outcomes = soon(OracleClient::new(&caller).ask(Vec::new()).all()).await.expect("all are asked");
    assert_eq!(outcomes.iter().filter(|outcome| outcome.result.is_err()).count(), 3);
    let refused = soon(OracleClient::new(&caller).to("overloaded").ask(Vec::new())).await;
    assert!(matches!(refused, Err(RequestError::Refused(Refusal::Overloaded(_)))), "{refused:?}");
    caller_system.stop().await;
    oracle_system.stop().await;
}

#[tokio::test]
async fn any_does_not_ask_another_node_if_the_handler_may_have_run() {
    let (caller_system, caller, oracle_system, oracle) = strangers().await;
    for (status, expected) in [
        (2, RequestError::Panicked("no".to_owned())),
        (6, RequestError::Undecodable("no".to_owned())),
        (8, RequestError::Cancelled),
    ] {
        let name = format!("status-{status}");
        always(provider(&caller, &name).await, status);
        assert_eq!(soon(OracleClient::new(&caller).any().ask(Vec::new())).await, Err(expected));
        for (dialled, _) in caller.dialled() {
            caller.disconnect(&dialled);
        }
    }
    // a connection that is lost, and an oracle that could have been asked, too
    let mut raw = provider(&caller, "gone").await;
    let mut stream = OracleClient::new(&caller).any().ask(Vec::new()).stream();
    raw.asked().await;
    caller.connect(endpoint(&oracle)).await.expect("the oracle listens");
    drop(raw);
    assert_eq!(soon(stream.next()).await.expect("an outcome").result, Err(RequestError::Disconnected));
    caller_system.stop().await;
    oracle_system.stop().await;
}

#[tokio::test]
async fn any_asks_another_node_if_one_says_goodbye_since_it_stops() {
    let (caller_system, caller, oracle_system, oracle) = strangers().await;
    let mut raw = provider(&caller, "stopping").await;
    let mut stream = OracleClient::new(&caller).any().ask(vec![1, 2]).stream();
    raw.asked().await;
    caller.connect(endpoint(&oracle)).await.expect("the oracle listens");
    raw.send(&frame(8, &[&[0, 0], &[0, 0]])).await;
    let outcome = soon(stream.next()).await.expect("an outcome");
    assert_eq!((&*outcome.node, outcome.result), ("oracle", Ok(2)));
    caller_system.stop().await;
    oracle_system.stop().await;
}

#[tokio::test]
async fn any_goes_by_a_node_whose_queue_is_full() {
    let (oracle_system, oracle) = start("oracle", Oracle::default(), listening()).await;
    let config = with(|config| config.queue.max_wait = Duration::from_secs(600));
    let (caller_system, caller) = start("caller", Caller::default(), config).await;
    let _stalled = provider(&caller, "stalled").await;
    let stalled = OracleClient::new(&caller).to("stalled");
    // what the operating system takes, and the queue
    while tokio::time::timeout(Duration::from_millis(100), stalled.tell(vec![0; 100_000])).await.is_ok() {}
    caller.connect(endpoint(&oracle)).await.expect("the oracle listens");
    let client = OracleClient::new(&caller).any();
    for round in 0..50 {
        assert_eq!(soon(client.ask(vec![0; round])).await.map(usize::from), Ok(round));
        assert_eq!(soon(client.tell(Vec::new())).await, Ok(1));
    }
    until(|| oracle.counters().handled == 100).await;
    caller.disconnect(&caller.dialled()[0].0);
    caller_system.stop().await;
    oracle_system.stop().await;
}

#[tokio::test]
async fn who_waits_for_a_provider_asks_it_when_it_comes() {
    let (caller_system, caller, oracle_system, oracle) = strangers().await;
    let patient = OracleClient::new(&caller).wait_for_provider(Duration::from_secs(600));
    let clients = [patient.clone(), patient.clone().any(), patient.clone().to("oracle")];
    let mut waiting = tokio::task::JoinSet::new();
    for client in clients {
        waiting.spawn(async move {
            // the time of the request itself does not count while nobody is there
            let brief = Duration::from_secs(20);
            let mut stream = client.ask(vec![0; 3]).timeout(brief).stream();
            let (first, all, message) = tokio::join!(
                client.ask(vec![0; 1]).timeout(brief).into_future(),
                client.ask(vec![0; 2]).timeout(brief).all().into_future(),
                client.tell(Vec::new()).into_future(),
            );
            let streamed = stream.next().await.expect("an outcome");
            assert!(stream.next().await.is_none());
            assert_eq!((first, message), (Ok(1), Ok(1)));
            let all: Vec<_> =
                all.expect("somebody is asked").into_iter().map(|outcome| outcome.result).collect();
            assert_eq!((all, streamed.result), (vec![Ok(2)], Ok(3)));
        });
    }
    // who handles other topics is no provider
    let (stranger_system, stranger) = start("stranger", Caller::default(), listening()).await;
    caller.connect(endpoint(&stranger)).await.expect("the stranger listens");
    caller.connect(endpoint(&oracle)).await.expect("the oracle listens");
    while let Some(done) = soon(waiting.join_next()).await {
        done.expect("no panic");
    }
    caller_system.stop().await;
    stranger_system.stop().await;
    oracle_system.stop().await;
}

#[tokio::test]
async fn who_waits_for_a_provider_in_vain_learns_it_when_the_time_is_over() {
    let (caller_system, caller, oracle_system, oracle) = strangers().await;
    caller.connect(endpoint(&oracle)).await.expect("the oracle listens");
    let client = OracleClient::new(&caller).to("nobody").wait_for_provider(Duration::from_millis(50));
    let nobody = Err(RequestError::NoHandler { topic: "ask".into(), mismatched: Vec::new() });
    assert_eq!(soon(client.ask(Vec::new())).await, nobody);
    assert_eq!(soon(client.ask(Vec::new()).all()).await.map(|_| 0), nobody);
    let mut stream = client.ask(Vec::new()).stream();
    let outcome = soon(stream.next()).await.expect("the reason");
    assert_eq!((&*outcome.node, outcome.result), ("caller", nobody.clone()));
    assert!(outcome.took >= Duration::from_millis(50), "{:?}", outcome.took);
    assert!(soon(stream.next()).await.is_none());
    assert_eq!(soon(client.tell(Vec::new())).await, Ok(0));
    caller_system.stop().await;
    oracle_system.stop().await;
}

#[tokio::test]
async fn who_waits_for_a_provider_learns_that_its_own_node_stops() {
    let (caller_system, caller, oracle_system, _) = strangers().await;
    let client = OracleClient::new(&caller).wait_for_provider(Duration::from_secs(600));
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.ask(Vec::new()).await }
    });
    let message =
        tokio::spawn(async move { client.tell(Vec::new()).await.map_err(|error| error.to_string()) });
    tokio::task::yield_now().await;
    caller_system.stop().await;
    let stopped = RequestError::NotRunning("caller".to_owned());
    assert_eq!(soon(request).await.expect("no panic"), Err(stopped.clone()));
    assert_eq!(soon(message).await.expect("no panic"), Err(stopped.to_string()));
    oracle_system.stop().await;
}

#[tokio::test]
async fn any_that_waits_for_a_provider_outlasts_the_restart_of_the_only_one() {
    let (caller_system, caller, oracle_system, oracle) = strangers().await;
    let mut raw = provider(&caller, "stopping").await;
    let client = OracleClient::new(&caller).any().wait_for_provider(Duration::from_secs(600));
    let asking = tokio::spawn(async move { client.ask(vec![0; 4]).timeout(Duration::from_secs(600)).await });
    let token = raw.asked().await;
    raw.respond(token, 3, b"the node is about to stop").await;
    until(|| caller.counters().responses == 1).await;
    caller.connect(endpoint(&oracle)).await.expect("the oracle listens");
    assert_eq!(soon(asking).await.expect("no panic"), Ok(4));
    drop(raw);
    caller_system.stop().await;
    oracle_system.stop().await;
}
