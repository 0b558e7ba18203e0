//! A block of commands that is known to be right.

use syn::{LitStr, Type};

use crate::attributes::Carried;
use crate::block::{RawBlock, ValidSignature};

/// A valid block of commands.
#[derive(Debug)]
pub(crate) struct Commands<'b> {
    pub(crate) block: &'b RawBlock,
    pub(crate) commands: Vec<Command>,
}

/// A command.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) name: LitStr,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) signature: ValidSignature,
    pub(crate) carried: Carried,
}

/// An argument of a command.
#[derive(Debug)]
pub(crate) struct Argument {
    pub(crate) name: String,
    /// The type that is parsed from one word.
    pub(crate) ty: Type,
    pub(crate) presence: Presence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Required,
    Optional,
    Rest,
}
