use systemge::prelude::*;

#[derive(systemge::Application, Default)]
struct Life;

#[systemge::commands]
impl Life {
    #[command("clear")]
    async fn clear(&self, ctx: Context) {}
}

fn main() {}
