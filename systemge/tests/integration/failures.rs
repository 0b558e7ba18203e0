//! Errors and panics of the application: caught, counted, reported, and the node does what is written.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use systemge::client::RequestError;
use systemge::command::CommandError;
use systemge::prelude::*;
use systemge::{NodeState, Schema};

use crate::support::{Caller, endpoint, listening, soon, start, until};

/// What the application does next.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Mood {
    #[default]
    Fine,
    Fails,
    Panics,
}

impl Mood {
    fn act(self) -> Result<(), String> {
        match self {
            Self::Fine => Ok(()),
            Self::Fails => Err("no".to_owned()),
            Self::Panics => panic!("never"),
        }
    }
}

/// A value whose number says what becomes of it when it is written: 1 fails, 2 panics, both halfway.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Tricky(u8, Vec<u8>);

impl Serialize for Tricky {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTupleStruct as _;
        let mut tuple = serializer.serialize_tuple_struct("Tricky", 2)?;
        tuple.serialize_field(&self.0)?;
        match self.0 {
            1 => return Err(serde::ser::Error::custom("it is one")),
            2 => panic!("it is two"),
            _ => tuple.serialize_field(&self.1)?,
        }
        tuple.end()
    }
}

impl std::fmt::Display for Tricky {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "tricky {}", self.0)
    }
}

impl Schema for Tricky {
    const SHAPE: &'static systemge::payload::Shape = <(u8, Vec<u8>) as Schema>::SHAPE;
}

#[derive(systemge::Application, Default)]
struct Moody {
    mood: Arc<Mutex<Mood>>,
}

impl Moody {
    fn act(&self) -> Result<(), String> {
        let mood = *self.mood.lock().expect("no panic");
        mood.act()
    }
}

#[systemge::node]
impl Moody {
    #[on_start]
    async fn start(&self) -> Result<(), String> {
        self.act()
    }

    #[on_stop]
    async fn stop(&self) -> Result<(), String> {
        self.act()
    }

    #[topic("make")]
    async fn make(&self, number: u8) -> Result<Tricky, Tricky> {
        match number.checked_sub(10) {
            Some(number) => Err(Tricky(number, vec![1, 2, 3])),
            None => Ok(Tricky(number, vec![1, 2, 3])),
        }
    }

    #[topic("makeLater")]
    async fn make_later(&self, number: u8) -> Tricky {
        tokio::task::yield_now().await;
        Tricky(number, vec![4])
    }

    #[topic("tell")]
    async fn tell(&self, _value: Tricky) {}

    #[topic("ask")]
    async fn ask(&self, value: Tricky) -> Tricky {
        value
    }

    #[topic("leave")]
    async fn leave(&self, ctx: &Context) {
        ctx.spawn(async { panic!("a task") });
    }
}

#[systemge::commands]
impl Moody {
    #[command("act")]
    async fn act_on_command(&self) -> Result<String, String> {
        self.act().map(|()| "done".to_owned())
    }
}

#[tokio::test]
async fn a_failed_or_panicked_start_fails_the_node_with_the_reason_and_holds_nothing() {
    let mood = Arc::<Mutex<Mood>>::default();
    let (system, node) = start("moody", Moody { mood: mood.clone() }, listening()).await;
    let change = |to| *mood.lock().expect("no panic") = to;
    for (count, (now, reason)) in [(Mood::Fails, "no"), (Mood::Panics, "never")].into_iter().enumerate() {
        node.stop().await;
        change(now);
        let reason = format!("`on_start` of node `moody` failed: {reason}");
        assert_eq!(node.start().await.expect_err("it is moody").to_string(), reason);
        assert_eq!(node.state(), NodeState::Failed(reason));
        assert!(node.addresses().is_empty() && node.dialled().is_empty());
        assert_eq!(node.counters().failed_hooks, count as u64 + 1);
        assert!(matches!(node.command("act", [""; 0]).await, Err(CommandError::NotRunning(_))));
        change(Mood::Fine);
        node.start().await.expect("it is fine");
        assert_eq!(node.command("act", [""; 0]).await, Ok("done".to_owned()));
    }
    system.stop().await;
}

#[tokio::test]
async fn a_failed_or_panicked_stop_is_counted_and_the_node_stops() {
    let mood = Arc::<Mutex<Mood>>::default();
    let (system, node) = start("moody", Moody { mood: mood.clone() }, listening()).await;
    let change = |to| *mood.lock().expect("no panic") = to;
    for (count, now) in [Mood::Fails, Mood::Panics].into_iter().enumerate() {
        change(now);
        soon(node.stop()).await;
        assert_eq!((node.state(), node.counters().failed_hooks), (NodeState::Stopped, count as u64 + 1));
        change(Mood::Fine);
        node.start().await.expect("it is fine");
    }
    system.stop().await;
}

