use systemge::prelude::*;

#[derive(systemge::Application)]
struct Gateway;

#[systemge::websocket]
impl Gateway {
    #[push("propagateGrid")]
    fn propagate_grid(grid: Vec<bool>);

    #[on_connect]
    async fn joined(&self, ctx: &Context<Self>) {
        ctx.websocket().propagate_gird(vec![true]).to_all();
    }
}

fn main() {}
