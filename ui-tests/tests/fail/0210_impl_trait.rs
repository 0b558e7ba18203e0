#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(&self, square: impl ToString) {
        let _ = square.to_string();
    }
}

fn main() {}
