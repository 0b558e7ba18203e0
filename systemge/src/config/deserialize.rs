//! From the tree to the structs, through serde, with errors that know what was expected and where.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, Deserializer, Expected, IntoDeserializer as _, Unexpected, Visitor};

use super::error::Finding;
use super::nearest::{did_you_mean, listed};
use super::source::shown;
use super::tree::{Entry, Kind, Path, Segment, Value};

/// What is wrong with a value, and the way to it from the root.
#[derive(Debug)]
pub(super) struct Mistake {
    what: What,
    /// From the value outwards to the root, since it grows on the way back.
    path: Vec<Segment>,
    pub(super) on_key: bool,
}

#[derive(Debug)]
enum What {
    UnknownKey { key: String, known: &'static [&'static str] },
    UnknownChoice { choice: String, known: &'static [&'static str] },
    MissingKey(&'static str),
    NotWhatIsTaken { found: String, expected: String },
    Other(String),
    Shape(Shape),
}

/// What the structs expect at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A table with these keys.
    Section(&'static [&'static str]),
    /// A table whose keys the user chooses.
    Map,
    /// A list.
    List,
    /// A value.
    Leaf,
}

impl Mistake {
    /// The way from the root.
    pub(super) fn path(&self) -> Vec<Segment> {
        self.path.iter().rev().cloned().collect()
    }

    /// What a probe found out.
    pub(super) const fn shape(&self) -> Option<Shape> {
        if let What::Shape(shape) = self.what { Some(shape) } else { None }
    }

    /// The path of the key that is missing, if that is the mistake.
    pub(super) fn missing(&self) -> Option<Vec<Segment>> {
        let What::MissingKey(key) = self.what else { return None };
        let mut path = self.path();
        path.push(Segment::from(key));
        Some(path)
    }

    /// The mistake in words.
    pub(super) fn finding(&self) -> Finding {
        let path = self.path();
        let name = match path.as_slice() {
            [] => "the configuration".to_owned(),
            path => format!("`{}`", Path(path)),
        };
        match &self.what {
            What::UnknownKey { key, known } => {
                let parent = match path.split_last() {
                    Some((_, parent)) if !parent.is_empty() => format!("`{}`", Path(parent)),
                    _ => "a configuration".to_owned(),
                };
                let meant = did_you_mean(key, known.iter().copied());
                Finding::new(format!("{parent} has no key `{}`{meant}", shown(key)))
                    .with_help(Some(format!("its keys are {}", listed(known.iter().copied()))))
            }
            What::UnknownChoice { choice, known } => {
                let meant = did_you_mean(choice, known.iter().copied());
                let known = listed(known.iter().copied());
                Finding::new(format!("{name} has no choice `{}`{meant}", shown(choice)))
                    .with_help(Some(format!("its choices are {known}")))
            }
            What::MissingKey(key) => Finding::new(format!("{name} lacks the key `{key}`")),
            What::NotWhatIsTaken { found, expected } => {
                Finding::new(format!("{name} takes {expected}; found {}", shown(found)))
            }
            What::Other(message) => Finding::new(format!("{name}: {}", shown(message))),
            What::Shape(_) => Finding::new(format!("{name} is not readable")),
        }
    }

    const fn new(what: What) -> Self {
        Self { what, path: Vec::new(), on_key: false }
    }

    fn inside(mut self, segment: Segment) -> Self {
        self.path.push(segment);
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.finding(), f)
    }
}

impl std::error::Error for Mistake {}

impl de::Error for Mistake {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(What::Other(message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let (found, expected) = (found_words(found), expected_words(&expected.to_string()));
        Self::new(What::NotWhatIsTaken { found, expected })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(choice: &str, known: &'static [&'static str]) -> Self {
        Self::new(What::UnknownChoice { choice: choice.to_owned(), known })
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Self::new(What::UnknownKey { key: key.to_owned(), known })
    }

    fn missing_field(key: &'static str) -> Self {
        Self::new(What::MissingKey(key))
    }
}

/// What was found, in the words of a configuration file.
fn found_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("the number {value}"),
        Unexpected::Signed(value) => format!("the number {value}"),
        Unexpected::Float(value) => format!("the number {value}"),
        Unexpected::Str(text) => format!("the text {text:?}"),
        Unexpected::Char(text) => format!("the text {text:?}"),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        Unexpected::Unit => "nothing".to_owned(),
        Unexpected::Other(other) => other.to_owned(),
        other => other.to_string(),
    }
}

/// What serde says that it expects, in the words of a configuration file.
fn expected_words(expected: &str) -> String {
    let range = |max: &dyn fmt::Display| format!("a whole number from 0 to {max}");
    match expected {
        "u16" => range(&u16::MAX),
        "u32" => range(&u32::MAX),
        "u64" => range(&u64::MAX),
        "usize" => range(&usize::MAX),
        "a boolean" => "`true` or `false`".to_owned(),
        "a string" | "path string" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        other => other.to_owned(),
    }
}

/// Reads a value of the tree.
pub(super) struct Reader<'a>(pub(super) &'a Value);

impl<'a> Reader<'a> {
    /// The value that the text of a variable stands for where something other than a text is taken.
    fn value(&self) -> Result<&'a Value, &'a str> {
        match &self.0.kind {
            Kind::Variable { toml: Some(value), .. } => Ok(value),
            Kind::Variable { text, toml: None } => Err(text),
            _ => Ok(self.0),
        }
    }

    /// The same where a text is taken.
    fn value_as_text(&self) -> Result<&'a Value, &'a str> {
        match &self.0.kind {
            Kind::Variable { text, toml } => match toml.as_deref() {
                Some(value @ Value { kind: Kind::Text(_), .. }) => Ok(value),
                _ => Err(text),
            },
            _ => Ok(self.0),
        }
    }

