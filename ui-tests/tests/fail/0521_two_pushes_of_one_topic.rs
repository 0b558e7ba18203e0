use systemge::prelude::*;

#[derive(systemge::Application)]
struct Gateway;

#[systemge::websocket]
impl Gateway {
    #[push("grid")]
    fn grid(grid: Vec<bool>);

    #[push("grid")]
    fn cells(cells: String);

    #[on_connect]
    fn joined(&self, ctx: &Context) {
        ctx.websocket().cells("uses make no noise".to_owned()).to_all();
    }
}

fn main() {}
