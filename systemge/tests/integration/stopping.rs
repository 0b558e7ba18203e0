//! What a stop must do whatever the application and its peers do.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use systemge::client::RequestError;
use systemge::prelude::*;
use systemge::{NodeState, StartError, SystemError};
use tokio::sync::Notify;

use crate::raw::{MAGIC, Raw, hello};
use crate::support::{Caller, endpoint, listening, plain, soon, start, until, with};

/// What the tests see of an application whose hooks and handlers need it alone.
#[derive(Default)]
struct Seen {
    begun: Notify,
    starting: Notify,
    stopped: AtomicUsize,
    hang_at_start: AtomicBool,
}

#[derive(systemge::Application, Default)]
struct Stubborn {
    seen: Arc<Seen>,
    greet: Option<String>,
}

#[systemge::node]
impl Stubborn {
    #[on_start]
    async fn start(&mut self) {
        self.seen.starting.notify_one();
        if self.seen.hang_at_start.load(SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    #[on_stop]
    async fn stop(&mut self, ctx: &Context) {
        if let Some(text) = self.greet.take() {
            let _ = GuestbookClient::new(ctx).sign(text).await;
        }
        self.seen.stopped.fetch_add(1, SeqCst);
    }

    /// Holds the application, and never lets go.
    #[topic("hold")]
    async fn hold(&mut self) -> u8 {
        self.seen.begun.notify_one();
        std::future::pending().await
    }

    #[topic("holdSpawned", spawn)]
    async fn hold_spawned(&mut self) -> u8 {
        self.seen.begun.notify_one();
        std::future::pending().await
    }

    #[topic("ping")]
    async fn ping(&self) -> u8 {
        1
    }
}

#[derive(systemge::Application, Default)]
struct Guestbook {
    entries: Mutex<Vec<String>>,
}

#[systemge::node]
impl Guestbook {
    #[topic("sign")]
    async fn sign(&self, text: String) {
        self.entries.lock().expect("no panic").push(text);
    }

    #[topic("entries")]
    async fn entries(&self) -> Vec<String> {
        self.entries.lock().expect("no panic").clone()
    }
}

#[tokio::test]
async fn on_stop_runs_although_a_handler_holds_the_application_for_ever() {
    let config = || with(|config| config.stop.deadline = Duration::from_millis(50));
    for spawned in [false, true] {
        let seen = Arc::new(Seen::default());
        let application = Stubborn { seen: seen.clone(), ..Stubborn::default() };
        let (system, node) = start("node", application, config()).await;
        let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
        caller.connect(endpoint(&node)).await.expect("the node listens");
        let client = StubbornClient::new(&caller);
        let mut held = if spawned { client.hold_spawned() } else { client.hold() }.stream();
        soon(seen.begun.notified()).await;
        soon(system.stop()).await;
        assert_eq!(seen.stopped.load(SeqCst), 1, "spawned: {spawned}");
        let outcome = soon(held.next()).await.expect("an outcome");
        assert_eq!(outcome.result, Err(RequestError::Cancelled), "spawned: {spawned}");
        caller_system.stop().await;
    }
}

#[tokio::test]
async fn on_stop_runs_although_the_caller_of_a_handler_that_holds_the_application_is_gone() {
    let config = with(|config| config.stop.deadline = Duration::from_millis(50));
    let seen = Arc::new(Seen::default());
    let (system, node) = start("node", Stubborn { seen: seen.clone(), ..Stubborn::default() }, config).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&node)).await.expect("the node listens");
    let held = StubbornClient::new(&caller).hold().stream();
    soon(seen.begun.notified()).await;
    caller_system.stop().await;
    drop(held);
    until(|| node.connected_from().is_empty()).await;
    soon(system.stop()).await;
    assert_eq!(seen.stopped.load(SeqCst), 1);
}

