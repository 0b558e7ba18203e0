//! Traces: spans of what nodes handle and send, and the context that travels between them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use systemge::client::RequestError;
use systemge::config::NodeConfig;
use systemge::prelude::*;
use systemge::trace::TraceContext;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::raw::{MAGIC, Raw, frame, message, request};
use crate::support::{Caller, endpoint, listening, soon, start, until, with};

/// What a test sees of a span or event: its name or message, and its fields.
#[derive(Debug, Clone, Default)]
struct Seen {
    name: String,
    fields: BTreeMap<String, String>,
    /// In which spans, from the innermost outwards.
    within: Vec<u64>,
    closed: bool,
}

impl Seen {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.fields.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name().to_owned(), value.to_owned());
    }
}

/// Remembers every span and event of this thread.
#[derive(Debug, Clone, Default)]
struct Recorder(Arc<Mutex<Recorded>>);

#[derive(Debug, Default)]
struct Recorded {
    spans: Vec<Seen>,
    events: Vec<Seen>,
    entered: Vec<u64>,
    references: Vec<usize>,
}

impl Recorder {
    fn with<T>(&self, look: impl FnOnce(&mut Recorded) -> T) -> T {
        look(&mut self.0.lock().expect("nothing panics under it"))
    }

    /// The spans of that name that have ended.
    fn spans(&self, name: &str) -> Vec<Seen> {
        self.with(|recorded| {
            recorded.spans.iter().filter(|span| span.closed && span.name == name).cloned().collect()
        })
    }

    /// The only span of that name at that node; it may end a moment after the response has arrived.
    async fn span(&self, name: &str, node: &str) -> Seen {
        let ended = || self.spans(name).into_iter().filter(|span| span.field("node") == node);
        until(|| ended().next().is_some()).await;
        let spans: Vec<Seen> = ended().collect();
        let [span] = &spans[..] else { panic!("one span `{name}` of `{node}`: {spans:#?}") };
        span.clone()
    }

    /// The events with that message.
    fn events(&self, message: &str) -> Vec<Seen> {
        self.with(|recorded| {
            recorded.events.iter().filter(|event| event.field("message") == message).cloned().collect()
        })
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("systemge") || metadata.target().starts_with("integration")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        self.with(|recorded| {
            let mut seen = Seen { name: attributes.metadata().name().to_owned(), ..Seen::default() };
            attributes.record(&mut seen);
            recorded.spans.push(seen);
            recorded.references.push(1);
            Id::from_u64(recorded.spans.len() as u64)
        })
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.with(|recorded| values.record(&mut recorded.spans[span.into_u64() as usize - 1]));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.with(|recorded| {
            let mut seen =
                Seen { within: recorded.entered.iter().rev().copied().collect(), ..Seen::default() };
            event.record(&mut seen);
            recorded.events.push(seen);
        });
    }

    fn enter(&self, span: &Id) {
        self.with(|recorded| recorded.entered.push(span.into_u64()));
    }

    fn exit(&self, span: &Id) {
        self.with(|recorded| {
            let place = recorded.entered.iter().rposition(|entered| *entered == span.into_u64());
            recorded.entered.remove(place.expect("it was entered"));
        });
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.with(|recorded| recorded.references[span.into_u64() as usize - 1] += 1);
        span.clone()
    }

    fn try_close(&self, span: Id) -> bool {
        self.with(|recorded| {
            let index = span.into_u64() as usize - 1;
            recorded.references[index] -= 1;
            recorded.spans[index].closed = recorded.references[index] == 0;
            recorded.spans[index].closed
        })
    }
}

/// Records what happens on this thread, on which the nodes of a test run, too.
fn record() -> (Recorder, tracing::subscriber::DefaultGuard) {
    let recorder = Recorder::default();
    let guard = tracing::subscriber::set_default(recorder.clone());
    (recorder, guard)
}

/// Asks the next node, down to the last.
#[derive(systemge::Application, Default)]
struct Link {
    heard: Mutex<Vec<Option<String>>>,
}

#[systemge::node]
impl Link {
    #[topic("ask")]
    async fn ask(&self, path: Vec<String>, ctx: &Context) -> Result<Vec<Option<String>>, String> {
        tracing::info!("asked");
        // what is awaited in between changes nothing
        tokio::task::yield_now().await;
        let mut traces = vec![ctx.traceparent()];
        if let [next, rest @ ..] = &path[..] {
            let next = LinkClient::new(ctx).to(next.as_str());
            traces.extend(next.ask(rest.to_vec()).await.map_err(|error| error.to_string())?);
        }
        Ok(traces)
    }

