//! Wire shapes as one node describes them to another, for people who want to know why two nodes disagree.
//!
//! What travels are the bytes whose hash is the fingerprint (`docs/PROTOCOL.md`, "Fingerprints"): they can be read back.

use std::fmt;

use super::shape::{FNV_OFFSET, Shape, byte};
use crate::text::printable;
use crate::topic::TopicKind;

/// A wire shape that owns what it holds, since it may come from a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Described {
    Unit,
    Bool,
    Signed(u8),
    Unsigned(u8),
    Float(u8),
    Char,
    Text,
    Readable(Box<Self>),
    Option(Box<Self>),
    Sequence(Box<Self>),
    Array(Box<Self>, u64),
    Tuple(Vec<Self>),
    Map(Box<Self>, Box<Self>),
    Struct(Vec<(String, Self)>),
    Enum(Vec<(String, Self)>),
    Never,
}

/// What a node says about the types of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) kind: TopicKind,
    pub(crate) payload: Described,
    pub(crate) response: Option<Described>,
    pub(crate) error: Option<Described>,
}

/// How deeply the shapes of a description may be nested.
const MAX_DEPTH: u32 = 64;
/// How many differences between two topics are listed.
const MAX_DIFFERENCES: usize = 8;
/// How many bytes a shape takes in a text.
const MAX_SHAPE_TEXT: usize = 400;

impl Description {
    /// Reads what a peer says, which is nothing if it can't be read or isn't what the fingerprint was made of.
    pub(crate) fn read(bytes: &[u8], fingerprint: u64) -> Option<Self> {
        if bytes.iter().fold(FNV_OFFSET, |state, next| byte(state, *next)) != fingerprint {
            return None;
        }
        let mut reader = Reader(bytes);
        let kind = match reader.byte()? {
            b'1' => TopicKind::OneWay,
            b'2' => TopicKind::Request,
            _ => return None,
        };
        let payload = reader.shape(MAX_DEPTH)?;
        let (mut response, mut error) = (None, None);
        if kind == TopicKind::Request {
            response = Some(reader.shape(MAX_DEPTH)?);
            if !reader.0.is_empty() {
                if reader.byte()? != b'E' {
                    return None;
                }
                error = Some(reader.shape(MAX_DEPTH)?);
            }
        }
        reader.0.is_empty().then_some(Self { kind, payload, response, error })
    }

    /// What differs between what this node and another say, each in a sentence; `names` are those of the nodes.
    pub(crate) fn differences(&self, other: &Self, names: [&str; 2]) -> Vec<String> {
        if self.kind != other.kind {
            let kind = |description: &Self| match description.kind {
                TopicKind::OneWay => "one-way",
                TopicKind::Request => "a request",
            };
            return vec![format!(
                "it is {} on `{}`, {} on `{}`",
                kind(self),
                names[0],
                kind(other),
                names[1]
            )];
        }
        let mut comparison = Comparison { names, found: Vec::new() };
        comparison.compare("payload", String::new(), &self.payload, &other.payload);
        for (root, mine, theirs) in
            [("response", &self.response, &other.response), ("error", &self.error, &other.error)]
        {
            match (mine, theirs) {
                (Some(mine), Some(theirs)) => comparison.compare(root, String::new(), mine, theirs),
                (Some(_), None) => comparison.note(format!("only `{}` has an {root} of its own", names[0])),
                (None, Some(_)) => comparison.note(format!("only `{}` has an {root} of its own", names[1])),
                (None, None) => {}
            }
        }
        comparison.found
    }
}

impl fmt::Display for Description {
    /// In the manner of a function's type, such as `({ row: u32 }) -> Result<bool, String>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.payload {
            tuple @ Described::Tuple(_) => f.write_str(&tuple.text())?,
            Described::Unit => f.write_str("()")?,
            other => write!(f, "({})", other.text())?,
        }
        match (&self.response, &self.error) {
            (Some(response), Some(error)) => write!(f, " -> Result<{}, {}>", response.text(), error.text()),
            (Some(response), None) => write!(f, " -> {}", response.text()),
            (None, _) => Ok(()),
        }
    }
}

