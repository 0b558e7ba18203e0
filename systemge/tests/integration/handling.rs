//! How handlers run beside each other.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use systemge::client::RequestError;
use systemge::config::Handling;
use systemge::prelude::*;
use tokio::sync::Notify;

use crate::raw::{Raw, message, request};
use crate::support::{Caller, endpoint, listening, soon, start, until, with};

/// Handlers with `&self`.
#[derive(systemge::Application, Default)]
struct Shared {
    order: Mutex<Vec<String>>,
    running: AtomicUsize,
    most: AtomicUsize,
    go: Notify,
    go_one: Notify,
}

impl Shared {
    async fn step(&self, name: String) {
        self.order.lock().expect("no panic").push(format!("{name} starts"));
        self.most.fetch_max(self.running.fetch_add(1, SeqCst) + 1, SeqCst);
        // long enough for others to start meanwhile, if they may
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.running.fetch_sub(1, SeqCst);
        self.order.lock().expect("no panic").push(format!("{name} ends"));
    }
}

#[systemge::node]
impl Shared {
    #[topic("step")]
    async fn step_oneway(&self, name: String) {
        self.step(name).await;
    }

    #[topic("blocked")]
    async fn blocked(&self) -> bool {
        tokio::select! {
            () = self.go.notified() => {}
            () = self.go_one.notified() => {}
        }
        true
    }

    #[topic("spawned", spawn)]
    async fn spawned(&self) -> bool {
        self.go.notified().await;
        true
    }

    #[topic("go")]
    fn go(&self) {
        self.go.notify_waiters();
    }

    #[topic("order")]
    fn order(&self) -> Vec<String> {
        self.order.lock().expect("no panic").clone()
    }

    #[topic("most")]
    fn most(&self) -> usize {
        self.most.load(SeqCst)
    }

    /// Asks its own node.
    #[topic("inward")]
    async fn inward(&self, ctx: &Context<Self>) -> Result<usize, String> {
        SharedClient::new(ctx).to(ctx.node_name()).most().await.map_err(|error| error.to_string())
    }
}

#[systemge::commands]
impl Shared {
    /// Lets one handler go on that waits in `blocked`, beside the queue of messages.
    #[command("go")]
    fn go_on(&self) {
        self.go_one.notify_one();
    }
}

/// A handler with `&mut self`.
#[derive(systemge::Application, Default)]
struct Exclusive {
    count: u64,
}

#[systemge::node]
impl Exclusive {
    #[topic("increment")]
    async fn increment(&mut self) -> u64 {
        let count = self.count;
        tokio::task::yield_now().await;
        self.count = count + 1;
        self.count
    }

    #[topic("count")]
    async fn count(&self) -> u64 {
        self.count
    }

    /// Leaves a task behind that asks the own node, when this handler is done.
    #[topic("later")]
    async fn later(&mut self, ctx: &Context) {
        let context = ctx.clone();
        let client = ExclusiveClient::new(&context);
        ctx.spawn(async move {
            client.increment().await.expect("nothing is held any more");
        });
    }

