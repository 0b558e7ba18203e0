#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(&self) -> &str {
        "e4"
    }
}

fn main() {}
