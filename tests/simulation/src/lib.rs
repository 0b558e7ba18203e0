//! Whole nodes of systemge, with all their connection logic, on a network that breaks, the same way for the same seed.
//!
//! [`run`] runs one seed: it makes a [`plan`] of nodes, links and faults, lets the nodes send and ask while the faults
//! happen, heals everything, and checks that the network comes back. What must hold all the time is in [`world`].

mod application;
mod chaos;
pub mod mutants;
pub mod plan;
mod revolving;
mod run;
mod traffic;
pub mod world;

pub use self::run::{Report, run};
