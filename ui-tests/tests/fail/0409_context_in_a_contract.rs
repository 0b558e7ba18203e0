use systemge::Context;

#[systemge::contract]
pub trait Game {
    #[topic("move")]
    async fn play(&self, from: u8, to: u8, ctx: &Context);
}

fn main() {}
