//! Who may connect: lists of addresses that can be changed while a node runs.
//!
//! Every listener has an [`AccessList`], which starts as its configuration says and is changed through
//! [`Node::listeners`](crate::Node::listeners):
//!
//! ```
//! # use systemge::config::NodeConfig;
//! # #[derive(systemge::Application, Default)]
//! # struct Life {}
//! # #[systemge::node]
//! # impl Life { #[topic("tick")] async fn tick(&self) {} }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> systemge::Result<()> {
//! # let config = NodeConfig::new().listen("tcp://127.0.0.1:0".parse::<systemge::config::Endpoint>()?);
//! # let system = systemge::System::new().node_with("life", Life::default(), config).start().await?;
//! # let node = system.node("life").unwrap();
//! for listener in node.listeners() {
//!     listener.access().add_denied("192.0.2.0/24".parse()?); //    whoever is connected from there is disconnected
//!     assert!(!listener.access().allows("192.0.2.7".parse()?));
//! }
//! # system.stop().await;
//! # Ok(())
//! # }
//! ```

mod handshakes;
mod list;
mod network;
mod quiet;
mod refusal;

pub use ipnet::IpNet;

pub(crate) use self::handshakes::{Crowded, Handshake, Handshakes};
pub use self::list::{AccessList, AccessRules};
pub use self::network::{NetworkError, parse_network};
pub(crate) use self::quiet::Quiet;
pub use self::refusal::RefusalReason;
pub(crate) use self::refusal::Refusals;
