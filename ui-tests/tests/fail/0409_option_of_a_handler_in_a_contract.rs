#[systemge::contract]
pub trait Game {
    #[topic("move", spawn)]
    async fn play(&self, from: u8, to: u8);
}

fn main() {}
