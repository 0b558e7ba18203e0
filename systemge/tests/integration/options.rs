//! The options of a topic: `blocking`, `timeout`, `alias`.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use systemge::client::RequestError;
use systemge::prelude::*;

use crate::support::{Caller, endpoint, listening, soon, start, until};

/// Handlers that block their thread, beside one that doesn't.
#[derive(systemge::Application)]
struct Threads {
    wait: Mutex<Receiver<u32>>,
    go: Sender<u32>,
}

#[systemge::node]
impl Threads {
    #[topic("take", blocking)]
    fn take(&self, plus: u32) -> u32 {
        self.wait.lock().expect("no panic").recv().expect("somebody gives") + plus
    }

    #[topic("give")]
    fn give(&self, number: u32) {
        self.go.send(number).expect("somebody takes");
    }

    #[topic("fall", blocking)]
    fn fall(&self) -> u32 {
        panic!("it falls")
    }
}

/// The same with a lock around the state.
#[derive(systemge::Application, Default)]
struct Alone {
    total: u32,
}

#[systemge::node]
impl Alone {
    #[topic("add", blocking)]
    fn add(&mut self, number: u32, ctx: &Context) -> String {
        self.total += number;
        format!("{} has {}", ctx.node_name(), self.total)
    }

    #[topic("total", blocking, oneway)]
    fn total(&self) -> Result<(), String> {
        Err(format!("{}", self.total))
    }
}

#[tokio::test]
async fn a_blocking_handler_keeps_the_only_thread_of_the_runtime_free() {
    let (go, wait) = channel();
    let (server_system, server) = start("server", Threads { wait: Mutex::new(wait), go }, listening()).await;
    let (client_system, client) = start("client", Caller::default(), listening()).await;
    client.connect(endpoint(&server)).await.expect("it works");
    let threads = ThreadsClient::new(&client);
    let taken = async { threads.take(1).await };
    let given = async { threads.give(41).await };
    let (taken, given) = soon(async { tokio::join!(taken, given) }).await;
    assert_eq!((taken, given), (Ok(42), Ok(1)));
    let error = soon(threads.fall()).await.expect_err("it panics");
    assert_eq!(error, RequestError::Panicked("it falls".to_owned()));
    client_system.stop().await;
    server_system.stop().await;
}

#[tokio::test]
async fn a_blocking_handler_may_need_the_state_alone() {
    let (server_system, server) = start("server", Alone::default(), listening()).await;
    let (client_system, client) = start("client", Caller::default(), listening()).await;
    client.connect(endpoint(&server)).await.expect("it works");
    let alone = AloneClient::new(&client);
    assert_eq!(soon(alone.add(2)).await.as_deref(), Ok("server has 2"));
    assert_eq!(soon(alone.add(3)).await.as_deref(), Ok("server has 5"));
    assert_eq!(soon(alone.total()).await, Ok(1));
    until(|| server.counters().failed == 1).await;
    client_system.stop().await;
    server_system.stop().await;
}

/// A handler that never ends by itself.
#[derive(systemge::Application, Default)]
struct Slow {
    ended: Mutex<u32>,
}

struct Ended<'a>(&'a Mutex<u32>);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        *self.0.lock().expect("no panic") += 1;
    }
}

#[systemge::node]
impl Slow {
    #[topic("wait", timeout = "20ms")]
    async fn wait(&self, for_ever: bool, ctx: &Context) -> bool {
        let _ended = Ended(&self.ended);
        if for_ever {
            std::future::pending::<()>().await;
        }
        ctx.deadline().is_some()
    }

    #[topic("hang", oneway, timeout = "20ms", spawn)]
    async fn hang(&mut self) {
        std::future::pending().await
    }

    #[topic("ended")]
    fn ended(&self) -> u32 {
        *self.ended.lock().expect("no panic")
    }
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_dropped_and_its_caller_told() {
    let (server_system, server) = start("server", Slow::default(), listening()).await;
    let (client_system, client) = start("client", Caller::default(), listening()).await;
    client.connect(endpoint(&server)).await.expect("it works");
    let slow = SlowClient::new(&client);
    assert_eq!(soon(slow.wait(true)).await, Err(RequestError::Cancelled));
    assert_eq!(soon(slow.ended()).await, Ok(1));
    // one that ends in time is none the wiser, but for its deadline
    assert_eq!(soon(slow.wait(false)).await, Ok(true));
    // one that holds the state gives it back
    assert_eq!(soon(slow.hang()).await, Ok(1));
    until(|| server.counters().failed == 2).await;
    assert_eq!(soon(slow.ended()).await, Ok(2));
    client_system.stop().await;
    server_system.stop().await;
}

/// The callers' side of a topic before and after it was renamed.
mod names {
    pub(super) const OLDEST: &str = "list";
}

#[derive(systemge::Application, Default)]
struct Renamed {}

#[systemge::node]
impl Renamed {
    #[topic("members/list", alias = "getMembers", alias = names::OLDEST)]
    fn members(&self) -> Vec<String> {
        vec!["ada".to_owned()]
    }
}

mod old {
    #[derive(systemge::Application, Default)]
    pub(super) struct Members {}

    #[systemge::node]
    impl Members {
        #[topic("getMembers")]
        pub(super) fn members(&self) -> Vec<String> {
            Vec::new()
        }

        #[topic("list")]
        pub(super) fn list(&self) -> Vec<String> {
            Vec::new()
        }
    }
}

#[tokio::test]
async fn a_renamed_topic_is_reached_under_its_old_names() {
    let (server_system, server) = start("server", Renamed::default(), listening()).await;
    let (client_system, client) = start("client", Caller::default(), listening()).await;
    client.connect(endpoint(&server)).await.expect("it works");
    let expected = Ok(vec!["ada".to_owned()]);
    assert_eq!(soon(RenamedClient::new(&client).members()).await, expected);
    assert_eq!(soon(old::MembersClient::new(&client).members()).await, expected);
    assert_eq!(soon(old::MembersClient::new(&client).list()).await, expected);
    client_system.stop().await;
    server_system.stop().await;
}
