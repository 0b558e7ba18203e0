#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(&self, first: &systemge::Context, second: &systemge::Context) {
        let _ = (first, second);
    }
}

fn main() {}
