#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move", "oneway")]
    async fn play(&self) {}
}

fn main() {}
