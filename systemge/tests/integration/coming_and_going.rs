//! Nodes that come and go while their system runs.

use std::sync::Arc;

use systemge::prelude::*;
use systemge::{AddNodeError, NodeState, Running, StartError, SystemEvent, SystemEvents};
use tokio::sync::Notify;

use crate::support::{Caller, endpoint, listening, plain, soon, start};

#[derive(systemge::Application, Default)]
struct Worker {
    number: u32,
    /// `on_start` waits for it, if there is one.
    gate: Option<Arc<Notify>>,
}

#[systemge::node]
impl Worker {
    #[on_start]
    async fn start(&self) -> Result<()> {
        if self.number == 0 {
            return Err(Error::message("a worker has a number"));
        }
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        Ok(())
    }

    #[topic("number")]
    async fn number(&self) -> u32 {
        self.number
    }

    /// Adds one beside it, as a handler may.
    #[topic("hire")]
    async fn hire(&self, name: String, ctx: &Context) -> Result<String, String> {
        let worker = Self { number: self.number + 1, gate: None };
        let node = ctx.system().add(name, worker, listening()).map_err(|error| error.to_string())?;
        node.start().await.map_err(|error| error.to_string())?;
        Ok(node.endpoints()[0].to_string())
    }
}

fn worker(number: u32) -> Worker {
    Worker { number, gate: None }
}

async fn next(events: &mut SystemEvents) -> SystemEvent {
    soon(events.next()).await.expect("the system is there")
}

fn state(node: &str, state: NodeState) -> SystemEvent {
    SystemEvent::NodeState { node: node.into(), state }
}

fn names(system: &Running) -> Vec<String> {
    system.nodes().iter().map(|node| node.name().to_owned()).collect()
}

#[tokio::test]
async fn a_node_comes_and_goes_and_whoever_follows_is_told() {
    let (system, caller) = start("caller", Caller::default(), plain()).await;
    let mut events = system.events();
    let node = system.add("worker", worker(7), listening()).expect("it can be added");
    assert_eq!(node.state(), NodeState::Stopped);
    node.start().await.expect("it starts");
    assert_eq!(names(&system), ["caller", "worker"]);
    caller.connect(endpoint(&node)).await.expect("it listens");
    assert_eq!(WorkerClient::new(&caller).number().await, Ok(7));

    assert!(system.remove("worker").await);
    assert!(!system.remove("worker").await);
    assert_eq!(names(&system), ["caller"]);
    assert!(matches!(node.start().await, Err(StartError::Removed(name)) if name == "worker"));

    // its name and what it held are free
    let again = system.add("worker", worker(8), listening()).expect("the name is free");
    again.start().await.expect("it starts");
    for expected in [
        SystemEvent::NodeAdded { node: "worker".into() },
        state("worker", NodeState::Starting),
        state("worker", NodeState::Running),
        state("worker", NodeState::Stopping),
        state("worker", NodeState::Stopped),
        SystemEvent::NodeRemoved { node: "worker".into() },
        SystemEvent::NodeAdded { node: "worker".into() },
        state("worker", NodeState::Starting),
        state("worker", NodeState::Running),
    ] {
        assert_eq!(next(&mut events).await, expected);
    }
    system.stop().await;
    assert_eq!(again.state(), NodeState::Stopped);
}

