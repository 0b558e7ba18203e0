#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("grid")]
    async fn grid(&self) {}

    #[command("clear")]
    async fn clear(&self) {}
}

fn main() {}
