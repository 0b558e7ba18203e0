#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(&self, square: &str) {
        let _ = square;
    }
}

fn main() {}
