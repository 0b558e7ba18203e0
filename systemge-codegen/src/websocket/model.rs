//! A WebSocket block that is known to be right.

use crate::attributes::Carried;
use crate::block::{RawBlock, ValidSignature};
use crate::hook::Hook;
use crate::topic::TopicName;

/// A valid WebSocket block.
#[derive(Debug)]
pub(crate) struct WebSocket<'b> {
    pub(crate) block: &'b RawBlock,
    pub(crate) topics: Vec<Topic>,
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
