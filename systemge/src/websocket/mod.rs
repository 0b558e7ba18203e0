//! The WebSocket component: topics to and from browsers.
//!
//! A text frame is a JSON object, `{"topic": "...", "payload": "..."}`, in both directions. The payload is a string:
//! the text itself where the type of the payload is a string, else JSON inside of it. A client may also send its
//! payload as plain JSON; an empty or an absent one counts as `null`.
//!
//! - What browsers send has a handler, `#[topic]`; what is pushed to them is declared, `#[push]`
//!   ([`#[systemge::websocket]`](macro@crate::websocket)).
//! - The topic `heartbeat` is for the watchdog only and reaches no handler.
//! - What goes wrong with a message is answered with the topic `error` and a readable text; the client stays connected.
//! - Handlers of one client run one after another, in the order of arrival, unless `websocket.handling` is
//!   `concurrent`: then they start in that order and interleave where they wait. Clients run beside each other.
//!   `on_connect` runs before the first message is handled, and `on_disconnect` after the last.
//! - Each client has a bounded queue, and a rate at which it may send. One that reads too slowly does not slow the others.
//! - Nothing is lost silently: what is dropped or refused is counted ([`WebSocketCounters`]) and logged.

mod client;
mod counters;
mod frame;
mod hub;
mod id;
mod push;
mod queue;
mod session;
mod site;
mod table;
#[cfg(test)]
mod tests;

pub use self::client::{WsClient, WsSendError};
pub use self::counters::WebSocketCounters;
pub use self::hub::WebSocket;
pub use self::id::{ClientId, ClientIdError};
pub use self::push::Push;
#[doc(hidden)]
pub use self::push::Pusher;
pub(crate) use self::site::WebSocketSite;
#[doc(hidden)]
pub use self::table::WebSocketTable;
pub(crate) use self::table::WebSocketTopics;
#[cfg(not(feature = "http"))]
pub use crate::web::WebError;
