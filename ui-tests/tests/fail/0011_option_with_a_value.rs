#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move", spawn = true)]
    async fn play(&self) {}
}

fn main() {}
