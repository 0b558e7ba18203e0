//! TOML text → tree.

use std::ops::Range;

use toml::de::{DeTable, DeValue};
use toml_parser::lexer::TokenKind;

use super::error::Finding;
use super::source::{Source, shown};
use super::tree::{Entry, Kind, Origin, Value};

/// Reads the text, or says where it is no TOML.
pub(super) fn read(source: &Source) -> Result<Value, Vec<Finding>> {
    if let Some(place) = too_nested(&source.text) {
        let finding = Finding::new("this is nested too deep for a configuration");
        return Err(vec![finding.at(source, Some(&Origin::Text(place)))]);
    }
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    if errors.is_empty() {
        let place = |range| Origin::Text(range);
        return Ok(Value { origin: place(table.span()), kind: table_kind(table.get_ref(), &place, 0) });
    }
    let mut findings: Vec<Finding> = Vec::new();
    let mut line_end = 0;
    for error in errors {
        // What follows on the same line follows from it, most of the time.
        if !findings.is_empty() && error.span().is_none_or(|span| span.start < line_end) {
            continue;
        }
        if let Some(span) = error.span() {
            line_end = source.line_end(span.start);
        }
        let message = format!("this is no TOML: {}", shown(error.message()));
        findings.push(Finding::new(message).at(source, error.span().map(Origin::Text).as_ref()));
        if findings.len() == MOST_ERRORS {
            break;
        }
    }
    Err(findings)
}

/// Reads the text of an environment variable as a TOML value, if it is one.
pub(super) fn value(text: &str, origin: &Origin) -> Option<Value> {
    if too_nested(text).is_some() {
        return None;
    }
    let value = DeValue::parse(text).ok()?;
    let place = |_| origin.clone();
    Some(Value { kind: value_kind(value.get_ref(), &place, 0), origin: origin.clone() })
}

/// Where the text has more brackets inside each other, or longer dotted keys, than a configuration has.
///
/// The `toml` crate bounds either, but not their product: inline tables with dotted keys nest thousands deep, which
/// it then drops by recursion. Dots in floats are counted, too, which does no harm.
fn too_nested(text: &str) -> Option<Range<usize>> {
    let mut brackets = 0_usize;
    let mut dots = 0_usize;
    for token in toml_parser::Source::new(text).lex() {
        match token.kind() {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => {
                (brackets, dots) = (brackets + 1, 0)
            }
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                (brackets, dots) = (brackets.saturating_sub(1), 0);
            }
            TokenKind::Equals | TokenKind::Comma | TokenKind::Newline => dots = 0,
            TokenKind::Dot => dots += 1,
            _ => {}
        }
        if brackets > DEEPEST || dots > DEEPEST {
            return Some(token.span().start()..token.span().end());
        }
    }
    None
}

type Place<'a> = dyn Fn(Range<usize>) -> Origin + 'a;

fn table_kind(table: &DeTable<'_>, place: &Place<'_>, depth: usize) -> Kind {
    if depth > DEEPEST {
        return too_deep();
    }
    let entries = table.iter().map(|(key, value)| Entry {
        key: key.get_ref().to_string(),
        key_origin: place(key.span()),
        value: Value { kind: value_kind(value.get_ref(), place, depth + 1), origin: place(value.span()) },
    });
    Kind::Table(entries.collect())
}

fn value_kind(value: &DeValue<'_>, place: &Place<'_>, depth: usize) -> Kind {
    match value {
        DeValue::String(text) => Kind::Text(text.to_string()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Kind::Other(format!("the number {number}")), Kind::Integer),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_or_else(|_| Kind::Other(format!("the number {}", number.as_str())), Kind::Float),
        DeValue::Boolean(value) => Kind::Bool(*value),
        DeValue::Datetime(date) => Kind::Other(format!("the date or time {date}")),
        DeValue::Array(_) if depth > DEEPEST => too_deep(),
        DeValue::Array(values) => Kind::List(
            values
                .iter()
                .map(|value| Value {
                    kind: value_kind(value.get_ref(), place, depth + 1),
                    origin: place(value.span()),
                })
                .collect(),
        ),
        DeValue::Table(table) => table_kind(table, place, depth),
    }
}

fn too_deep() -> Kind {
    Kind::Other("a value inside too many others".to_owned())
}

/// More than any configuration needs, and little enough to be read by recursion.
pub(super) const DEEPEST: usize = 32;

const MOST_ERRORS: usize = 10;
