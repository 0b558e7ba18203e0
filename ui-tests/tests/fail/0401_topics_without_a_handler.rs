#[systemge::contract]
pub trait Game {
    #[topic("move")]
    async fn play(&self, from: u8, to: u8) -> Result<Option<u8>, String>;

    #[topic("resign")]
    async fn resign(&self, player: String);

    #[topic("score")]
    fn score(&self) -> Vec<u8>;
}

#[derive(systemge::Application)]
#[application(handles(Game))]
struct Chess;

#[systemge::node]
impl Game for Chess {
    async fn resign(&self, _player: String) {}
}

fn main() {}
