#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move", oneway, request)]
    async fn play(&self) {}
}

fn main() {}
