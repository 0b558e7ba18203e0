#[systemge::contract]
pub trait Game {
    #[topic("move")]
    async fn play(&mut self, from: u8, to: u8);
}

fn main() {}
