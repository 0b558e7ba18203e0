//! Every attribute of systemge in a library of edition 2021 that takes no warning.
#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications, elided_lifetimes_in_paths)]
#![deny(missing_debug_implementations, single_use_lifetimes, unused_lifetimes, private_interfaces)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(
    clippy::missing_errors_doc,
    clippy::missing_const_for_fn,
    reason = "these ask it of the handlers, which are written here"
)]

use std::fmt;

use systemge::http::{Json, StatusCode};
use systemge::websocket::WsClient;
use systemge::{Application, Context};

/// What an alias of a reply looks like.
pub type Answer<T> = Result<T, Refusal>;

/// A reply behind an alias that says nothing of its kind.
pub type Counted = Answer<u64>;

/// A payload.
#[systemge::payload]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Square {
    /// From below.
    pub row: u8,
    /// From the left.
    pub column: u8,
}

/// An error that crosses the wire.
#[systemge::payload]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too late.
    Late,
    /// There already.
    Taken {
        /// Where.
        square: Square,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

/// An application with every component.
#[derive(Application, Debug, Default)]
pub struct Board {
    count: u64,
}

#[systemge::node]
impl Board {
    /// Plays.
    #[topic("play", alias = "move", timeout = "5s")]
    pub async fn play(&mut self, square: Square, ctx: &Context<Self>) -> Answer<Square> {
        self.count += u64::from(ctx.sender().is_some());
        std::future::ready(Ok(square)).await
    }

    /// Counts.
    #[topic("count", blocking)]
    pub fn count(&self) -> Counted {
        Ok(self.count)
    }

    /// Forgets.
    #[topic("forget", oneway, spawn)]
    pub async fn forget(&self, seconds: u32, hard: bool) -> Result<(), Refusal> {
        if hard && seconds == 0 {
            return Err(Refusal::Late);
        }
        std::future::ready(Ok(())).await
    }

    /// Acknowledges.
    #[topic("ready", request)]
    #[deprecated(note = "ask for the count")]
    pub fn ready(&self) {}

    #[on_start]
    fn start(&mut self) {
        self.count = 0;
    }

    #[on_stop]
    async fn stop(&self, ctx: &Context) -> Result<(), Refusal> {
        let _ = BoardClient::new(ctx).any().count().await;
        Ok(())
    }
}

#[systemge::commands]
impl Board {
    /// Sets the count.
    #[command("set")]
    fn set(&mut self, count: Option<u64>, rest: Vec<String>) -> String {
        self.count = count.unwrap_or_default();
        rest.into_iter().collect()
    }
}

#[systemge::http]
impl Board {
    /// The count.
    #[get("/count/{more}")]
    async fn more(&self, more: u64) -> Json<u64> {
        std::future::ready(Json(self.count + more)).await
    }

    /// Sets the count.
    #[post("/count")]
    fn put(&mut self, count: Json<u64>) -> StatusCode {
        self.count = count.0;
        StatusCode::NO_CONTENT
    }
}

#[systemge::websocket]
impl Board {
    #[on_connect]
    fn joined(&self, client: &WsClient) {
        let _ = (client, self.count);
    }

    /// From a browser.
    #[topic("square")]
    async fn square(&mut self, square: Square, client: &WsClient) -> Result<(), Refusal> {
        let _ = (client, square);
        self.count += 1;
        std::future::ready(Ok(())).await
    }
}