#[tokio::test]
async fn a_handler_adds_a_node_to_its_own_system() {
    let (system, first) = start("first", worker(1), listening()).await;
    let (other, caller) = start("caller", Caller::default(), plain()).await;
    caller.connect(endpoint(&first)).await.expect("it listens");
    let client = WorkerClient::new(&caller);
    let second = client.hire("second".to_owned()).await.expect("it is hired");
    caller
        .connect(second.parse::<systemge::config::Endpoint>().expect("an endpoint"))
        .await
        .expect("it listens");
    assert_eq!(WorkerClient::new(&caller).to("second").number().await, Ok(2));
    let taken = client.to("first").hire("second".to_owned()).await.expect_err("the name is taken");
    assert!(taken.to_string().contains("the system has a node `second` already"), "{taken}");
    assert_eq!(names(&system), ["first", "second"]);
    other.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn what_cannot_be_added_leaves_nothing_behind() {
    let (system, _) = start("caller", Caller::default(), plain()).await;
    let mut events = system.events();
    let taken = system.add("caller", worker(1), listening());
    assert!(matches!(taken, Err(AddNodeError::NameTaken(name)) if name == "caller"));
    let name = system.add("no name", worker(1), listening());
    assert!(matches!(name, Err(AddNodeError::NodeName(name)) if name == "no name"));
    let exposed =
        plain().listen("tcp://0.0.0.0:0".parse::<systemge::config::Endpoint>().expect("an endpoint"));
    let exposed = system.add("exposed", worker(1), exposed).expect_err("only when it is asked for");
    assert!(matches!(exposed, AddNodeError::Config(_)) && exposed.to_string().contains("insecure"));
    assert_eq!(names(&system), ["caller"]);

    // nothing was told of all that: the next event is of what comes next
    let failing = system.add("failing", worker(0), listening()).expect("it can be added");
    assert!(matches!(failing.start().await, Err(StartError::OnStart { .. })));
    assert!(failing.endpoints().is_empty());
    assert!(system.remove("failing").await);
    assert_eq!(next(&mut events).await, SystemEvent::NodeAdded { node: "failing".into() });
    assert_eq!(next(&mut events).await, state("failing", NodeState::Starting));
    assert!(matches!(next(&mut events).await, SystemEvent::NodeState { state: NodeState::Failed(_), .. }));
    assert_eq!(next(&mut events).await, SystemEvent::NodeRemoved { node: "failing".into() });
    system.stop().await;
    assert!(matches!(system.add("late", worker(1), listening()), Err(AddNodeError::Ending)));
}

#[tokio::test]
async fn a_node_that_is_about_to_start_can_be_removed_and_only_once() {
    let (system, _) = start("caller", Caller::default(), plain()).await;
    let gate = Arc::new(Notify::new());
    let node = Worker { number: 1, gate: Some(gate.clone()) };
    let node = system.add("slow", node, listening()).expect("it can be added");
    let starting = tokio::spawn({
        let node = node.clone();
        async move { node.start().await }
    });
    soon(node.wait_for_state(|state| *state == NodeState::Starting)).await;
    let removals: Vec<_> = (0..3)
        .map(|_| {
            let system = system.clone();
            tokio::spawn(async move { system.remove("slow").await })
        })
        .collect();
    tokio::task::yield_now().await;
    gate.notify_one();
    soon(starting).await.expect("no panic").expect("it starts, and is stopped then");
    let mut removed = 0;
    for removal in removals {
        removed += u32::from(soon(removal).await.expect("no panic"));
    }
    assert_eq!(removed, 1);
    assert_eq!(node.state(), NodeState::Stopped);
    assert_eq!(names(&system), ["caller"]);
    system.stop().await;
}

#[tokio::test]
async fn a_removal_is_finished_though_nobody_waits_for_it() {
    let (system, _) = start("caller", Caller::default(), plain()).await;
    system.add("worker", worker(1), listening()).expect("it can be added").start().await.expect("it starts");
    let mut events = system.events();
    let removal = system.remove("worker");
    assert!(futures_util::FutureExt::now_or_never(removal).is_none(), "a stop takes longer than a moment");
    while next(&mut events).await != (SystemEvent::NodeRemoved { node: "worker".into() }) {}
    system.stop().await;
}

#[tokio::test]
async fn a_follower_that_is_too_slow_is_told_how_much_it_missed() {
    let (system, _) = start("caller", Caller::default(), plain()).await;
    let mut events = system.events();
    for _ in 0..600 {
        system.add("worker", worker(1), plain()).expect("it can be added");
        assert!(system.remove("worker").await);
    }
    assert_eq!(next(&mut events).await, SystemEvent::Missed { events: 2 * 600 - 1024 });
    for _ in 0..512 {
        assert_eq!(next(&mut events).await, SystemEvent::NodeAdded { node: "worker".into() });
        assert_eq!(next(&mut events).await, SystemEvent::NodeRemoved { node: "worker".into() });
    }
    system.stop().await;
}

#[tokio::test]
async fn a_node_that_outlived_its_system_belongs_to_one_that_has_ended() {
    let (system, node) = start("caller", Caller::default(), plain()).await;
    let mut events = system.events();
    assert_eq!(node.system().nodes().len(), 1);
    system.stop().await;
    drop(system);
    let gone = node.system();
    soon(gone.finished()).await;
    assert!(gone.nodes().is_empty());
    assert!(matches!(gone.add("late", worker(1), listening()), Err(AddNodeError::Ending)));
    drop((gone, node));
    while soon(events.next()).await.is_some() {}
}
