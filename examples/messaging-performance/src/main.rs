//! Runs the nodes that its configuration names: both in one process, or each in its own.

use messaging_performance::{Gateway, Receiver};
use systemge::prelude::*;

#[tokio::main]
async fn main() -> Result<()> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/systemge.toml");
    let config = std::env::args().nth(1).unwrap_or_else(|| default.to_owned());
    System::from_file(config)?
        .node("receiver", Receiver::default())
        .node("gateway", Gateway::default())
        .run()
        .await
}
