#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("total")]
    fn total(&self) -> impl Future<Output = u64> {
        std::future::ready(1)
    }
}

fn main() {}
