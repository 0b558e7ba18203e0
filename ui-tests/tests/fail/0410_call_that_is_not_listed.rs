use systemge::Context;

#[systemge::contract]
pub trait Lobby {
    #[topic("open")]
    async fn open(&self) -> Vec<String>;
}

#[derive(systemge::Application)]
struct Chess;

#[systemge::node]
impl Chess {
    #[topic("ask")]
    async fn ask(&self, ctx: &Context<Self>) {
        let _ = LobbyClient::new(ctx).open().await;
    }
}

fn main() {}
