//! Calls of handlers as spans, where the node traces.

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use super::handler::{Call, Completion, Worker};
use crate::cancellation::Cancellation;
use crate::context::Core;
use crate::topic::Topic;
use crate::trace::{HandlerSpan, TraceContext};

/// A place for calls each of which is a span, the node's layers inside of it.
pub(super) struct TracedWorker {
    worker: Box<dyn Worker>,
    core: Core,
    topic: Topic,
    /// What caused the next call, if it said so.
    parent: Option<Arc<TraceContext>>,
    span: Option<HandlerSpan>,
}

impl TracedWorker {
    pub(super) fn new(worker: Box<dyn Worker>, core: &Core, topic: &Topic) -> Self {
        Self { worker, core: core.clone(), topic: topic.clone(), parent: None, span: None }
    }

    fn end(&mut self, outcome: &'static str) {
        if let Some(span) = self.span.take() {
            span.end(outcome);
        }
    }
}

impl Worker for TracedWorker {
    fn trace(&mut self, trace: Option<Arc<TraceContext>>) {
        self.parent = trace;
    }

    fn prepare(&mut self, call: Call, deadline: Option<Instant>, payload: &[u8]) -> Result<(), String> {
        let (node, sender) = (self.core.node.name(), self.core.sender.as_deref());
        let parent = self.parent.take();
        let span = HandlerSpan::topic(node, self.topic.name(), self.topic.kind(), sender, parent.as_deref());
        self.worker.trace(Some(Arc::new(span.trace())));
        let entered = span.enter();
        // an error, or a panic of the user's `Deserialize`, drops the span here
        self.worker.prepare(call, deadline, payload)?;
        drop(entered);
        self.span = Some(span.decoded());
        Ok(())
    }

    fn step(&mut self, context: &mut Context<'_>, call: Call, out: &mut Vec<u8>) -> Poll<Completion> {
        let entered = self.span.as_ref().map(HandlerSpan::enter);
        let completion = ready!(self.worker.step(context, call, out));
        drop(entered);
        self.end(completion.outcome());
        Poll::Ready(completion)
    }

    fn clear(&mut self) {
        // only after a panic
        self.end("panicked");
        self.worker.clear();
    }

    fn cancellation(&self) -> Option<&Arc<Cancellation>> {
        self.worker.cancellation()
    }
}
