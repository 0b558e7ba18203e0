#[derive(systemge::Application)]
struct Life;

#[systemge::node]
impl Life {
    #[topic("movemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemovemove")]
    async fn play(&self) {}
}

fn main() {}
