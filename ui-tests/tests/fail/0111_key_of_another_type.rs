#[systemge::contract(key(game: u32))]
pub trait Game {
    #[topic("game/{game}/move")]
    async fn play(&self, from: u8, to: u8);
}

#[derive(systemge::Application)]
#[application(handles(Game))]
struct Chess {
    #[key]
    game: u64,
}

#[systemge::node]
impl Game for Chess {
    async fn play(&self, _from: u8, _to: u8) {}
}

fn main() {}
