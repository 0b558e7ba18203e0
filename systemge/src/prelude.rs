//! What nearly every program needs: `use systemge::prelude::*;`.

#[cfg(feature = "http")]
pub use crate::http::{Json, StatusCode};
#[cfg(feature = "websocket")]
pub use crate::websocket::WsClient;
pub use crate::{Application, Context, Error, Node, Result, System};
// outside a block that takes them, they say what is wrong
#[doc(hidden)]
pub use systemge_macros::{command, on_start, on_stop, topic};
#[cfg(feature = "websocket")]
#[doc(hidden)]
pub use systemge_macros::{on_connect, on_disconnect, push};
