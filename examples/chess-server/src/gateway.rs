//! The node that speaks with the browsers: it has a game spawned for every two who want to play.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use systemge::client::RequestError;
use systemge::config::Endpoint;
use systemge::prelude::*;
use systemge::spawner::{Child, SpawnError, SpawnerClient};
use systemge::websocket::ClientId;

use crate::game::{Game, GameClient, Players, Settings, Step};
use crate::position::{Ending, Place, Promotion};

/// The node that speaks with the browsers.
#[derive(systemge::Application, Debug, Default)]
#[application(calls(Game))]
pub struct Gateway {
    tables: Mutex<Tables>,
}

/// Two who play, and their game.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Table {
    game: u64,
    players: Players,
}

/// Who plays with whom.
#[derive(Debug, Default)]
struct Tables {
    /// By both players.
    players: HashMap<ClientId, Table>,
    /// Where the games are that have begun.
    games: HashMap<u64, Endpoint>,
}

impl Tables {
    /// Sits two down, unless one of them sits somewhere already.
    fn sit_down(&mut self, table: Table) -> Result<()> {
        let Players { white, black } = table.players;
        if self.players.contains_key(&white) {
            return Err(Error::message("you play already; end that game first"));
        }
        if self.players.contains_key(&black) {
            return Err(Error::message("your opponent plays with somebody else"));
        }
        self.players.insert(white, table);
        self.players.insert(black, table);
        Ok(())
    }

    /// Remembers where a game is; returns whether both still sit where they sat down.
    fn begun(&mut self, table: Table, endpoint: Endpoint) -> bool {
        let sit = self.players.get(&table.players.white) == Some(&table);
        if sit {
            self.games.insert(table.game, endpoint);
        }
        sit
    }

    /// Lets both get up; returns whether they still sat.
    fn get_up(&mut self, table: Table) -> bool {
        let sat = self.players.get(&table.players.white) == Some(&table);
        if sat {
            self.players.remove(&table.players.white);
            self.players.remove(&table.players.black);
        }
        sat
    }
}

/// A move as browsers say it.
#[systemge::payload]
#[derive(Debug, Clone, Copy)]
#[serde(rename_all = "camelCase")]
struct MoveWish {
    from_row: u8,
    from_col: u8,
    to_row: u8,
    to_col: u8,
    /// What becomes of a pawn that reaches the last rank; a queen if it is left out.
    promotion: Option<Promotion>,
}

/// A move as browsers are shown it.
#[systemge::payload]
#[derive(Debug, Clone)]
#[serde(rename_all = "camelCase")]
struct MoveMade {
    from_row: u8,
    from_col: u8,
    to_row: u8,
    to_col: u8,
    algebraic_notation: String,
    player_id: ClientId,
}

/// How a game ended, as browsers are told.
#[systemge::payload]
#[derive(Debug, Clone)]
struct GameEnd {
    reason: String,
    /// `null` if nobody has won.
    winner: Option<ClientId>,
}

/// What browsers tell. What can't be done is said to the browser that wanted it, and changes nothing.
#[systemge::websocket]
impl Gateway {
    #[push("connected")]
    fn connected(id: String);

    #[push("propagate_gameStart")]
    fn game_start(board: String);

    #[push("propagate_move")]
    fn move_made(made: MoveMade);

    #[push("propagate_gameEnd")]
    fn game_end(end: GameEnd);

    #[on_connect]
    async fn joined(&self, client: &WsClient, ctx: &Context<Self>) {
        ctx.websocket().connected(client.id().to_string()).to(client.id());
    }

    #[topic("startGame")]
    async fn start(&self, client: &WsClient, opponent: String, ctx: &Context<Self>) -> Result<()> {
        let id = opponent.trim().parse::<ClientId>();
        let opponent = id.ok().and_then(|id| ctx.websocket().client(&id));
        let opponent = opponent.ok_or_else(|| Error::message("nobody with that id is here"))?;
        if opponent.id() == client.id() {
            return Err(Error::message("that is your own id; you can't play with yourself"));
        }
        let players = Players { white: client.id(), black: opponent.id() };
        let table = Table { game: fastrand::u64(..), players };
        self.tables().sit_down(table)?;
        match self.begin(table, ctx).await {
            Ok(board) => {
                ctx.websocket().game_start(board).to_many([players.white, players.black]);
                Ok(())
            }
            Err(error) => {
                self.tables().get_up(table);
                self.remove(table, ctx).await;
                Err(error)
            }
        }
    }

