#[derive(systemge::Application)]
struct Life;

#[systemge::node(client = "LifeCaller")]
impl Life {
    #[topic("move")]
    async fn play(&self) {}
}

fn main() {}
