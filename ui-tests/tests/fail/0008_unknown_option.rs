#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move", onway)]
    async fn play(&self) {}
}

fn main() {}
