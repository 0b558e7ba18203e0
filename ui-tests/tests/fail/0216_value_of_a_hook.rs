#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[on_start]
    async fn start(&mut self) -> u64 {
        7
    }
}

fn main() {}
