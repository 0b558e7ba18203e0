#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move", "play")]
    async fn play(&self) {}
}

fn main() {}
