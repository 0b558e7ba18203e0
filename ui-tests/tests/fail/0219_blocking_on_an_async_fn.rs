#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("count", blocking)]
    async fn count(&self) -> u64 {
        1
    }
}

fn main() {}
