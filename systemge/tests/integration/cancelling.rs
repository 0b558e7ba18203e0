//! Handlers learn that nobody waits for their responses any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use systemge::client::RequestError;
use systemge::prelude::*;
use tokio::sync::{Notify, mpsc};

use crate::raw::{Raw, frame, request};
use crate::support::{Caller, endpoint, listening, soon, start, until};

/// Tells the test what its handlers see.
#[derive(systemge::Application)]
struct Patient {
    said: mpsc::UnboundedSender<&'static str>,
    go: Arc<Notify>,
    finished: AtomicUsize,
}

impl Patient {
    fn new() -> (Self, mpsc::UnboundedReceiver<&'static str>, Arc<Notify>) {
        let (said, hear) = mpsc::unbounded_channel();
        let go = Arc::<Notify>::default();
        (Self { said, go: go.clone(), finished: AtomicUsize::new(0) }, hear, go)
    }

    fn say(&self, what: &'static str) {
        let _ = self.said.send(what);
    }

    async fn heed_call(&self, ctx: &Context) -> u8 {
        assert!(!ctx.is_cancelled());
        assert!(ctx.remaining().is_some_and(|remaining| !remaining.is_zero()));
        self.say("begun");
        ctx.cancelled().await;
        assert!(ctx.is_cancelled());
        self.say("cancelled");
        1
    }
}

#[systemge::node]
impl Patient {
    #[topic("heed")]
    async fn heed(&self, ctx: &Context) -> u8 {
        self.heed_call(ctx).await
    }

    #[topic("heedSpawned", spawn)]
    async fn heed_spawned(&self, ctx: &Context) -> u8 {
        self.heed_call(ctx).await
    }

    /// Doesn't look, and runs to its end.
    #[topic("finish")]
    async fn finish(&self) -> u8 {
        self.say("begun");
        self.go.notified().await;
        self.finished.fetch_add(1, SeqCst);
        self.say("finished");
        2
    }

    /// Leaves a task behind that looks.
    #[topic("leave")]
    async fn leave(&self, ctx: &Context) -> bool {
        let (later, said) = (ctx.clone(), self.said.clone());
        ctx.spawn(async move {
            later.cancelled().await;
            let _ = said.send("over");
        });
        ctx.is_cancelled()
    }

    #[topic("panics")]
    async fn panics(&self, ctx: &Context) -> bool {
        let (later, said) = (ctx.clone(), self.said.clone());
        ctx.spawn(async move {
            later.cancelled().await;
            let _ = said.send("over");
        });
        panic!("on purpose");
    }

    #[topic("look")]
    async fn look(&self, ctx: &Context) -> bool {
        ctx.is_cancelled()
    }

    /// A message has nobody who waits for it.
    #[topic("message")]
    async fn message(&self, ctx: &Context) {
        assert!(ctx.deadline().is_none() && ctx.remaining().is_none());
        self.say("begun");
        tokio::select! {
            () = ctx.cancelled() => self.say("cancelled"),
            () = self.go.notified() => self.say(if ctx.is_cancelled() { "cancelled" } else { "finished" }),
        }
    }
}

struct Pair {
    systems: [systemge::Running; 2],
    server: Node,
    caller: Node,
    hear: mpsc::UnboundedReceiver<&'static str>,
    go: Arc<Notify>,
}

impl Pair {
    async fn new() -> Self {
        let (patient, hear, go) = Patient::new();
        let (server_system, server) = start("server", patient, listening()).await;
        let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
        caller.connect(endpoint(&server)).await.expect("the server listens");
        Self { systems: [caller_system, server_system], server, caller, hear, go }
    }

    async fn hears(&mut self, what: &str) {
        assert_eq!(soon(self.hear.recv()).await, Some(what));
    }

    async fn stop(self) {
        for system in self.systems {
            system.stop().await;
        }
    }
}

/// A request of either handler that heeds, in flight.
macro_rules! heed {
    ($client:expr, $spawned:expr) => {
        if $spawned { $client.heed_spawned() } else { $client.heed() }
    };
}

#[tokio::test]
async fn a_handler_sees_that_its_caller_gave_up() {
    let mut pair = Pair::new().await;
    let client = PatientClient::new(&pair.caller);
    for spawned in [false, true, false, true] {
        let asked = heed!(client, spawned).timeout(Duration::from_secs(600)).stream();
        pair.hears("begun").await;
        drop(asked);
        pair.hears("cancelled").await;
        // the next call in the same place begins anew
        assert_eq!(client.look().await, Ok(false));
    }
    assert_eq!(pair.server.counters().cancelled, 4);
    pair.stop().await;
}

