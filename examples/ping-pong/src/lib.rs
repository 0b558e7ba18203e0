//! Two nodes: `ping` asks and sends once a second, `pong` answers.

#![expect(clippy::print_stdout, reason = "the program is there to show what it does")]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use systemge::prelude::*;

/// The node that asks.
#[derive(systemge::Application, Default)]
pub struct Ping {
    pongs: AtomicU64,
}

#[systemge::node]
impl Ping {
    #[on_start]
    async fn start(&self, ctx: &Context) {
        let ctx = ctx.clone();
        ctx.clone().spawn(async move {
            let pong = PongClient::new(&ctx);
            let mut pace = tokio::time::interval(Duration::from_secs(1));
            loop {
                pace.tick().await;
                match pong.ping_pong("ping".to_owned()).await {
                    Ok(answer) => println!("asked `ping`, was answered `{answer}`"),
                    Err(error) => println!("asked `ping`, but {error}"),
                }
                if let Err(error) = pong.ping().await {
                    println!("cannot send `ping`: {error}");
                }
            }
        });
    }

    /// Takes the answer to a message `ping`.
    #[topic("pong")]
    pub async fn pong(&self) {
        println!("got `pong` number {}", self.pongs.fetch_add(1, Relaxed) + 1);
    }

    /// How many answers have come.
    #[topic("pongs")]
    pub async fn pongs(&self) -> u64 {
        self.pongs.load(Relaxed)
    }
}

/// The node that answers.
#[derive(systemge::Application, Default)]
pub struct Pong {}

#[systemge::node]
impl Pong {
    /// Answers a request.
    #[topic("pingPong")]
    pub async fn ping_pong(&self, _text: String) -> String {
        "pong".to_owned()
    }

    /// Answers a message with a message.
    #[topic("ping", oneway)]
    pub async fn ping(&self, ctx: &Context) -> Result<(), systemge::client::SendError> {
        PingClient::new(ctx).pong().await.map(drop)
    }
}
