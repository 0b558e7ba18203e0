#[systemge::contract]
pub trait Game {
    #[topic("move")]
    async fn play(&self, _from: u8, _to: u8) {}
}

fn main() {}
