// where a trait is no contract, the compiler says that there is no macro of its name, and nothing else

use systemge::prelude::*;

trait Game {}

#[derive(systemge::Application)]
struct Chess;

#[systemge::node]
impl Game for Chess {
    async fn play(&self, from: u8) {}
}

#[systemge::node]
impl Chess {
    #[topic("other")]
    async fn other(&self) {}
}

fn call(ctx: &Context) {
    let _ = ChessClient::new(ctx).other();
}

fn main() {}
