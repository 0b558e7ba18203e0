//! Conditions that generated code asks of the user's types, so that the compiler says it in our words.

use std::fmt::Display;
use std::str::FromStr;

/// A type that can be an argument of a command.
///
/// Implemented for everything that can be parsed from text.
#[diagnostic::on_unimplemented(
    message = "[SGE0504] `{Self}` cannot be an argument of a command: it cannot be parsed from text",
    label = "no argument",
    note = "implement `std::str::FromStr` for `{Self}`, with an error that can be printed; `Option<T>` and `Vec<T>` at the end are known, too"
)]
pub trait CommandArgument: FromStr<Err: Display> {}

#[diagnostic::do_not_recommend]
impl<T: FromStr<Err: Display>> CommandArgument for T {}
