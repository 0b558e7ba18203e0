#[systemge::contract]
pub trait Game {
    #[topic("move")]
    async fn play(&self, mv: Mvoe) -> bool;

    #[topic("resign")]
    async fn resign(&self);
}

#[derive(systemge::Application)]
#[application(handles(Game))]
struct Chess;

#[systemge::node]
impl Game for Chess {
    async fn play(&self, mv: Move) -> bool {
        mv.0 == 1
    }

    async fn resign(&self) {}
}

#[systemge::payload]
struct Move(u8);

fn call(ctx: &systemge::Context) {
    let _ = GameClient::new(ctx).resign();
}

fn main() {}
