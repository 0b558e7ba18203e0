//! Layers around the handlers of topics.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use systemge::client::{Refusal, RequestError};
use systemge::config::{Handling, NodeConfig};
use systemge::layer::{Call, Layer, Log, Next, Outcome, OutcomeKind, RateLimit};
use systemge::prelude::*;
use systemge::{Application, Running, TopicKind};
use tokio::sync::Notify;

use crate::support::{Caller, endpoint, listening, soon, until, with};

/// What is remembered of calls, in their order.
type Diary = Arc<Mutex<Vec<String>>>;

#[derive(systemge::Application, Default)]
struct Desk {
    diary: Diary,
    gate: Arc<Notify>,
    ran: Arc<AtomicU64>,
}

#[systemge::node]
impl Desk {
    #[topic("note")]
    async fn note(&mut self, text: String) -> Result<(), String> {
        self.ran.fetch_add(1, SeqCst);
        self.diary.lock().expect("nothing panics under it").push(format!("note {text}"));
        if text == "bad" { Err("no such note".to_owned()) } else { Ok(()) }
    }

    #[topic("tell", oneway)]
    async fn tell(&self, text: String) {
        self.ran.fetch_add(1, SeqCst);
        self.diary.lock().expect("nothing panics under it").push(format!("tell {text}"));
    }

    #[topic("explode")]
    async fn explode(&self) -> u8 {
        panic!("boom")
    }

    #[topic("wait", timeout = "20ms")]
    async fn wait(&self) -> u8 {
        std::future::pending().await
    }

    #[topic("pass", spawn)]
    async fn pass(&self, ctx: &Context) -> bool {
        self.gate.notify_one();
        ctx.cancelled().await;
        self.gate.notify_one();
        true
    }

    #[topic("block", blocking)]
    fn block(&self, number: u8) -> u8 {
        number
    }
}