    #[topic("tell")]
    async fn tell(&self, number: u32, ctx: &Context) {
        assert_ne!(number, 13, "an unlucky number");
        self.heard.lock().expect("nothing panics under it").push(ctx.traceparent());
    }

    #[topic("heard")]
    async fn heard(&self) -> Vec<Option<String>> {
        self.heard.lock().expect("nothing panics under it").clone()
    }

    #[topic("late", timeout = "1ms")]
    async fn late(&self) -> u8 {
        std::future::pending().await
    }

    #[topic("block", blocking)]
    fn block(&self, ctx: &Context) -> Option<String> {
        tracing::info!("blocked");
        ctx.traceparent()
    }

    #[topic("pass", spawn)]
    async fn pass(&self, ctx: &Context) -> Option<String> {
        ctx.traceparent()
    }
}

#[systemge::commands]
impl Link {
    /// Asks as a part of a trace that was begun elsewhere.
    #[command("ask")]
    async fn ask_in_trace(&self, traceparent: String, next: String, ctx: &Context) -> Result<String> {
        let ctx = ctx.in_trace(traceparent.parse::<TraceContext>()?);
        let traces = LinkClient::new(&ctx).to(next).ask(Vec::new()).await?;
        Ok(traces.into_iter().flatten().collect())
    }
}

/// Tells the first node that handles it, and asks it, from wherever it can.
#[derive(systemge::Application, Default)]
struct Teller {}

#[systemge::node]
impl Teller {
    #[on_start]
    async fn on_start(&self, ctx: &Context) -> Result<()> {
        assert!(ctx.wait_for_provider("tell", std::time::Duration::from_secs(10)).await, "b listens");
        LinkClient::new(ctx).tell(1).await?;
        Ok(())
    }

    #[on_stop]
    async fn on_stop(&self, ctx: &Context) -> Result<()> {
        assert!(ctx.trace().is_some(), "it has a trace of its own");
        Ok(())
    }
}

#[systemge::commands]
impl Teller {
    /// Asks for what was heard; the word `fail` fails.
    #[command("heard")]
    async fn heard(&self, word: String, ctx: &Context) -> Result<String, String> {
        LinkClient::new(ctx).heard().await.map_err(|error| error.to_string())?;
        if word == "fail" { Err(word) } else { Ok(ctx.traceparent().unwrap_or_default()) }
    }

    /// Runs the command above.
    #[command("outer")]
    async fn outer(&self, ctx: &Context) -> Result<String> {
        Ok(ctx.command("heard", ["twice"]).await?)
    }
}

fn tracing_on() -> NodeConfig {
    with(|config| config.tracing = true)
}

/// Nodes of which each has dialled the next.
async fn chain<const N: usize>(nodes: [(&str, NodeConfig); N]) -> (systemge::Running, [Node; N]) {
    let mut system = System::new();
    for (name, config) in &nodes {
        system = system.node_with(*name, Link::default(), config.clone());
    }
    let system = system.start().await.expect("the nodes start");
    let nodes = nodes.map(|(name, _)| system.node(name).expect("it was added"));
    for pair in nodes.windows(2) {
        pair[0].connect(endpoint(&pair[1])).await.expect("it listens");
    }
    (system, nodes)
}

