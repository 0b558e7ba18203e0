use systemge::prelude::*;

#[derive(systemge::Application, Default)]
struct Life;

#[systemge::websocket]
impl Life {
    #[on_connect]
    async fn joined(&self, client: WsClient) {}
}

fn main() {}
