#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move", oneway)]
    async fn play(&self) -> u8 {
        1
    }
}

fn main() {}
