#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("")]
    async fn play(&self) {}
}

fn main() {}
