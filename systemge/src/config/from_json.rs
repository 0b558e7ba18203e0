//! JSON text → tree.
//!
//! serde_json keeps no positions, but its raw values are slices of the text: their address tells the position.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::Finding;
use super::from_toml::DEEPEST;
use super::source::{Source, shown};
use super::tree::{Entry, Kind, Origin, Value};

/// Reads the text, or says where it is no JSON.
pub(super) fn read(source: &Source) -> Result<Value, Vec<Finding>> {
    let root: &RawValue = serde_json::from_str(&source.text).map_err(|error| {
        let offset = source.offset(error.line(), error.column());
        vec![syntax(source, &error, offset..offset + 1)]
    })?;
    value(source, root, 0).map_err(|finding| vec![finding])
}

fn value(source: &Source, raw: &RawValue, depth: usize) -> Result<Value, Finding> {
    let text = raw.get();
    let place = place(source, raw);
    let origin = Origin::Text(place.clone());
    let wrong = |error: serde_json::Error| syntax(source, &error, place.clone());
    let kind = match text.bytes().next() {
        Some(b'{' | b'[') if depth > DEEPEST => Kind::Other("a value inside too many others".to_owned()),
        Some(b'{') => Kind::Table(table(source, serde_json::from_str(text).map_err(wrong)?, depth)?),
        Some(b'[') => {
            let values: Vec<&RawValue> = serde_json::from_str(text).map_err(wrong)?;
            Kind::List(values.into_iter().map(|raw| value(source, raw, depth + 1)).collect::<Result<_, _>>()?)
        }
        _ => match serde_json::from_str(text).map_err(wrong)? {
            serde_json::Value::Null => Kind::Null,
            serde_json::Value::Bool(value) => Kind::Bool(value),
            serde_json::Value::String(text) => Kind::Text(text),
            serde_json::Value::Number(number) => match (number.as_i128(), number.as_f64()) {
                (Some(number), _) => Kind::Integer(number),
                (None, Some(number)) => Kind::Float(number),
                (None, None) => Kind::Other(format!("the number {number}")),
            },
            // These begin with a bracket.
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => Kind::Null,
        },
    };
    Ok(Value { kind, origin })
}

fn table(source: &Source, fields: Fields<'_>, depth: usize) -> Result<Vec<Entry>, Finding> {
    let mut seen = HashSet::new();
    let mut entries = Vec::with_capacity(fields.0.len());
    for (raw_key, raw_value) in fields.0 {
        let key_place = place(source, raw_key);
        let key: String =
            serde_json::from_str(raw_key.get()).map_err(|error| syntax(source, &error, key_place.clone()))?;
        let key_origin = Origin::Text(key_place);
        if !seen.insert(key.clone()) {
            let message = format!("the key `{}` is given twice", shown(&key));
            return Err(Finding::new(message).at(source, Some(&key_origin)));
        }
        entries.push(Entry { key, key_origin, value: value(source, raw_value, depth + 1)? });
    }
    Ok(entries)
}

fn syntax(source: &Source, error: &serde_json::Error, place: Range<usize>) -> Finding {
    let message = error.to_string();
    // The position is shown as every other one.
    let message = message.rfind(" at line ").map_or(message.as_str(), |end| &message[..end]);
    Finding::new(format!("this is no JSON: {}", shown(message))).at(source, Some(&Origin::Text(place)))
}

/// Where a slice of the source's text lies in it.
fn place(source: &Source, raw: &RawValue) -> Range<usize> {
    let start = (raw.get().as_ptr() as usize).wrapping_sub(source.text.as_ptr() as usize);
    start..start.saturating_add(raw.get().len())
}

/// An object as the slices of its keys and values, in their order and with those that are given twice.
struct Fields<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}
