#[derive(systemge::Application)]
struct Life;

struct Move;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(&self, mv: Move) {
        let _ = mv;
    }
}

fn main() {}
