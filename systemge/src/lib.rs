//! Annotate a Rust struct, and it becomes a node of a distributed peer-to-peer system.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod application;
pub mod client;
pub mod command;
pub mod config;
mod connection;
mod context;
mod error;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "logging")]
mod logging;
mod node;
pub mod payload;
pub mod prelude;
#[doc(hidden)]
pub mod probe;
mod protocol;
mod system;
mod text;
mod topic;
#[cfg(feature = "_web")]
mod web;
#[cfg(feature = "websocket")]
pub mod websocket;

pub use self::application::Application;
pub use self::connection::DialState;
pub use self::context::{AnyApplication, Context};
pub use self::error::{Error, Result};
pub use self::node::{ConnectError, Counters, Node, NodeState, StartError};
pub use self::payload::{Payload, Schema};
pub use self::system::{LineError, Running, System, SystemError};
pub use self::topic::{Topic, TopicKind};
#[cfg(feature = "_web")]
pub use self::web::WebError;

#[cfg(feature = "http")]
pub use systemge_macros::http;
#[cfg(feature = "websocket")]
pub use systemge_macros::websocket;
pub use systemge_macros::{Application, Schema, command, commands, node, payload, topic};
