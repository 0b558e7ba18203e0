//! The program of the design page: payload, node, client, commands.
#![deny(warnings)]

use std::fmt;
use systemge::prelude::*;

#[systemge::payload]
#[derive(Clone, Debug, Default)]
struct Grid {
    rows: Vec<Vec<bool>>,
}

#[systemge::payload]
#[derive(Debug)]
enum GridError {
    TooLarge { limit: u32 },
}

impl fmt::Display for GridError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::TooLarge { limit } = self;
        write!(f, "more than {limit} cells")
    }
}

#[derive(systemge::Application, Default)]
struct Life {
    grid: Grid,
}

#[systemge::node]
impl Life {
    /// The whole grid.
    #[topic("getGrid")]
    async fn grid(&self) -> Grid {
        self.grid.clone()
    }

    #[topic("setGrid", oneway)]
    async fn set(&mut self, cells: String, ctx: &Context) -> Result<(), GridError> {
        let _ = (cells, ctx);
        Err(GridError::TooLarge { limit: 3 })
    }

    #[topic("check", spawn)]
    fn check(&self, ctx: &Context<Self>, row: u32, column: u32) -> std::result::Result<bool, GridError> {
        let _ = ctx;
        Ok(row == column)
    }

    #[topic("ready", request)]
    async fn ready(&self) {}

    #[on_start]
    async fn start(&mut self, ctx: &Context) -> Result<()> {
        let _ = ctx;
        Ok(())
    }

    #[on_stop]
    async fn stop(&mut self) {}
}

#[systemge::commands]
impl Life {
    /// Fills the grid at random.
    #[command("randomize")]
    async fn randomize(&mut self, percent_alive: Option<u8>) -> Result<String> {
        Ok(format!("{percent_alive:?}"))
    }

    #[command("clear")]
    fn clear(&mut self, ctx: &Context, rows: u8, names: Vec<String>) {
        let _ = (ctx, rows, names);
        self.grid.rows.clear();
    }
}

#[allow(dead_code)]
fn call(ctx: &Context) {
    let client = LifeClient::new(ctx).to("life-2").any();
    let _ = client.grid();
    let _ = client.set("101".to_owned());
    let _ = client.check(1, 2);
    let _ = client.clone().ready();
}

fn create() {
    let life = Life::default();
    let _ = life.grid;
}
