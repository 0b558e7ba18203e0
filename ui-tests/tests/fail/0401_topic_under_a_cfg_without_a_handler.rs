#[systemge::contract]
pub trait Game {
    #[cfg(not(any()))]
    #[topic("move")]
    async fn play(&self, from: u8, to: u8);

    #[cfg(any())]
    #[topic("castle")]
    async fn castle(&self);

    #[topic("resign")]
    async fn resign(&self, player: String);
}

#[derive(systemge::Application)]
#[application(handles(Game))]
struct Chess;

#[systemge::node]
impl Game for Chess {
    async fn resign(&self, _player: String) {}
}

fn main() {}
