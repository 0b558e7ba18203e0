use systemge::prelude::*;

#[derive(Clone)]
pub struct GameId(u64);

#[systemge::contract(key(game: GameId))]
pub trait Game {
    #[topic("game/{game}/move")]
    async fn play(&self, from: u8, to: u8);
}

#[derive(systemge::Application)]
#[application(handles(Game))]
struct Chess {
    #[key]
    game: GameId,
}

#[systemge::node]
impl Game for Chess {
    async fn play(&self, _from: u8, _to: u8) {}
}

async fn ask(ctx: &Context) {
    let _ = GameClient::new(ctx).game(&GameId(7)).play(1, 2).await;
}

fn main() {
    let _ = ask;
}
