//! Tests of your nodes: a network within the process, a clock that the test controls, a peer that follows a script.
//!
//! Needs the feature `testing`, for `[dev-dependencies]` only:
//!
//! ```toml
//! [dev-dependencies]
//! systemge = { version = "0.1", features = ["testing"] }
//! ```
//!
//! - [`run`] runs a test on one thread with tokio's clock paused: time passes only when everybody waits for it, and
//!   then at once, so that a time limit of an hour costs nothing. Everything random comes from a seed, so that what
//!   happened once happens again. (`#[tokio::test(start_paused = true)]` pauses the clock, too.)
//! - [`Network`] carries nodes, whatever their configuration says, without a socket. It can delay, cut, swallow and
//!   slow down what passes, and tells what was sent.
//! - [`Node::until`](crate::Node::until) and its sisters wait for a condition instead of sleeping, and say what they
//!   saw if it doesn't come.
//! - [`ScriptedPeer`] is a peer without a node: the test says every word that it speaks.
//!
//! ```
//! use std::time::Duration;
//! use systemge::config::{Endpoint, NodeConfig};
//! use systemge::prelude::*;
//! use systemge::testing::{self, Network};
//!
//! #[derive(systemge::Application, Default)]
//! struct Greeter {}
//!
//! #[systemge::node]
//! impl Greeter {
//!     #[topic("greet")]
//!     async fn greet(&self, name: String) -> String {
//!         format!("Hello, {name}!")
//!     }
//! }
//!
//! #[derive(systemge::Application, Default)]
//! struct Guest {}
//!
//! fn main() {
//!     testing::run(7, async {
//!         let network = Network::new();
//!         let door: Endpoint = "mem://greeter".parse().unwrap();
//!         let system = network
//!             .system()
//!             .node_with("greeter", Greeter::default(), NodeConfig::new().listen(door.clone()))
//!             .node_with("guest", Guest::default(), NodeConfig::new().connect(door))
//!             .start()
//!             .await
//!             .unwrap();
//!         let [greeter, guest] = &system.nodes()[..] else { unreachable!("there are two") };
//!         guest.until_provider("greet").await;
//!         let client = GreeterClient::new(guest);
//!         assert_eq!(client.greet("Ada".to_owned()).await.unwrap(), "Hello, Ada!");
//!
//!         // nothing passes any more: after the time of keepalive, each takes the other for gone
//!         network.partition("greeter", "guest");
//!         let asked = tokio::time::Instant::now();
//!         assert!(client.greet("Bob".to_owned()).timeout(Duration::from_secs(3600)).await.is_err());
//!         assert!(asked.elapsed() < Duration::from_secs(60)); // on the paused clock
//!         network.heal();
//!         greeter.until_connected_from("guest").await;
//!         system.stop().await;
//!     });
//! }
//! ```

#[doc(hidden)]
pub mod fuzz;
mod network;
mod peer;
mod until;
mod wire;

use std::panic::Location;
use std::time::Duration;

pub use self::network::{Dialling, Network, Sent};
pub use self::peer::{ScriptedListener, ScriptedPeer};
pub use self::wire::{WireFrame, WirePayload};

/// How long [`soon`] and everything that waits for a condition wait, on tokio's clock: 20 s.
pub const LIMIT: Duration = Duration::from_secs(20);

/// Runs a test on this thread with tokio's clock paused, and everything random from `seed`: delays between attempts to
/// connect, the choice of `any`, what a [`Network`] delays.
///
/// The clock goes on by itself, and at once, whenever every task waits; `tokio::time::advance` moves it by hand.
///
/// Real sockets and threads don't wait for a paused clock, nor does it wait for them: use a [`Network`].
///
/// # Panics
///
/// If the runtime can't be built: within another runtime, or when the machine has no threads left.
pub fn run<F: Future>(seed: u64, test: F) -> F::Output {
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime of one thread needs nothing but memory");
    runtime.block_on(test)
}

/// Waits for something that is expected to happen.
///
/// # Panics
///
/// If it doesn't happen within [`LIMIT`]; the message names the caller.
#[track_caller]
pub fn soon<F: IntoFuture>(future: F) -> impl Future<Output = F::Output> {
    let caller = Location::caller();
    let future = future.into_future();
    async move {
        match tokio::time::timeout(LIMIT, future).await {
            Ok(output) => output,
            Err(_) => panic!("{caller}: this did not happen within {LIMIT:?}"),
        }
    }
}

/// Waits until something holds; it is looked at again whenever everybody else had a turn.
///
/// # Panics
///
/// If it doesn't hold within [`LIMIT`]; the message says `what` was waited for, and names the caller.
#[track_caller]
pub fn until(what: &str, holds: impl FnMut() -> bool) -> impl Future<Output = ()> {
    until::holds(what.to_owned(), Location::caller(), holds, String::new)
}

/// How many bytes wait in a node to be sent to each peer: to those that it dialled, then to those that dialled it.
/// Each is at most `queue.bytes` and one frame, and what the protocol itself has to say.
#[must_use]
pub fn queued_bytes(node: &crate::Node) -> Vec<(std::sync::Arc<str>, usize)> {
    node.inner().queued_bytes()
}

/// How many requests of a node wait for a response, over all its connections.
#[must_use]
pub fn requests_in_flight(node: &crate::Node) -> usize {
    node.inner().router().peers().iter().map(|peer| peer.outbox().in_flight()).sum()
}

/// The connected nodes that handle a topic, in the order in which a request asks them.
#[must_use]
pub fn providers(node: &crate::Node, topic: &str) -> Vec<std::sync::Arc<str>> {
    let peers = node.inner().router().peers();
    peers.iter().filter(|peer| peer.topic(topic).is_some()).map(|peer| peer.name().clone()).collect()
}
