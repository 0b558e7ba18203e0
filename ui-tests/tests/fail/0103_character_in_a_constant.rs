#[derive(systemge::Application)]
struct Life;

const NAME: &str = "make move";

#[systemge::node]
impl Life {
    #[topic(NAME)]
    async fn play(&self) {}
}

fn main() {}
