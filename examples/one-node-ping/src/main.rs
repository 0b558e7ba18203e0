//! Runs the node.

use one_node_ping::PingNode;
use systemge::prelude::*;

#[tokio::main]
async fn main() -> Result<()> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/systemge.toml");
    let config = std::env::args().nth(1).unwrap_or_else(|| default.to_owned());
    System::from_file(config)?.node("ping", PingNode::default()).run().await
}
