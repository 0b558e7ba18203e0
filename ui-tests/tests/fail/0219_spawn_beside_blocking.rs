#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("count", blocking, spawn)]
    fn count(&self) -> u64 {
        1
    }
}

fn main() {}
