#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move", spawn, spawn)]
    async fn play(&self) {}
}

fn main() {}
