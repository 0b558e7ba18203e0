#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("new")]
    async fn new(&self) {}
}

fn main() {}
