#[systemge::contract]
pub trait Game<T> {
    #[topic("move")]
    async fn play(&self, from: u8, to: u8);
}

fn main() {}
