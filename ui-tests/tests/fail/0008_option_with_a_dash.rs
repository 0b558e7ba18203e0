#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move", one-way)]
    async fn play(&self) {}
}

fn main() {}
