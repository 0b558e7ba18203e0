//! Starting, stopping, and starting again.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use systemge::config::{Endpoint, OnDialFailure};
use systemge::prelude::*;
use systemge::{DialState, NodeState, StartError, SystemError};
use tokio::sync::Notify;

use crate::support::{Caller, endpoint, listening, plain, soon, start, until, with};

/// What the tests see of a node's hooks.
#[derive(Default)]
struct Watched {
    fail_start: AtomicBool,
    panic_stop: AtomicBool,
    started: AtomicUsize,
    stopped: AtomicUsize,
    ticking: AtomicBool,
    begun: Notify,
    go: Notify,
}

#[derive(systemge::Application, Default)]
struct Hooked {
    watched: Arc<Watched>,
}

struct Ends(Arc<Watched>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.ticking.store(false, SeqCst);
    }
}

#[systemge::node]
impl Hooked {
    #[on_start]
    async fn start(&self, ctx: &Context) -> Result<()> {
        if self.watched.fail_start.load(SeqCst) {
            return Err(Error::message("not in the mood"));
        }
        self.watched.started.fetch_add(1, SeqCst);
        self.watched.ticking.store(true, SeqCst);
        let ends = Ends(self.watched.clone());
        ctx.spawn(async move {
            let _ends = ends;
            std::future::pending::<()>().await;
        });
        Ok(())
    }

    #[on_stop]
    async fn stop(&self) {
        assert!(!self.watched.ticking.load(SeqCst), "tasks end before `on_stop`");
        self.watched.stopped.fetch_add(1, SeqCst);
        assert!(!self.watched.panic_stop.load(SeqCst), "wanted");
    }

    #[topic("slow")]
    async fn slow(&self) -> u8 {
        self.watched.begun.notify_one();
        self.watched.go.notified().await;
        7
    }

    #[topic("quick")]
    async fn quick(&self) -> u8 {
        1
    }

    /// Waits for itself.
    #[topic("trap")]
    async fn trap(&self, ctx: &Context) {
        ctx.node().stop().await;
    }

    #[topic("leave")]
    async fn leave(&self, ctx: &Context) {
        ctx.stop("a peer said so");
    }
}

