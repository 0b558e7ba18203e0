#[derive(systemge::Application)]
struct Gateway;

#[systemge::websocket]
impl Gateway {
    #[push("grid")]
    async fn grid(grid: Vec<bool>);
}

fn main() {}
