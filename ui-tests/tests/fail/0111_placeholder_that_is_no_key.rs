#[systemge::contract(key(game: u32))]
pub trait Game {
    #[topic("game/{gmae}/move")]
    async fn play(&self, from: u8, to: u8);
}

fn main() {}
