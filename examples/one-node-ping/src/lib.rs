//! The smallest system: one node that is connected to itself, and sends itself a `PING` for every browser that comes.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use systemge::client::SendError;
use systemge::prelude::*;

/// The node.
#[derive(systemge::Application, Debug, Default)]
pub struct PingNode {
    pongs: AtomicU64,
}

#[systemge::node]
impl PingNode {
    /// Answers a `PING` with a `PONG`.
    #[topic("PING", oneway)]
    pub async fn ping(&self, ctx: &Context) -> Result<(), SendError> {
        PingNodeClient::new(ctx).pong().await.map(drop)
    }

    /// Shows every browser that a `PONG` has come, and the how manyth it is.
    #[topic("PONG")]
    pub async fn pong(&self, ctx: &Context<Self>) {
        let count = self.pongs.fetch_add(1, Relaxed) + 1;
        ctx.websocket().pong(count).to_all();
    }
}

#[systemge::websocket]
impl PingNode {
    /// The browser is connected.
    #[push("welcome")]
    fn welcome(text: &str);

    /// A `PONG` has come, the how manyth it is.
    #[push("PONG")]
    fn pong(count: u64);

    #[on_connect]
    async fn joined(&self, client: &WsClient, ctx: &Context) -> Result<()> {
        ctx.websocket().welcome("").to(client);
        ping(ctx).await
    }

    /// A browser wants another one.
    #[topic("PING")]
    async fn again(&self, ctx: &Context) -> Result<()> {
        ping(ctx).await
    }
}

async fn ping(ctx: &Context) -> Result<()> {
    match PingNodeClient::new(ctx).ping().await? {
        0 => Err(Error::message("the node is not connected to itself yet; try again in a moment")),
        _ => Ok(()),
    }
}

/// The page.
#[systemge::http(
    folder("/", concat!(env!("CARGO_MANIFEST_DIR"), "/page")),
    folder("/kit", concat!(env!("CARGO_MANIFEST_DIR"), "/../kit"))
)]
impl PingNode {}
