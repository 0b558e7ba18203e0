#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("systemge.move")]
    async fn play(&self) {}
}

fn main() {}
