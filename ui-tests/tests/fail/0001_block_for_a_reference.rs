#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl &Life {
    #[topic("move")]
    async fn play(&self) {}
}

fn main() {}
