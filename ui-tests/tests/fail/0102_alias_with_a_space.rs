#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("count", alias = "how many")]
    async fn count(&self) -> u64 {
        1
    }
}

fn main() {}
