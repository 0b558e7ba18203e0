use systemge::prelude::*;

#[systemge::payload]
#[derive(Clone)]
struct Grid {
    cells: Vec<bool>,
}

#[derive(systemge::Application)]
struct Life {
    grid: Grid,
}

#[systemge::node]
impl Life {
    #[topic("getGrid")]
    async fn grid(&self) -> Grid {
        1
    }

    #[topic("setGrid")]
    async fn set(&mut self, grid: Grid) {
        self.grid = grid;
    }
}

// whoever uses the client and the node has nothing to say
async fn ask(ctx: &Context) -> Result<()> {
    let life = LifeClient::new(ctx);
    life.set(Grid { cells: Vec::new() }).await?;
    let _: Grid = life.to("life").grid().await?;
    Ok(())
}

fn main() {
    let _ = ask;
    let _ = System::new().node("life", Life { grid: Grid { cells: Vec::new() } });
}
