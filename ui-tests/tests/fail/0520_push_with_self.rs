#[derive(systemge::Application)]
struct Gateway;

#[systemge::websocket]
impl Gateway {
    #[push("grid")]
    fn grid(&self, grid: Vec<bool>);
}

fn main() {}
