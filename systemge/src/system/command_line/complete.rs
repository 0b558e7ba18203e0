//! What may follow where a person is about to type.

use super::{AFTER_NODE, WORDS, words};
use crate::node::Node;
use crate::system::Running;

/// What may stand at the end of a line; see [`Running::complete`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completion {
    /// Where the word begins that is to be replaced, in bytes.
    pub start: usize,
    /// What it may be replaced with, sorted, each once.
    pub words: Vec<String>,
}

pub(crate) fn complete(system: &Running, line: &str) -> Completion {
    let (_, rest) = words::reversed(line);
    let start = line.len() - line.split(char::is_whitespace).next_back().unwrap_or_default().len();
    // `!` may stand directly before the first word
    let start = start.max(line.len() - rest.len());
    let typed = &line[start..];
    let before: Vec<&str> = rest[..rest.len() - typed.len()].split_whitespace().collect();
    let mut words = candidates(system, &before, typed);
    words.retain(|word| word.starts_with(typed));
    words.sort_unstable();
    words.dedup();
    Completion { start, words }
}

/// What may stand after the words before; more than fits what is typed of it.
fn candidates(system: &Running, before: &[&str], typed: &str) -> Vec<String> {
    let nodes = || system.nodes();
    match before {
        [] if typed.starts_with('@') => {
            let kept = typed.rfind(',').map_or("", |comma| &typed[..=comma]);
            nodes().iter().map(|node| format!("{kept}@{}", node.name())).collect()
        }
        [] => {
            let commands = commands(&nodes());
            let nodes = nodes().into_iter().map(|node| format!("@{}", node.name()));
            owned(&WORDS).into_iter().chain(commands).chain(nodes).collect()
        }
        [target] if target.starts_with('@') => {
            let mut found =
                super::targets::named(system, target).map(|nodes| commands(&nodes)).unwrap_or_default();
            found.extend(owned(&AFTER_NODE));
            found
        }
        ["start" | "stop" | "restart" | "commands", ..] => {
            let at = if typed.starts_with('@') { "@" } else { "" };
            nodes().iter().map(|node| format!("{at}{}", node.name())).collect()
        }
        ["help"] => owned(&WORDS).into_iter().chain(commands(&nodes())).collect(),
        ["every"] => owned(&["stop", "5s"]),
        ["every", "stop"] => system.schedules().numbers().iter().map(ToString::to_string).collect(),
        ["every", _, rest @ ..] => candidates(system, rest, typed),
        _ => Vec::new(),
    }
}

fn commands(nodes: &[Node]) -> Vec<String> {
    nodes.iter().flat_map(Node::commands).map(|command| command.name.to_owned()).collect()
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
