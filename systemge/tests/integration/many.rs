//! Messages and requests to several nodes: who gets them, and how each ends.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use systemge::client::{Refusal, RequestError};
use systemge::prelude::*;
use tokio::sync::Notify;

use crate::support::{Caller, endpoint, listening, soon, start, until, with};

/// How long the node that never answers is waited for: longer than a panic takes to be printed.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(systemge::Application, Default)]
struct Worker {
    number: u64,
    seen: AtomicU64,
    begun: Notify,
    never: Notify,
}

impl Worker {
    fn new(number: u64) -> Self {
        Self { number, ..Self::default() }
    }
}

#[systemge::node]
impl Worker {
    #[topic("number")]
    async fn number(&self) -> u64 {
        self.seen.fetch_add(1, Relaxed);
        self.number
    }

    /// Each worker does something else.
    #[topic("differ")]
    async fn differ(&self) -> Result<u64, String> {
        match self.number {
            0 => Err("zero is nothing".to_owned()),
            1 => panic!("one is too few"),
            2 => std::future::pending().await,
            number => Ok(number),
        }
    }

    #[topic("wait")]
    async fn wait(&self) -> u64 {
        self.begun.notify_one();
        self.never.notified().await;
        self.number
    }

    #[topic("tick")]
    async fn tick(&self) {
        self.seen.fetch_add(1, Relaxed);
    }

    #[topic("seen")]
    async fn seen(&self) -> u64 {
        self.seen.load(Relaxed)
    }
}

/// So many workers, `worker-0` and so on, and a node that has dialled them all.
async fn workers(count: u64) -> (systemge::Running, Node) {
    let mut system = System::new().node_with("caller", Caller::default(), listening());
    for number in 0..count {
        let config = with(|config| config.stop.deadline = Duration::ZERO);
        system = system.node_with(format!("worker-{number}"), Worker::new(number), config);
    }
    let system = system.start().await.expect("the nodes start");
    let caller = system.node("caller").expect("the caller");
    for worker in &system.nodes()[1..] {
        caller.connect(endpoint(worker)).await.expect("the worker listens");
    }
    (system, caller)
}

#[tokio::test]
async fn a_message_reaches_every_node_that_handles_it() {
    let (system, caller) = workers(5).await;
    let client = WorkerClient::new(&caller);
    assert_eq!(client.tick().await, Ok(5));
    assert_eq!(client.clone().to("worker-3").tick().await, Ok(1));
    assert_eq!(client.clone().to("nobody").tick().await, Ok(0));
    assert_eq!(client.clone().any().tick().await, Ok(1));
    let outcomes = client.seen().all().await.expect("all are asked");
    let total: u64 = outcomes.iter().map(|outcome| outcome.result.as_ref().expect("a number")).sum();
    assert_eq!(total, 5 + 1 + 1);
    system.stop().await;
}

