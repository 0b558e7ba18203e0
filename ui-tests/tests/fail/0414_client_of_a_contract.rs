#[systemge::contract]
pub trait Game {
    #[topic("move")]
    async fn play(&self, from: u8, to: u8);
}

struct Player;

async fn ask(player: &Player) {
    let _ = GameClient::new(player).play(1, 2).await;
}

fn main() {
    let _ = ask;
}
