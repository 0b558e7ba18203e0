use systemge::prelude::*;

pub struct Square(u8);

#[systemge::payload]
pub struct Move {
    from: Square,
    to: Square,
}

#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(&self, mv: Move) -> Move {
        mv
    }
}

async fn ask(ctx: &Context) {
    let _ = LifeClient::new(ctx).play(Move { from: Square(1), to: Square(2) }).await;
}

fn main() {
    let _ = ask;
}
