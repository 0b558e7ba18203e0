#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(&self) {}

    #[topic("move")]
    async fn play_again(&self) {}
}

fn main() {}
