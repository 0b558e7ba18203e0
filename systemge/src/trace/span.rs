//! The spans that nodes open where they trace.

use tracing::Span;
use tracing::span::Entered;

use super::TraceContext;
use crate::topic::TopicKind;

/// What the ids of a span are shown as.
pub(super) struct Ids {
    pub(super) trace: String,
    pub(super) span: String,
    pub(super) parent: Option<String>,
}

impl Ids {
    fn of(own: &TraceContext, parent: Option<&TraceContext>) -> Self {
        let span = |of: &TraceContext| format!("{:016x}", of.span_id());
        Self { trace: format!("{:032x}", own.trace_id()), span: span(own), parent: parent.map(span) }
    }
}

/// The next span: a child, or the first one of a new trace.
pub(super) fn next(parent: Option<&TraceContext>) -> (TraceContext, Ids) {
    let own = parent.map_or_else(TraceContext::new, TraceContext::child);
    (own, Ids::of(&own, parent))
}

const fn name(kind: TopicKind) -> &'static str {
    match kind {
        TopicKind::OneWay => "one_way",
        TopicKind::Request => "request",
    }
}

/// The span of one call of a handler.
pub(crate) struct HandlerSpan {
    span: Span,
    trace: TraceContext,
    /// What the span says if nobody says anything else before it ends.
    outcome: &'static str,
}

impl HandlerSpan {
    /// `parent` is what caused the call, on another node or elsewhere.
    pub(crate) fn topic(
        node: &str,
        topic: &str,
        kind: TopicKind,
        peer: Option<&str>,
        parent: Option<&TraceContext>,
    ) -> Self {
        let (trace, ids) = next(parent);
        let span = tracing::info_span!(
            parent: None,
            "systemge.handle",
            otel.kind = if kind == TopicKind::Request { "server" } else { "consumer" },
            node,
            topic,
            kind = name(kind),
            peer,
            trace_id = ids.trace,
            span_id = ids.span,
            parent_span_id = ids.parent,
            outcome = tracing::field::Empty,
        );
        Self { span, trace, outcome: "undecodable" }
    }

    /// The handler begins: if the span ends without a word now, the call was dropped where it waited.
    pub(crate) const fn decoded(mut self) -> Self {
        self.outcome = "ended";
        self
    }

    pub(crate) const fn trace(&self) -> TraceContext {
        self.trace
    }

    /// What is logged meanwhile belongs to the span.
    pub(crate) fn enter(&self) -> Entered<'_> {
        self.span.enter()
    }

    pub(crate) fn end(mut self, outcome: &'static str) {
        self.outcome = outcome;
    }
}

impl Drop for HandlerSpan {
    fn drop(&mut self) {
        self.span.record("outcome", self.outcome);
    }
}

/// The span of a request that a route of the HTTP component answers, whose `status` is told to it in the end. `parent` is
/// what the request says that it is caused by.
#[cfg(feature = "http")]
pub(crate) fn http(
    node: &str,
    method: &str,
    route: &str,
    parent: Option<&TraceContext>,
) -> (Span, TraceContext) {
    let (trace, ids) = next(parent);
    let span = tracing::info_span!(
        parent: None,
        "systemge.http",
        otel.kind = "server",
        node,
        method,
        route,
        trace_id = ids.trace,
        span_id = ids.span,
        parent_span_id = ids.parent,
        status = tracing::field::Empty,
    );
    (span, trace)
}

/// The span of something that is sent, from the first attempt to its last outcome.
pub(crate) struct ClientSpan {
    span: Span,
    trace: TraceContext,
    /// How many nodes got it; of a request, how many have an outcome.
    nodes: u64,
    /// Of a request, the first success, or else the first error.
    outcome: Option<&'static str>,
}

impl ClientSpan {
    /// `parent` is the call whose context the client was made from.
    #[cold]
    pub(crate) fn request(node: &str, topic: &str, parent: Option<&TraceContext>) -> Box<Self> {
        let (trace, ids) = next(parent);
        let span = tracing::info_span!(
            "systemge.request",
            otel.kind = "client",
            node,
            topic,
            trace_id = ids.trace,
            span_id = ids.span,
            parent_span_id = ids.parent,
            nodes = tracing::field::Empty,
            outcome = tracing::field::Empty,
        );
        Box::new(Self { span, trace, nodes: 0, outcome: None })
    }

    /// The same for a message.
    #[cold]
    pub(crate) fn message(node: &str, topic: &str, parent: Option<&TraceContext>) -> Box<Self> {
        let (trace, ids) = next(parent);
        let span = tracing::info_span!(
            "systemge.send",
            otel.kind = "producer",
            node,
            topic,
            trace_id = ids.trace,
            span_id = ids.span,
            parent_span_id = ids.parent,
            nodes = tracing::field::Empty,
            outcome = tracing::field::Empty,
        );
        Box::new(Self { span, trace, nodes: 0, outcome: None })
    }

    /// What travels.
    pub(crate) const fn trace(&self) -> &TraceContext {
        &self.trace
    }

    /// A node that was asked has its outcome.
    pub(crate) fn answered(&mut self, peer: &str, outcome: &'static str) {
        self.nodes += 1;
        if self.outcome != Some(SUCCESS) && (self.outcome.is_none() || outcome == SUCCESS) {
            self.outcome = Some(outcome);
        }
        tracing::debug!(parent: &self.span, peer, outcome, "a node that was asked has its outcome");
    }

    /// It ended as a whole: a request that was not sent, or a message.
    pub(crate) const fn end(&mut self, nodes: usize, outcome: &'static str) {
        self.nodes = nodes as u64;
        self.outcome = Some(outcome);
    }
}

impl Drop for ClientSpan {
    fn drop(&mut self) {
        self.span.record("nodes", self.nodes);
        self.span.record("outcome", self.outcome.unwrap_or("given_up"));
    }
}

const SUCCESS: &str = "success";
