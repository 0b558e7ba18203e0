//! Runs the nodes that its configuration names: both in one process, or each in its own.

use std::path::Path;

use oauth2_login::{Config, Gateway, OAuth2};
use systemge::prelude::*;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/systemge.toml");
    let system = arguments.next().unwrap_or_else(|| default.to_owned());
    let provider = match arguments.next() {
        Some(provider) => provider.into(),
        None => Path::new(&system).with_file_name("provider.toml"),
    };
    let login = OAuth2::new(Config::from_file(provider)?)?;
    System::from_file(system)?.node("oauth2", login).node("gateway", Gateway::default()).run().await
}
