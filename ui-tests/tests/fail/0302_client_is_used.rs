use systemge::prelude::*;

pub struct Grid {
    pub cells: String,
}

#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("grid")]
    async fn grid(&self) -> Grid {
        Grid { cells: String::new() }
    }

    #[topic("last")]
    async fn last(&self) -> Grid {
        self.grid().await
    }
}

async fn ask(ctx: &Context) -> Result<()> {
    let life = LifeClient::new(ctx).to("life-2");
    println!("{} {}", life.grid().await?.cells, life.last().await?.cells);
    match life.grid().await {
        Ok(grid) => println!("{}", grid.cells),
        Err(error) => println!("{error}"),
    }
    Ok(())
}

fn main() {
    let _ = ask;
}
