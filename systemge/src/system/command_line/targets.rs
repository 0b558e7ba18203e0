//! The nodes that a line is about.

use super::LineError;
use crate::node::Node;
use crate::system::Running;

/// The nodes that a word such as `@life,@gateway` or `@game-*` names: in its order, each once; those that `*` stands
/// for in the order in which they were added.
pub(super) fn named(system: &Running, word: &str) -> Result<Vec<Node>, LineError> {
    let all = system.nodes();
    let mut found: Vec<Node> = Vec::new();
    for name in word.split(',') {
        let name = name.strip_prefix('@').unwrap_or(name);
        let matching: Vec<&Node> = all.iter().filter(|node| matches(name, node.name())).collect();
        if matching.is_empty() && name != "*" {
            let known = all.iter().map(Node::name).collect::<Vec<_>>().join(", ");
            return Err(LineError::UnknownNode { name: name.to_owned(), known });
        }
        for node in matching {
            if !found.iter().any(|other| other.name() == node.name()) {
                found.push(node.clone());
            }
        }
    }
    Ok(found)
}

/// The nodes that the words after `start` and its like name; all if there are none.
pub(super) fn chosen(system: &Running, words: &[String]) -> Result<Vec<Node>, LineError> {
    if words.is_empty() { Ok(system.nodes()) } else { named(system, &words.join(",")) }
}

/// Whether a name is what a pattern stands for, in which `*` is any text.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => {
            let Some(mut left) = name.strip_prefix(start) else { return false };
            loop {
                if matches(rest, left) {
                    return true;
                }
                // names are ASCII
                let Some(shorter) = left.get(1..) else { return false };
                left = shorter;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_is_any_text() {
        let check =
            |pattern: &str, name: &str, expected| assert_eq!(matches(pattern, name), expected, "{pattern}");
        check("life", "life", true);
        check("life", "life-2", false);
        check("*", "life", true);
        check("game-*", "game-", true);
        check("game-*", "game-17", true);
        check("game-*", "gate", false);
        check("*-7", "game-7", true);
        check("*-7", "game-17", false);
        check("g*e*7", "game-17", true);
        check("g*x*7", "game-17", false);
        check("**", "a", true);
        check("", "a", false);
    }
}