/// Remembers what it sees, before and after.
struct Witness(&'static str, Diary);

impl Layer for Witness {
    async fn handle(&self, call: &Call, next: Next<'_>) -> Outcome {
        let sender = call.sender().unwrap_or_default();
        let line = format!("{} {} {sender} {}", self.0, call.topic(), call.payload_bytes());
        self.1.lock().expect("nothing panics under it").push(line);
        let outcome = next.run().await;
        let (kind, reason) = (outcome.kind().as_str(), outcome.reason().unwrap_or("-"));
        self.1.lock().expect("nothing panics under it").push(format!("{} {kind} {reason}", self.0));
        outcome
    }
}

/// Does what the name of the sender, or the payload's size, asks for.
struct Gatekeeper {
    gate: Arc<Notify>,
}

impl Layer for Gatekeeper {
    async fn handle(&self, call: &Call, next: Next<'_>) -> Outcome {
        match call.payload_bytes() {
            // "refuse", "busy", "panics", "forgets", "waits": their length and one byte for it
            7 if call.topic() == "note" || call.topic() == "tell" => next.refuse("not today"),
            5 if call.kind() == TopicKind::Request => next.overloaded("come back later"),
            8 => panic!("the layer panicked"),
            13 => {
                self.gate.notified().await;
                next.run().await
            }
            _ => next.run().await,
        }
    }
}

async fn desk(
    config: NodeConfig,
    layers: impl FnOnce(System, &Desk) -> System,
) -> (Running, Node, Node, Desk) {
    let desk = Desk::default();
    let (diary, gate, ran) = (desk.diary.clone(), desk.gate.clone(), desk.ran.clone());
    let copy = Desk { diary, gate, ran };
    let system = System::new().node_with("desk", desk, config);
    let system = layers(system, &copy).node_with("caller", Caller::default(), listening());
    let system = system.start().await.expect("two nodes");
    let (node, caller) = (system.node("desk").expect("it"), system.node("caller").expect("it"));
    caller.connect(endpoint(&node)).await.expect("the desk listens");
    (system, node, caller, copy)
}

#[tokio::test]
async fn layers_see_every_call_from_the_outermost_inwards_and_how_it_ended() {
    let (system, node, caller, desk) = desk(listening(), |system, desk| {
        system
            .layer(Witness("outer", desk.diary.clone()))
            .layer(Witness("inner", desk.diary.clone()))
            .layer(Log::new())
    })
    .await;
    let client = DeskClient::new(&caller);
    assert_eq!(client.note("a".into()).await, Ok(()));
    let seen = std::mem::take(&mut *desk.diary.lock().expect("nothing panics under it"));
    let expected =
        ["outer note caller 2", "inner note caller 2", "note a", "inner success -", "outer success -"];
    assert_eq!(seen, expected);

    assert_eq!(client.note("bad".into()).await, Err(RequestError::Handler("no such note".into())));
    assert!(matches!(client.explode().await, Err(RequestError::Panicked(panic)) if panic == "boom"));
    assert_eq!(client.wait().await, Err(RequestError::Cancelled));
    assert_eq!(client.block(7).await, Ok(7));
    let seen = desk.diary.lock().expect("nothing panics under it").clone();
    let outcomes: Vec<&str> = seen
        .iter()
        .filter_map(|line| line.strip_prefix("outer "))
        .filter(|line| !line.contains("caller"))
        .collect();
    assert_eq!(outcomes, ["failed -", "panicked boom", "timed_out -", "success -"]);
    let counted = |topic: &str| {
        let metrics = node.metrics();
        metrics.received.iter().find(|received| &*received.topic == topic).expect("it").outcomes
    };
    assert_eq!((counted("note").success, counted("note").failed), (1, 1));
    assert_eq!((counted("explode").panicked, counted("wait").timed_out, counted("block").success), (1, 1, 1));
    system.stop().await;
}

#[tokio::test]
async fn what_a_layer_refuses_is_answered_and_counted_and_never_reaches_the_handler() {
    let (system, node, caller, desk) =
        desk(listening(), |system, desk| system.layer(Gatekeeper { gate: desk.gate.clone() })).await;
    let client = DeskClient::new(&caller);
    assert_eq!(
        client.note("refuse".into()).await,
        Err(RequestError::Refused(Refusal::NotAllowed("not today".into())))
    );
    assert_eq!(
        client.note("busy".into()).await,
        Err(RequestError::Refused(Refusal::Overloaded("come back later".into())))
    );
    assert_eq!(client.tell("refuse".into()).await, Ok(1));
    let panicked = client.note("panics!".into()).await;
    assert!(
        matches!(&panicked, Err(RequestError::Panicked(why)) if why == "the layer panicked"),
        "{panicked:?}"
    );
    until(|| node.counters().refused == 3).await;
    assert_eq!(node.counters().panicked, 1);
    assert_eq!(desk.ran.load(SeqCst), 0);
    assert_eq!(client.note("a".into()).await, Ok(()));
    assert_eq!(desk.ran.load(SeqCst), 1);
    system.stop().await;
}

/// Drops its way on, and reports what another call was.
struct Forgetful(Mutex<Option<Outcome>>);

impl Layer for Forgetful {
    async fn handle(&self, _: &Call, next: Next<'_>) -> Outcome {
        let last = self.0.lock().expect("nothing panics under it").clone();
        match last {
            Some(last) => last,
            None => {
                let outcome = next.run().await;
                assert_eq!(outcome.kind(), OutcomeKind::Success);
                self.0.lock().expect("nothing panics under it").replace(outcome.clone());
                outcome
            }
        }
    }
}

#[tokio::test]
async fn a_layer_that_neither_runs_nor_refuses_a_request_leaves_its_caller_not_without_an_answer() {
    let (system, _, caller, desk) =
        desk(listening(), |system, _| system.layer(Forgetful(Mutex::default()))).await;
    let client = DeskClient::new(&caller);
    assert_eq!(client.note("a".into()).await, Ok(()));
    let forgotten = soon(client.note("b".into())).await;
    assert!(
        matches!(&forgotten, Err(RequestError::Panicked(why)) if why.contains("neither ran nor refused"))
    );
    assert_eq!(desk.ran.load(SeqCst), 1);
    system.stop().await;
}

#[tokio::test]
async fn a_sequential_node_waits_for_its_layers_too() {
    let config = with(|config| config.handling = Handling::Sequential);
    let (system, node, caller, desk) =
        desk(config, |system, desk| system.layer(Gatekeeper { gate: desk.gate.clone() })).await;
    let client = DeskClient::new(&caller);
    assert_eq!(client.tell("twelve bytes".into()).await, Ok(1));
    assert_eq!(client.tell("a".into()).await, Ok(1));
    until(|| node.metrics().handlers_in_flight == 1).await;
    assert_eq!(desk.ran.load(SeqCst), 0);
    desk.gate.notify_one();
    until(|| desk.ran.load(SeqCst) == 2).await;
    assert_eq!(*desk.diary.lock().expect("nothing panics under it"), ["tell twelve bytes", "tell a"]);
    system.stop().await;
}

#[tokio::test]
async fn a_caller_that_gives_up_and_a_stop_reach_through_the_layers() {
    let config = with(|config| config.stop.deadline = Duration::ZERO);
    let (system, node, caller, desk) = desk(config, |system, desk| {
        system.layer(Witness("outer", desk.diary.clone())).layer(Gatekeeper { gate: Arc::default() })
    })
    .await;
    let client = DeskClient::new(&caller);
    let mut given_up = client.pass().stream();
    assert!(futures_util::FutureExt::now_or_never(given_up.next()).is_none());
    soon(desk.gate.notified()).await;
    drop(given_up);
    soon(desk.gate.notified()).await;
    // a layer that waits for ever
    let mut waiting = client.note("twelve bytes".into()).stream();
    assert!(futures_util::FutureExt::now_or_never(waiting.next()).is_none());
    until(|| node.metrics().handlers_in_flight == 1).await;
    soon(node.stop()).await;
    let outcome = soon(waiting.next()).await.expect("an outcome");
    assert_eq!(outcome.result, Err(RequestError::Cancelled));
    assert_eq!(desk.ran.load(SeqCst), 0);
    system.stop().await;
}

#[tokio::test]
async fn a_limit_of_rates_holds_per_sender_and_topic() {
    let desk = Desk::default();
    let system = System::new()
        // around every node
        .layer(RateLimit::new(systemge::config::Rate { count: 2, per: Duration::from_secs(3600) }))
        .node_with("desk", desk, listening())
        .node_with("one", Caller::default(), listening())
        .node_with("two", Caller::default(), listening())
        .start()
        .await
        .expect("three nodes");
    let node = |name: &str| system.node(name).expect("it");
    for name in ["one", "two"] {
        node(name).connect(endpoint(&node("desk"))).await.expect("the desk listens");
        let caller = node(name);
        let client = DeskClient::new(&caller);
        assert_eq!(client.note("a".into()).await, Ok(()));
        assert_eq!(client.note("b".into()).await, Ok(()));
        let why = "more than 2/3600s from one node".to_owned();
        assert_eq!(client.note("c".into()).await, Err(RequestError::Refused(Refusal::Overloaded(why))));
        assert_eq!(client.block(1).await, Ok(1));
    }
    // a node that comes later has them, too
    let late = system.add("late", Desk::default(), listening()).expect("a free name");
    late.start().await.expect("it starts");
    node("one").connect(endpoint(&late)).await.expect("it listens");
    let one = node("one");
    let client = DeskClient::new(&one).to("late");
    assert_eq!([client.block(1).await, client.block(1).await], [Ok(1), Ok(1)]);
    assert!(matches!(client.block(1).await, Err(RequestError::Refused(Refusal::Overloaded(_)))));
    system.stop().await;
}

/// Any application can have layers.
#[expect(dead_code, reason = "it has to compile")]
fn any_application<A: Application>(system: System, application: A) -> System {
    system.node("any", application).layer(Log::default().level(tracing::Level::INFO))
}
