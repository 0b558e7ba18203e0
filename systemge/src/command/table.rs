//! The commands of an application.

use std::fmt::Display;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::arguments::{ArgumentSpec, CommandArguments, CommandError, Presence};
use crate::application::{Application, Invocation, State};
use crate::context::Core;

/// What a command may return: text, anything that can be printed, nothing, or a `Result` of these.
#[diagnostic::on_unimplemented(
    message = "[SGE0508] `{Self}` cannot be the reply of a command",
    label = "not a reply",
    note = "a command returns nothing, something that can be printed (`Display`), or a `Result` of these whose error can be printed"
)]
pub trait CommandReply {
    /// The reply as text.
    #[doc(hidden)]
    fn into_text(self) -> Result<String, CommandError>;
}

impl CommandReply for () {
    fn into_text(self) -> Result<String, CommandError> {
        Ok(String::new())
    }
}

macro_rules! printed {
    ($($type:ty),*) => {$(
        impl CommandReply for $type {
            fn into_text(self) -> Result<String, CommandError> {
                Ok(self.to_string())
            }
        }
    )*};
}

printed!(
    String,
    &'static str,
    bool,
    char,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    f32,
    f64
);

impl<T: CommandReply, E: Display> CommandReply for Result<T, E> {
    fn into_text(self) -> Result<String, CommandError> {
        self.map_or_else(|error| Err(CommandError::Failed(error.to_string())), T::into_text)
    }
}

/// What the macros know about a command.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "generated code builds it")]
pub struct CommandSpec {
    pub name: &'static str,
    /// The documentation of the method.
    pub help: &'static str,
    pub arguments: &'static [ArgumentSpec],
}

impl CommandSpec {
    /// How the command is called, such as `randomize [percent_alive]`.
    pub(crate) fn usage(&self) -> String {
        let mut usage = self.name.to_owned();
        for argument in self.arguments {
            usage += &match argument.presence {
                Presence::Required => format!(" <{}>", argument.name),
                Presence::Optional => format!(" [{}]", argument.name),
                Presence::Rest => format!(" [{}...]", argument.name),
            };
        }
        usage
    }
}

type Run =
    Arc<dyn Fn(Core, CommandArguments) -> BoxFuture<'static, Result<String, CommandError>> + Send + Sync>;

/// The commands of one node.
#[derive(Default)]
pub(crate) struct Commands {
    entries: Vec<(CommandSpec, Run)>,
}

impl Commands {
    /// The commands in the order of their declaration.
    pub(crate) fn infos(&self) -> Vec<CommandInfo> {
        let info = |spec: &CommandSpec| CommandInfo {
            name: spec.name,
            usage: spec.usage(),
            help: spec.help,
            built_in: false,
        };
        self.entries.iter().map(|(spec, _)| info(spec)).collect()
    }

    /// What the macros know of each.
    #[cfg(feature = "dashboard")]
    pub(crate) fn specs(&self) -> impl Iterator<Item = &CommandSpec> {
        self.entries.iter().map(|(spec, _)| spec)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(spec, _)| spec.name == name)
    }

    /// Runs a command; a panic in it is its error.
    pub(crate) async fn run(
        &self,
        core: Core,
        name: &str,
        words: Vec<String>,
    ) -> Result<String, CommandError> {
        let Some((spec, run)) = self.entries.iter().find(|(spec, _)| spec.name == name) else {
            return Err(CommandError::Unknown(name.to_owned()));
        };
        let future = run(core, CommandArguments::new(words, spec.usage()));
        match std::panic::AssertUnwindSafe(future).catch_unwind().await {
            Ok(result) => result,
            Err(panic) => Err(CommandError::Panicked(crate::error::panic_text(&*panic))),
        }
    }
}

/// A command of a node, for people who want to run it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandInfo {
    /// The name.
    pub name: &'static str,
    /// How it is called, such as `randomize [percent_alive]`.
    pub usage: String,
    /// What it does: the documentation of its method.
    pub help: &'static str,
    /// Whether every node has it, and not the application.
    pub built_in: bool,
}

/// Collects the commands of an application.
#[doc(hidden)]
pub struct CommandTable<A> {
    state: Arc<State<A>>,
    commands: Commands,
}

impl<A: Application> CommandTable<A> {
    pub(crate) fn new(state: Arc<State<A>>) -> Self {
        Self { state, commands: Commands::default() }
    }

    pub(crate) fn finish(self) -> Commands {
        self.commands
    }

    /// Adds a command.
    pub fn command<H, F>(&mut self, spec: CommandSpec, handler: H)
    where
        H: Fn(Invocation<A>, CommandArguments) -> F + Send + Sync + 'static,
        F: Future<Output = Result<String, CommandError>> + Send + 'static,
    {
        let state = self.state.clone();
        let run: Run =
            Arc::new(move |core, arguments| handler(Invocation::new(state.clone(), core), arguments).boxed());
        self.commands.entries.push((spec, run));
    }
}
