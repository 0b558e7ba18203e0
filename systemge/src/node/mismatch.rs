//! A topic that two nodes know with different types.

use std::fmt;
use std::sync::Arc;

use crate::payload::Description;
use crate::topic::{Topic, TopicName};

/// A topic that this node calls with other types than a connected node handles it with. Nothing is sent there; all other
/// topics of the two work.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// The topic.
    pub topic: TopicName,
    /// The node that calls it.
    pub node: Arc<str>,
    /// The node that handles it.
    pub peer: Arc<str>,
    /// The types of the node that calls it, such as `({ row: u32 }) -> bool`.
    pub here: String,
    /// The types of the node that handles it; `None` until it has told, or if it can't.
    pub there: Option<String>,
    /// What differs, each in a sentence, such as "`row` of the payload is u32 on `player`, i64 on `life`"; empty where
    /// `there` is `None`.
    pub differences: Vec<String>,
}

impl Mismatch {
    pub(super) fn new(topic: &Topic, node: &Arc<str>, peer: &Arc<str>, there: Option<&Description>) -> Self {
        let here = topic.description();
        Self {
            topic: topic.topic_name().clone(),
            node: node.clone(),
            peer: peer.clone(),
            differences: there.map_or_else(Vec::new, |there| here.differences(there, [node, peer])),
            here: here.to_string(),
            there: there.map(ToString::to_string),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, node, peer, here, there, differences } = self;
        write!(f, "`{node}` and `{peer}` know the topic `{topic}` with different types: ")?;
        match there {
            None => write!(f, "on `{node}` it is {here}"),
            Some(there) => {
                let differences = differences.join("; ");
                write!(f, "{differences} (`{node}`: {here}; `{peer}`: {there})")
            }
        }
    }
}