#[tokio::test]
async fn a_trace_goes_from_node_to_node_and_its_spans_are_a_chain() {
    let (recorder, _guard) = record();
    let (system, [a, ..]) = chain([("a", tracing_on()), ("b", tracing_on()), ("c", tracing_on())]).await;
    let answer = soon(LinkClient::new(&a).to("b").ask(vec!["c".to_owned()])).await.expect("a response");
    let traces: Vec<TraceContext> =
        answer.iter().map(|trace| trace.as_deref().expect("one").parse().expect("a traceparent")).collect();
    let [b, c] = &traces[..] else { panic!("two: {traces:?}") };
    assert_eq!(b.trace_id(), c.trace_id());
    assert!(b.is_sampled() && c.is_sampled());

    let asked_b = recorder.span("systemge.request", "a").await;
    let handled_b = recorder.span("systemge.handle", "b").await;
    let asked_c = recorder.span("systemge.request", "b").await;
    let handled_c = recorder.span("systemge.handle", "c").await;
    let chain = [&asked_b, &handled_b, &asked_c, &handled_c];
    assert_eq!(asked_b.field("parent_span_id"), "", "a trace begins there");
    for pair in chain.windows(2) {
        assert_eq!(pair[0].field("span_id"), pair[1].field("parent_span_id"), "{pair:#?}");
    }
    for span in chain {
        assert_eq!(span.field("trace_id"), format!("{:032x}", b.trace_id()));
        assert_eq!((span.field("topic"), span.field("outcome")), ("ask", "success"));
    }
    assert_eq!(handled_c.field("span_id"), format!("{:016x}", c.span_id()));
    assert_eq!((handled_c.field("peer"), handled_c.field("kind")), ("b", "request"));
    assert_eq!((handled_c.field("otel.kind"), asked_c.field("otel.kind")), ("server", "client"));
    assert_eq!(asked_c.field("nodes"), "1");
    // what a handler logs is within its span
    let logged = recorder.events("asked");
    let within = |event: &Seen| {
        let span = *event.within.first().expect("it is within a span");
        recorder.with(|recorded| recorded.spans[span as usize - 1].field("node").to_owned())
    };
    assert_eq!(logged.iter().map(within).collect::<Vec<_>>(), ["b", "c"]);
    let outcomes = recorder.events("a node that was asked has its outcome");
    assert_eq!(outcomes.iter().map(|event| event.field("peer")).collect::<Vec<_>>(), ["c", "b"]);
    system.stop().await;
}

#[tokio::test]
async fn messages_threads_and_tasks_have_their_traces_too() {
    let (recorder, _guard) = record();
    let (system, [a, b]) = chain([("a", tracing_on()), ("b", tracing_on())]).await;
    assert_eq!(LinkClient::new(&a).tell(1).await, Ok(1));
    until(|| !recorder.spans("systemge.handle").is_empty()).await;
    let (sent, handled) =
        (recorder.span("systemge.send", "a").await, recorder.span("systemge.handle", "b").await);
    assert_eq!(sent.field("trace_id"), handled.field("trace_id"));
    assert_eq!(sent.field("span_id"), handled.field("parent_span_id"));
    assert_eq!((sent.field("nodes"), sent.field("outcome")), ("1", "success"));
    assert_eq!((handled.field("kind"), handled.field("otel.kind")), ("one_way", "consumer"));

    let client = LinkClient::new(&a);
    assert!(soon(client.block()).await.expect("a response").is_some());
    assert!(soon(client.pass()).await.expect("a response").is_some());
    // every request of a client that belongs to no call is a trace of its own
    let traces: std::collections::BTreeSet<String> =
        recorder.spans("systemge.handle").iter().map(|span| span.field("trace_id").to_owned()).collect();
    assert_eq!(traces.len(), 3);
    assert_eq!(b.metrics().received[0].received, 0);
    system.stop().await;
}

#[tokio::test]
async fn spans_say_how_calls_ended() {
    let (recorder, _guard) = record();
    let (system, [a, b]) = chain([("a", tracing_on()), ("b", tracing_on())]).await;
    let client = LinkClient::new(&a);
    assert!(soon(client.ask(vec!["nobody".into()])).await.is_err());
    assert_eq!(soon(client.late()).await, Err(RequestError::Cancelled));
    assert_eq!(client.tell(13).await, Ok(1));
    until(|| b.counters().panicked == 1).await;
    assert!(matches!(LinkClient::new(&a).to("nobody").heard().await, Err(RequestError::NoHandler { .. })));
    drop(client.late().stream());
    let outcomes = |name: &str, node: &str| -> Vec<String> {
        let spans = recorder.spans(name);
        let of = spans.iter().filter(|span| span.field("node") == node);
        of.map(|span| format!("{} {}", span.field("topic"), span.field("outcome"))).collect()
    };
    assert_eq!(
        outcomes("systemge.request", "a"),
        ["ask failed", "late ended", "heard no_handler", "late given_up"]
    );
    assert_eq!(outcomes("systemge.request", "b"), ["ask no_handler"]);
    until(|| outcomes("systemge.handle", "b").len() == 4).await;
    assert_eq!(
        outcomes("systemge.handle", "b"),
        ["ask failed", "late timed_out", "tell panicked", "late timed_out"]
    );
    system.stop().await;
}

