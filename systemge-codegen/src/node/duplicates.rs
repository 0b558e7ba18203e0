//! Topics of the same name, or nearly so.

use std::collections::HashMap;

use proc_macro2::Span;

use super::model::Topic;
use crate::errors::{Mistake, Sink};
use crate::topic::TopicName;

/// Reports topics of the same name. Where a `#[cfg]` stands on one of them, both may be right; then, and for
/// names that are constants, the compiler's coherence finds them.
///
/// `what` is what a topic has one of: a handler, or a method that declares it.
pub(crate) fn refuse(topics: &mut Vec<Topic>, what: &str, sink: &Sink<'_>) {
    let mut seen: HashMap<String, TopicName> = HashMap::new();
    topics.retain(|topic| {
        let Some(name) = topic.name.text() else { return true };
        if !topic.carried.cfgs.is_empty() {
            return true;
        }
        let Some(first) = seen.get(&name) else {
            seen.insert(name, topic.name.clone());
            return true;
        };
        let mistake = Mistake::new(106, format!("the topic `{name}` has two {what}s"));
        let help = format!("a node handles a topic once: rename one, or do both things in one {what}");
        sink.on(&topic.name, mistake.help(help));
        sink.note(first, &format!("the first {what} of `{name}` is here"));
        false
    });
    let unconditional = topics.iter_mut().filter(|topic| topic.carried.cfgs.is_empty());
    for alias in unconditional.flat_map(|topic| &mut topic.options.aliases) {
        let Some(name) = alias.text() else { continue };
        let Some(first) = seen.get(&name) else {
            seen.insert(name, alias.clone());
            continue;
        };
        let mistake = Mistake::new(109, format!("the alias `{name}` is the name of a topic, too"));
        sink.on(&*alias, mistake.help("remove the alias, or rename the topic that has taken its name"));
        sink.note(first, &format!("`{name}` is here already"));
    }
}

/// What to warn of: topics whose names differ only in case, which is allowed, but probably a slip.
pub(crate) fn similar(topics: &[Topic]) -> Vec<(Span, String)> {
    let mut warnings = Vec::new();
    let mut seen: HashMap<String, String> = HashMap::new();
    for topic in topics {
        let TopicName::Literal(literal) = &topic.name else { continue };
        let name = literal.value();
        match seen.get(&name.to_ascii_lowercase()) {
            Some(other) if *other != name => {
                let text = format!("[SGE0107] the topics `{other}` and `{name}` differ only in case");
                warnings.push((literal.span(), text));
            }
            _ => {
                seen.insert(name.to_ascii_lowercase(), name);
            }
        }
    }
    warnings
}
