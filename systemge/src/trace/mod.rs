//! Traces: which messages and requests belong together, across nodes.
//!
//! With `tracing = true` in a node's section, every call of a handler, hook or command and everything that the node sends is
//! a span of [`tracing`]: `systemge.handle`, `systemge.hook`, `systemge.command`, `systemge.request`, `systemge.send`, and of
//! browsers `systemge.http` for requests and `systemge.websocket` for messages. What belongs together has one trace id, since the [`TraceContext`] travels with messages and requests to every peer that has
//! it switched on, too, and [`Context`](crate::Context) hands it on to the clients that are made from it.
//!
//! The ids are those of the [W3C's Trace Context](https://www.w3.org/TR/trace-context/), so that a trace that begins
//! elsewhere goes on here, and the other way round:
//!
//! ```
//! use systemge::prelude::*;
//! use systemge::trace::TraceContext;
//!
//! # #[derive(systemge::Application, Default)]
//! # struct Shop {}
//! # #[systemge::node]
//! # impl Shop {
//! #     #[topic("order")]
//! #     async fn order(&self, what: String) -> u32 { 7 }
//! # }
//! # #[derive(systemge::Application, Default)]
//! # struct Gateway {}
//! #[systemge::commands]
//! impl Gateway {
//!     /// Orders something, as a part of somebody else's trace.
//!     #[command("order")]
//!     async fn order(&self, what: String, traceparent: String, ctx: &Context) -> Result<String> {
//!         let trace: TraceContext = traceparent.parse()?;
//!         let number = ShopClient::new(&ctx.in_trace(trace)).order(what).await?;
//!         Ok(format!("order {number}"))
//!     }
//! }
//! # fn main() {}
//! ```

mod call;
mod context;
mod span;

pub(crate) use self::call::CallSpan;
pub use self::context::{TraceContext, TraceparentError};
#[cfg(feature = "http")]
pub(crate) use self::span::http;
pub(crate) use self::span::{ClientSpan, HandlerSpan};