/// Collects what differs.
struct Comparison<'n> {
    names: [&'n str; 2],
    found: Vec<String>,
}

impl Comparison<'_> {
    fn note(&mut self, difference: String) {
        match self.found.len() {
            ..MAX_DIFFERENCES => self.found.push(difference),
            MAX_DIFFERENCES => self.found.push("and more".to_owned()),
            _ => {}
        }
    }

    /// Compares what stands at one place: a `root` such as `payload`, and the `path` from there.
    fn compare(&mut self, root: &str, path: String, mine: &Described, theirs: &Described) {
        use Described::{Array, Enum, Map, Option, Readable, Sequence, Struct, Tuple};
        if mine == theirs {
            return;
        }
        let element = || format!("{path}[]");
        match (mine, theirs) {
            (Struct(mine), Struct(theirs)) => self.named(root, &path, ".", "field", mine, theirs),
            (Enum(mine), Enum(theirs)) => self.named(root, &path, "::", "variant", mine, theirs),
            (Option(mine), Option(theirs)) | (Readable(mine), Readable(theirs)) => {
                self.compare(root, path, mine, theirs);
            }
            (Sequence(mine), Sequence(theirs)) => self.compare(root, element(), mine, theirs),
            (Array(mine, length), Array(theirs, same)) if length == same => {
                self.compare(root, element(), mine, theirs);
            }
            (Map(key, value), Map(their_key, their_value)) => {
                self.compare(root, format!("{path}[key]"), key, their_key);
                self.compare(root, element(), value, their_value);
            }
            (Tuple(mine), Tuple(theirs)) if mine.len() == theirs.len() => {
                for (index, (mine, theirs)) in mine.iter().zip(theirs).enumerate() {
                    self.compare(root, join(&path, ".", &index.to_string()), mine, theirs);
                }
            }
            _ => {
                let [here, there] = self.names;
                let (place, mine, theirs) = (place(root, &path), mine.text(), theirs.text());
                self.note(format!("{place} is {mine} on `{here}`, {theirs} on `{there}`"));
            }
        }
    }

    /// Compares fields or variants, by their names.
    fn named(
        &mut self,
        root: &str,
        path: &str,
        separator: &str,
        what: &str,
        mine: &[(String, Described)],
        theirs: &[(String, Described)],
    ) {
        let before = self.found.len();
        let [here, there] = self.names;
        let of = |list: &[(String, Described)], name: &str| list.iter().any(|(other, _)| other == name);
        for (list, other, node) in [(mine, theirs, here), (theirs, mine, there)] {
            for (name, _) in list.iter().filter(|(name, _)| !of(other, name)) {
                let name = join(path, separator, &printable(name));
                self.note(format!("the {what} `{name}` of the {root} is only on `{node}`"));
            }
        }
        for (name, shape) in mine {
            if let Some((_, other)) = theirs.iter().find(|(other, _)| other == name) {
                self.compare(root, join(path, separator, &printable(name)), shape, other);
            }
        }
        if self.found.len() == before {
            let place = place(root, path);
            self.note(format!("the {what}s of {place} stand in another order on `{there}` than on `{here}`"));
        }
    }
}

fn join(path: &str, separator: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}{separator}{name}") }
}

fn place(root: &str, path: &str) -> String {
    if path.is_empty() { format!("the {root}") } else { format!("`{path}` of the {root}") }
}

impl Described {
    /// The shape as a text of bounded length.
    fn text(&self) -> String {
        let mut text = self.to_string();
        if text.len() > MAX_SHAPE_TEXT {
            // names are escaped, so that everything is ASCII
            text.truncate(MAX_SHAPE_TEXT);
            text.push_str("...");
        }
        text
    }
}

