#[derive(systemge::Application)]
struct Life;

const NAME: &str = "move";

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(&self) {}

    #[topic(NAME)]
    async fn play_again(&self) {}
}

fn main() {}
