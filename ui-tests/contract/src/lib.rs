//! What a player and a game share.
#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications, elided_lifetimes_in_paths)]
#![deny(missing_debug_implementations, private_interfaces)]

/// A move.
#[systemge::payload]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// From where.
    pub from: u8,
    /// To where.
    pub to: u8,
}

/// The games.
pub mod games {
    use super::Move;

    /// A game of two players.
    #[systemge::contract]
    pub trait Game {
        /// Plays a move.
        #[topic("move")]
        async fn play(&self, mv: Move) -> Result<u32, String>;

        /// Ends the game.
        #[topic("resign")]
        async fn resign(&self);

        /// Nobody has this topic.
        #[cfg(target_os = "none")]
        #[topic("never")]
        async fn never(&self, value: super::Never);

        /// Everybody has this topic.
        #[cfg(not(target_os = "none"))]
        #[topic("always", oneway, alias = "ever")]
        fn always(&self) -> Result<(), String>;

        /// An old topic.
        #[topic("old")]
        #[deprecated(note = "use `play`")]
        async fn old(&self) -> u8;
    }
}

pub use games::{Game, GameClient};
