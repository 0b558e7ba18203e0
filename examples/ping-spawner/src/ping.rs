//! The node of a browser.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use systemge::prelude::*;

use crate::gateway::GatewayClient;

/// How often a node sends `ping`.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a node waits for the gateway.
const PATIENCE: Duration = Duration::from_secs(60);

/// The node of a browser.
#[derive(systemge::Application, Debug, Default)]
pub struct PingNode {
    pongs: Arc<AtomicU64>,
}

#[systemge::node]
impl PingNode {
    /// Announces itself to the gateway, and sends it `ping` from then on.
    #[on_start]
    async fn start(&self, ctx: &Context) {
        let (node, pongs) = (ctx.clone(), self.pongs.clone());
        ctx.spawn(async move {
            if let Err(error) = ping(&node, &pongs).await {
                tracing::warn!(%error, node = node.node_name(), "no more pings");
            }
        });
    }

    /// Answers the gateway.
    #[topic("ping")]
    pub async fn answer(&self) -> String {
        "pong".to_owned()
    }

    /// Takes the answer to a message `ping`.
    #[topic("pong")]
    pub async fn pong(&self) {
        self.pongs.fetch_add(1, Relaxed);
    }
}

async fn ping(ctx: &Context, pongs: &AtomicU64) -> Result<()> {
    let own = ctx.node().endpoints().into_iter().next();
    let own = own.ok_or_else(|| Error::message("it listens nowhere"))?;
    let gateway = GatewayClient::new(ctx).wait_for_provider(PATIENCE);
    gateway.announce(own).await?;
    let mut ticks = tokio::time::interval(PAUSE);
    loop {
        ticks.tick().await;
        gateway.ping(pongs.load(Relaxed)).await?;
    }
}
