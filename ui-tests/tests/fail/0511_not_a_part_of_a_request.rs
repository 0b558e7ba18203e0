#[derive(systemge::Application)]
struct Life;

struct Cell;

#[systemge::http]
impl Life {
    #[post("/cell")]
    async fn cell(&self, cell: Cell) {
        let _ = cell;
    }
}

fn main() {}
