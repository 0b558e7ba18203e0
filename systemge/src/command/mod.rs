//! Commands: what an operator can tell a node to do.
//!
//! An application has those of its `#[systemge::commands]` block; every node has some more, such as `peers` and
//! `connect`. An application's own command goes before the built-in one of the same name.

mod arguments;
mod built_in;
mod table;

pub use self::arguments::CommandError;
#[doc(hidden)]
pub use self::arguments::{ArgumentSpec, CommandArguments, Presence};
pub(crate) use self::built_in::{infos as built_in_infos, run as run_built_in};
pub(crate) use self::table::Commands;
pub use self::table::{CommandInfo, CommandReply};
#[doc(hidden)]
pub use self::table::{CommandSpec, CommandTable};
