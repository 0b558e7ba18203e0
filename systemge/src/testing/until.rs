//! Waiting for conditions.

use std::fmt::Write as _;
use std::panic::Location;
use std::time::Duration;

use super::LIMIT;
use crate::node::{Node, NodeState};

/// How long it is until a condition is looked at again.
const AGAIN: Duration = Duration::from_millis(1);

/// Waits until something holds; `seen` says for the panic what there was instead.
pub(super) async fn holds(
    what: String,
    caller: &'static Location<'static>,
    mut holds: impl FnMut() -> bool,
    seen: impl FnOnce() -> String,
) {
    let end = tokio::time::Instant::now() + LIMIT;
    while !holds() {
        if tokio::time::Instant::now() >= end {
            panic!("{caller}: not within {LIMIT:?}: {what}{}", seen());
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Waiting in tests; needs the feature `testing`.
///
/// Each of these panics if the condition doesn't hold within [`LIMIT`] on tokio's clock; the message says what was
/// waited for, where, and how the node stood instead.
impl Node {
    /// Waits until something holds for this node: `node.until("two peers", |node| node.connected_to().len() == 2)`.
    ///
    /// # Panics
    ///
    /// If it doesn't hold in time.
    #[track_caller]
    pub fn until<'n, F: FnMut(&Self) -> bool>(
        &'n self,
        what: &str,
        mut condition: F,
    ) -> impl Future<Output = ()> + use<'n, F> {
        let what = format!("node `{}`: {what}", self.name());
        holds(what, Location::caller(), move || condition(self), || seen(self))
    }

    /// Waits until this node runs.
    ///
    /// # Panics
    ///
    /// If it doesn't in time.
    #[track_caller]
    pub fn until_running(&self) -> impl Future<Output = ()> {
        self.until("it runs", |node| node.state() == NodeState::Running)
    }

    /// Waits until this node has dialled the node of that name, and is connected to it.
    ///
    /// # Panics
    ///
    /// If it isn't in time.
    #[track_caller]
    pub fn until_connected(&self, peer: &str) -> impl Future<Output = ()> {
        self.until(&format!("it is connected to `{peer}`"), move |node| {
            node.connected_to().iter().any(|name| **name == *peer)
        })
    }

    /// Waits until this node no longer is connected to a node of that name which it had dialled.
    ///
    /// # Panics
    ///
    /// If it still is when the time is over.
    #[track_caller]
    pub fn until_disconnected(&self, peer: &str) -> impl Future<Output = ()> {
        self.until(&format!("it is no longer connected to `{peer}`"), move |node| {
            node.connected_to().iter().all(|name| **name != *peer)
        })
    }

    /// Waits until the node of that name has dialled this node and is let in.
    ///
    /// # Panics
    ///
    /// If it isn't in time.
    #[track_caller]
    pub fn until_connected_from(&self, peer: &str) -> impl Future<Output = ()> {
        self.until(&format!("`{peer}` has connected to it"), move |node| {
            node.connected_from().iter().any(|name| **name == *peer)
        })
    }

    /// Waits until a connected node handles a topic.
    ///
    /// # Panics
    ///
    /// If none does in time.
    #[track_caller]
    pub fn until_provider(&self, topic: &str) -> impl Future<Output = ()> {
        self.until(&format!("a connected node handles `{topic}`"), move |node| {
            !super::providers(node, topic).is_empty()
        })
    }
}

/// How a node stands, for the message of a panic.
fn seen(node: &Node) -> String {
    let mut seen = format!("\n  it is {}", node.state());
    for endpoint in node.endpoints() {
        let _ = write!(seen, "\n  listens on {endpoint}");
    }
    for (endpoint, state) in node.dialled() {
        let _ = write!(seen, "\n  dials {endpoint}: {state:?}");
    }
    for peer in node.inner().router().peers() {
        let _ = write!(seen, "\n  is connected to `{}`, which handles {:?}", peer.name(), peer.topic_names());
    }
    let _ = write!(seen, "\n  has connections from {:?}", node.connected_from());
    let _ = write!(seen, "\n  has counted {:?}", node.counters());
    seen
}
