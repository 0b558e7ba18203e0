//! A line, taken apart.

use super::LineError;

/// Takes a line apart into words, with quotes and backslashes as in a shell.
pub(super) fn split(line: &str) -> Result<Vec<String>, LineError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(characters.next()),
            (end, Some(open)) if end == open => quote = None,
            (inside, Some(_)) => word.get_or_insert_default().push(inside),
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (space, None) if space.is_whitespace() => words.extend(word.take()),
            (other, None) => word.get_or_insert_default().push(other),
        }
    }
    if let Some(open) = quote {
        return Err(LineError::Quote(open));
    }
    words.extend(word);
    Ok(words)
}

/// The first word as it stands there, and the rest of the line.
pub(super) fn first(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    let (word, rest) = line.split_at(line.find(char::is_whitespace).unwrap_or(line.len()));
    (word, rest.trim_start())
}

/// What follows `!`, which stands before a line whose nodes take their turn in reverse.
pub(super) fn reversed(line: &str) -> (bool, &str) {
    match line.trim_start().strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_as_a_shell_does() {
        let check = |line: &str, expected: &[&str]| assert_eq!(split(line).unwrap(), expected, "{line}");
        check("", &[]);
        check("  \t ", &[]);
        check("@life  randomize 30", &["@life", "randomize", "30"]);
        check(r#"say "two words" 'and "more"' a\ b"#, &["say", "two words", "and \"more\"", "a b"]);
        check(r#""" x"" "\"""#, &["", "x", "\""]);
        check("trailing\\", &["trailing"]);
        assert!(split("say \"two").unwrap_err().to_string().contains('"'));
    }

    #[test]
    fn the_first_word_leaves_the_rest_as_it_is() {
        let check = |line: &str, expected: (&str, &str)| assert_eq!(first(line), expected, "{line}");
        check("", ("", ""));
        check("  every", ("every", ""));
        check("every  5s @a say \"x  y\"", ("every", "5s @a say \"x  y\""));
    }
}
