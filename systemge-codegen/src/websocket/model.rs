//! A WebSocket block that is known to be right.

use proc_macro2::Ident;
use syn::{Type, Visibility};

use crate::attributes::Carried;
use crate::block::{RawBlock, ValidSignature};
use crate::hook::Hook;
use crate::topic::TopicName;

/// A valid WebSocket block.
#[derive(Debug)]
pub(crate) struct WebSocket<'b> {
    pub(crate) block: &'b RawBlock,
    pub(crate) topics: Vec<Topic>,
    pub(crate) pushes: Vec<Push>,
    pub(crate) on_connect: Vec<Hook>,
    pub(crate) on_disconnect: Vec<Hook>,
}

/// A handler of a topic that browsers send.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: TopicName,
    pub(crate) signature: ValidSignature,
    pub(crate) carried: Carried,
}

/// A topic that is pushed to browsers.
#[derive(Debug)]
pub(crate) struct Push {
    pub(crate) topic: TopicName,
    /// The method that pushes it.
    pub(crate) name: Ident,
    /// The parts of the payload; references are as they were declared.
    pub(crate) parameters: Vec<(Ident, Type)>,
    pub(crate) carried: Carried,
    pub(crate) visibility: Visibility,
}
