#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("count", timeout = "250ms")]
    fn count(&self) -> u64 {
        1
    }
}

fn main() {}
