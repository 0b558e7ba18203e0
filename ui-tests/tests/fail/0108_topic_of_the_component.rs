#[derive(systemge::Application)]
struct Life;

#[systemge::websocket]
impl Life {
    #[topic("heartbeat")]
    async fn beat(&self) {}
}

fn main() {}
