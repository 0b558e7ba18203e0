use systemge::prelude::*;

#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[on_start]
    async fn start(&self, ctx: Context) {}
}

fn main() {}
