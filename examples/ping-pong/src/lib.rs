//! Two nodes: `gateway` asks and sends for every browser that comes, `pong` answers.

use systemge::client::SendError;
use systemge::prelude::*;

/// The node that speaks with the browsers.
#[derive(systemge::Application, Debug, Default)]
pub struct Gateway {}

#[systemge::node]
impl Gateway {
    /// Takes the answer to a message `ping`, and shows it to every browser.
    #[topic("pong")]
    pub async fn pong(&self, ctx: &Context<Self>) {
        ctx.websocket().pong("").to_all();
    }
}

#[systemge::websocket]
impl Gateway {
    /// The browser is connected.
    #[push("welcome")]
    fn welcome(text: &str);

    /// The answer to the request.
    #[push("pingPong")]
    fn ping_pong(answer: &str);

    /// A message `pong` has come.
    #[push("pong")]
    fn pong(text: &str);

    #[on_connect]
    async fn joined(&self, client: &WsClient, ctx: &Context) -> Result<()> {
        ctx.websocket().welcome("").to(client);
        play(client, ctx).await
    }

    /// A browser wants to see it again.
    #[topic("ping")]
    async fn again(&self, client: &WsClient, ctx: &Context) -> Result<()> {
        play(client, ctx).await
    }
}

/// Asks, which is answered to the one browser; then sends a message, whose answer all browsers see.
async fn play(client: &WsClient, ctx: &Context) -> Result<()> {
    let pong = PongClient::new(ctx);
    let answer = pong.ping_pong("ping".to_owned()).await?;
    ctx.websocket().ping_pong(&answer).to(client);
    pong.ping().await?;
    Ok(())
}

/// The page.
#[systemge::http(
    folder("/", concat!(env!("CARGO_MANIFEST_DIR"), "/page")),
    folder("/kit", concat!(env!("CARGO_MANIFEST_DIR"), "/../kit"))
)]
impl Gateway {}

/// The node that answers.
#[derive(systemge::Application, Debug, Default)]
pub struct Pong {}

#[systemge::node]
impl Pong {
    /// Answers a request.
    #[topic("pingPong")]
    pub async fn ping_pong(&self, text: String) -> Result<String, String> {
        if text == "ping" { Ok("pong".to_owned()) } else { Err(format!("`{text}` is no `ping`")) }
    }

    /// Answers a message with a message.
    #[topic("ping", oneway)]
    pub async fn ping(&self, ctx: &Context) -> Result<(), SendError> {
        GatewayClient::new(ctx).pong().await.map(drop)
    }
}
