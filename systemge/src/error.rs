//! The error of programs and hooks, and helpers for panics.

use std::any::Any;
use std::fmt;

/// A result whose error is systemge's, unless it says otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something failed, in words for a person: any error turns into it with `?`.
///
/// Functions whose callers can react to the error have error types of their own; this one is for `main`, hooks
/// and commands, which pass an error on.
pub struct Error(Box<dyn std::error::Error + Send + Sync>);

impl Error {
    /// An error from a message.
    pub fn message(message: impl fmt::Display) -> Self {
        Self(message.to_string().into())
    }

    /// The error inside, if it is an `E`.
    #[must_use]
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(&*self.0))
    }
}

impl fmt::Debug for Error {
    /// The same as `Display`, since it is what a person sees who returns it from `main`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

/// What a panic says.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
