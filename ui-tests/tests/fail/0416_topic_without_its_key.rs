use systemge::prelude::*;

#[systemge::contract(key(game: u64))]
pub trait Game {
    #[topic("game/{game}/move")]
    async fn play(&self, from: u8, to: u8);
}

async fn ask(ctx: &Context) {
    let _ = GameClient::new(ctx).play(1, 2).await;
}

fn main() {
    let _ = ask;
}
