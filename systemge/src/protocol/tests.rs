//! Tests of the protocol core; those of one module alone stand beside it.

mod pair;
mod pending;
#[cfg(feature = "secret")]
mod proofs;
mod properties;
mod vectors;
