#[derive(systemge::Application)]
struct Life;

struct Grid;

#[systemge::node]
impl Life {
    #[topic("grid")]
    async fn grid(&self) -> Grid {
        Grid
    }
}

fn main() {}
