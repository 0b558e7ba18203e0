#[systemge::contract]
pub trait Game {
    #[topic("move")]
    async fn play(&self, from: u8, to: u8) -> Result<u8, String>;
}

#[derive(systemge::Application)]
#[application(handles(Game))]
struct Chess;

#[systemge::node]
impl Game for Chess {
    async fn play(&mut self, from: u8, _ctx: &systemge::Context) -> Result<u8, String> {
        Ok(from)
    }
}

fn main() {}
