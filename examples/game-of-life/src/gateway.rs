//! The node that speaks with the browsers.

use systemge::prelude::*;

use crate::grid::{Cell, Grid, Snapshot};
use crate::life::LifeClient;

/// The node that speaks with the browsers.
#[derive(systemge::Application, Debug, Default)]
pub struct Gateway {}

/// What `life` tells.
#[systemge::node]
impl Gateway {
    /// Shows the grid to every browser.
    #[topic("propagateGrid")]
    pub async fn propagate_grid(&self, grid: Snapshot, ctx: &Context<Self>) {
        ctx.websocket().propagate_grid(&grid).to_all();
    }

    /// Shows a cell to every browser.
    #[topic("propagateGridChange")]
    pub async fn propagate_change(&self, cell: Cell, ctx: &Context<Self>) {
        ctx.websocket().propagate_change(cell).to_all();
    }
}

/// What browsers are told, and what they tell. What can't be done is said to the browser that wanted it.
#[systemge::websocket]
impl Gateway {
    /// The grid, for a browser that has just come.
    #[push("getGrid")]
    fn show_grid(grid: &Snapshot);

    /// The grid after a change of all of it.
    #[push("propagateGrid")]
    fn propagate_grid(grid: &Snapshot);

    /// One cell that has changed.
    #[push("propagateGridChange")]
    fn propagate_change(cell: Cell);

    #[on_connect]
    async fn joined(&self, client: &WsClient, ctx: &Context<Self>) -> Result<()> {
        let grid = LifeClient::new(ctx).grid().await?;
        ctx.websocket().show_grid(&grid).to(client);
        Ok(())
    }

    #[topic("gridChange")]
    async fn change(&self, cell: Cell, ctx: &Context) -> Result<()> {
        cell.check()?;
        reached(LifeClient::new(ctx).change(cell).await?)
    }

    #[topic("nextGeneration")]
    async fn advance(&self, ctx: &Context) -> Result<()> {
        reached(LifeClient::new(ctx).advance().await?)
    }

    #[topic("setGrid")]
    async fn set(&self, cells: String, ctx: &Context) -> Result<()> {
        Grid::parse(&cells)?;
        reached(LifeClient::new(ctx).set(cells).await?)
    }
}

/// The page.
#[systemge::http(
    folder("/", concat!(env!("CARGO_MANIFEST_DIR"), "/page")),
    folder("/kit", concat!(env!("CARGO_MANIFEST_DIR"), "/../kit"))
)]
impl Gateway {}

/// Says so if a message reached nobody.
fn reached(nodes: usize) -> Result<()> {
    if nodes == 0 { Err(Error::message("the game is not connected; try again in a moment")) } else { Ok(()) }
}
