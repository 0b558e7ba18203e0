#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[on_start]
    async fn first(&self) {}

    #[on_start]
    async fn second(&self) {}
}

fn main() {}
