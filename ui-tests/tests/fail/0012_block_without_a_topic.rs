#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    async fn play(&self) {}
}

fn main() {}