#[tokio::test]
async fn failed_and_panicked_commands_and_tasks_are_counted_and_the_node_lives() {
    let mood = Arc::<Mutex<Mood>>::default();
    let (system, node) = start("moody", Moody { mood: mood.clone() }, listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&node)).await.expect("the node listens");
    let change = |to| *mood.lock().expect("no panic") = to;
    change(Mood::Fails);
    assert_eq!(node.command("act", [""; 0]).await, Err(CommandError::Failed("no".to_owned())));
    change(Mood::Panics);
    assert_eq!(node.command("act", [""; 0]).await, Err(CommandError::Panicked("never".to_owned())));
    change(Mood::Fine);
    assert_eq!(node.command("act", [""; 0]).await, Ok("done".to_owned()));
    assert_eq!(node.counters().failed_commands, 2);
    let client = MoodyClient::new(&caller);
    assert_eq!(client.leave().await, Ok(1));
    until(|| node.counters().panicked_tasks == 1).await;
    assert_eq!(client.make(0).await, Ok(Tricky(0, vec![1, 2, 3])));
    caller_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn a_response_that_fails_or_panics_while_it_is_written_leaves_the_connection_usable() {
    let (system, node) = start("moody", Moody::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&node)).await.expect("the node listens");
    let client = MoodyClient::new(&caller);
    for _ in 0..3 {
        // many at once, so that good responses stand before and behind the bad ones in one buffer
        let (a, b, c, d, e, f, g) = soon(async {
            tokio::join!(
                client.make(0).into_future(),
                client.make(1).into_future(),
                client.make(3).into_future(),
                client.make(2).into_future(),
                client.make(13).into_future(),
                client.make(11).into_future(),
                client.make(12).into_future(),
            )
        })
        .await;
        assert_eq!(a, Ok(Tricky(0, vec![1, 2, 3])));
        assert!(matches!(&b, Err(RequestError::ResponseUnencodable(_))), "{b:?}");
        assert_eq!(c, Ok(Tricky(3, vec![1, 2, 3])));
        assert_eq!(d, Err(RequestError::Panicked("it is two".to_owned())));
        assert_eq!(e, Err(RequestError::Handler(Tricky(3, vec![1, 2, 3]))));
        assert!(matches!(&f, Err(RequestError::ResponseUnencodable(_))), "{f:?}");
        assert_eq!(g, Err(RequestError::Panicked("it is two".to_owned())));
        let (a, b, c) = soon(async {
            tokio::join!(
                client.make_later(0).into_future(),
                client.make_later(2).into_future(),
                client.make_later(1).into_future(),
            )
        })
        .await;
        assert_eq!(a, Ok(Tricky(0, vec![4])));
        assert_eq!(b, Err(RequestError::Panicked("it is two".to_owned())));
        assert!(matches!(&c, Err(RequestError::ResponseUnencodable(_))), "{c:?}");
    }
    assert_eq!((node.counters().panicked, node.counters().unencodable), (9, 9));
    assert_eq!((node.counters().broken_connections, caller.counters().broken_connections), (0, 0));
    caller_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn a_request_or_message_that_fails_or_panics_while_it_is_written_leaves_the_connection_usable() {
    let (system, node) = start("moody", Moody::default(), listening()).await;
    let (other_system, other) = start("other", Moody::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&node)).await.expect("the node listens");
    // to one node, straight into its buffer; then to two, encoded once
    for receivers in 1..=2 {
        let client = MoodyClient::new(&caller);
        for client in [client.clone(), client.clone().any(), client.clone().to("moody")] {
            let value = |number| Tricky(number, vec![9; 100]);
            let error = soon(client.ask(value(1))).await.expect_err("it can't be written");
            assert!(matches!(error, RequestError::Unencodable(_)), "{error}");
            assert!(soon(client.tell(value(1))).await.is_err());
            for number in [1, 2] {
                let (client, value) = (client.clone(), value(number));
                let asking = tokio::spawn(async move { client.ask(value).all().await.map(|all| all.len()) });
                match soon(asking).await {
                    // what cannot be sent to one node alone is an outcome of that node
                    Ok(result) => assert!(number == 1, "{result:?}"),
                    Err(panicked) => assert!(number == 2 && panicked.is_panic()),
                }
            }
            let told = client.clone();
            assert!(soon(tokio::spawn(async move { told.tell(Tricky(2, Vec::new())).await })).await.is_err());
            assert_eq!(soon(client.ask(value(0))).await, Ok(value(0)));
            assert!(soon(client.tell(value(0))).await.is_ok());
        }
        assert_eq!(soon(client.tell(Tricky(0, Vec::new()))).await, Ok(receivers));
        if receivers == 1 {
            caller.connect(endpoint(&other)).await.expect("the other one listens");
        }
    }
    let broken = [&node, &other, &caller].map(|node| node.counters().broken_connections);
    assert_eq!(broken, [0, 0, 0]);
    for system in [caller_system, other_system, system] {
        system.stop().await;
    }
}
