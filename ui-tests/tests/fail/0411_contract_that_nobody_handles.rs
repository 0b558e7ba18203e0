#[systemge::contract]
pub trait Lobby {
    #[topic("open")]
    async fn open(&self) -> Vec<String>;
}

#[derive(systemge::Application)]
#[application(calls(Lobby))]
struct Player;

systemge::system! {
    pub CHESS = [Player];
}

fn main() {}