    #[topic("move")]
    async fn play(&self, client: &WsClient, wish: MoveWish, ctx: &Context<Self>) -> Result<()> {
        let table = self.table(client)?;
        let MoveWish { from_row, from_col, to_row, to_col, promotion } = wish;
        let step = Step {
            from: Place { row: from_row, column: from_col },
            to: Place { row: to_row, column: to_col },
            promotion: promotion.unwrap_or_default(),
        };
        let played = GameClient::new(ctx).game(&table.game).play(client.id(), step).await?;
        let made = MoveMade {
            from_row,
            from_col,
            to_row,
            to_col,
            algebraic_notation: played.notation,
            player_id: client.id(),
        };
        let Players { white, black } = table.players;
        ctx.websocket().move_made(made).to_many([white, black]);
        if let Some(ending) = played.ending {
            let winner = (ending == Ending::Checkmate).then_some(client.id());
            self.end(table, reason(ending), winner, ctx).await;
        }
        Ok(())
    }

    #[topic("endGame")]
    async fn give_up(&self, client: &WsClient, ctx: &Context<Self>) -> Result<()> {
        let table = self.table(client)?;
        self.leave(table, client.id(), "gave up", ctx).await;
        Ok(())
    }

    #[on_disconnect]
    async fn left(&self, client: &WsClient, ctx: &Context<Self>) {
        if let Ok(table) = self.table(client) {
            self.leave(table, client.id(), "has left", ctx).await;
        }
    }
}

impl Gateway {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a browser plays.
    fn table(&self, client: &WsClient) -> Result<Table> {
        let table = self.tables().players.get(&client.id()).copied();
        table.ok_or_else(|| Error::message("you don't play at the moment"))
    }

    /// Has a game spawned, and dials it; returns its board.
    async fn begin(&self, table: Table, ctx: &Context<Self>) -> Result<String> {
        let settings = Settings { game: table.game, players: table.players };
        let child = Child::new("game", name(table)).settings(&settings)?;
        let game = SpawnerClient::new(ctx).spawn_and_start(child).await?;
        let endpoint = game.endpoints.first().ok_or_else(|| Error::message("the game listens nowhere"))?;
        ctx.connect(endpoint.clone()).await?;
        if !self.tables().begun(table, endpoint.clone()) {
            ctx.disconnect(endpoint);
            return Err(Error::message("your opponent has left"));
        }
        Ok(GameClient::new(ctx).game(&table.game).board().await?)
    }

    /// Ends a game that one of its players leaves: the other one has won.
    async fn leave(&self, table: Table, who: ClientId, how: &str, ctx: &Context<Self>) {
        let Some(side) = table.players.side(who) else { return };
        let winner = table.players.on(side.opponent());
        self.end(table, format!("{side} {how}"), Some(winner), ctx).await;
    }

    /// Ends a game, once, and tells both who played it.
    async fn end(&self, table: Table, reason: String, winner: Option<ClientId>, ctx: &Context<Self>) {
        if self.tables().get_up(table) {
            let Players { white, black } = table.players;
            ctx.websocket().game_end(GameEnd { reason, winner }).to_many([white, black]);
            self.remove(table, ctx).await;
        }
    }

    /// Removes the node of a game.
    async fn remove(&self, table: Table, ctx: &Context<Self>) {
        let endpoint = self.tables().games.remove(&table.game);
        if let Some(endpoint) = endpoint {
            ctx.disconnect(&endpoint);
        }
        match SpawnerClient::new(ctx).stop_and_remove(name(table)).await {
            // one that could not be made is not there
            Ok(()) | Err(RequestError::Handler(SpawnError::UnknownChild { .. })) => {}
            Err(error) => tracing::warn!(%error, game = table.game, "a game that is over can't be removed"),
        }
    }
}

/// What the node of a game is called.
fn name(table: Table) -> String {
    format!("game-{:016x}", table.game)
}

fn reason(ending: Ending) -> String {
    let text = match ending {
        Ending::Checkmate => "checkmate",
        Ending::Stalemate => "stalemate",
        Ending::Repetition => "the same position for the third time",
        Ending::FiftyMoves => "fifty moves without a capture or a pawn's move",
        Ending::TooLittleMaterial => "too few pieces to win",
    };
    text.to_owned()
}

/// The page.
#[systemge::http(
    folder("/", concat!(env!("CARGO_MANIFEST_DIR"), "/page")),
    folder("/kit", concat!(env!("CARGO_MANIFEST_DIR"), "/../kit"))
)]
impl Gateway {}
