//! What nearly every program needs: `use systemge::prelude::*;`.

#[cfg(feature = "http")]
pub use crate::http::{Json, StatusCode};
#[cfg(feature = "websocket")]
pub use crate::websocket::WsClient;
pub use crate::{Context, Error, Node, Result, System};
// outside a block that takes them, they say what is wrong
#[cfg(feature = "websocket")]
#[doc(hidden)]
pub use systemge_macros::push;
#[doc(hidden)]
pub use systemge_macros::{command, topic};
