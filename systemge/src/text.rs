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
