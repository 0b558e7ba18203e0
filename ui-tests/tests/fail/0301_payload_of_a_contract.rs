pub struct Move;

#[systemge::contract]
pub trait Game {
    #[topic("move")]
    async fn play(&self, mv: Move) -> bool;
}

#[derive(systemge::Application)]
#[application(handles(Game))]
struct Chess;

#[systemge::node]
impl Game for Chess {
    async fn play(&self, _mv: Move) -> bool {
        true
    }
}

fn main() {}
