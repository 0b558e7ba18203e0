//! What the tests share.

use std::time::Duration;

use systemge::config::{Endpoint, NodeConfig};
use systemge::{Application, Node, Running, System};

/// How long anything may take that is expected to happen.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A node that listens on any free port of the loopback interface.
pub(crate) fn listening() -> NodeConfig {
    NodeConfig::new().listen("tcp://127.0.0.1:0".parse::<Endpoint>().expect("an endpoint"))
}

/// Starts one node.
pub(crate) async fn start<A: Application>(name: &str, application: A, config: NodeConfig) -> (Running, Node) {
    let running = System::new().node_with(name, application, config).start().await.expect("the node starts");
    let node = running.node(name).expect("the node");
    (running, node)
}

/// Where a node listens.
pub(crate) fn endpoint(node: &Node) -> Endpoint {
    Endpoint::tcp(node.addresses()[0])
}

/// Waits for something that is expected to happen.
pub(crate) async fn soon<F: IntoFuture>(future: F) -> F::Output {
    tokio::time::timeout(SOON, future).await.expect("it happens in time")
}

/// Waits until something holds; it is looked at whenever the runtime has nothing better to do.
pub(crate) async fn until(mut holds: impl FnMut() -> bool) {
    soon(async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

/// An application without any component: it only calls.
#[derive(systemge::Application, Default)]
pub(crate) struct Caller {}

/// The same with something changed.
pub(crate) fn with(change: impl FnOnce(&mut NodeConfig)) -> NodeConfig {
    let mut config = listening();
    change(&mut config);
    config
}
