#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(&self, moves: Vec<()>) {
        let _ = moves;
    }
}

fn main() {}
