#[derive(systemge::Application)]
struct Gateway;

#[systemge::websocket]
impl Gateway {
    #[push("grid")]
    fn grid(_grid: Vec<bool>) {}
}

fn main() {}
