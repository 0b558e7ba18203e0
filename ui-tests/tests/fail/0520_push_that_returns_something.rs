#[derive(systemge::Application)]
struct Gateway;

#[systemge::websocket]
impl Gateway {
    #[push("grid")]
    fn grid(grid: Vec<bool>) -> usize;
}

fn main() {}
