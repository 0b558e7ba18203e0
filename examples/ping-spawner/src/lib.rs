//! A node for every browser: spawned over mutual TLS, dialled at run time, and removed when the browser leaves.

pub mod certificates;
mod gateway;
mod ping;

use std::convert::Infallible;
use std::path::PathBuf;

use systemge::Error;
use systemge::certificates::Authority;
use systemge::spawner::Spawner;

pub use self::gateway::{Gateway, GatewayClient};
pub use self::ping::{PingNode, PingNodeClient};

/// The spawner of the nodes. Each gets a certificate with its name, of the CA in that folder.
#[must_use]
pub fn spawner(certificates: PathBuf) -> Spawner {
    Spawner::new().limit(1000).kind("ping", |(): ()| Ok::<_, Infallible>(PingNode::default())).prepare(
        move |name, mut config| {
            let own = Authority::read(&certificates, certificates::CA)?.node(name).issue()?;
            config.tls = config.tls.certificate(own.certificate(), own.key());
            Ok::<_, Error>(config)
        },
    )
}
