//! Annotate a Rust struct, and it becomes a node of a distributed peer-to-peer system.
//!
//! A node listens, dials its peers, announces the topics it handles, sends messages and requests, serves browsers over
//! HTTP and WebSocket, and takes commands. You write state and handlers; the macros generate the handler tables, the
//! announcements and typed clients; the configuration decides the network.
//!
//! ```
//! use systemge::config::{Endpoint, NodeConfig};
//! use systemge::prelude::*;
//!
//! #[derive(systemge::Application, Default)]
//! struct Counter {
//!     total: u64,
//! }
//!
//! #[systemge::node] // generates CounterClient
//! impl Counter {
//!     #[topic("add")]
//!     async fn add(&mut self, amount: u64) {
//!         self.total += amount;
//!     }
//!
//!     #[topic("total")]
//!     async fn total(&self) -> u64 {
//!         self.total
//!     }
//! }
//!
//! #[derive(systemge::Application, Default)]
//! struct Visitor {}
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! // a program reads this from a file: System::from_file("systemge.toml")
//! let loopback = || NodeConfig::new().listen(Endpoint::tcp(([127, 0, 0, 1], 0).into()));
//! let system = System::new()
//!     .node_with("counter", Counter::default(), loopback())
//!     .node_with("visitor", Visitor::default(), loopback())
//!     .start()
//!     .await?;
//! let [counter, visitor] = &system.nodes()[..] else { unreachable!("there are two") };
//! visitor.connect(Endpoint::tcp(counter.addresses()[0])).await?;
//!
//! let client = CounterClient::new(visitor);
//! assert_eq!(client.add(2).await?, 1); //     a message: handed to one node
//! assert_eq!(client.total().await?, 2); //    a request: the first response
//! for outcome in client.total().all().await? {
//!     println!("{} answered {:?} after {:?}", outcome.node, outcome.result, outcome.took);
//! }
//! system.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # The words
//!
//! - **Application**: your struct, the state of one node ([`Application`](macro@Application)).
//! - **Component**: a group of handlers of an application: topics ([`macro@node`]), [`commands`](macro@commands), and
//!   with their features `http` and `websocket`.
//! - **Topic**: the type of a message. One-way topics are sent to every connected node that handles them; a request is
//!   answered by each node that is asked ([`client`]).
//! - **Node**: an application, its configuration and its running parts ([`Node`]); **system**: the nodes of one process
//!   ([`System`]). Nodes come and go while it runs ([`Running`]).
//! - **Spawner**: a node that makes other nodes on request ([`spawner`]).
//!
//! # Features
//!
//! None is on by default.
//!
//! - `http`: the HTTP component
//! - `websocket`: the WebSocket component
//! - `dashboard`: a page and an HTTP API to see and steer every node ([`System::dashboard`])
//! - `metrics`: what nodes count as OpenMetrics text, for Prometheus ([`metrics`])
//! - `json`: payloads of topics as JSON beside postcard, for tools that know no types
//! - `uuid`, `chrono`, `time`: the types of these crates in payloads
//! - `cli`: commands from standard input
//! - `logging`: log lines on standard error, if the program has not set up `tracing` itself
//! - `tls`: `tls://`, TLS and mutual TLS; HTTPS and WSS
//! - `quic`: `quic://`
//! - `certificates`: makes a CA and nodes' certificates (`certificates`); `cert-cli`: the same as the command `systemge cert`
//! - `testing`: for tests of your nodes, a network within the process and a clock of the test's ([`testing`])
//! - `full`: all but `testing`, `certificates` and `cert-cli`

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod access;
mod application;
mod cancellation;
#[cfg(feature = "certificates")]
pub mod certificates;
pub mod client;
mod clock;
pub mod command;
pub mod config;
mod connection;
#[cfg(feature = "logging")]
mod console;
mod const_text;
mod context;
mod contract;
#[cfg(feature = "dashboard")]
mod dashboard;
mod error;
#[cfg(feature = "http")]
pub mod http;
mod key;
pub mod layer;
#[cfg(feature = "logging")]
mod logging;
pub mod metrics;
mod model;
mod node;
pub mod payload;
pub mod prelude;
#[doc(hidden)]
pub mod probe;
mod protocol;
pub mod spawner;
mod system;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod topic;
pub mod trace;
#[doc(hidden)]
pub mod transport;
#[cfg(feature = "_web")]
mod web;
#[cfg(feature = "websocket")]
pub mod websocket;

pub use self::application::Application;
pub use self::connection::DialState;
pub use self::context::{AnyApplication, Context};
pub use self::contract::{Contract, DeclaredTopic};
#[cfg(feature = "dashboard")]
pub use self::dashboard::DashboardError;
pub use self::error::{Error, Result};
pub use self::key::{KeyError, TopicKey};
pub use self::metrics::{Counters, NodeMetrics};
pub use self::model::{ApplicationModel, SystemModel};
pub use self::node::{ConnectError, Listener, Mismatch, Node, NodeState, StartError};
pub use self::payload::{Payload, Schema};
pub use self::system::{
    AddNodeError, Completion, LineError, Running, System, SystemError, SystemEvent, SystemEvents,
};
pub use self::topic::{Topic, TopicKind, TopicName};
#[cfg(feature = "tls")]
pub use self::transport::tls::TlsError;
#[cfg(feature = "_web")]
pub use self::web::WebError;

#[cfg(feature = "http")]
pub use systemge_macros::http;
pub use systemge_macros::{Application, Schema, TopicKey, command, commands, contract, node, payload, topic};
#[doc(hidden)]
pub use systemge_macros::{Payload, on_start, on_stop};
#[cfg(feature = "websocket")]
pub use systemge_macros::{on_connect, on_disconnect, push, websocket};

/// The programs of the documents compile.
#[cfg(all(doctest, feature = "metrics", feature = "http"))]
#[doc = include_str!("../../docs/metrics.md")]
mod metrics_document {}

/// The README's program compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

/// So does the guide's.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide.md")]
mod guide {}
