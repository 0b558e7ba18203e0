//! Chess for many: a gateway speaks with the browsers, a spawner makes a node for each game.

mod game;
mod gateway;
pub mod position;

use std::convert::Infallible;

use systemge::spawner::Spawner;

pub use self::game::{ChessGame, Game, GameClient, PlayError, Played, Players, Settings, Step};
pub use self::gateway::Gateway;

/// The spawner of the games.
#[must_use]
pub fn spawner() -> Spawner {
    Spawner::new()
        .limit(1000)
        .kind("game", |settings: Settings| Ok::<_, Infallible>(ChessGame::new(settings)))
}
