//! Tests of the protocol core; those of one module alone stand beside it.

mod pair;
mod pending;
mod properties;
mod vectors;
