#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(&self, context: systemge::Context) {
        let _ = context;
    }
}

fn main() {}