#[tokio::test]
async fn a_node_starts_again_after_it_stopped() {
    let watched = Arc::new(Watched::default());
    let (system, node) = start("node", Hooked { watched: watched.clone() }, listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    for round in 1..=30 {
        caller.connect(endpoint(&node)).await.expect("the node listens");
        assert_eq!(HookedClient::new(&caller).quick().await, Ok(1));
        let old = endpoint(&node);
        node.stop().await;
        assert_eq!(node.state(), NodeState::Stopped);
        assert!(node.addresses().is_empty() && !watched.ticking.load(SeqCst));
        assert_eq!((watched.started.load(SeqCst), watched.stopped.load(SeqCst)), (round, round));
        assert!(caller.disconnect(&old));
        node.start().await.expect("it starts again");
    }
    caller_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_named_and_nothing_is_held() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let busy = Endpoint::tcp(taken.local_addr().expect("an address"));
    let config = listening().listen(busy.clone());
    let watched = Arc::new(Watched::default());
    let error = System::new()
        .node_with("first", Caller::default(), listening())
        .node_with("second", Hooked { watched: watched.clone() }, config)
        .start()
        .await
        .expect_err("the port is taken");
    assert_eq!(error.to_string(), format!("node `second` cannot listen on {busy}"));
    assert!(matches!(error, SystemError::Start(StartError::Listen { .. })));
    assert_eq!(watched.started.load(SeqCst), 0, "nothing runs before all listeners are bound");
}

#[tokio::test]
async fn a_failed_on_start_fails_the_node_until_it_is_started_again() {
    let watched = Arc::new(Watched::default());
    let (system, node) = start("node", Hooked { watched: watched.clone() }, listening()).await;
    node.stop().await;
    watched.fail_start.store(true, SeqCst);
    let error = node.start().await.expect_err("`on_start` fails");
    assert_eq!(error.to_string(), "`on_start` of node `node` failed: not in the mood");
    assert!(matches!(node.state(), NodeState::Failed(_)));
    assert!(node.addresses().is_empty());
    assert!(HookedClient::new(&node).quick().await.is_err());
    watched.fail_start.store(false, SeqCst);
    node.start().await.expect("it starts now");
    assert_eq!(node.state(), NodeState::Running);
    system.stop().await;
}

#[tokio::test]
async fn a_panic_in_on_stop_does_not_keep_a_node_from_stopping() {
    let watched = Arc::new(Watched::default());
    let (system, node) = start("node", Hooked { watched: watched.clone() }, listening()).await;
    watched.panic_stop.store(true, SeqCst);
    soon(system.stop()).await;
    assert_eq!(node.state(), NodeState::Stopped);
}

#[tokio::test]
async fn a_stop_waits_for_what_is_in_flight_and_refuses_what_is_new() {
    let watched = Arc::new(Watched::default());
    let (system, node) = start("node", Hooked { watched: watched.clone() }, listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&node)).await.expect("the node listens");
    let client = HookedClient::new(&caller);
    let mut slow = client.slow().stream();
    soon(watched.begun.notified()).await;
    let stopping = tokio::spawn(async move { node.stop().await });
    soon(async {
        // from now on the node is no provider any more
        while client.quick().await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(!stopping.is_finished());
    watched.go.notify_one();
    assert_eq!(soon(slow.next()).await.expect("an outcome").result, Ok(7));
    soon(stopping).await.expect("it stops");
    assert_eq!(watched.stopped.load(SeqCst), 1);
    caller_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn a_stop_ends_at_its_deadline_whatever_runs() {
    let watched = Arc::new(Watched::default());
    let config = with(|config| config.stop.deadline = Duration::from_millis(50));
    let (system, node) = start("node", Hooked { watched: watched.clone() }, config).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&node)).await.expect("the node listens");
    let mut slow = HookedClient::new(&caller).slow().stream();
    soon(watched.begun.notified()).await;
    soon(node.stop()).await;
    assert!(soon(slow.next()).await.expect("an outcome").result.is_err());
    node.start().await.expect("it starts again");
    caller.disconnect(&caller.dialled()[0].0);
    caller.connect(endpoint(&node)).await.expect("the node listens");
    assert_eq!(HookedClient::new(&caller).quick().await, Ok(1));
    caller_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn a_handler_can_ask_for_its_node_to_stop() {
    let (system, node) = start("node", Hooked::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&node)).await.expect("the node listens");
    assert_eq!(HookedClient::new(&caller).leave().await, Ok(1));
    soon(node.wait_for_state(|state| *state == NodeState::Stopped)).await;
    // it was the only one
    soon(system.finished()).await;
    caller_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn a_handler_that_waits_for_its_own_node_to_stop_is_dropped_at_the_deadline() {
    let config = with(|config| config.stop.deadline = Duration::from_millis(50));
    let (system, node) = start("node", Hooked::default(), config).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&node)).await.expect("the node listens");
    assert_eq!(HookedClient::new(&caller).trap().await, Ok(1));
    soon(node.wait_for_state(|state| *state == NodeState::Stopped)).await;
    node.start().await.expect("it starts again");
    caller_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn a_dialler_finds_a_node_that_comes_back_on_the_same_port() {
    let (system, node) = start("node", Hooked::default(), listening()).await;
    let address = endpoint(&node);
    system.stop().await;
    let config = with(|config| {
        config.connect.push(address.clone().into());
        config.dial.initial_delay = Duration::from_millis(5);
        config.dial.max_delay = Duration::from_millis(20);
    });
    let (caller_system, caller) = start("caller", Caller::default(), config).await;
    for _ in 0..3 {
        until(|| matches!(caller.dialled()[0].1, DialState::Waiting(_))).await;
        let (system, _) = start("node", Hooked::default(), plain().listen(address.clone())).await;
        assert!(caller.wait_for_provider("quick", Duration::from_secs(10)).await);
        assert_eq!(HookedClient::new(&caller).quick().await, Ok(1));
        system.stop().await;
        until(|| caller.connected_to().is_empty()).await;
    }
    caller_system.stop().await;
}

#[tokio::test]
async fn a_node_that_gives_up_on_a_peer_goes_on_or_stops_as_configured() {
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let config = |on_failure| {
        with(|config| {
            config.connect.push(Endpoint::tcp(nobody).into());
            config.dial.initial_delay = Duration::from_millis(1);
            config.dial.max_attempts = 3;
            config.dial.on_failure = on_failure;
        })
    };
    let (system, node) = start("stubborn", Caller::default(), config(OnDialFailure::Continue)).await;
    until(|| matches!(node.dialled()[0].1, DialState::GaveUp(_))).await;
    assert_eq!(node.state(), NodeState::Running);
    system.stop().await;
    let (system, node) = start("dependent", Caller::default(), config(OnDialFailure::Shutdown)).await;
    soon(node.wait_for_state(|state| *state == NodeState::Stopped)).await;
    soon(system.finished()).await;
    system.stop().await;
}

#[tokio::test]
async fn a_connection_can_be_made_and_ended_while_running() {
    let (server_system, server) = start("server", Hooked::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    assert_eq!(&*caller.connect(endpoint(&server)).await.expect("the server listens"), "server");
    let again = caller.connect(endpoint(&server)).await.expect_err("it is dialled already");
    assert!(again.to_string().ends_with("is dialled already"), "{again}");
    assert!(caller.disconnect(&endpoint(&server)));
    assert!(!caller.disconnect(&endpoint(&server)));
    until(|| caller.connected_to().is_empty() && server.connected_from().is_empty()).await;
    let nobody = "tcp://127.0.0.1:1".parse::<Endpoint>().expect("an endpoint");
    let error = caller.connect(nobody).await.expect_err("nobody listens");
    assert!(error.to_string().contains("refused"), "{error}");
    assert!(caller.dialled().is_empty());
    caller_system.stop().await;
    server_system.stop().await;
}

#[tokio::test]
async fn a_system_says_what_is_wrong_with_it() {
    let check = async |system: System, expected: &str| {
        let error = system.start().await.expect_err(expected);
        assert!(error.to_string().contains(expected), "{error}");
    };
    check(System::new(), "no nodes").await;
    let twice = System::new().node_with("a", Caller::default(), listening());
    check(twice.node_with("a", Caller::default(), listening()), "two nodes are called `a`").await;
    check(System::new().node_with("a b", Caller::default(), listening()), "`a b` is no name").await;
    check(System::new().node("a", Caller::default()), "`[nodes.a]`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_ended_can_be_made_again_at_once() {
    let (server_system, server) = start("server", Hooked::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    for _ in 0..50 {
        // the peer may not yet have heard the goodbye of the last connection, and would see the same name twice
        assert_eq!(soon(caller.connect(endpoint(&server))).await.as_deref(), Ok("server"));
        assert_eq!(HookedClient::new(&caller).quick().await, Ok(1));
        assert!(caller.disconnect(&endpoint(&server)));
        assert!(caller.dialled().is_empty());
        assert!(!caller.disconnect(&endpoint(&server)));
    }
    caller_system.stop().await;
    server_system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_dialled_by_a_node_that_has_stopped() {
    let (server_system, server) = start("server", Hooked::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    for _ in 0..50 {
        let connecting = tokio::spawn({
            let (caller, address) = (caller.clone(), endpoint(&server));
            async move { caller.connect(address).await.is_ok() }
        });
        caller.stop().await;
        soon(connecting).await.expect("no panic");
        assert!(caller.dialled().is_empty() && caller.connected_to().is_empty());
        until(|| server.connected_from().is_empty()).await;
        caller.start().await.expect("it starts again");
    }
    caller_system.stop().await;
    server_system.stop().await;
}

#[tokio::test]
async fn a_node_that_stops_itself_while_others_start_does_not_end_the_system() {
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let hasty = with(|config| {
        config.connect.push(Endpoint::tcp(nobody).into());
        config.dial.max_attempts = 1;
        config.dial.on_failure = OnDialFailure::Shutdown;
    });
    let system = System::new()
        .node_with("hasty", Caller::default(), hasty)
        .node_with("slow", Sleeper::default(), listening())
        .start()
        .await
        .expect("both start");
    soon(system.nodes()[0].wait_for_state(|state| *state == NodeState::Stopped)).await;
    let finished = tokio::time::timeout(Duration::from_millis(50), system.finished()).await;
    assert!(finished.is_err(), "one node still runs");
    assert_eq!(system.nodes()[1].state(), NodeState::Running);
    system.stop().await;
}

/// Takes its time to start.
#[derive(systemge::Application, Default)]
struct Sleeper {}

#[systemge::node]
impl Sleeper {
    #[on_start]
    async fn start(&self) {
        // the other node, which nobody here knows, is to give up meanwhile
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
