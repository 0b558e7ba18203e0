//! Texts of others, made fit to be shown.

/// The longest text of a peer that is logged, in bytes.
const LONGEST: usize = 64;

/// A text that somebody else sent, as it may go to a log: without control characters, and not long.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        let escaped = character.escape_debug();
        if shown.len() + escaped.len() > LONGEST {
            shown.push('…');
            break;
        }
        if character == '\'' || character == '"' { shown.push(character) } else { shown.extend(escaped) }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn control_characters_are_escaped_and_long_texts_cut() {
        assert_eq!(printable("it's \"fine\""), "it's \"fine\"");
        assert_eq!(printable("a\nb\u{1b}[31m\u{202e}"), "a\\nb\\u{1b}[31m\\u{202e}");
        assert_eq!(printable(&"x".repeat(1000)), format!("{}…", "x".repeat(64)));
    }
}