impl From<&Shape> for Described {
    fn from(shape: &Shape) -> Self {
        let boxed = |shape: &Shape| Box::new(Self::from(shape));
        match shape {
            Shape::Unit => Self::Unit,
            Shape::Bool => Self::Bool,
            Shape::Signed(bits) => Self::Signed(*bits),
            Shape::Unsigned(bits) => Self::Unsigned(*bits),
            Shape::Float(bits) => Self::Float(*bits),
            Shape::Char => Self::Char,
            Shape::Text => Self::Text,
            Shape::Readable(inner) => Self::Readable(boxed(inner)),
            Shape::Option(inner) => Self::Option(boxed(inner)),
            Shape::Sequence(inner) => Self::Sequence(boxed(inner)),
            Shape::Array(inner, length) => Self::Array(boxed(inner), *length as u64),
            Shape::Tuple(items) => Self::Tuple(items.iter().map(|item| Self::from(*item)).collect()),
            Shape::Map(key, value) => Self::Map(boxed(key), boxed(value)),
            Shape::Struct(fields) => Self::Struct(
                fields.iter().map(|field| (field.name.to_owned(), Self::from(field.shape))).collect(),
            ),
            Shape::Enum(variants) => Self::Enum(
                variants.iter().map(|variant| (variant.name.to_owned(), Self::from(variant.shape))).collect(),
            ),
            Shape::Never => Self::Never,
        }
    }
}

impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit => f.write_str("()"),
            Self::Bool => f.write_str("bool"),
            Self::Signed(bits) => write!(f, "i{bits}"),
            Self::Unsigned(bits) => write!(f, "u{bits}"),
            Self::Float(bits) => write!(f, "f{bits}"),
            Self::Char => f.write_str("char"),
            Self::Text => f.write_str("String"),
            Self::Readable(inner) => write!(f, "String or {inner}"),
            Self::Option(inner) => write!(f, "Option<{inner}>"),
            Self::Sequence(inner) => write!(f, "[{inner}]"),
            Self::Array(inner, length) => write!(f, "[{inner}; {length}]"),
            Self::Tuple(items) => {
                f.write_str("(")?;
                for (index, item) in items.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{item}")?;
                }
                f.write_str(")")
            }
            Self::Map(key, value) => write!(f, "{{{key} => {value}}}"),
            Self::Struct(fields) => {
                f.write_str("{ ")?;
                for (index, (name, shape)) in fields.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{}: {shape}", printable(name))?;
                }
                f.write_str(" }")
            }
            Self::Enum(variants) => {
                for (index, (name, shape)) in variants.iter().enumerate() {
                    let bar = if index > 0 { " | " } else { "" };
                    write!(f, "{bar}{}", printable(name))?;
                    match shape {
                        Self::Unit => {}
                        Self::Struct(_) => write!(f, " {shape}")?,
                        Self::Tuple(_) => write!(f, "{shape}")?,
                        other => write!(f, "({other})")?,
                    }
                }
                Ok(())
            }
            Self::Never => f.write_str("!"),
        }
    }
}

/// Takes a shape from bytes that nobody vouches for.
struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number))
    }

    fn name(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        let (name, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(name).ok().map(str::to_owned)
    }

    /// So many items, as long as there are bytes: every one takes at least one.
    fn many<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        if count > self.0.len() as u64 {
            return None;
        }
        (0..count).map(|_| item(self)).collect()
    }

    fn shape(&mut self, depth: u32) -> Option<Described> {
        let depth = depth.checked_sub(1)?;
        let boxed = |reader: &mut Self| reader.shape(depth).map(Box::new);
        Some(match self.byte()? {
            b'u' => Described::Unit,
            b'b' => Described::Bool,
            b'i' => Described::Signed(self.byte()?),
            b'n' => Described::Unsigned(self.byte()?),
            b'f' => Described::Float(self.byte()?),
            b'c' => Described::Char,
            b't' => Described::Text,
            b'h' => Described::Readable(boxed(self)?),
            b'o' => Described::Option(boxed(self)?),
            b's' => Described::Sequence(boxed(self)?),
            b'a' => {
                let length = self.number()?;
                Described::Array(boxed(self)?, length)
            }
            b'p' => Described::Tuple(self.many(|reader| reader.shape(depth))?),
            b'm' => Described::Map(boxed(self)?, boxed(self)?),
            b'r' => Described::Struct(self.many(|reader| Some((reader.name()?, reader.shape(depth)?)))?),
            b'e' => Described::Enum(self.many(|reader| Some((reader.name()?, reader.shape(depth)?)))?),
            b'!' => Described::Never,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
