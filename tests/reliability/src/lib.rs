//! What the proofs of reliability share: their figures, nodes in other processes, a network that swallows.

pub mod child;
pub mod figures;
pub mod held;
pub mod proxy;
