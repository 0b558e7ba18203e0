#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("move")]
    async fn play(&self, _: u8) {}
}

fn main() {}
