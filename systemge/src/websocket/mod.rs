//! The WebSocket component: topics to and from browsers.
//!
//! A text frame is a JSON object, `{"topic": "...", "payload": "..."}`, in both directions. The payload is a string:
//! the text itself where the type of the payload is a string, else JSON inside of it. A client may also send its
//! payload as plain JSON; an empty or an absent one counts as `null`.
//!
//! - The topic `heartbeat` is for the watchdog only and reaches no handler.
//! - What goes wrong with a message is answered with the topic `error` and a readable text; the client stays connected.
//! - Handlers of one client run one after another, in the order of arrival; clients run beside each other.
//!   `on_connect` runs before the first message is handled, and `on_disconnect` after the last.
//! - Each client has a bounded queue. One that reads too slowly for it is disconnected and does not slow the others.

mod client;
mod frame;
mod hub;
mod session;
mod site;
mod table;
#[cfg(test)]
mod tests;

pub use self::client::{ClientId, ClientIdError, WsClient, WsSendError};
pub use self::hub::{Push, WebSocket};
pub(crate) use self::site::WebSocketSite;
#[doc(hidden)]
pub use self::table::WebSocketTable;
pub(crate) use self::table::WebSocketTopics;
#[cfg(not(feature = "http"))]
pub use crate::web::WebError;
