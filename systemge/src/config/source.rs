//! The text of a configuration, and places in it.

use std::fmt::Write as _;
use std::ops::Range;

/// The text that a configuration was read from.
#[derive(Debug)]
pub(super) struct Source {
    /// The file's name as the user gave it.
    pub(super) name: String,
    pub(super) text: String,
}

impl Source {
    /// The line and the column of a byte offset, both from 1, the column in characters.
    pub(super) fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let start = self.line_start(offset);
        let line = self.text[..start].bytes().filter(|byte| *byte == b'\n').count() + 1;
        (line, self.text[start..self.boundary(offset)].chars().count() + 1)
    }

    /// The byte offset of a line and a byte column, both from 1, as serde_json counts them.
    pub(super) fn offset(&self, line: usize, column: usize) -> usize {
        let line = line.saturating_sub(1);
        let start = self.text.split_inclusive('\n').take(line).map(str::len).sum::<usize>();
        self.boundary(start.saturating_add(column.saturating_sub(1)))
    }

    /// The line with carets under the range, as three lines that each end with a line break. Control characters
    /// are not passed on to the terminal, and of a long line only the part around the range is shown.
    pub(super) fn excerpt(&self, range: &Range<usize>) -> String {
        let start = self.line_start(range.start);
        let line = self.text[start..].split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (number, column) = self.line_and_column(range.start);
        let end = self.boundary(range.end).max(self.boundary(range.start));
        let marked = self.text[self.boundary(range.start)..end].split('\n').next().unwrap_or_default();

        let column = column - 1;
        let first = column.saturating_sub(BEFORE);
        let cut = if first > 0 { "…" } else { "" };
        let shown: String = line.chars().skip(first).take(WIDTH).map(printable).collect();
        let more = if line.chars().nth(first + WIDTH).is_some() { "…" } else { "" };
        let carets = marked.trim_end().chars().count().clamp(1, WIDTH - BEFORE);

        let gutter = " ".repeat(number.to_string().len());
        let indent = " ".repeat(column - first + cut.chars().count());
        let mut text = String::new();
        // Writing to a String can't fail.
        let _ = writeln!(text, "{gutter} |");
        let _ = writeln!(text, "{number} | {cut}{shown}{more}");
        let _ = writeln!(text, "{gutter} | {indent}{}", "^".repeat(carets));
        text
    }

    fn line_start(&self, offset: usize) -> usize {
        self.text[..self.boundary(offset)].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Where the line of an offset ends, after its line break.
    pub(super) fn line_end(&self, offset: usize) -> usize {
        let start = self.boundary(offset);
        self.text[start..].find('\n').map_or(self.text.len() + 1, |newline| start + newline + 1)
    }

    /// The nearest offset before that lies in the text and between two characters.
    fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

/// A text from outside as it may be shown: without control characters, and not too long.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST_SHOWN).map(printable).collect();
    if text.chars().nth(LONGEST_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// Replaces what would steer a terminal or turn the reading direction; one character for one, so that columns stay.
fn printable(character: char) -> char {
    match character {
        '\t' => ' ',
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        other if other.is_control() => '\u{fffd}',
        other => other,
    }
}

/// How many characters of a line are shown, and how many of them before the marked place.
const WIDTH: usize = 120;
const BEFORE: usize = 60;

const LONGEST_SHOWN: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { name: "a.toml".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn an_offset_has_a_line_and_a_column_in_characters() {
        let source = source("ä = 1\nbb = \"ü\"  # x\n");
        let check = |offset, expected| assert_eq!(source.line_and_column(offset), expected, "{offset}");
        check(0, (1, 1));
        check(1, (1, 1)); // in the middle of a character
        check(2, (1, 2));
        check(7, (2, 1));
        check(15, (2, 8));
        check(10_000, (3, 1));
        assert_eq!(source.offset(2, 1), 7);
        assert_eq!(source.offset(99, 99), source.text.len());
    }

    #[test]
    fn the_carets_stand_under_the_range() {
        let text = source("[a]\ntimout = 1\n").excerpt(&(4..10));
        assert_eq!(text, "  |\n2 | timout = 1\n  | ^^^^^^\n");
        let text = source("").excerpt(&(0..0));
        assert_eq!(text, "  |\n1 | \n  | ^\n");
        // A range over several lines is marked on its first.
        let text = source("a = [\n1,\n]").excerpt(&(4..10));
        assert_eq!(text, "  |\n1 | a = [\n  |     ^\n");
    }

    #[test]
    fn a_long_line_is_cut_and_control_characters_are_replaced() {
        let long = format!("{}\u{1b}[31m!{}", "x".repeat(500), "y".repeat(500));
        let text = source(&long).excerpt(&(505..506));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("1 | …xxx") && lines[1].ends_with("yyy…"), "{text}");
        assert!(!text.contains('\u{1b}'));
        let caret = lines[2].chars().position(|c| c == '^');
        assert_eq!(caret, lines[1].chars().position(|c| c == '!'), "{text}");
    }
}
