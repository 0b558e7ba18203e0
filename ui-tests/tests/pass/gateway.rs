//! HTTP and WebSocket: every kind of parameter and of reply.
#![deny(warnings)]

use systemge::http::{HttpError, Json, Query};
use systemge::prelude::*;
use systemge::websocket::WsClient;

#[systemge::payload]
#[derive(Clone, Debug)]
struct Cell {
    alive: bool,
}

#[derive(systemge::Application, Default)]
struct Gateway {
    cell: Option<Cell>,
}

#[systemge::http(folder("/", "page"))]
impl Gateway {
    #[get("/api/cell")]
    async fn cell(&self, ctx: &Context) -> Option<Json<Cell>> {
        let _ = ctx;
        self.cell.clone().map(Json)
    }

    #[post("/api/cell/{row}/{column}")]
    async fn set(&mut self, row: u32, body: Json<Cell>, column: u32) -> Result<String, HttpError> {
        if row > column {
            return Err(HttpError::bad_request("too far down"));
        }
        self.cell = Some(body.0);
        Ok(format!("{row} {column}"))
    }

    #[get("/api/search")]
    fn search(&self, query: Query<Cell>) -> &'static str {
        let _ = query.0.alive;
        "found"
    }

    #[delete("/api/cell/{kind}")]
    fn remove(&mut self, kind: String) {
        let _ = kind;
        self.cell = None;
    }
}

#[systemge::websocket]
impl Gateway {
    #[on_connect]
    async fn joined(&self, client: &WsClient, ctx: &Context) {
        let _ = (client, ctx);
    }

    #[topic("change")]
    async fn change(&mut self, client: &WsClient, change: Cell, ctx: &Context<Self>) -> Result<()> {
        let _ = (client, ctx);
        self.cell = Some(change);
        Ok(())
    }

    #[topic("ping")]
    fn ping(&self) {}

    #[topic("pair")]
    fn pair(&self, row: u32, column: u32) {
        let _ = (row, column);
    }

    #[cfg(test)]
    #[on_disconnect]
    async fn left(&self, client: &WsClient) {
        let _ = client;
    }
}
