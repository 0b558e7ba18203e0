//! Arguments of commands: typed, parsed from text.

use std::fmt::Display;
use std::str::FromStr;

/// Why a command failed. Mistakes in its call are the operator's; the rest is the command's own error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The node has no such command.
    #[error("there is no command `{0}`; `commands` lists them")]
    Unknown(String),
    /// An argument is missing.
    #[error("the argument `{name}` is missing; usage: {usage}")]
    Missing {
        /// The name of the argument.
        name: &'static str,
        /// How the command is called.
        usage: String,
    },
    /// An argument can't be parsed.
    #[error("`{text}` is not a valid `{name}`: {reason}; usage: {usage}")]
    Invalid {
        /// The name of the argument.
        name: &'static str,
        /// What was given.
        text: String,
        /// What the type says about it.
        reason: String,
        /// How the command is called.
        usage: String,
    },
    /// There are more arguments than the command takes.
    #[error("`{text}` is one argument too many; usage: {usage}")]
    TooMany {
        /// The first argument that is too many.
        text: String,
        /// How the command is called.
        usage: String,
    },
    /// The command itself failed.
    #[error("{0}")]
    Failed(String),
    /// The command panicked.
    #[error("the command panicked: {0}")]
    Panicked(String),
    /// The node isn't running.
    #[error("the node `{0}` is not running")]
    NotRunning(String),
}

/// What the macros know about an argument.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "generated code builds it")]
pub struct ArgumentSpec {
    pub name: &'static str,
    /// The type as the user wrote it, without the `Option` or `Vec` around it.
    pub type_name: &'static str,
    pub presence: Presence,
}

/// How often an argument is given.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "generated code names it")]
pub enum Presence {
    /// Once.
    Required,
    /// Once or not at all: `Option<T>`.
    Optional,
    /// All that is left: `Vec<T>`.
    Rest,
}

/// The arguments of one call, in order.
#[doc(hidden)]
#[derive(Debug)]
pub struct CommandArguments {
    words: std::vec::IntoIter<String>,
    usage: String,
}

impl CommandArguments {
    pub(crate) fn new(words: Vec<String>, usage: String) -> Self {
        Self { words: words.into_iter(), usage }
    }

    /// The next argument, which must be there.
    pub fn required<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Result<T, CommandError> {
        self.optional(name)?.ok_or_else(|| CommandError::Missing { name, usage: self.usage.clone() })
    }

    /// The next argument, if there is one.
    pub fn optional<T: FromStr<Err: Display>>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, CommandError> {
        let Some(text) = self.words.next() else { return Ok(None) };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(CommandError::Invalid {
                name,
                reason: T::Err::to_string(&error),
                text,
                usage: self.usage.clone(),
            }),
        }
    }

    /// All arguments that are left.
    pub fn rest<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Result<Vec<T>, CommandError> {
        let mut values = Vec::new();
        while let Some(value) = self.optional(name)? {
            values.push(value);
        }
        Ok(values)
    }

    /// Says so if there are more arguments than the command takes.
    pub fn finish(mut self) -> Result<(), CommandError> {
        self.words.next().map_or(Ok(()), |text| Err(CommandError::TooMany { text, usage: self.usage }))
    }
}
