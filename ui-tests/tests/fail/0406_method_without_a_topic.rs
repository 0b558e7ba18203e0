#[systemge::contract]
pub trait Game {
    async fn play_again(&self, from: u8, to: u8);
}

fn main() {}
