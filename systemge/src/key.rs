//! Keys of topics: what names one of several instances of an application.

use std::borrow::Cow;
use std::sync::Arc;

use crate::topic::{MAX_TOPIC_NAME, TopicName, is_node_name};

/// A value that names one of several instances: the `{game}` of `game/{game}/move`.
///
/// Implemented for integers, `bool`, text, references to keys, and with the feature `uuid` for `Uuid`. A struct around one of
/// them derives it ([`macro@TopicKey`](macro@crate::TopicKey)); another type says what its text is:
///
/// ```
/// use std::borrow::Cow;
///
/// use systemge::TopicKey;
///
/// #[derive(TopicKey)]
/// struct GameId(u64);
///
/// struct Square { row: u8, column: u8 }
///
/// impl TopicKey for Square {
///     fn segment(&self) -> Cow<'_, str> { format!("{}-{}", self.row, self.column).into() }
/// }
///
/// assert_eq!(GameId(7).segment(), "7");
/// assert_eq!(Square { row: 1, column: 2 }.segment(), "1-2");
/// ```
///
/// The same value has the same text on every node and in every version of the program, and two different values have
/// different texts.
#[diagnostic::on_unimplemented(
    message = "[SGE0113] `{Self}` cannot be the key of a topic",
    label = "not a key",
    note = "a key is an integer, a `bool`, a `String`, a `Uuid`, or a struct of yours around one of them: `#[derive(systemge::TopicKey)]`"
)]
pub trait TopicKey {
    /// The text in the topic's name: 1 to 64 letters, digits, `.`, `_` or `-`. Another one is an error where the node is
    /// added to its system, or where a client sends.
    fn segment(&self) -> Cow<'_, str>;
}

macro_rules! displayed {
    ($($key:ty),*) => {$(
        impl TopicKey for $key {
            fn segment(&self) -> Cow<'_, str> {
                Cow::Owned(self.to_string())
            }
        }
    )*};
}

displayed! { u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, bool }

#[cfg(feature = "uuid")]
displayed! { uuid::Uuid }

macro_rules! text {
    ($($key:ty),*) => {$(
        impl TopicKey for $key {
            fn segment(&self) -> Cow<'_, str> {
                Cow::Borrowed(self)
            }
        }
    )*};
}

text! { str, String, Box<str>, Arc<str> }

impl<K: TopicKey + ?Sized> TopicKey for &K {
    fn segment(&self) -> Cow<'_, str> {
        (**self).segment()
    }
}

/// A `#[key]` field of an application, from which generated code takes the text.
#[doc(hidden)]
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "generated code builds it")]
pub struct KeyOf<'k, K>(pub &'k K);

impl<K: TopicKey> KeyOf<'_, K> {
    #[must_use]
    pub fn text(&self) -> String {
        self.0.segment().into_owned()
    }
}

/// The text of a field that is no key: the method of [`KeyOf`] itself goes before this one, but not where its condition is not
/// met. That is reported at the contract.
#[doc(hidden)]
pub trait NoKey {
    fn text(&self) -> String {
        String::new()
    }
}

impl<K> NoKey for KeyOf<'_, K> {}

/// Why a topic has no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key has a text that can't be a part of a name. The caller's or the application's mistake.
    #[error("the key `{key}` is \"{value}\", but takes 1 to 64 letters, digits, `.`, `_` or `-`")]
    Segment {
        /// The name of the key.
        key: &'static str,
        /// Its text, escaped and cut.
        value: String,
    },
    /// The name is too long with the key in it. The contract's mistake.
    #[error("the name `{0}` of a topic is longer than 128 bytes")]
    TooLong(String),
    /// The application has no such key. The program's mistake, which the macros find.
    #[error("there is no key for the name `{0}` of a topic")]
    Missing(&'static str),
}

/// The keys of a client or of an application, each with its text.
pub(crate) type Keys = Arc<[(&'static str, String)]>;

/// The name that a topic has with these keys. A name without placeholders is left as it is.
pub(crate) fn name_with(
    template: &'static str,
    keys: &[(&'static str, String)],
) -> Result<TopicName, KeyError> {
    if !template.contains('{') {
        return Ok(template.into());
    }
    let mut name = template.to_owned();
    for (key, segment) in keys {
        // the rules of a node's name are those of one segment
        if !is_node_name(segment) {
            return Err(KeyError::Segment { key, value: crate::text::printable(segment) });
        }
        name = name.replace(&format!("{{{key}}}"), segment);
    }
    if name.contains('{') {
        return Err(KeyError::Missing(template));
    }
    if name.len() > MAX_TOPIC_NAME {
        return Err(KeyError::TooLong(name));
    }
    Ok(name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &'static str, keys: &[(&'static str, &str)], expected: Result<&str, KeyError>) {
        let keys: Vec<_> = keys.iter().map(|(key, text)| (*key, (*text).to_owned())).collect();
        let name = name_with(template, &keys);
        assert_eq!(name.as_ref().map(AsRef::as_ref).map_err(Clone::clone), expected);
    }

    #[test]
    fn a_key_is_one_segment_of_the_name() {
        check("move", &[], Ok("move"));
        check("game/{game}/move", &[("game", "a-1")], Ok("game/a-1/move"));
        check("{a}/{b}/{a}", &[("a", "1"), ("b", "2")], Ok("1/2/1"));
        for wrong in ["", "a/b", "{game}", "a b", &"x".repeat(65)] {
            let value = crate::text::printable(wrong);
            check("game/{game}", &[("game", wrong)], Err(KeyError::Segment { key: "game", value }));
        }
        check("{a}/{b}", &[("a", "1")], Err(KeyError::Missing("{a}/{b}")));
        let long = "x".repeat(64);
        check("{a}/{a}", &[("a", &long)], Err(KeyError::TooLong(format!("{long}/{long}"))));
    }

    #[test]
    fn keys_are_what_they_print() {
        assert_eq!(7_u8.segment(), "7");
        assert_eq!((-7_i64).segment(), "-7");
        assert_eq!(true.segment(), "true");
        assert_eq!("blue".segment(), "blue");
        assert_eq!(String::from("blue").segment(), "blue");
    }
}
