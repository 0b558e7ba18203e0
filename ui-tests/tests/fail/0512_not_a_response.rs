#[derive(systemge::Application)]
struct Life;

struct Cell;

#[systemge::http]
impl Life {
    #[get("/cell")]
    async fn cell(&self) -> Cell {
        Cell
    }
}

fn main() {}
