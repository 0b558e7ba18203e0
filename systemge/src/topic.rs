//! Topics: the types of messages.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use crate::payload::{Described, Description, FNV_OFFSET, Payload, Reply, Shape, byte};

/// A topic as a client and a handler see it: its name, its kind and the shapes of what it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    name: TopicName,
    kind: TopicKind,
    payload: &'static Shape,
    response: Option<&'static Shape>,
    error: Option<&'static Shape>,
    fingerprint: u64,
}

/// The name of a topic: text that is cheap to clone.
///
/// It is written in the program, or made from the key of an instance.
#[derive(Clone)]
pub struct TopicName(Name);

#[derive(Clone)]
enum Name {
    Written(&'static str),
    Made(Arc<str>),
}

impl TopicName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Written(name) => name,
            Name::Made(name) => name,
        }
    }

    /// Whether it was made from a key, so that there may be any number of such names.
    pub(crate) const fn is_made(&self) -> bool {
        matches!(self.0, Name::Made(_))
    }
}

impl From<&'static str> for TopicName {
    fn from(name: &'static str) -> Self {
        Self(Name::Written(name))
    }
}

impl From<String> for TopicName {
    fn from(name: String) -> Self {
        Self(Name::Made(name.into()))
    }
}

impl Deref for TopicName {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for TopicName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for TopicName {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for TopicName {}

impl PartialEq<str> for TopicName {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for TopicName {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for TopicName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TopicName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for TopicName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

/// Whether the sender of a topic gets a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "the wire protocol has no third kind")]
pub enum TopicKind {
    /// A message: asynchronous, nobody responds.
    OneWay,
    /// A request: every node that handles it responds.
    Request,
}

impl Topic {
    /// The topic of a message.
    #[must_use]
    pub const fn one_way<P: Payload>(name: &'static str) -> Self {
        assert_bounded(P::SHAPE);
        let fingerprint = P::SHAPE.hash(byte(FNV_OFFSET, b'1'));
        Self {
            name: TopicName(Name::Written(name)),
            kind: TopicKind::OneWay,
            payload: P::SHAPE,
            response: None,
            error: None,
            fingerprint,
        }
    }

    /// The topic of a request.
    #[must_use]
    pub const fn request<P: Payload, R: Reply>(name: &'static str) -> Self {
        let response = <R::Success as crate::Schema>::SHAPE;
        let error = R::ERROR_SHAPE;
        assert_bounded(P::SHAPE);
        assert_bounded(response);
        let mut fingerprint = response.hash(P::SHAPE.hash(byte(FNV_OFFSET, b'2')));
        if let Some(error) = error {
            assert_bounded(error);
            fingerprint = error.hash(byte(fingerprint, b'E'));
        }
        Self {
            name: TopicName(Name::Written(name)),
            kind: TopicKind::Request,
            payload: P::SHAPE,
            response: Some(response),
            error,
            fingerprint,
        }
    }

    /// The same shapes under another name.
    pub(crate) fn named(mut self, name: TopicName) -> Self {
        self.name = name;
        self
    }

    /// The name; that of a topic of a keyed contract has the key in it where it belongs to an instance, and a placeholder
    /// such as `{game}` where it doesn't.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The name as it is kept.
    pub(crate) const fn topic_name(&self) -> &TopicName {
        &self.name
    }

    /// The name, where it is written in the program: so it is while the program is compiled.
    pub(crate) const fn written_name(&self) -> &'static str {
        match &self.name.0 {
            Name::Written(name) => name,
            Name::Made(_) => "",
        }
    }

    /// Whether the sender gets a response.
    #[must_use]
    pub const fn kind(&self) -> TopicKind {
        self.kind
    }

    /// The shape of the payload.
    #[must_use]
    pub const fn payload(&self) -> &'static Shape {
        self.payload
    }

    /// The shape of the response of a request.
    #[must_use]
    pub const fn response(&self) -> Option<&'static Shape> {
        self.response
    }

    /// The shape of the handler's own error, where it has one.
    #[must_use]
    pub const fn error(&self) -> Option<&'static Shape> {
        self.error
    }

    /// What two nodes compare: the kind and all shapes in one number.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Writes what the fingerprint is the hash of.
    pub(crate) fn describe(&self, out: &mut Vec<u8>) {
        out.push(if self.kind == TopicKind::OneWay { b'1' } else { b'2' });
        self.payload.write(out);
        if let Some(response) = self.response {
            response.write(out);
        }
        if let Some(error) = self.error {
            out.push(b'E');
            error.write(out);
        }
    }

    /// What `describe` writes, to be compared and shown.
    pub(crate) fn description(&self) -> Description {
        Description {
            kind: self.kind,
            payload: Described::from(self.payload),
            response: self.response.map(Described::from),
            error: self.error.map(Described::from),
        }
    }
}

impl fmt::Display for Topic {
    /// The name and the types, such as `move: ({ from: u8, to: u8 }) -> bool`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.description())
    }
}

