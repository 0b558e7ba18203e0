#[systemge::contract(keys(game: u64))]
pub trait Game {
    #[topic("game/{game}/move")]
    async fn play(&self, from: u8, to: u8);
}

fn main() {}
