//! The spans of calls that no peer asked for: commands, hooks, and what browsers send over a WebSocket.

use std::sync::Arc;

use tracing::{Instrument as _, Span};

use super::TraceContext;
use super::span::next;
use crate::context::Core;

/// The span of one such call; none where the node doesn't trace.
pub(crate) struct CallSpan {
    span: Span,
    /// What the span says if nobody says anything else before it ends.
    outcome: &'static str,
}

impl CallSpan {
    /// The span of a command. A command that is run from a handler, or from another command, is a child of that.
    pub(crate) fn command(core: &mut Core, command: &str) -> Self {
        Self::begin(core, |node, ids| {
            tracing::info_span!(
                "systemge.command",
                otel.kind = "internal",
                node,
                command,
                trace_id = ids.trace,
                span_id = ids.span,
                parent_span_id = ids.parent,
                outcome = tracing::field::Empty,
            )
        })
    }

    /// The span of a hook of a node.
    pub(crate) fn hook(core: &mut Core, hook: &str) -> Self {
        Self::begin(core, |node, ids| {
            tracing::info_span!(
                parent: None,
                "systemge.hook",
                otel.kind = "internal",
                node,
                hook,
                trace_id = ids.trace,
                span_id = ids.span,
                parent_span_id = ids.parent,
                outcome = tracing::field::Empty,
            )
        })
    }

    /// The span of a hook that is told of a client.
    #[cfg(feature = "websocket")]
    pub(crate) fn client_hook(core: &mut Core, hook: &str, client: std::net::SocketAddr) -> Self {
        Self::begin(core, |node, ids| {
            tracing::info_span!(
                parent: None,
                "systemge.hook",
                otel.kind = "internal",
                node,
                hook,
                %client,
                trace_id = ids.trace,
                span_id = ids.span,
                parent_span_id = ids.parent,
                outcome = tracing::field::Empty,
            )
        })
    }

    /// The span of a message of a client.
    #[cfg(feature = "websocket")]
    pub(crate) fn websocket(core: &mut Core, topic: &str, client: std::net::SocketAddr) -> Self {
        Self::begin(core, |node, ids| {
            tracing::info_span!(
                parent: None,
                "systemge.websocket",
                otel.kind = "consumer",
                node,
                topic,
                %client,
                trace_id = ids.trace,
                span_id = ids.span,
                parent_span_id = ids.parent,
                outcome = tracing::field::Empty,
            )
        })
    }

    /// `core` becomes that of the span; what it was before is the parent.
    fn begin(core: &mut Core, open: impl FnOnce(&str, super::span::Ids) -> Span) -> Self {
        let span = if core.node.config().tracing {
            let (trace, ids): (TraceContext, _) = next(core.trace.as_deref());
            core.trace = Some(Arc::new(trace));
            open(core.node.name(), ids)
        } else {
            Span::none()
        };
        Self { span, outcome: "ended" }
    }

    /// Runs the call within the span; what is logged meanwhile belongs to it. `outcome` says how it ended.
    pub(crate) async fn run<T>(
        mut self,
        call: impl Future<Output = T>,
        outcome: impl FnOnce(&T) -> &'static str,
    ) -> T {
        let done = call.instrument(self.span.clone()).await;
        self.outcome = outcome(&done);
        done
    }
}

impl Drop for CallSpan {
    fn drop(&mut self) {
        self.span.record("outcome", self.outcome);
    }
}
