#[derive(systemge::Application)]
struct Life;

struct Grid;

#[systemge::commands]
impl Life {
    #[command("grid")]
    fn grid(&self) -> Grid {
        Grid
    }
}

fn main() {}
