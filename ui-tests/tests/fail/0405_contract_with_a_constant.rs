#[systemge::contract]
pub trait Game {
    const LIMIT: u8;

    #[topic("move")]
    async fn play(&self, from: u8, to: u8);
}

fn main() {}
