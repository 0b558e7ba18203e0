#[systemge::contract]
pub trait Game {
    #[topic("move")]
    async fn play(&self, from: u8, to: u8) -> bool;

    #[topic("move")]
    async fn r#move(&self, from: u8, to: u8) -> bool;
}

fn main() {}
