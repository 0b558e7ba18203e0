#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[cfg_attr(all(), topic("move"))]
    async fn play(&self) {}

    #[topic("other")]
    async fn other(&self) {}
}

fn main() {}