#[tokio::test]
async fn a_trace_that_was_begun_elsewhere_goes_on() {
    let (recorder, _guard) = record();
    let (system, [a, _]) = chain([("a", tracing_on()), ("b", tracing_on())]).await;
    let begun = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let answer = a.command("ask", [begun, "b"]).await.expect("an answer");
    let trace: TraceContext = answer.parse().expect("a traceparent");
    let begun: TraceContext = begun.parse().expect("a traceparent");
    assert_eq!((trace.trace_id(), trace.is_sampled()), (begun.trace_id(), false));
    assert_eq!(recorder.span("systemge.request", "a").await.field("parent_span_id"), "00f067aa0ba902b7");
    system.stop().await;
}

/// That one span is directly within another one.
fn assert_child(child: &Seen, parent: &Seen) {
    assert_eq!(child.field("parent_span_id"), parent.field("span_id"), "{child:#?} of {parent:#?}");
    assert_eq!(child.field("trace_id"), parent.field("trace_id"));
}

#[tokio::test]
async fn what_hooks_and_commands_send_belongs_to_their_spans() {
    let (recorder, _guard) = record();
    let (b_system, b) = start("b", Link::default(), tracing_on()).await;
    let config = with(|config| {
        config.tracing = true;
        config.connect = vec![endpoint(&b).into()];
    });
    let (system, a) = start("a", Teller::default(), config).await;
    let started = recorder.span("systemge.hook", "a").await;
    assert_eq!((started.field("hook"), started.field("outcome")), ("on_start", "success"));
    assert_child(&recorder.span("systemge.send", "a").await, &started);
    assert_eq!(started.field("parent_span_id"), "", "a trace begins there");

    let trace: TraceContext = a.command("heard", ["once"]).await.expect("an answer").parse().expect("one");
    let command = recorder.span("systemge.command", "a").await;
    assert_eq!((command.field("command"), command.field("outcome")), ("heard", "success"));
    assert_eq!(command.field("span_id"), format!("{:016x}", trace.span_id()));
    assert_ne!(command.field("trace_id"), started.field("trace_id"));
    let asked = recorder.span("systemge.request", "a").await;
    assert_child(&asked, &command);
    let handled =
        || recorder.spans("systemge.handle").into_iter().find(|span| span.field("topic") == "heard");
    until(|| handled().is_some()).await;
    assert_child(&handled().expect("it was just there"), &asked);

    assert!(a.command("heard", ["fail"]).await.is_err());
    assert!(a.command("heard", [""; 0]).await.is_err());
    a.command("outer", [""; 0]).await.expect("an answer");
    let commands = recorder.spans("systemge.command");
    let ended: Vec<_> = commands.iter().map(|span| (span.field("command"), span.field("outcome"))).collect();
    let expected = [
        ("heard", "success"),
        ("heard", "failed"),
        ("heard", "undecodable"),
        ("outer", "success"),
        ("heard", "success"),
    ];
    assert_eq!(ended, expected);
    assert_child(&commands[4], &commands[3]);
    system.stop().await;
    let hooks = recorder.spans("systemge.hook");
    let ended: Vec<_> = hooks.iter().map(|span| (span.field("hook"), span.field("outcome"))).collect();
    assert_eq!(ended, [("on_start", "success"), ("on_stop", "success")]);
    b_system.stop().await;
}

#[tokio::test]
async fn nodes_that_trace_and_nodes_that_do_not_understand_each_other() {
    let (recorder, _guard) = record();
    let nodes = [("a", tracing_on()), ("b", listening()), ("c", tracing_on()), ("d", listening())];
    let (system, [a, ..]) = chain(nodes).await;
    let path = ["c", "d"].map(str::to_owned).to_vec();
    let traces = soon(LinkClient::new(&a).to("b").ask(path)).await.expect("a response");
    let traced: Vec<bool> = traces.iter().map(Option::is_some).collect();
    assert_eq!(traced, [false, true, false], "only c of b, c and d traces");
    assert_eq!(
        recorder.span("systemge.handle", "c").await.field("parent_span_id"),
        "",
        "b has ended the trace of a"
    );
    assert_eq!(recorder.spans("systemge.handle").len(), 1);
    system.stop().await;
}

fn hello(capabilities: u32) -> Vec<u8> {
    let introduction: [&[u8]; 7] = [
        &1u16.to_le_bytes(),
        &1u16.to_le_bytes(),
        &capabilities.to_le_bytes(),
        &(1u32 << 20).to_le_bytes(),
        &[7; 16],
        &[5],
        b"rogue",
    ];
    [MAGIC, &frame(1, &introduction)].concat()
}

fn trace(trace: u8, span: u8, flags: u8) -> Vec<u8> {
    frame(0x14, &[&[trace; 16], &[span; 8], &[flags]])
}

