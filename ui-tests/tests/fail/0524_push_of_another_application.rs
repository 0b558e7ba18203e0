use systemge::prelude::*;

#[derive(systemge::Application)]
struct Gateway;

#[derive(systemge::Application)]
struct Other;

#[systemge::websocket]
impl Other {
    #[push("secret")]
    fn secret(text: &str);
}

#[systemge::websocket]
impl Gateway {
    #[on_connect]
    async fn joined(&self, ctx: &Context<Self>) {
        ctx.websocket().secret("of the other").to_all();
    }
}

fn main() {}
