//! The node that speaks with the browsers: it has a node made for each.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use systemge::client::RequestError;
use systemge::config::Endpoint;
use systemge::prelude::*;
use systemge::spawner::{Child, SpawnError, SpawnerClient};
use systemge::websocket::ClientId;

use crate::ping::PingNodeClient;

/// The node that speaks with the browsers.
#[derive(systemge::Application, Debug, Default)]
pub struct Gateway {
    /// The browsers that have a node, and where it is once it is dialled.
    nodes: Mutex<HashMap<ClientId, Option<Endpoint>>>,
}

#[systemge::node]
impl Gateway {
    /// The node of a browser says where it listens: it is dialled, and asked.
    #[topic("announce", oneway)]
    pub async fn announce(&self, endpoint: Endpoint, ctx: &Context<Self>) -> Result<()> {
        let (client, name) = sender(ctx)?;
        match self.nodes().get_mut(&client) {
            Some(place) => *place = Some(endpoint.clone()),
            None => return Err(Error::message(format!("`{name}` belongs to no browser that is here"))),
        }
        ctx.connect(endpoint.clone()).await?;
        ctx.websocket().dialled(&endpoint.to_string()).to(client);
        let answer = PingNodeClient::new(ctx).to(name).answer().await?;
        ctx.websocket().answered(&answer).to(client);
        Ok(())
    }

    /// Answers the node of a browser, which says how many answers it has had.
    #[topic("ping", oneway)]
    pub async fn ping(&self, pongs: u64, ctx: &Context<Self>) -> Result<()> {
        let (client, name) = sender(ctx)?;
        ctx.websocket().pinged(pongs).to(client);
        PingNodeClient::new(ctx).to(name).pong().await?;
        Ok(())
    }
}

/// Whose node has sent that: its browser, and its name, which it has proved by its certificate.
fn sender(ctx: &Context<Gateway>) -> Result<(ClientId, String)> {
    let name = ctx.sender().unwrap_or_default();
    let client = name.strip_prefix(PREFIX).and_then(|id| id.parse().ok());
    let client = client.ok_or_else(|| Error::message(format!("`{name}` is the node of no browser")))?;
    Ok((client, name.to_owned()))
}

/// What the names of the nodes begin with; the id of the browser follows.
const PREFIX: &str = "ping-";

#[systemge::websocket]
impl Gateway {
    /// The browser is connected.
    #[push("welcome")]
    fn welcome(text: &str);

    /// Its node is there; it has this name.
    #[push("spawned")]
    fn spawned(name: &str);

    /// Its node has announced itself, and is dialled here.
    #[push("dialled")]
    fn dialled(endpoint: &str);

    /// What its node has answered to `ping`.
    #[push("answered")]
    fn answered(text: &str);

    /// Its node has sent `ping`, after so many `pong`.
    #[push("ping")]
    fn pinged(pongs: u64);

    /// So many browsers have nodes.
    #[push("nodes")]
    fn nodes_are(count: usize);

    #[on_connect]
    async fn joined(&self, client: &WsClient, ctx: &Context<Self>) -> Result<()> {
        ctx.websocket().welcome("").to(client);
        let count = self.change(|nodes| drop(nodes.insert(client.id(), None)));
        ctx.websocket().nodes_are(count).to_all();
        let child = Child::new("ping", format!("{PREFIX}{}", client.id()));
        let node = SpawnerClient::new(ctx).spawn_and_start(child).await?;
        ctx.websocket().spawned(&node.name).to(client);
        Ok(())
    }

    #[on_disconnect]
    async fn left(&self, client: &WsClient, ctx: &Context<Self>) {
        let mut endpoint = None;
        let count = self.change(|nodes| endpoint = nodes.remove(&client.id()).flatten());
        ctx.websocket().nodes_are(count).to_all();
        if let Some(endpoint) = endpoint {
            ctx.disconnect(&endpoint);
        }
        let name = format!("{PREFIX}{}", client.id());
        match SpawnerClient::new(ctx).stop_and_remove(name).await {
            // one that could not be made is not there
            Ok(()) | Err(RequestError::Handler(SpawnError::UnknownChild { .. })) => {}
            Err(error) => tracing::warn!(%error, client = %client.id(), "its node can't be removed"),
        }
    }
}

impl Gateway {
    fn nodes(&self) -> MutexGuard<'_, HashMap<ClientId, Option<Endpoint>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the nodes; returns how many there are then.
    fn change(&self, change: impl FnOnce(&mut HashMap<ClientId, Option<Endpoint>>)) -> usize {
        let mut nodes = self.nodes();
        change(&mut nodes);
        nodes.len()
    }
}

/// The page.
#[systemge::http(
    folder("/", concat!(env!("CARGO_MANIFEST_DIR"), "/page")),
    folder("/kit", concat!(env!("CARGO_MANIFEST_DIR"), "/../kit"))
)]
impl Gateway {}