const fn assert_bounded(shape: &Shape) {
    assert!(
        shape.is_bounded(),
        "[SGE0309] a sequence or map of values that take no bytes cannot travel: a few bytes could stand for endless work"
    );
}

/// The longest name of a node, in bytes.
pub(crate) const MAX_NODE_NAME: usize = 64;
/// The longest name of a topic, in bytes.
pub(crate) const MAX_TOPIC_NAME: usize = 128;

/// Whether a text can be the name of a node: 1 to 64 letters, digits, `.`, `_`, `-`.
pub(crate) const fn is_node_name(name: &str) -> bool {
    is_name(name, MAX_NODE_NAME, false)
}

/// Whether a text can be the name of a topic: 1 to 128 letters, digits, `.`, `_`, `-`, `/`.
pub(crate) const fn is_topic_name(name: &str) -> bool {
    is_name(name, MAX_TOPIC_NAME, true)
}

const fn is_name(name: &str, longest: usize, slash: bool) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes.len() > longest {
        return false;
    }
    let mut index = 0;
    while index < bytes.len() {
        let byte = bytes[index];
        let allowed =
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-') || (slash && byte == b'/');
        if !allowed {
            return false;
        }
        index += 1;
    }
    true
}

/// Checks the name of a topic that is a constant, while the program is compiled; generated code calls it.
///
/// The macros check names that are literals by themselves, with the same rules.
///
/// # Panics
///
/// If the name is empty, longer than 128 bytes, starts with `systemge.`, or has a character other than ASCII
/// letters, digits, `.`, `_`, `-` and `/`.
#[doc(hidden)]
#[track_caller]
pub const fn check_topic_name(name: &str) {
    let bytes = name.as_bytes();
    if bytes.is_empty() {
        panic!("[SGE0101] the name of the topic is empty");
    }
    if bytes.len() > 128 {
        panic!("[SGE0105] the name of the topic is longer than 128 bytes");
    }
    let mut index = 0;
    while index < bytes.len() {
        if !(bytes[index].is_ascii_alphanumeric() || matches!(bytes[index], b'.' | b'_' | b'-' | b'/')) {
            panic!(
                "[SGE0103] the name of the topic has a character that is not allowed; names are made of letters, \
                 digits, `.`, `_`, `-` and `/`"
            );
        }
        index += 1;
    }
    let reserved = b"systemge.";
    let mut index = 0;
    while index < reserved.len() && index < bytes.len() && bytes[index] == reserved[index] {
        index += 1;
    }
    if index == reserved.len() {
        panic!("[SGE0104] the name of the topic starts with `systemge.`, which is reserved");
    }
}

/// The same for the name of a topic of a keyed contract: each `{placeholder}` is a segment of its own, and the name of a key,
/// and each key is there.
///
/// # Panics
///
/// As [`check_topic_name`], and if a placeholder is none of the keys, or a key is not there.
#[doc(hidden)]
#[track_caller]
pub const fn check_keyed_topic_name(name: &str, keys: &[&str]) {
    let bytes = name.as_bytes();
    if bytes.len() > 128 {
        panic!("[SGE0105] the name of the topic is longer than 128 bytes");
    }
    let mut found = 0;
    let mut index = 0;
    while index < bytes.len() {
        if bytes[index] != b'{' {
            if !(bytes[index].is_ascii_alphanumeric() || matches!(bytes[index], b'.' | b'_' | b'-' | b'/')) {
                panic!("[SGE0103] the name of the topic has a character that is not allowed");
            }
            index += 1;
            continue;
        }
        let mut key = 0;
        let mut length = 0;
        while key < keys.len() {
            let text = keys[key].as_bytes();
            let mut same = index + text.len() + 1 < bytes.len() && bytes[index + text.len() + 1] == b'}';
            let mut place = 0;
            while same && place < text.len() {
                same = bytes[index + 1 + place] == text[place];
                place += 1;
            }
            if same {
                length = text.len() + 2;
                found |= 1_u64 << key;
            }
            key += 1;
        }
        if length == 0 {
            panic!("[SGE0111] the name of the topic has a placeholder that is no key of the contract");
        }
        let whole = (index == 0 || bytes[index - 1] == b'/')
            && (index + length == bytes.len() || bytes[index + length] == b'/');
        if !whole {
            panic!("[SGE0112] a placeholder is a segment of its own, between `/`");
        }
        index += length;
    }
    if found.count_ones() as usize != keys.len() {
        panic!("[SGE0112] the name of the topic lacks a key of the contract");
    }
}

#[cfg(test)]
mod tests {
    use super::check_topic_name;

    #[test]
    fn names_of_constants_follow_the_rules_of_the_macros() {
        for name in ["getGrid", "game/1/move_it-now.v2", "systemge"] {
            check_topic_name(name);
        }
        for name in ["", "two words", "gr\u{f6}\u{df}e", "systemge.ping", &"x".repeat(129)] {
            assert!(std::panic::catch_unwind(|| check_topic_name(name)).is_err(), "{name}");
        }
    }
}
