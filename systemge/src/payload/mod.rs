//! What can travel between nodes: payloads, replies and the errors of handlers.

use std::fmt::{self, Debug, Display};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(crate) mod codec;
mod described;
#[cfg(any(feature = "uuid", feature = "chrono", feature = "time"))]
mod foreign;
mod implementations;
mod shape;

pub(crate) use self::described::{Described, Description};
pub(crate) use self::shape::{FNV_OFFSET, byte};
pub use self::shape::{Field, Shape, Variant};

/// A type whose wire shape is known.
///
/// `#[systemge::payload]` derives it together with serde's traits; `#[derive(systemge::Schema)]` derives it
/// alone.
#[diagnostic::on_unimplemented(
    message = "[SGE0301] `{Self}` cannot travel between nodes: its wire shape is not known",
    label = "not a payload",
    note = "put `#[systemge::payload]` on the definition of `{Self}`; a type of another crate may have a feature of systemge (`uuid`, `chrono`, `time`), or is described by `#[schema(as = \"String\")]` at the field",
    note = "not at all: references, `Instant`, arrays of more than 32 elements (take a `Vec`), and a `Result` that is not the return type itself (take an enum)"
)]
pub trait Schema {
    /// The wire shape.
    const SHAPE: &'static Shape;
}

/// A type that can be the payload of a topic.
///
/// Implemented for every type with [`Schema`], serde's `Serialize` and `DeserializeOwned`, and `Send + 'static`.
#[diagnostic::on_unimplemented(
    message = "[SGE0301] `{Self}` cannot be the payload of a topic",
    label = "not a payload",
    note = "put `#[systemge::payload]` on the definition of `{Self}`, and on those of the types of its fields; which types that aren't yours can travel is in `docs/payloads.md`"
)]
pub trait Payload: Schema + Serialize + DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Schema + Serialize + DeserializeOwned + Send + 'static> Payload for T {}

/// An error that a handler can send back to the caller of a request.
///
/// Implemented for every [`Payload`] that can be printed.
#[diagnostic::on_unimplemented(
    message = "[SGE0303] `{Self}` cannot be sent back to the caller as a handler's error",
    label = "this error cannot cross the wire",
    note = "an error needs `#[systemge::payload]`, `Debug` and `Display`; a `String` will do, too: `.map_err(|error| error.to_string())`"
)]
pub trait WireError: Payload + Debug + Display {}

#[diagnostic::do_not_recommend]
impl<T: Payload + Debug + Display> WireError for T {}

/// The error of a handler that has none: a type without values.
///
/// The standard library's `Infallible` would do, if serde knew it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "it has no variants, and never will")]
pub enum Never {}

impl Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

/// What a handler of a request may return: a payload, or a `Result` of a payload and a [`WireError`].
#[diagnostic::on_unimplemented(
    message = "[SGE0302] `{Self}` cannot be the response of a request",
    label = "not a reply",
    note = "a handler returns a payload (`#[systemge::payload]`), or a `Result` of a payload and an error that is a payload, too",
    note = "the error of `systemge::Result<T>` stays with its node: write `Result<T, String>` or an error of your own; or, where nobody waits for the outcome, `oneway` behind the topic's name"
)]
pub trait Reply: Send + 'static {
    /// The response of a handler that succeeded.
    type Success: Payload;
    /// The handler's own error; [`Never`] where it has none.
    type Error: WireError;
    /// The shape of the error, where there is one.
    #[doc(hidden)]
    const ERROR_SHAPE: Option<&'static Shape>;
    /// The reply as a result.
    #[doc(hidden)]
    fn into_outcome(self) -> Result<Self::Success, Self::Error>;
}

#[diagnostic::do_not_recommend]
impl<T: Payload> Reply for T {
    type Success = T;
    type Error = Never;
    const ERROR_SHAPE: Option<&'static Shape> = None;

    fn into_outcome(self) -> Result<T, Never> {
        Ok(self)
    }
}

impl<T: Payload, E: WireError> Reply for Result<T, E> {
    type Success = T;
    type Error = E;
    const ERROR_SHAPE: Option<&'static Shape> = Some(E::SHAPE);

    fn into_outcome(self) -> Self {
        self
    }
}

/// What a handler may return where nobody receives it: nothing, or a `Result` whose error is logged and counted.
#[diagnostic::on_unimplemented(
    message = "[SGE0216] nobody would receive `{Self}`",
    label = "return nothing, or `Result<(), E>` with an `E` that can be printed",
    note = "the error of a one-way handler is logged and counted on its own node"
)]
pub trait OneWayReply: Send + 'static {
    /// The error as text, if there is one.
    #[doc(hidden)]
    fn into_result(self) -> Result<(), String>;
}

impl OneWayReply for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: Display + Send + 'static> OneWayReply for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| error.to_string())
    }
}
