#[systemge::contract]
pub trait Game {
    #[topic("move")]
    async fn play(&self, from: u8, to: u8);
}

#[derive(systemge::Application)]
#[application(calls(GameClient))]
struct Player;

fn main() {}
