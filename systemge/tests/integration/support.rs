//! What the tests share.

use systemge::config::{Endpoint, NodeConfig};
use systemge::{Application, Node, Running, System};

/// A node that listens on any free port of the loopback interface.
pub(crate) fn listening() -> NodeConfig {
    NodeConfig::new().listen("tcp://127.0.0.1:0".parse().expect("an endpoint"))
}

/// Starts one node.
pub(crate) async fn start<A: Application>(name: &str, application: A, config: NodeConfig) -> (Running, Node) {
    let running = System::new().node_with(name, application, config).start().await.expect("the node starts");
    let node = running.node(name).expect("the node").clone();
    (running, node)
}

/// Where a node listens.
pub(crate) fn endpoint(node: &Node) -> Endpoint {
    Endpoint::tcp(node.addresses()[0])
}
