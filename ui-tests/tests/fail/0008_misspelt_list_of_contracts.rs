#[systemge::contract]
pub trait Game {
    #[topic("move")]
    async fn play(&self, from: u8, to: u8);
}

#[derive(systemge::Application)]
#[application(handle(Game))]
struct Chess;

#[systemge::node]
impl Game for Chess {
    async fn play(&self, _from: u8, _to: u8) {}
}

fn main() {}
