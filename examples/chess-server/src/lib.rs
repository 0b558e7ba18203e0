//! Chess for many: a gateway, a spawner, and a node for each game.

pub mod position;