    #[topic("exclusiveInward")]
    async fn inward(&mut self, ctx: &Context) -> Result<u64, String> {
        ExclusiveClient::new(ctx).count().await.map_err(|error| error.to_string())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_handlers_of_one_connection_start_in_order_and_interleave() {
    let (server_system, server) = start("server", Shared::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    let client = SharedClient::new(&caller);
    for number in 0..20 {
        client.step_oneway(number.to_string()).await.expect("it is sent");
    }
    until(|| server.counters().handled == 20).await;
    let order = client.order().await.expect("the order");
    let starts: Vec<_> = order.iter().filter(|entry| entry.ends_with("starts")).cloned().collect();
    assert_eq!(starts, (0..20).map(|number| format!("{number} starts")).collect::<Vec<_>>());
    assert!(client.most().await.expect("a number") > 1, "{order:?}");
    caller_system.stop().await;
    server_system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sequential_handlers_run_one_at_a_time_over_all_connections() {
    let config = listening().handling(Handling::Sequential);
    let (server_system, server) = start("server", Shared::default(), config).await;
    let mut callers = Vec::new();
    for number in 0..3 {
        let (system, caller) = start(&format!("caller-{number}"), Caller::default(), listening()).await;
        caller.connect(endpoint(&server)).await.expect("the server listens");
        callers.push((system, caller));
    }
    for step in 0..10 {
        for (number, (_, caller)) in callers.iter().enumerate() {
            SharedClient::new(caller).step_oneway(format!("{number}-{step}")).await.expect("it is sent");
        }
    }
    until(|| server.counters().handled == 30).await;
    let client = SharedClient::new(&callers[0].1);
    assert_eq!(client.most().await, Ok(1));
    let order = client.order().await.expect("the order");
    for pair in order.chunks(2) {
        assert_eq!(pair[0].replace("starts", "ends"), pair[1]);
    }
    for number in 0..3 {
        let own: Vec<_> = order.iter().filter(|entry| entry.starts_with(&format!("{number}-"))).collect();
        let expected: Vec<_> = (0..10)
            .flat_map(|step| [format!("{number}-{step} starts"), format!("{number}-{step} ends")])
            .collect();
        assert_eq!(own, expected.iter().collect::<Vec<_>>());
    }
    for (system, _) in callers {
        system.stop().await;
    }
    server_system.stop().await;
}

#[tokio::test]
async fn a_handler_that_waits_keeps_nobody_up() {
    let (server_system, server) = start("server", Shared::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    let client = SharedClient::new(&caller);
    let mut blocked = client.blocked().stream();
    assert_eq!(soon(client.most()).await, Ok(0));
    client.go().await.expect("it is sent");
    assert_eq!(soon(blocked.next()).await.expect("an outcome").result, Ok(true));
    caller_system.stop().await;
    server_system.stop().await;
}

#[tokio::test]
async fn a_spawned_handler_runs_beside_sequential_ones() {
    let config = listening().handling(Handling::Sequential);
    let (server_system, server) = start("server", Shared::default(), config).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    let client = SharedClient::new(&caller);
    let mut spawned = client.spawned().stream();
    assert_eq!(soon(client.most()).await, Ok(0));
    soon(async {
        // it may not have begun to wait when it is told to go on
        loop {
            client.go().await.expect("it is sent");
            if let Ok(outcome) = tokio::time::timeout(Duration::from_millis(10), spawned.next()).await {
                assert_eq!(outcome.expect("an outcome").result, Ok(true));
                return;
            }
        }
    })
    .await;
    caller_system.stop().await;
    server_system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclusive_handler_is_alone() {
    let (server_system, server) = start("server", Exclusive::default(), listening()).await;
    let mut tasks = Vec::new();
    let mut systems = Vec::new();
    for number in 0..4 {
        let (system, caller) = start(&format!("caller-{number}"), Caller::default(), listening()).await;
        caller.connect(endpoint(&server)).await.expect("the server listens");
        systems.push(system);
        for _ in 0..50 {
            let client = ExclusiveClient::new(&caller);
            tasks.push(tokio::spawn(async move { client.increment().await.expect("a count") }));
        }
    }
    let mut counts = Vec::new();
    for task in tasks {
        counts.push(soon(task).await.expect("no panic"));
    }
    counts.sort_unstable();
    assert_eq!(counts, (1..=200).collect::<Vec<u64>>());
    for system in systems {
        system.stop().await;
    }
    server_system.stop().await;
}

#[tokio::test]
async fn a_node_that_dials_itself_may_ask_itself_if_nothing_is_held() {
    let (system, node) = start("narcissus", Shared::default(), listening()).await;
    node.connect(endpoint(&node)).await.expect("it listens");
    assert_eq!(soon(SharedClient::new(&node).inward()).await, Ok(0));
    system.stop().await;
}

#[tokio::test]
async fn a_request_to_the_own_node_that_could_never_be_answered_fails_at_once() {
    let (system, node) = start("node", Exclusive::default(), listening()).await;
    node.connect(endpoint(&node)).await.expect("it listens");
    let error = soon(ExclusiveClient::new(&node).inward()).await.expect_err("it would wait for itself");
    assert!(matches!(&error, RequestError::Handler(why) if why.contains("holds the lock")), "{error}");
    system.stop().await;

    let config = listening().handling(Handling::Sequential);
    let (system, node) = start("node", Shared::default(), config).await;
    node.connect(endpoint(&node)).await.expect("it listens");
    let error = soon(SharedClient::new(&node).inward()).await.expect_err("it would wait for itself");
    assert!(matches!(&error, RequestError::Handler(why) if why.contains("one message at a time")), "{error}");
    system.stop().await;
}

#[tokio::test]
async fn handlers_beyond_the_limit_wait_unread_spawned_ones_too() {
    let config = with(|config| config.limits.handlers_per_connection = 2);
    let (server_system, server) = start("server", Shared::default(), config).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    let (other_system, other) = start("other", Caller::default(), listening()).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    other.connect(endpoint(&server)).await.expect("the server listens");
    let client = SharedClient::new(&caller);
    let mut waiting: Vec<_> = (0..3).map(|_| client.spawned().stream()).collect();
    let unread = client.most().timeout(Duration::from_millis(100)).await;
    assert!(matches!(unread, Err(RequestError::Timeout(_))), "{unread:?}");
    // another connection has a limit of its own, and its message lets the first ones go on
    soon(async {
        for stream in &mut waiting {
            loop {
                SharedClient::new(&other).go().await.expect("it is sent");
                if let Ok(outcome) = tokio::time::timeout(Duration::from_millis(10), stream.next()).await {
                    assert_eq!(outcome.expect("an outcome").result, Ok(true));
                    break;
                }
            }
        }
    })
    .await;
    assert_eq!(soon(client.most()).await, Ok(0));
    for system in [caller_system, other_system, server_system] {
        system.stop().await;
    }
}

/// How many bytes a node has read from a peer that dialled it.
fn read_from(node: &Node, peer: &str) -> u64 {
    let metrics = node.metrics();
    metrics.peers.iter().find(|found| &*found.peer == peer).map_or(0, |found| found.read_bytes)
}

#[tokio::test]
async fn a_connection_that_the_nodes_limit_holds_up_goes_on_when_a_handler_of_another_one_is_done() {
    let config = with(|config| {
        config.limits.handlers = 2;
        // nothing else is to wake it
        config.keepalive.interval = Duration::from_secs(600);
        config.keepalive.timeout = Duration::from_secs(1200);
    });
    let (server_system, server) = start("server", Shared::default(), config).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    let (other_system, other) = start("other", Caller::default(), listening()).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    other.connect(endpoint(&server)).await.expect("the server listens");
    let (client, other_client) = (SharedClient::new(&caller), SharedClient::new(&other));
    let mut first = other_client.blocked().stream();
    until(|| server.metrics().handlers_in_flight == 1).await;
    let mut second = client.blocked().stream();
    until(|| server.metrics().handlers_in_flight == 2).await;
    let before = read_from(&server, "caller");
    let mut third = client.most().stream();
    until(|| read_from(&server, "caller") > before).await;
    assert_eq!(server.metrics().handlers_in_flight, 2);
    // the one that waited first, which is that of the other connection
    server.command("go", [""; 0]).await.expect("a command");
    assert_eq!(soon(first.next()).await.expect("an outcome").result, Ok(true));
    assert_eq!(soon(third.next()).await.expect("an outcome").result, Ok(0));
    server.command("go", [""; 0]).await.expect("a command");
    assert_eq!(soon(second.next()).await.expect("an outcome").result, Ok(true));
    for system in [caller_system, other_system, server_system] {
        system.stop().await;
    }
}

#[tokio::test]
async fn a_task_that_outlives_its_handler_may_ask_its_own_node() {
    let (system, node) = start("node", Exclusive::default(), listening()).await;
    node.connect(endpoint(&node)).await.expect("it listens");
    let client = ExclusiveClient::new(&node);
    assert_eq!(client.later().await, Ok(1));
    soon(async { while client.count().await != Ok(1) {} }).await;
    system.stop().await;
}

#[tokio::test]
async fn a_request_without_any_time_ends_at_once() {
    let (system, node) = start("node", Shared::default(), listening()).await;
    node.connect(endpoint(&node)).await.expect("it listens");
    let client = SharedClient::new(&node);
    for time in [Duration::ZERO, Duration::from_nanos(1)] {
        assert_eq!(soon(client.blocked().timeout(time)).await, Err(RequestError::Timeout(time)));
    }
    assert_eq!(soon(client.most().timeout(Duration::MAX)).await, Ok(0));
    system.stop().await;
}

#[tokio::test]
async fn a_connection_that_ends_while_it_waits_for_its_turn_does_not_take_it() {
    let config = with(|config| {
        config.handling = Handling::Sequential;
        // how a connection that isn't read notices that its peer is gone
        config.keepalive.interval = Duration::from_millis(100);
        config.keepalive.timeout = Duration::from_millis(500);
        config.stop.deadline = Duration::ZERO;
    });
    let (server_system, server) = start("server", Shared::default(), config).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&server)).await.expect("the server listens");
    let client = SharedClient::new(&caller);
    let (mut raw, names) = Raw::join(server.addresses()[0], "fickle").await;
    let id = |topic: &str| {
        u32::try_from(names.iter().position(|name| name == topic).expect("a topic")).expect("a small number")
    };
    // a handler of its own that outlives the connection, then a place in the queue behind somebody else's turn
    raw.send(&request(0, id("spawned"), 1, &[])).await;
    assert_eq!(soon(client.most()).await, Ok(0));
    let mut blocked = client.clone().blocked().stream();
    until(|| server.metrics().handlers_in_flight == 2).await;
    let before = read_from(&server, "fickle");
    raw.send(&message(id("step"), &[1, b'x'])).await;
    until(|| read_from(&server, "fickle") > before).await;
    drop(raw);
    until(|| server.connected_from().len() == 1).await;
    let (other_system, other) = start("other", Caller::default(), listening()).await;
    other.connect(endpoint(&server)).await.expect("the server listens");
    let mut next = SharedClient::new(&other).most().stream();
    server.command("go", [""; 0]).await.expect("a command");
    assert_eq!(soon(blocked.next()).await.expect("an outcome").result, Ok(true));
    soon(next.next()).await.expect("an outcome").result.expect("a number");
    for system in [other_system, caller_system, server_system] {
        system.stop().await;
    }
}
