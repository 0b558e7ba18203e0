//! Annotate a Rust struct, and it becomes a node of a distributed peer-to-peer system.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod application;
pub mod client;
pub mod command;
pub mod config;
mod context;
mod error;
#[cfg(feature = "http")]
pub mod http;
mod node;
pub mod payload;
pub mod prelude;
#[doc(hidden)]
pub mod probe;
mod topic;
#[cfg(feature = "websocket")]
pub mod websocket;

pub use self::application::Application;
pub use self::context::{AnyApplication, Context};
pub use self::error::{Error, Result};
pub use self::payload::{Payload, Schema};
pub use self::topic::{Topic, TopicKind};

#[cfg(feature = "http")]
pub use systemge_macros::http;
#[cfg(feature = "websocket")]
pub use systemge_macros::websocket;
pub use systemge_macros::{Application, Schema, command, commands, node, payload, topic};