#[tokio::test]
async fn nobody_handles_it() {
    let (system, caller) = start("lonely", Caller::default(), listening()).await;
    let client = WorkerClient::new(&caller);
    assert_eq!(client.tick().await, Ok(0));
    let error = client.number().await.expect_err("nobody is there");
    assert_eq!(error.to_string(), "no connected node handles `number`");
    assert!(error.is_unhandled());
    assert!(client.number().all().await.is_err());
    let mut stream = client.number().stream();
    let outcome = stream.next().await.expect("the reason");
    assert_eq!(&*outcome.node, "lonely");
    assert!(matches!(outcome.result, Err(RequestError::NoHandler { .. })));
    assert!(stream.next().await.is_none());
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_asked_node_has_exactly_one_outcome() {
    let (system, caller) = workers(6).await;
    let client = WorkerClient::new(&caller);
    let outcomes = soon(client.differ().timeout(PATIENCE).all()).await.expect("all are asked");
    let mut results = BTreeMap::new();
    for outcome in outcomes {
        if matches!(outcome.result, Err(RequestError::Timeout(_))) {
            assert!(outcome.took >= PATIENCE, "{:?}", outcome.took);
        }
        assert!(
            results.insert(outcome.node.to_string(), outcome.result).is_none(),
            "a node has two outcomes"
        );
    }
    assert_eq!(results.len(), 6);
    assert_eq!(results["worker-0"], Err(RequestError::Handler("zero is nothing".to_owned())));
    assert_eq!(results["worker-1"], Err(RequestError::Panicked("one is too few".to_owned())));
    assert_eq!(results["worker-2"], Err(RequestError::Timeout(PATIENCE)));
    for number in 3..6 {
        assert_eq!(results[&format!("worker-{number}")], Ok(number));
    }
    let panicked = system.node("worker-1").expect("a worker").counters().panicked;
    assert_eq!(panicked, 1);

    // awaiting takes the first success, whatever fails beside it; one node's failure is its own
    assert!(soon(client.differ()).await.expect("three nodes succeed") >= 3);
    let zero = client.clone().to("worker-0").differ().await;
    assert_eq!(zero, Err(RequestError::Handler("zero is nothing".to_owned())));
    let one = client.clone().to("worker-1").differ().await;
    assert_eq!(one, Err(RequestError::Panicked("one is too few".to_owned())));
    system.stop().await;
}

#[tokio::test]
async fn a_limit_ends_a_request_early() {
    let (system, caller) = workers(5).await;
    let client = WorkerClient::new(&caller);
    assert_eq!(client.number().limit(2).all().await.expect("all are asked").len(), 2);
    let mut stream = client.number().limit(3).stream();
    let mut numbers = Vec::new();
    while let Some(outcome) = soon(stream.next()).await {
        numbers.push(outcome.result.expect("a number"));
    }
    assert_eq!(numbers.len(), 3);
    system.stop().await;

    let (server_system, server) = start("server", Worker::new(7), listening()).await;
    let config = with(|config| config.requests.limit = 1);
    let (caller_system, caller) = start("caller", Caller::default(), config).await;
    let (other_system, other) = start("other", Worker::new(8), listening()).await;
    for node in [&server, &other] {
        caller.connect(endpoint(node)).await.expect("the node listens");
    }
    let client = WorkerClient::new(&caller);
    assert_eq!(client.number().all().await.expect("both are asked").len(), 1);
    assert_eq!(client.number().limit(9).all().await.expect("both are asked").len(), 2);
    for system in [caller_system, server_system, other_system] {
        system.stop().await;
    }
}

#[tokio::test]
async fn any_asks_one_node_and_spreads_the_load() {
    let (system, caller) = workers(3).await;
    let client = WorkerClient::new(&caller).any();
    for _ in 0..60 {
        client.number().await.expect("a number");
    }
    let outcomes = WorkerClient::new(&caller).seen().all().await.expect("all are asked");
    let counts: Vec<u64> = outcomes.into_iter().map(|outcome| outcome.result.expect("a count")).collect();
    assert_eq!(counts.iter().sum::<u64>(), 60);
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    system.stop().await;
}

#[tokio::test]
async fn a_node_that_goes_ends_its_part_at_once() {
    let (server_system, server) =
        start("server", Worker::new(7), with(|config| config.stop.deadline = Duration::ZERO)).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    let client = WorkerClient::new(&caller);
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.wait().timeout(Duration::from_secs(600)).await }
    });
    until(|| server.counters().handled == 0 && !waiting.is_finished() && caller.counters().responses == 0)
        .await;
    soon(server_system.stop()).await;
    let error = soon(waiting).await.expect("no panic").expect_err("the server is gone");
    // whether the handler had begun by then is left to chance
    assert!(matches!(error, RequestError::Refused(Refusal::Draining) | RequestError::Cancelled), "{error}");
    caller_system.stop().await;
}

#[tokio::test]
async fn a_request_that_is_dropped_is_cancelled_there() {
    let (server_system, server) =
        start("server", Worker::new(7), with(|config| config.stop.deadline = Duration::ZERO)).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    let client = WorkerClient::new(&caller);
    let gave_up = tokio::time::timeout(Duration::from_millis(50), client.wait()).await;
    assert!(gave_up.is_err());
    until(|| server.counters().cancelled == 1).await;
    assert_eq!(client.number().await, Ok(7));
    caller_system.stop().await;
    server_system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_requests_at_once_are_all_answered() {
    let (system, caller) = workers(2).await;
    let client = WorkerClient::new(&caller);
    let tasks: Vec<_> = (0..5000)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.number().all().await.expect("all are asked") })
        })
        .collect();
    for task in tasks {
        let outcomes = soon(task).await.expect("no panic");
        assert_eq!(outcomes.len(), 2);
        assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()));
    }
    system.stop().await;
}

/// The same topic with another payload.
mod other {
    #[derive(systemge::Application, Default)]
    pub(super) struct Impostor {}

    #[systemge::node]
    impl Impostor {
        #[topic("number")]
        async fn number(&self, _of: String) -> u64 {
            0
        }
    }
}

#[tokio::test]
async fn a_topic_with_other_types_is_not_used() {
    let (server_system, server) = start("impostor", other::Impostor::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&server)).await.expect("the impostor listens");
    let error = WorkerClient::new(&caller).number().await.expect_err("the types differ");
    let expected = "`caller` and `impostor` know the topic `number` with different types: ";
    assert!(error.to_string().contains(expected), "{error}");
    caller_system.stop().await;
    server_system.stop().await;
}
