use std::task::Context;

#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("clear")]
    async fn clear(&self, ctx: &Context) {
        let _ = ctx;
    }
}

fn main() {}
