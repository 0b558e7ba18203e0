use systemge::prelude::*;

pub struct Grid;

#[derive(systemge::Application, Default)]
struct Life;

#[systemge::websocket]
impl Life {
    #[push("grid")]
    fn shown(grid: Grid);

    #[on_connect]
    async fn joined(&self, client: &WsClient, ctx: &Context<Self>) {
        ctx.websocket().shown(Grid).to(client);
    }
}

fn main() {}
