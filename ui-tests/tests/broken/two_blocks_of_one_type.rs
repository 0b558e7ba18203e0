#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("clear")]
    async fn clear(&self) {}
}

#[systemge::node]
impl Life {
    #[topic("total")]
    async fn total(&self) -> u64 {
        1
    }
}

fn main() {}
