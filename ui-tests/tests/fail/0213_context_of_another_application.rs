use systemge::prelude::*;

#[derive(systemge::Application)]
struct Chess;

#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("clear")]
    async fn clear(&self, ctx: &Context<Chess>) {
        drop(ctx.clone());
    }
}

fn main() {}
