#[derive(systemge::Application)]
struct Gateway;

#[systemge::websocket]
impl Gateway {
    #[push("grid")]
    fn grid(client: &WsClient, grid: Vec<bool>);
}

fn main() {}
