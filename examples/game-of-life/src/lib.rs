//! Conway's Game of Life: the node `life` knows the grid, the node `gateway` speaks with the browsers.

mod gateway;
mod grid;
mod life;

pub use self::gateway::{Gateway, GatewayClient};
pub use self::grid::{COLUMNS, Cell, Grid, GridError, ROWS, Snapshot};
pub use self::life::{Life, LifeClient, LifeError};
