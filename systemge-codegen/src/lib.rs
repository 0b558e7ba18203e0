//! What the macros of systemge generate, as an ordinary library.
//!
//! Every entry point takes tokens and gives an [`Expansion`]: the output, and the mistakes of the user that were
//! found on the way. There is always output, and the user's item is always in it. The way of a block:
//!
//! | step | module |
//! | --- | --- |
//! | arguments of attributes, raw, each with its place | `attributes`, `topic` |
//! | `impl` blocks: signatures are read, bodies stay raw tokens | `block` |
//! | judge: from the raw block to a valid one, every mistake into the store | `validate` in the folder of each macro |
//! | what a block means, without any syntax that could be wrong | `model` in the folder of each macro |
//! | tokens | `emit`, and `emit` in the folder of each macro |
//!
//! What users read is the documentation of the macros in the crate `systemge-macros`, and the catalogue of the error
//! codes, `docs/errors.md`.

mod application;
mod attributes;
mod block;
mod checked;
mod client;
mod commands;
mod contract;
mod crate_path;
mod emit;
mod errors;
mod expansion;
mod hook;
mod http;
mod key;
mod manifest;
mod misplaced;
mod names;
mod node;
mod payload;
mod suggest;
mod system;
mod topic;
mod websocket;

pub use self::application::application;
pub use self::commands::commands;
pub use self::contract::contract;
pub use self::crate_path::CratePath;
pub use self::expansion::Expansion;
pub use self::http::http;
pub use self::key::topic_key;
pub use self::misplaced::misplaced;
pub use self::node::{implement, node};
pub use self::payload::{derived, payload, schema};
pub use self::system::system;
pub use self::websocket::websocket;
