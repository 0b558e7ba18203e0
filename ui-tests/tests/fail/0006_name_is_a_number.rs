#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic(5)]
    async fn play(&self) {}
}

fn main() {}
