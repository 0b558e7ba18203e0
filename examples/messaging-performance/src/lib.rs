//! Two nodes: `gateway` sends as fast as it can and shows the rates, `receiver` takes it.

mod gateway;
mod receiver;
mod sending;

pub use self::gateway::Gateway;
pub use self::receiver::{Receiver, ReceiverClient};
pub use self::sending::{Phase, Progress, Rate, Summary};