#[tokio::test]
async fn a_handler_sees_its_deadline() {
    let mut pair = Pair::new().await;
    let client = PatientClient::new(&pair.caller);
    for spawned in [false, true] {
        // it answers at its deadline, which the caller may still take for in time
        let _ = soon(heed!(client, spawned).timeout(Duration::from_millis(100))).await;
        pair.hears("begun").await;
        pair.hears("cancelled").await;
    }
    pair.stop().await;
}

#[tokio::test]
async fn a_handler_sees_its_deadline_although_nobody_tells_it() {
    let (patient, mut hear, _) = Patient::new();
    let (system, server) = start("server", patient, listening()).await;
    let (mut raw, topics) = Raw::join(server.addresses()[0], "raw").await;
    let topic = topics.iter().position(|name| name == "heed").expect("it is announced");
    let mut ask = request(0, u32::try_from(topic).expect("a small number"), 7, &[]);
    // `remaining`, after length, kind, encoding, topic and token
    ask[18..22].copy_from_slice(&50u32.to_le_bytes());
    raw.send(&ask).await;
    assert_eq!(soon(hear.recv()).await, Some("begun"));
    assert_eq!(soon(hear.recv()).await, Some("cancelled"));
    let response = raw.frame().await.expect("it answers nevertheless");
    assert_eq!(response[..3], [0x12, 0, 0]);
    drop(raw);
    system.stop().await;
}

#[tokio::test]
async fn a_handler_sees_that_the_connection_is_gone() {
    for spawned in [false, true] {
        let mut pair = Pair::new().await;
        let client = PatientClient::new(&pair.caller);
        let mut asked = heed!(client, spawned).timeout(Duration::from_secs(600)).stream();
        pair.hears("begun").await;
        assert!(pair.caller.disconnect(&endpoint(&pair.server)));
        pair.hears("cancelled").await;
        assert_eq!(soon(asked.next()).await.expect("an outcome").result, Err(RequestError::Disconnected));
        pair.stop().await;
    }
}

#[tokio::test]
async fn a_handler_that_does_not_look_runs_to_its_end() {
    let mut pair = Pair::new().await;
    let client = PatientClient::new(&pair.caller);
    let asked = client.finish().stream();
    pair.hears("begun").await;
    drop(asked);
    until(|| pair.server.counters().cancelled == 1).await;
    pair.go.notify_one();
    pair.hears("finished").await;
    until(|| pair.server.counters().handled == 1).await;
    assert_eq!(pair.server.counters().late, 0);
    pair.stop().await;
}

#[tokio::test]
async fn a_clone_of_the_context_sees_the_end_of_its_call_and_no_other() {
    let mut pair = Pair::new().await;
    let client = PatientClient::new(&pair.caller);
    for _ in 0..3 {
        assert_eq!(client.leave().await, Ok(false));
        pair.hears("over").await;
        assert!(matches!(client.panics().await, Err(RequestError::Panicked(_))));
        pair.hears("over").await;
    }
    pair.stop().await;
}

#[tokio::test]
async fn a_message_is_never_cancelled() {
    let mut pair = Pair::new().await;
    let client = PatientClient::new(&pair.caller);
    assert_eq!(client.message().await, Ok(1));
    pair.hears("begun").await;
    assert!(pair.caller.disconnect(&endpoint(&pair.server)));
    until(|| pair.server.connected_from().is_empty()).await;
    pair.go.notify_one();
    pair.hears("finished").await;
    pair.stop().await;
}

#[tokio::test]
async fn a_cancellation_of_a_request_that_is_not_open_changes_nothing() {
    let (patient, mut hear, go) = Patient::new();
    let (system, server) = start("server", patient, listening()).await;
    let (mut raw, topics) = Raw::join(server.addresses()[0], "raw").await;
    let topic = |name: &str| {
        let place = topics.iter().position(|topic| topic == name).expect("it is announced");
        u32::try_from(place).expect("a small number")
    };
    raw.send(&request(0, topic("finish"), 7, &[])).await;
    assert_eq!(soon(hear.recv()).await, Some("begun"));
    for token in [0u64, 6, 8, u64::MAX, 8] {
        raw.send(&frame(0x13, &[&token.to_le_bytes()])).await;
    }
    until(|| server.counters().cancelled == 5).await;
    raw.send(&request(0, topic("look"), 9, &[])).await;
    assert_eq!(raw.frame().await.expect("a response")[3], 9);
    go.notify_one();
    assert_eq!(raw.frame().await.expect("a response")[3], 7);
    drop(raw);
    system.stop().await;
}
