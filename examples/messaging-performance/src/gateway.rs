//! The node that sends, and shows browsers how fast that goes.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use systemge::prelude::*;

use crate::receiver::ReceiverClient;
use crate::sending::{self, Phase, Progress, Summary};

/// How many are sent unless somebody says otherwise.
const COUNT: u64 = 1_000_000;
/// How many may be asked for.
const MOST: u64 = 100_000_000;

/// The node that sends.
#[derive(systemge::Application, Debug, Default)]
pub struct Gateway {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    sending: AtomicBool,
    stop: AtomicBool,
    last: Mutex<Option<Summary>>,
}

/// Whoever holds it may send; nobody else does.
struct Turn(Arc<Shared>);

impl Turn {
    fn take(shared: &Arc<Shared>) -> Result<Self> {
        if shared.sending.swap(true, Relaxed) {
            return Err(Error::message("it sends already; stop that first"));
        }
        shared.stop.store(false, Relaxed);
        Ok(Self(shared.clone()))
    }

    /// Sends, and shows it to every browser.
    async fn send(self, count: u64, ctx: &Context<Gateway>) -> Result<Summary> {
        if !(1..=MOST).contains(&count) {
            return Err(Error::message(format!("from 1 to {MOST} can be sent")));
        }
        let outcome = sending::send(&ReceiverClient::new(ctx), count, &self.0.stop, &|progress: Progress| {
            ctx.websocket().progress(progress).to_all();
            tracing::info!(
                phase = match progress.phase {
                    Phase::Messages => "messages",
                    Phase::Requests => "requests",
                },
                done = progress.done,
                per_second = progress.per_second.round(),
                "sending"
            );
        })
        .await;
        match &outcome {
            Ok(summary) => {
                *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(*summary);
                ctx.websocket().summary(*summary).to_all();
            }
            Err(error) => {
                ctx.websocket().failed(error.to_string()).to_all();
            }
        }
        outcome
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.sending.store(false, Relaxed);
    }
}

#[systemge::commands]
impl Gateway {
    /// Sends so many messages, then so many requests; a million unless you say otherwise.
    #[command("run")]
    async fn run(&self, count: Option<u64>, ctx: &Context<Self>) -> Result<String> {
        let summary = Turn::take(&self.shared)?.send(count.unwrap_or(COUNT), ctx).await?;
        let line = |what: &str, rate: sending::Rate| {
            format!("{} {what} in {:.2} s: {:.0} per second", summary.count, rate.seconds, rate.per_second)
        };
        Ok(format!("{}\n{}", line("messages", summary.messages), line("requests", summary.requests)))
    }

    /// Ends the sending.
    #[command("halt")]
    fn halt(&self) -> &'static str {
        self.shared.stop.store(true, Relaxed);
        "it ends"
    }
}

#[systemge::websocket]
impl Gateway {
    /// The browser is connected, and this is the last that was measured.
    #[push("welcome")]
    fn welcome(last: Option<Summary>);

    /// How far it is.
    #[push("progress")]
    fn progress(progress: Progress);

    /// How fast it was.
    #[push("summary")]
    fn summary(summary: Summary);

    /// Why it ended early.
    #[push("failed")]
    fn failed(reason: String);

    #[on_connect]
    async fn joined(&self, client: &WsClient, ctx: &Context<Self>) {
        let last = *self.shared.last.lock().unwrap_or_else(PoisonError::into_inner);
        ctx.websocket().welcome(last).to(client);
    }

    /// Sends; a browser can stop it meanwhile.
    #[topic("start")]
    async fn start(&self, count: u64, ctx: &Context<Self>) -> Result<()> {
        let turn = Turn::take(&self.shared)?;
        let own = ctx.clone();
        // that it failed is told to all who look
        ctx.spawn(async move { drop(turn.send(count, &own).await) });
        Ok(())
    }

    #[topic("stop")]
    async fn stop(&self) {
        self.shared.stop.store(true, Relaxed);
    }
}

/// The page.
#[systemge::http(
    folder("/", concat!(env!("CARGO_MANIFEST_DIR"), "/page")),
    folder("/kit", concat!(env!("CARGO_MANIFEST_DIR"), "/../kit"))
)]
impl Gateway {}
