//! What the proofs of reliability share: their figures, and nodes in other processes.

pub mod child;
pub mod figures;
