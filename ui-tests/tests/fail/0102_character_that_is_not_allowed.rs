#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("make move")]
    async fn play(&self) {}
}

fn main() {}