#[tokio::test]
async fn a_trace_that_breaks_a_rule_ends_the_connection_with_a_reason() {
    let (system, node) = start("node", Link::default(), tracing_on()).await;
    let (other_system, deaf) = start("deaf", Link::default(), listening()).await;
    let cases: [(&Node, u32, Vec<u8>, &str); 8] = [
        (&node, 1, trace(0, 1, 1), "without a trace or without a span"),
        (&node, 1, trace(1, 0, 1), "without a trace or without a span"),
        (&node, 1, trace(1, 1, 0xf1), "unknown flags: 0xf1"),
        (&node, 1, frame(0x14, &[&[1; 24]]), "ends in the middle of a field"),
        (&node, 1, frame(0x14, &[&[1; 26]]), "bytes after its last field"),
        (&node, 1, [trace(1, 1, 1), trace(1, 1, 1)].concat(), "no place there: trace"),
        // a side that has not said that it takes part, and one that does not
        (&node, 0, trace(1, 1, 1), "no place there: trace"),
        (&deaf, 1, trace(1, 1, 1), "no place there: trace"),
    ];
    for (node, capabilities, bytes, reason) in cases {
        let mut raw = Raw::dial(node.addresses()[0]).await;
        raw.send(&hello(capabilities)).await;
        raw.expect_magic().await;
        raw.send(&bytes).await;
        let (code, text) = raw.goodbye().await;
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(reason), "{text}");
        until(|| node.connected_from().is_empty()).await;
    }
    system.stop().await;
    other_system.stop().await;
}

#[tokio::test]
async fn a_trace_belongs_to_the_next_message_alone_whatever_becomes_of_that() {
    let (system, node) = start("node", Link::default(), tracing_on()).await;
    let mut raw = Raw::dial(node.addresses()[0]).await;
    raw.send(&hello(1)).await;
    raw.expect_magic().await;
    assert_eq!(raw.frame().await.expect("a welcome")[0], 2);
    assert_eq!(raw.frame().await.expect("an announcement")[0], 3);
    // 1 is `tell`; there is no topic of the number 99, and a text is no number
    let tell = |number: u8| message(1, &[number]);
    raw.send(&[trace(0xab, 1, 1), message(99, &[1]), tell(1)].concat()).await;
    raw.send(&[trace(0xab, 1, 1), message(1, &[]), tell(2)].concat()).await;
    raw.send(&[trace(0xab, 1, 3), tell(3), tell(4)].concat()).await;
    raw.send(&request(0, 2, 7, &[])).await;
    assert_eq!(raw.frame().await.expect("a response")[..3], [0x12, 0, 0]);
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&node)).await.expect("it listens");
    let heard = soon(LinkClient::new(&caller).heard()).await.expect("a response");
    let known = "abababababababababababababababab";
    let of_trace: Vec<bool> =
        heard.iter().map(|trace| trace.as_deref().is_some_and(|trace| trace.contains(known))).collect();
    assert_eq!(of_trace, [false, false, true, false]);
    assert!(heard[2].as_deref().is_some_and(|trace| trace.ends_with("-03")), "{heard:?}");
    system.stop().await;
    caller_system.stop().await;
}

#[cfg(feature = "http")]
mod http {
    use std::net::SocketAddr;

    use systemge::config::HttpConfig;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    #[derive(systemge::Application, Default)]
    struct Gateway {}

    #[systemge::http]
    impl Gateway {
        #[get("/ask/{node}")]
        async fn ask(&self, node: String, ctx: &Context) -> Result<String, systemge::http::HttpError> {
            let traces = LinkClient::new(ctx).to(node).ask(Vec::new()).await;
            let traces = traces.map_err(systemge::http::HttpError::internal)?;
            Ok(traces.into_iter().flatten().collect())
        }
    }

