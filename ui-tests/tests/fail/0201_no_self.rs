#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(square: u8) {
        let _ = square;
    }
}

fn main() {}
