//! Runs the game of life; the page is at <http://127.0.0.1:8080>.

use game_of_life::{Gateway, Life};
use systemge::prelude::*;

#[tokio::main]
async fn main() -> Result<()> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/systemge.toml");
    let config = std::env::args().nth(1).unwrap_or_else(|| default.to_owned());
    System::from_file(config)?.node("life", Life::default()).node("gateway", Gateway::default()).run().await
}
