//! Commands: what an operator can tell a node to do.

mod arguments;
mod table;

pub use self::arguments::CommandError;
#[doc(hidden)]
pub use self::arguments::{ArgumentSpec, CommandArguments, Presence};
pub(crate) use self::table::Commands;
pub use self::table::{CommandInfo, CommandReply};
#[doc(hidden)]
pub use self::table::{CommandSpec, CommandTable};
