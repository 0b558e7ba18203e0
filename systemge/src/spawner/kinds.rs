//! The kinds of nodes that a spawner makes.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::de::DeserializeOwned;

use super::SpawnError;
use crate::application::Application;
use crate::config::NodeConfig;
use crate::node::Program;

/// A kind of nodes.
pub(super) struct Kind {
    /// The program's own configuration, which goes before that of the file.
    pub(super) config: Option<NodeConfig>,
    make: Make,
}

/// Makes a node's program from settings in JSON, or says what is wrong.
type Make = Box<dyn Fn(&str) -> Result<Program, Wrong> + Send + Sync>;

enum Wrong {
    Settings(String),
    Refused(String),
}

impl Kind {
    pub(super) fn new<S, A, E>(
        config: Option<NodeConfig>,
        constructor: impl Fn(S) -> Result<A, E> + Send + Sync + 'static,
    ) -> Self
    where
        S: DeserializeOwned,
        A: Application,
        E: Display,
    {
        let make = move |settings: &str| {
            let settings =
                serde_json::from_str(settings).map_err(|error| Wrong::Settings(error.to_string()))?;
            let application = constructor(settings).map_err(|error| Wrong::Refused(error.to_string()))?;
            Ok(Program::new(application))
        };
        Self { config, make: Box::new(make) }
    }

    /// Makes a program.
    pub(super) fn make(&self, kind: &str, settings: Option<&str>) -> Result<Program, SpawnError> {
        let settings = settings.unwrap_or("null");
        // a constructor that panics is a kind that refuses: what it was making is gone, and nobody else sees it
        let made = catch_unwind(AssertUnwindSafe(|| (self.make)(settings))).unwrap_or_else(|panic| {
            Err(Wrong::Refused(format!("it panicked: {}", crate::error::panic_text(&*panic))))
        });
        made.map_err(|wrong| match wrong {
            Wrong::Settings(reason) => SpawnError::Settings { kind: kind.to_owned(), reason },
            Wrong::Refused(reason) => SpawnError::Refused { kind: kind.to_owned(), reason },
        })
    }
}

/// The kinds by name, and what is wrong with their registration.
#[derive(Default)]
pub(super) struct Kinds {
    by_name: BTreeMap<String, Kind>,
    mistake: Option<String>,
}

impl Kinds {
    pub(super) fn add(&mut self, name: String, kind: Kind) {
        if !crate::topic::is_node_name(&name) {
            let rule = "1 to 64 letters, digits, `.`, `_` or `-`";
            self.mistake = Some(format!("`{name}` is no name for a kind of nodes; it takes {rule}"));
        } else if self.by_name.contains_key(&name) {
            self.mistake = Some(format!("the kind `{name}` is registered twice"));
        }
        self.by_name.insert(name, kind);
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.by_name.keys().cloned().collect()
    }

    /// The last mistake of the program that registered them.
    pub(super) fn mistake(&self) -> Option<&str> {
        self.mistake.as_deref()
    }

    pub(super) fn find(&self, name: &str) -> Result<&Kind, SpawnError> {
        let unknown = || SpawnError::UnknownKind { kind: name.to_owned(), known: self.names() };
        self.by_name.get(name).ok_or_else(unknown)
    }
}
