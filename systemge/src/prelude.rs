//! What nearly every program needs: `use systemge::prelude::*;`.

pub use crate::{Context, Error, Node, Result, System};
