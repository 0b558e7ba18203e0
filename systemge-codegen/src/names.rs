//! The rules of names; the runtime has the same ones for names that are constants (`check_topic_name`).

use proc_macro2::Span;

use crate::errors::{Mistake, Sink};
use crate::suggest;

/// The longest name, in bytes.
const MAXIMUM: usize = 128;

/// Reports what is wrong with the name of a topic.
pub(crate) fn check_topic(name: &str, span: Span, sink: &Sink<'_>) {
    check(name, "topic", true, span, sink);
    if name.starts_with("systemge.") {
        let rest = name.trim_start_matches("systemge.");
        let mistake =
            Mistake::new(104, format!("the topic `{name}` starts with `systemge.`, which is reserved"));
        sink.at(span, mistake.help(format!("write `\"{}\"`", if rest.is_empty() { "topic" } else { rest })));
    }
}

/// Reports what is wrong with the name of a topic of a keyed contract: each `{key}` is a segment of its own, and all keys are
/// there. Where there are no keys, the name is as any other.
pub(crate) fn check_keyed_topic(name: &str, keys: &[String], span: Span, sink: &Sink<'_>) {
    let placeholders = placeholders(name);
    let Some(placeholders) = placeholders.filter(|found| !found.is_empty() || !keys.is_empty()) else {
        return check_topic(name, span, sink);
    };
    let declare = |key: &str| format!("declare it: `#[systemge::contract(key({key}: Type))]`");
    for placeholder in &placeholders {
        if !keys.contains(placeholder) {
            let mistake =
                Mistake::new(111, format!("`{{{placeholder}}}` in the name of the topic is no key"));
            let help = match suggest::nearest(placeholder, keys.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{{{near}}}`?"),
                None => declare(placeholder),
            };
            sink.at(span, mistake.help(help));
            return;
        }
    }
    if let Some(missing) = keys.iter().find(|key| !placeholders.contains(key)) {
        let message =
            format!("the topic `{name}` lacks the key `{{{missing}}}`, so all instances would have it");
        let help = format!("write `\"{{{missing}}}/{name}\"`, or declare it in a contract without a key");
        sink.at(span, Mistake::new(112, message).help(help));
        return;
    }
    let whole = |segment: &str| !segment.contains('{') || segment.find('}') == Some(segment.len() - 1);
    if let Some(segment) = name.split('/').find(|segment| !whole(segment) || segment.rfind('{') > Some(0)) {
        let message = format!("`{segment}` in the name of the topic mixes a key with other text");
        sink.at(span, Mistake::new(112, message).help("a key stands between `/`: `game/{game}/move`"));
        return;
    }
    let filled =
        placeholders.iter().fold(name.to_owned(), |name, key| name.replace(&format!("{{{key}}}"), "0"));
    check_topic(&filled, span, sink);
}

/// The words between braces; `None` where the braces don't match.
pub(crate) fn placeholders(name: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = name;
    while let Some((_, behind)) = rest.split_once('{') {
        let (word, behind) = behind.split_once('}')?;
        found.push(word.to_owned());
        rest = behind;
    }
    Some(found)
}

/// Reports what is wrong with the name of a command.
pub(crate) fn check_command(name: &str, span: Span, sink: &Sink<'_>) {
    check(name, "command", false, span, sink);
}

fn check(name: &str, what: &str, slash: bool, span: Span, sink: &Sink<'_>) {
    if name.is_empty() {
        let mistake = Mistake::new(101, format!("the name of the {what} is empty"));
        sink.at(span, mistake.help("a name has at least one letter"));
        return;
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') || (slash && c == '/');
    if let Some((place, wrong)) = name.chars().enumerate().find(|(_, c)| !allowed(*c)) {
        let message = format!(
            "the {what} `{}` has the character `{}` at place {}, which is not allowed",
            name.escape_debug(),
            wrong.escape_debug(),
            place + 1
        );
        let corrected: String = name.chars().map(|c| if allowed(c) { c } else { '-' }).collect();
        let characters = if slash {
            "letters, digits, `.`, `_`, `-` and `/`"
        } else {
            "letters, digits, `.`, `_` and `-`"
        };
        let help = format!("names are made of {characters}: `\"{corrected}\"`");
        sink.at(span, Mistake::new(102, message).help(help));
    } else if name.len() > MAXIMUM {
        let message = format!("the name of the {what} is {} bytes long; the limit is {MAXIMUM}", name.len());
        sink.at(span, Mistake::new(105, message).help("shorten it; details belong in the payload"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::ErrorStore;

    #[track_caller]
    fn check_code(name: &str, expected: Option<&str>) {
        let store = ErrorStore::default();
        check_topic(name, Span::call_site(), &store.sink());
        let errors = store.into_sorted();
        assert!(errors.len() <= 1, "{name}: {errors:?}");
        let code = errors.first().map(|error| error.to_string()[1..8].to_owned());
        assert_eq!(code.as_deref(), expected, "{name}");
    }

    #[test]
    fn a_key_is_a_segment_of_its_own() {
        let check = |name: &str, expected: Option<&str>| {
            let store = ErrorStore::default();
            check_keyed_topic(name, &["game".to_owned()], Span::call_site(), &store.sink());
            let errors = store.into_sorted();
            assert!(errors.len() <= 1, "{name}: {errors:?}");
            let code = errors.first().map(|error| error.to_string()[1..8].to_owned());
            assert_eq!(code.as_deref(), expected, "{name}");
        };
        check("game/{game}/move", None);
        check("{game}", None);
        check("{game}/{game}", None);
        check("game/{gmae}/move", Some("SGE0111"));
        check("{}", Some("SGE0111"));
        check("{game}/{player}", Some("SGE0111"));
        check("game-{game}", Some("SGE0112"));
        check("{game}-x/y", Some("SGE0112"));
        check("move", Some("SGE0112"));
        check("{game}/two words", Some("SGE0102"));
        check("{game", Some("SGE0102"));
        check("{game}/x}", Some("SGE0102"));
    }

    #[test]
    fn names_follow_the_rules() {
        check_code("getGrid", None);
        check_code("game/1/move_it-now.v2", None);
        check_code(&"x".repeat(128), None);
        check_code("systemge", None);
        check_code("", Some("SGE0101"));
        check_code("two words", Some("SGE0102"));
        check_code("größe", Some("SGE0102"));
        check_code("a\u{202e}b", Some("SGE0102"));
        check_code("systemge.ping", Some("SGE0104"));
        check_code(&"x".repeat(129), Some("SGE0105"));
    }
}
