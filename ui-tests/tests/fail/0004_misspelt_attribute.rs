#[derive(systemge::Application, Default)]
struct Life;

#[systemge::node]
impl Life {
    #[topik("move")]
    async fn play(&self) {}
}

fn main() {}
