//! The node that knows the grid.

use systemge::client::SendError;
use systemge::prelude::*;

use crate::gateway::GatewayClient;
use crate::grid::{Cell, Grid, GridError, Snapshot};

/// The node that knows the grid.
#[derive(systemge::Application, Debug, Default)]
pub struct Life {
    grid: Grid,
}

/// Why a message was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum LifeError {
    /// The grid can't take it.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The gateway can't be told.
    #[error(transparent)]
    Send(#[from] SendError),
}

#[systemge::node]
impl Life {
    /// The whole grid.
    #[topic("getGrid")]
    pub async fn grid(&self) -> Snapshot {
        self.grid.snapshot()
    }

    /// Sets one cell.
    #[topic("gridChange", oneway)]
    pub async fn change(&mut self, cell: Cell, ctx: &Context) -> Result<(), LifeError> {
        self.grid.set(cell)?;
        GatewayClient::new(ctx).propagate_change(cell).await?;
        Ok(())
    }

    /// Goes on by one generation.
    #[topic("nextGeneration", oneway)]
    pub async fn advance(&mut self, ctx: &Context) -> Result<(), LifeError> {
        self.grid.advance();
        self.propagate(ctx).await
    }

    /// Sets all cells, from one digit for each.
    #[topic("setGrid", oneway)]
    pub async fn set(&mut self, cells: String, ctx: &Context) -> Result<(), LifeError> {
        self.grid.replace(&cells)?;
        self.propagate(ctx).await
    }
}

#[systemge::commands]
impl Life {
    /// Fills the grid at random; so many percent of the cells live (30 if left out).
    #[command("randomize")]
    async fn randomize(&mut self, percent: Option<u8>, ctx: &Context) -> Result<String> {
        let percent = percent.unwrap_or(30);
        if percent > 100 {
            return Err(Error::message(format!("{percent} is more than 100 percent")));
        }
        self.grid.randomize(percent);
        self.propagate(ctx).await?;
        Ok(format!("{percent} percent of the cells live"))
    }

    /// Makes the living dead, and the dead alive.
    #[command("invert")]
    async fn invert(&mut self, ctx: &Context) -> Result<()> {
        self.grid.invert();
        Ok(self.propagate(ctx).await?)
    }

    /// Makes every other cell live, as on a chess board.
    #[command("chess")]
    async fn chess(&mut self, ctx: &Context) -> Result<()> {
        self.grid.chess();
        Ok(self.propagate(ctx).await?)
    }

    /// Joins the edges of the grid, or parts them.
    #[command("toggleToroidal")]
    async fn toggle_toroidal(&mut self) -> &'static str {
        if self.grid.toggle_toroidal() { "the edges are joined" } else { "the edges are apart" }
    }
}

impl Life {
    /// Shows the grid to the gateway, and so to every browser.
    async fn propagate(&self, ctx: &Context) -> Result<(), LifeError> {
        GatewayClient::new(ctx).propagate_grid(self.grid.snapshot()).await?;
        Ok(())
    }
}
