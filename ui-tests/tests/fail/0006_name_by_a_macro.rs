#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic(concat!("game", "/move"))]
    async fn play(&self) {}
}

fn main() {}
