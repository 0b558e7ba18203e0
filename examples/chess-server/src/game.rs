//! A game: a node of its own, with topics of its own.

use systemge::prelude::*;
use systemge::websocket::ClientId;

use crate::position::{Ending, IllegalMove, Place, Position, Promotion, Side};

/// The two who play.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Players {
    /// Who begins.
    pub white: ClientId,
    /// The other.
    pub black: ClientId,
}

/// What a game begins with.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Its number, by which it is called.
    pub game: u64,
    /// Who plays.
    pub players: Players,
}

/// A move as somebody wants to make it.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// From where.
    pub from: Place,
    /// To where.
    pub to: Place,
    /// What becomes of a pawn that reaches the last rank.
    pub promotion: Promotion,
}

/// What a move has brought.
#[systemge::payload]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// The move in standard algebraic notation.
    pub notation: String,
    /// How the game ended, if this move has ended it.
    pub ending: Option<Ending>,
}

/// Why a move was not made.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlayError {
    /// Somebody else plays here.
    #[error("you don't play in this game")]
    Stranger,
    /// It is not legal.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
}

/// What a game answers to.
#[systemge::contract(key(game: u64))]
pub trait Game {
    /// Makes a move.
    #[topic("game/{game}/move")]
    async fn play(&self, player: ClientId, step: Step) -> Result<Played, PlayError>;

    /// The board in 64 characters.
    #[topic("game/{game}/board")]
    async fn board(&self) -> String;
}

/// A game.
#[derive(systemge::Application, Debug)]
#[application(handles(Game))]
pub struct ChessGame {
    #[key]
    game: u64,
    players: Players,
    position: Position,
}

impl ChessGame {
    /// A game that begins.
    #[must_use]
    pub fn new(Settings { game, players }: Settings) -> Self {
        Self { game, players, position: Position::default() }
    }
}

impl Players {
    /// On which side somebody plays.
    #[must_use]
    pub fn side(&self, player: ClientId) -> Option<Side> {
        [(self.white, Side::White), (self.black, Side::Black)]
            .into_iter()
            .find_map(|(one, side)| (one == player).then_some(side))
    }

    /// Who plays on a side.
    #[must_use]
    pub const fn on(&self, side: Side) -> ClientId {
        match side {
            Side::White => self.white,
            Side::Black => self.black,
        }
    }
}

#[systemge::node]
impl Game for ChessGame {
    async fn play(&mut self, player: ClientId, step: Step) -> Result<Played, PlayError> {
        let side = self.players.side(player).ok_or(PlayError::Stranger)?;
        let notation = self.position.play(side, step.from, step.to, step.promotion)?;
        Ok(Played { notation, ending: self.position.ending() })
    }

    async fn board(&self) -> String {
        self.position.squares()
    }
}
