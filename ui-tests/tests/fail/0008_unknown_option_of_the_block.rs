#[derive(systemge::Application)]
struct Life;

#[systemge::node(cleint = LifeCaller)]
impl Life {
    #[topic("move")]
    async fn play(&self) {}
}

fn main() {}