#[tokio::test]
async fn what_on_stop_sends_still_arrives() {
    let (book_system, book) = start("book", Guestbook::default(), listening()).await;
    let config = with(|config| config.connect.push(endpoint(&book).into()));
    let greet = Some("good night".to_owned());
    let (system, node) = start("node", Stubborn { greet, ..Stubborn::default() }, config).await;
    assert!(node.wait_for_provider("sign", Duration::from_secs(10)).await);
    soon(system.stop()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&book)).await.expect("the book listens");
    until(|| book.counters().handled == 1).await;
    assert_eq!(GuestbookClient::new(&caller).entries().await, Ok(vec!["good night".to_owned()]));
    caller_system.stop().await;
    book_system.stop().await;
}

#[tokio::test]
async fn peers_in_the_middle_of_a_handshake_do_not_hold_a_stop_up() {
    let config = with(|config| config.limits.handshake_timeout = Duration::from_secs(60));
    let (system, node) = start("node", Stubborn::default(), config).await;
    let address = node.addresses()[0];
    let mut peers = Vec::new();
    for words in [b"".to_vec(), MAGIC.to_vec(), [MAGIC, &hello(1, 1, "half")[..9]].concat()] {
        let mut raw = Raw::dial(address).await;
        raw.send(&words).await;
        peers.push(raw);
    }
    // the last one is in: so are those before it, since they are accepted in order
    let _open = Raw::join(address, "whole").await;
    let stopping = Instant::now();
    let stop = tokio::spawn(async move { system.stop().await });
    for mut raw in peers {
        raw.expect_magic().await;
        let (code, reason) = raw.goodbye().await;
        assert_eq!((code, reason.as_str()), (0, "the node stops"));
    }
    soon(stop).await.expect("it stops");
    assert!(stopping.elapsed() < Duration::from_secs(5), "{:?}", stopping.elapsed());
}

#[tokio::test]
async fn a_node_whose_on_start_never_ends_can_be_stopped() {
    let config = with(|config| config.stop.deadline = Duration::from_millis(50));
    let seen = Arc::new(Seen::default());
    let (system, node) = start("node", Stubborn { seen: seen.clone(), ..Stubborn::default() }, config).await;
    node.stop().await;
    soon(seen.starting.notified()).await;
    seen.hang_at_start.store(true, SeqCst);
    let starting = tokio::spawn({
        let node = node.clone();
        async move { node.start().await }
    });
    soon(seen.starting.notified()).await;
    soon(node.stop()).await;
    let error = soon(starting).await.expect("no panic").expect_err("it was stopped");
    assert_eq!(error.to_string(), "`on_start` of node `node` failed: the node was stopped meanwhile");
    assert!(matches!(node.state(), NodeState::Failed(_)) && node.addresses().is_empty());
    seen.hang_at_start.store(false, SeqCst);
    node.start().await.expect("it starts again");
    system.stop().await;
}

#[tokio::test]
async fn a_hundred_lives_leave_nothing_behind() {
    let (system, node) = start("phoenix", Stubborn::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    let runtime = tokio::runtime::Handle::current();
    let tasks = runtime.metrics().num_alive_tasks();
    for round in 0..100 {
        let address = endpoint(&node);
        caller.connect(address.clone()).await.expect("the node listens");
        assert_eq!(StubbornClient::new(&caller).ping().await, Ok(1));
        if round % 2 == 0 {
            assert!(caller.disconnect(&address));
        }
        node.restart().await.expect("it starts again");
        caller.disconnect(&address);
    }
    until(|| runtime.metrics().num_alive_tasks() <= tasks).await;
    assert!(caller.dialled().is_empty() && node.connected_from().is_empty());
    caller_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn a_port_of_a_stopped_node_is_free_at_once() {
    let (system, node) = start("first", Stubborn::default(), listening()).await;
    let address = endpoint(&node);
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(address.clone()).await.expect("the node listens");
    system.stop().await;
    let config = plain().listen(address.clone());
    let (second_system, second) = start("second", Stubborn::default(), config.clone()).await;
    assert_eq!(endpoint(&second), address);
    let taken = System::new().node_with("third", Stubborn::default(), config).start().await;
    assert!(matches!(taken, Err(SystemError::Start(StartError::Listen { .. }))));
    caller_system.stop().await;
    second_system.stop().await;
}
