use systemge::prelude::*;

pub struct Move {
    pub to: u8,
}

#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(&self, mv: Move) {
        drop(mv);
    }

    #[topic("undo")]
    async fn undo(&self, mv: Move) -> bool {
        mv.to > 0
    }
}

async fn ask(ctx: &Context) -> Result<()> {
    let life = LifeClient::new(ctx);
    life.play(Move { to: 1 }).await?;
    let undone: bool = life.undo(Move { to: 1 }).timeout(std::time::Duration::from_secs(1)).await?;
    for outcome in life.undo(Move { to: 1 }).all().await? {
        println!("{undone} {:?}", outcome.result);
    }
    Ok(())
}

fn main() {
    let _ = ask;
}
