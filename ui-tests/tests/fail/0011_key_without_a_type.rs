#[systemge::contract(key(game))]
pub trait Game {
    #[topic("move")]
    async fn play(&self, from: u8, to: u8);
}

fn main() {}
