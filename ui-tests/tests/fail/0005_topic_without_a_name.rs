#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic]
    async fn set_grid(&self) {}
}

fn main() {}
