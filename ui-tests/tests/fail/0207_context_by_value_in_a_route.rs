use systemge::prelude::*;

#[derive(systemge::Application, Default)]
struct Life;

#[systemge::http]
impl Life {
    #[get("/name")]
    async fn name(&self, ctx: Context) -> String {
        ctx.node_name().to_owned()
    }
}

fn main() {}
