//! A configuration before it has types: keys and values, each with the place that it came from.
//!
//! TOML, JSON and environment variables all become this tree, so that there is one way to read it, to find its
//! mistakes and to say where they are.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Where a key or a value was written.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// Bytes of the source text.
    Text(Range<usize>),
    /// The environment variable of this name.
    Variable(Arc<str>),
}

#[derive(Debug)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) origin: Origin,
}

#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    /// Something that no key takes, such as a date: its description.
    Other(String),
    List(Vec<Value>),
    Table(Vec<Entry>),
    /// The text of an environment variable: TOML where its key takes that, and just a text otherwise.
    Variable {
        text: String,
        toml: Option<Box<Value>>,
    },
    /// A value that was reported; it is passed over, so that its siblings are read.
    Reported,
    /// Answers with the shape that is expected in its place.
    Probe,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_origin: Origin,
    pub(super) value: Value,
}

/// One step from a value to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Key(String),
    Index(usize),
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A path as it is written in messages: `nodes.life.listen[0]`.
pub(super) struct Path<'a>(pub(super) &'a [Segment]);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) => {
                    let dot = if position > 0 { "." } else { "" };
                    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
                    if !key.is_empty() && key.chars().all(bare) {
                        write!(f, "{dot}{key}")?;
                    } else {
                        write!(f, "{dot}{:?}", super::source::shown(key))?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Value {
    /// An empty table without entries, at the given place.
    pub(super) const fn table(origin: Origin) -> Self {
        Self { kind: Kind::Table(Vec::new()), origin }
    }

    fn child(&self, segment: &Segment) -> Option<&Self> {
        match (&self.kind, segment) {
            (Kind::Table(entries), Segment::Key(key)) => {
                entries.iter().find(|entry| entry.key == *key).map(|entry| &entry.value)
            }
            (Kind::List(values), Segment::Index(index)) => values.get(*index),
            (Kind::Variable { toml: Some(value), .. }, _) => value.child(segment),
            _ => None,
        }
    }

    fn child_mut(&mut self, segment: &Segment) -> Option<&mut Self> {
        match (&mut self.kind, segment) {
            (Kind::Table(entries), Segment::Key(key)) => {
                entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.value)
            }
            (Kind::List(values), Segment::Index(index)) => values.get_mut(*index),
            (Kind::Variable { toml: Some(value), .. }, _) => value.child_mut(segment),
            _ => None,
        }
    }

    /// The value at a path.
    pub(super) fn at(&self, path: &[Segment]) -> Option<&Self> {
        path.iter().try_fold(self, |value, segment| value.child(segment))
    }

    /// The value at a path, to change it.
    pub(super) fn at_mut(&mut self, path: &[Segment]) -> Option<&mut Self> {
        path.iter().try_fold(self, |value, segment| value.child_mut(segment))
    }

    /// The path in the tree for a path in what was read from it, where reported elements of lists are missing.
    pub(super) fn path_of(&self, path: &[Segment]) -> Vec<Segment> {
        let mut found = Vec::with_capacity(path.len());
        for segment in path {
            let segment = match (self.at(&found).map(|value| &value.kind), segment) {
                (Some(Kind::List(values)), Segment::Index(index)) => {
                    let mut read =
                        values.iter().enumerate().filter(|(_, value)| !matches!(value.kind, Kind::Reported));
                    Segment::Index(read.nth(*index).map_or(*index, |(index, _)| index))
                }
                _ => segment.clone(),
            };
            found.push(segment);
        }
        found
    }

    /// Where the key at a path was written; for an element of a list, where the element was.
    pub(super) fn key_origin(&self, path: &[Segment]) -> Option<&Origin> {
        let (last, parents) = path.split_last()?;
        let parent = self.at(parents)?;
        match (&parent.kind, last) {
            (Kind::Table(entries), Segment::Key(key)) => {
                entries.iter().find(|entry| entry.key == *key).map(|entry| &entry.key_origin)
            }
            (Kind::Variable { toml: Some(value), .. }, last) => value.key_origin(std::slice::from_ref(last)),
            _ => parent.child(last).map(|value| &value.origin),
        }
    }

    /// The place to show for a path: its value, or for a table its key, since a table may span many lines.
    pub(super) fn origin_of(&self, path: &[Segment]) -> Option<&Origin> {
        let value = self.at(path)?;
        match value.kind {
            Kind::Table(_) => self.key_origin(path),
            _ => Some(&value.origin),
        }
    }

    /// The place of the nearest table around a path that is not there.
    pub(super) fn nearest_origin(&self, path: &[Segment]) -> Option<&Origin> {
        (1..=path.len()).rev().find_map(|length| self.origin_of(&path[..length]))
    }

    /// Whether a value on the way to the path was reported, so that nothing follows from its absence.
    pub(super) fn is_reported(&self, path: &[Segment]) -> bool {
        (0..=path.len())
            .any(|length| matches!(self.at(&path[..length]), Some(Self { kind: Kind::Reported, .. })))
    }

    /// Marks the value at a path as reported; `false` if nothing changed by that.
    pub(super) fn report(&mut self, path: &[Segment]) -> bool {
        match self.at_mut(path) {
            Some(value) if !matches!(value.kind, Kind::Reported) => {
                value.kind = Kind::Reported;
                true
            }
            _ => false,
        }
    }
}
