//! Text from strangers, made fit for a log line.

/// How many bytes of a stranger's text a log line takes.
const PRINTABLE_BYTES: usize = 64;

/// A stranger's text for a log line or an error message: escaped, and cut after 64 bytes.
///
/// Whatever is not printable ASCII is escaped, so that it can neither break a line nor steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len().min(PRINTABLE_BYTES));
    // up to where the text still leaves room for the ellipsis
    let mut cut = 0;
    for character in text.chars() {
        // `escape_default` would escape quotes, too, which do no harm here and are common
        if matches!(character, '\'' | '"') {
            printable.push(character);
        } else {
            printable.extend(character.escape_default());
        }
        if printable.len() > PRINTABLE_BYTES {
            printable.truncate(cut);
            printable.push_str(ELLIPSIS);
            break;
        }
        if printable.len() + ELLIPSIS.len() <= PRINTABLE_BYTES {
            cut = printable.len();
        }
    }
    printable
}

/// A text that may quote a stranger's, such as the error of a decoder: escaped, and cut in its middle if it is long, so
/// that no piece of it has more than 64 bytes.
pub(crate) fn quoting(text: &str) -> String {
    squeezed(text, PRINTABLE_BYTES)
}

/// The text of an error or a panic of the application, which may quote what a peer has sent: escaped, and cut in its
/// middle after 512 bytes. It is the application's own, so that it may be longer than what comes from strangers alone.
pub(crate) fn own(text: &str) -> String {
    squeezed(text, OWN_BYTES / 2)
}

/// How many bytes of an application's text a log line takes.
const OWN_BYTES: usize = 512;

/// The start and the end of a text, each of at most `piece` bytes; all of it, if there is nothing between them.
fn squeezed(text: &str, piece: usize) -> String {
    let escaped = |character: char| -> String {
        if matches!(character, '\'' | '"') { character.into() } else { character.escape_default().collect() }
    };
    let take = |pieces: &mut dyn Iterator<Item = char>| {
        let mut taken = Vec::new();
        let mut length = 0;
        for character in pieces {
            let character = escaped(character);
            length += character.len();
            if length > piece {
                return (taken, true);
            }
            taken.push(character);
        }
        (taken, false)
    };
    let mut characters = text.chars();
    let (start, is_cut) = take(&mut characters);
    if !is_cut {
        return start.concat();
    }
    // what comes after the start, from behind; the character at the cut was taken from the iterator already
    let rest = start.len();
    let rest = text.char_indices().nth(rest).map_or("", |(place, _)| &text[place..]);
    let (mut end, is_cut) = take(&mut rest.chars().rev());
    end.reverse();
    let gap = if is_cut { " ... " } else { "" };
    format!("{}{gap}{}", start.concat(), end.concat())
}

const ELLIPSIS: &str = "...";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_escaped_and_cut() {
        let check = |text: &str, expected: &str| assert_eq!(printable(text), expected, "{text:?}");
        check("", "");
        check("a \"b\" it's", "a \"b\" it's");
        check("a\nb\u{1b}[31m", "a\\nb\\u{1b}[31m");
        check("é", "\\u{e9}");
        check("\\", "\\\\");
    }

    #[test]
    fn a_long_text_loses_its_middle() {
        assert_eq!(quoting("unknown variant `x`, expected `y`"), "unknown variant `x`, expected `y`");
        let long = format!("unknown variant `{}`, expected `y` or `z`", "\n".repeat(1000));
        let cut = quoting(&long);
        assert!(
            cut.starts_with("unknown variant `\\n\\n") && cut.ends_with("\\n`, expected `y` or `z`"),
            "{cut}"
        );
        assert!(cut.len() <= 2 * PRINTABLE_BYTES + 5, "{cut}");
        for length in 0..300 {
            for character in ["a", "\u{1b}", "é", "\n", "\u{10ffff}"] {
                let text = character.repeat(length);
                let cut = quoting(&text);
                assert!(
                    cut.len() <= 2 * PRINTABLE_BYTES + 5
                        && cut.bytes().all(|byte| (b' '..=b'~').contains(&byte))
                );
                assert!(cut.split(" ... ").all(|piece| piece.len() <= 2 * PRINTABLE_BYTES));
                let whole: String = text.chars().flat_map(char::escape_default).collect();
                assert!(cut.contains(" ... ") || cut == whole, "nothing is lost silently");
            }
        }
        assert_eq!(own(&"a".repeat(512)), "a".repeat(512));
        assert_eq!(own(&"a".repeat(513)), format!("{0} ... {0}", "a".repeat(256)));
    }

    #[test]
    fn a_text_never_takes_more_than_64_bytes() {
        for length in 0..200 {
            for character in ["a", "\u{1b}", "é", "\n", "\u{10ffff}"] {
                assert!(printable(&character.repeat(length)).len() <= PRINTABLE_BYTES);
            }
        }
        assert_eq!(printable(&"a".repeat(64)), "a".repeat(64));
        assert_eq!(printable(&"a".repeat(65)), "a".repeat(61) + "...");
    }
}