    async fn get(address: SocketAddr, traceparent: &str) -> String {
        let mut stream = TcpStream::connect(address).await.expect("somebody listens");
        let head = "GET /ask/b HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
        let request = format!("{head}traceparent: {traceparent}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("it is read");
        let mut answer = String::new();
        soon(stream.read_to_string(&mut answer)).await.expect("a text");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer.lines().last().expect("a body").to_owned()
    }

    #[tokio::test]
    async fn the_trace_of_an_http_request_goes_on_to_the_nodes_behind() {
        let (recorder, _guard) = record();
        let mut http = HttpConfig::default();
        http.listen = ([127, 0, 0, 1], 0).into();
        let system = System::new()
            .node_with("gateway", Gateway::default(), tracing_on().http(http))
            .node_with("b", Link::default(), tracing_on())
            .start()
            .await
            .expect("two nodes");
        let (gateway, b) = (system.node("gateway").expect("it"), system.node("b").expect("it"));
        gateway.connect(endpoint(&b)).await.expect("it listens");
        let address = gateway.http_address().expect("it serves");

        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let answer = get(address, &format!("00-{trace}-00f067aa0ba902b7-01")).await;
        assert!(answer.contains(trace), "{answer}");
        let span = recorder.span("systemge.http", "gateway").await;
        assert_eq!(
            (span.field("method"), span.field("route"), span.field("status")),
            ("GET", "/ask/{node}", "200")
        );
        assert_eq!(span.field("parent_span_id"), "00f067aa0ba902b7");
        assert_eq!(
            recorder.span("systemge.request", "gateway").await.field("parent_span_id"),
            span.field("span_id")
        );

        // whoever sends rubbish begins a new trace
        for rubbish in ["rubbish", "00-0-0-0", ""] {
            let answer = get(address, rubbish).await;
            answer.parse::<TraceContext>().expect("a traceparent");
            assert!(!answer.contains(trace), "{answer}");
        }
        system.stop().await;
    }
}

#[cfg(feature = "websocket")]
mod websocket {
    use futures_util::{SinkExt as _, StreamExt as _};
    use systemge::config::{HttpConfig, WebSocketConfig};
    use systemge::websocket::WsClient;
    use tokio_tungstenite::tungstenite::Message;

    use super::*;

    #[derive(systemge::Application, Default)]
    struct Door {}

    #[systemge::websocket]
    impl Door {
        #[on_connect]
        async fn on_connect(&self, _client: &WsClient, ctx: &Context) -> Result<()> {
            LinkClient::new(ctx).tell(2).await?;
            Ok(())
        }

        #[topic("knock")]
        async fn knock(&self, times: u32, ctx: &Context) -> Result<(), String> {
            LinkClient::new(ctx).tell(times).await.map_err(|error| error.to_string())?;
            if times == 4 { Err("too often".to_owned()) } else { Ok(()) }
        }
    }

    #[tokio::test]
    async fn what_a_browsers_message_causes_belongs_to_its_span() {
        let (recorder, _guard) = record();
        let mut http = HttpConfig::default();
        http.listen = ([127, 0, 0, 1], 0).into();
        let door = tracing_on().http(http).websocket(WebSocketConfig::default());
        let system = System::new()
            .node_with("door", Door::default(), door)
            .node_with("b", Link::default(), tracing_on())
            .start()
            .await
            .expect("two nodes");
        let (door, b) = (system.node("door").expect("it"), system.node("b").expect("it"));
        door.connect(endpoint(&b)).await.expect("it listens");
        let address = door.http_address().expect("it serves");
        let (mut client, _) =
            tokio_tungstenite::connect_async(format!("ws://{address}/ws")).await.expect("a client");
        for payload in ["3", "4", "\"often\""] {
            let message = format!(r#"{{"topic": "knock", "payload": {payload}}}"#);
            client.send(Message::text(message)).await.expect("it is read");
        }
        // what went wrong with the last two is answered
        for _ in 0..2 {
            soon(client.next()).await.expect("an answer").expect("a message");
        }
        until(|| recorder.spans("systemge.websocket").len() == 3).await;
        let knocks = recorder.spans("systemge.websocket");
        let mut ended: Vec<&str> = knocks.iter().map(|span| span.field("outcome")).collect();
        ended.sort_unstable();
        assert_eq!(ended, ["failed", "success", "undecodable"]);
        assert!(knocks.iter().all(|span| span.field("topic") == "knock" && !span.field("client").is_empty()));
        let hook = recorder.span("systemge.hook", "door").await;
        assert_eq!((hook.field("hook"), hook.field("outcome")), ("on_connect", "success"));
        let mut parents = recorder.spans("systemge.send");
        parents.retain(|sent| {
            let of = |parent: &&Seen| parent.field("span_id") == sent.field("parent_span_id");
            knocks.iter().chain([&hook]).any(|parent| of(&parent))
        });
        assert_eq!(parents.len(), 3, "one of the hook, and two of messages: {parents:#?}");
        let failed = recorder.events("a message failed");
        assert!(failed.iter().all(|event| event.field("node") == "door"), "{failed:#?}");
        assert_eq!(failed.len(), 2);
        system.stop().await;
    }
}
