#[derive(systemge::Application)]
struct Gateway;

struct Grid;

#[systemge::websocket]
impl Gateway {
    #[push("grid")]
    fn grid(grid: &Grid);
}

fn main() {}
