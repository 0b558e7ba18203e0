//! Runs the nodes that its configuration names: both in one process, or each in its own.

use std::path::Path;

use ping_spawner::{Gateway, certificates, spawner};
use systemge::prelude::*;

#[tokio::main]
async fn main() -> Result<()> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/systemge.toml");
    let config = std::env::args().nth(1).unwrap_or_else(|| default.to_owned());
    let folder = Path::new(&config).with_file_name("certificates");
    certificates::make(&folder)?;
    let system = System::from_file(&config)?;
    system.node("spawner", spawner(folder)).node("gateway", Gateway::default()).run().await
}
