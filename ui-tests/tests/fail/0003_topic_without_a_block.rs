#[derive(systemge::Application)]
struct Life;

impl Life {
    #[systemge::topic("grid")]
    async fn grid(&self) {}
}

fn main() {
    let _ = Life::grid;
}
