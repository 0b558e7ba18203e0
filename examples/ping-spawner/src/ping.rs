//! The node of a browser.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use systemge::prelude::*;
use tokio::sync::Notify;

use crate::gateway::GatewayClient;

/// How often a node sends `ping`.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a node waits for the gateway.
const PATIENCE: Duration = Duration::from_secs(60);

/// The node of a browser.
#[derive(systemge::Application, Debug, Default)]
pub struct PingNode {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Told when the gateway has dialled the node, and asked it.
    asked: Notify,
    pongs: AtomicU64,
}

#[systemge::node]
impl PingNode {
    /// Announces itself to the gateway, and sends it `ping` once it was asked.
    #[on_start]
    async fn start(&self, ctx: &Context) {
        let (node, state) = (ctx.clone(), self.state.clone());
        ctx.spawn(async move {
            if let Err(error) = ping(&node, &state).await {
                tracing::warn!(%error, node = node.node_name(), "no more pings");
            }
        });
    }

    /// Answers the gateway.
    #[topic("ping")]
    pub async fn answer(&self) -> String {
        self.state.asked.notify_one();
        "pong".to_owned()
    }

    /// Takes the answer to a message `ping`.
    #[topic("pong")]
    pub async fn pong(&self) {
        self.state.pongs.fetch_add(1, Relaxed);
    }
}

async fn ping(ctx: &Context, state: &State) -> Result<()> {
    let own = ctx.node().endpoints().into_iter().next();
    let own = own.ok_or_else(|| Error::message("it listens nowhere"))?;
    let gateway = GatewayClient::new(ctx).wait_for_provider(PATIENCE);
    gateway.announce(own).await?;
    tokio::time::timeout(PATIENCE, state.asked.notified()).await?;
    let mut ticks = tokio::time::interval(PAUSE);
    loop {
        ticks.tick().await;
        gateway.ping(state.pongs.load(Relaxed)).await?;
    }
}