    fn visit<'de, V: Visitor<'de>>(
        value: Result<&'a Value, &'a str>,
        visitor: V,
        shape: Shape,
    ) -> Result<V::Value, Mistake> {
        let value = match value {
            Ok(value) => value,
            Err(text) => return visitor.visit_str(text),
        };
        match &value.kind {
            Kind::Null | Kind::Reported => visitor.visit_unit(),
            Kind::Bool(value) => visitor.visit_bool(*value),
            Kind::Integer(value) => match (u64::try_from(*value), i64::try_from(*value)) {
                (Ok(value), _) => visitor.visit_u64(value),
                (_, Ok(value)) => visitor.visit_i64(value),
                _ => {
                    Err(de::Error::invalid_type(Unexpected::Other(&format!("the number {value}")), &visitor))
                }
            },
            Kind::Float(value) => visitor.visit_f64(*value),
            Kind::Text(text) => visitor.visit_str(text),
            Kind::Other(what) => Err(de::Error::invalid_type(Unexpected::Other(what), &visitor)),
            // serde would take the elements as the fields in their order.
            Kind::List(_) if matches!(shape, Shape::Section(_)) => {
                Err(de::Error::invalid_type(Unexpected::Seq, &visitor))
            }
            Kind::List(values) => visitor.visit_seq(List { values: values.iter().enumerate() }),
            Kind::Table(entries) => visitor.visit_map(Table { entries: entries.iter(), current: None }),
            // A variable within a variable does not exist.
            Kind::Variable { text, .. } => visitor.visit_str(text),
            Kind::Probe => Err(Mistake::new(What::Shape(shape))),
        }
    }
}

macro_rules! read {
    ($($method:ident($($argument:ident: $type:ty),*): $value:ident, $shape:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Mistake> {
            Self::visit(self.$value(), visitor, $shape)
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Mistake;

    read! {
        deserialize_any(): value, Shape::Leaf;
        deserialize_ignored_any(): value, Shape::Leaf;
        deserialize_bool(): value, Shape::Leaf;
        deserialize_i8(): value, Shape::Leaf;
        deserialize_i16(): value, Shape::Leaf;
        deserialize_i32(): value, Shape::Leaf;
        deserialize_i64(): value, Shape::Leaf;
        deserialize_i128(): value, Shape::Leaf;
        deserialize_u8(): value, Shape::Leaf;
        deserialize_u16(): value, Shape::Leaf;
        deserialize_u32(): value, Shape::Leaf;
        deserialize_u64(): value, Shape::Leaf;
        deserialize_u128(): value, Shape::Leaf;
        deserialize_f32(): value, Shape::Leaf;
        deserialize_f64(): value, Shape::Leaf;
        deserialize_char(): value_as_text, Shape::Leaf;
        deserialize_str(): value_as_text, Shape::Leaf;
        deserialize_string(): value_as_text, Shape::Leaf;
        deserialize_bytes(): value, Shape::Leaf;
        deserialize_byte_buf(): value, Shape::Leaf;
        deserialize_identifier(): value_as_text, Shape::Leaf;
        deserialize_unit(): value, Shape::Leaf;
        deserialize_unit_struct(_name: &'static str): value, Shape::Leaf;
        deserialize_seq(): value, Shape::List;
        deserialize_tuple(_length: usize): value, Shape::Leaf;
        deserialize_tuple_struct(_name: &'static str, _length: usize): value, Shape::Leaf;
        deserialize_map(): value, Shape::Map;
        deserialize_struct(_name: &'static str, fields: &'static [&'static str]): value, Shape::Section(fields);
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.0.kind {
            Kind::Null | Kind::Reported => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let choice = match self.value_as_text() {
            Err(text) => text,
            Ok(Value { kind: Kind::Text(text), .. }) => text.as_str(),
            Ok(_) => {
                struct Choices(&'static [&'static str]);
                impl Visitor<'_> for Choices {
                    type Value = std::convert::Infallible;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "one of {}", listed(self.0.iter().copied()))
                    }
                }
                return match Self::visit(self.value(), Choices(variants), Shape::Leaf) {
                    Ok(never) => match never {},
                    Err(mistake) => Err(mistake),
                };
            }
        };
        visitor.visit_enum(choice.into_deserializer())
    }
}

struct List<'a> {
    values: std::iter::Enumerate<std::slice::Iter<'a, Value>>,
}

impl<'de> de::SeqAccess<'de> for List<'_> {
    type Error = Mistake;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mistake> {
        let next = self.values.by_ref().find(|(_, value)| !matches!(value.kind, Kind::Reported));
        let Some((index, value)) = next else { return Ok(None) };
        seed.deserialize(Reader(value)).map(Some).map_err(|mistake| mistake.inside(Segment::Index(index)))
    }
}

struct Table<'a> {
    entries: std::slice::Iter<'a, Entry>,
    current: Option<&'a Entry>,
}

impl<'de> de::MapAccess<'de> for Table<'_> {
    type Error = Mistake;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mistake> {
        self.current = self.entries.by_ref().find(|entry| !matches!(entry.value.kind, Kind::Reported));
        let Some(entry) = self.current else { return Ok(None) };
        let key: StrDeserializer<'_, Mistake> = entry.key.as_str().into_deserializer();
        seed.deserialize(key)
            .map(Some)
            .map_err(|mistake| Mistake { on_key: true, ..mistake.inside(Segment::Key(entry.key.clone())) })
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mistake> {
        let Some(entry) = self.current else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        seed.deserialize(Reader(&entry.value))
            .map_err(|mistake| mistake.inside(Segment::Key(entry.key.clone())))
    }
}
