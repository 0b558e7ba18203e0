//! Contracts: topics that several programs share, declared by a trait.

use std::fmt;

use crate::application::{Application, NodeBlock};
use crate::client::Caller;
use crate::const_text;
use crate::context::{AnyApplication, Context};
use crate::node::Node;
use crate::payload::{FNV_OFFSET, byte};
use crate::topic::Topic;

/// The topics that a trait with `#[systemge::contract]` declares: a constant of the trait's name, which is there whether or
/// not the program handles or calls them.
///
/// ```
/// #[systemge::contract]
/// pub trait Clock {
///     /// The seconds since midnight.
///     #[topic("now")]
///     async fn now(&self) -> u32;
/// }
///
/// assert_eq!(Clock.name(), "Clock");
/// let [now] = Clock.topics() else { unreachable!("there is one") };
/// assert_eq!(now.method(), "now");
/// assert_eq!(now.topic().to_string(), "now: () -> u32");
/// assert_eq!(now.documentation(), "The seconds since midnight.");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    name: &'static str,
    module: &'static str,
    key: u64,
    keys: &'static [&'static str],
    topics: &'static [DeclaredTopic],
}

impl Contract {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        name: &'static str,
        declared: Declaration,
        keys: &'static [&'static str],
        topics: &'static [DeclaredTopic],
    ) -> Self {
        let Declaration { package, version, file, module, .. } = declared;
        let (crate_name, path) = const_text::split_path(module);
        // the package, where cargo says it, since the names of crates are sometimes made up
        let package = match package {
            Some(package) => package,
            None => crate_name,
        };
        let version = match version {
            Some(version) => version,
            None => "",
        };
        let mut key = FNV_OFFSET;
        // not its folder, which is another one on every machine; what is a test or an example of its own is told apart by
        // the name
        let parts = [package, version, const_text::file_name(file), path, name];
        let mut index = 0;
        while index < parts.len() {
            let part = parts[index].as_bytes();
            let mut place = 0;
            while place < part.len() {
                key = byte(key, part[place]);
                place += 1;
            }
            key = byte(key, 0);
            index += 1;
        }
        let line = declared.line.to_le_bytes();
        let mut place = 0;
        while place < line.len() {
            key = byte(key, line[place]);
            place += 1;
        }
        Self { name, module, key, keys, topics }
    }

    /// A number that no other contract has, for the parameters of hidden traits.
    #[doc(hidden)]
    #[must_use]
    pub const fn key(&self) -> u64 {
        self.key
    }

    /// The name of the trait.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The path of the module that the trait is in, such as `shop::contracts`.
    #[must_use]
    pub const fn module(&self) -> &'static str {
        self.module
    }

    /// The names of the keys by which its instances are told apart; empty where it has none.
    #[must_use]
    pub const fn keys(&self) -> &'static [&'static str] {
        self.keys
    }

    /// The topics in the order of the trait.
    #[must_use]
    pub const fn topics(&self) -> &'static [DeclaredTopic] {
        self.topics
    }
}

/// A topic of a [`Contract`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredTopic {
    method: &'static str,
    topic: Topic,
    documentation: &'static str,
}

impl DeclaredTopic {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(method: &'static str, topic: Topic, documentation: &'static str) -> Self {
        Self { method, topic, documentation }
    }

    /// The name of the method that declares it.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        self.method
    }

    /// Its name, its kind and its shapes.
    #[must_use]
    pub const fn topic(&self) -> &Topic {
        &self.topic
    }

    /// What its documentation says; empty if there is none.
    #[must_use]
    pub const fn documentation(&self) -> &'static str {
        self.documentation
    }
}

impl fmt::Display for Contract {
    /// The topics, one a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        self.topics.iter().try_for_each(|declared| write!(f, "\n  {}", declared.topic))
    }
}

// ---- what generated code needs ----

/// Where a contract is declared; all of it together is what no other contract has.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "generated code builds it")]
pub struct Declaration {
    pub package: Option<&'static str>,
    pub version: Option<&'static str>,
    pub file: &'static str,
    pub line: u32,
    pub module: &'static str,
}

/// Implements every contract, so that a contract's path is enough to come to the types that belong to it.
#[doc(hidden)]
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it has no values")]
pub enum Declared {}

/// A topic of the contract whose client is `Self`: its name, and what its handler returns.
#[doc(hidden)]
pub trait ContractTopic<const TOPIC: usize> {
    const NAME: &'static str;
    const ALIASES: &'static [&'static str];
    type Reply;
}

/// The topics of a contract whose types are no payloads: the constant of the client goes before this one, but not where the
/// conditions of its types are not met. What is missing is reported at the contract.
#[doc(hidden)]
pub trait NoTopics {
    const __SYSTEMGE_TOPICS: &'static [DeclaredTopic] = &[];
}

impl<C> NoTopics for C {}

/// A key of the contract whose client is `Self`.
#[doc(hidden)]
pub trait ContractKey<const INDEX: usize> {
    type Key;
}

/// An application with a `#[key]` field of the name with that hash, and of that type.
#[doc(hidden)]
pub trait KeyField<const NAME: u64, T> {}

/// A value that a topic of the contract whose client is `Self` carries.
#[doc(hidden)]
pub trait ContractValue<const TOPIC: usize, const INDEX: usize> {
    type Value;
}

// the contract is named by its key, since the compiler can't tell two types apart that it finds by `Declared`, where it
// looks for implementations that overlap

/// What a `#[systemge::node]` block for the contract with that key generates.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "[SGE0408] `{Self}` lists a contract that it does not handle",
    label = "there is no `#[systemge::node] impl` of it for `{Self}`",
    note = "write the block with the handlers, or list the contract in `calls(..)` if `{Self}` only calls it"
)]
pub trait HandlesContract<const CONTRACT: u64>: Application {
    const BLOCK: Option<NodeBlock<Self>>;
}

/// What the types of such a block must be.
#[doc(hidden)]
pub trait HandlesContractConditions<const CONTRACT: u64> {
    fn conditions();
}

/// An application that lists the contract with that key among those that it handles.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "[SGE0507] `{Self}` does not list this contract, so nothing would start its handlers",
    label = "not listed",
    note = "put `#[derive(systemge::Application)]` and `#[application(handles(..))]`, with the contract in it, on the definition of `{Self}`"
)]
pub trait Lists<const CONTRACT: u64> {}

/// An application that lists the contract with that key among those that it calls.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "[SGE0410] `{Self}` calls a contract that it does not list",
    label = "a client of a contract that is not in `calls(..)`",
    note = "put `#[application(calls(..))]`, with the contract in it, on the definition of `{Self}`; a plain `&Context` makes it a warning of the running node"
)]
pub trait Calls<const CONTRACT: u64> {}

/// Whoever can make the client of the contract with that key: a node, a [`Context`] that doesn't know its application, or one whose
/// application lists the contract among those that it calls.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "[SGE0414] `{Self}` cannot make a client",
    label = "neither a context nor a node",
    note = "a client sends for a node: take `ctx: &Context` in the handler and write `Client::new(ctx)`; outside of handlers, a `&Node`"
)]
pub trait CallerOf<const CONTRACT: u64>: Caller {}

impl<const CONTRACT: u64, C: CallerOf<CONTRACT>> CallerOf<CONTRACT> for &C {}
impl<const CONTRACT: u64> CallerOf<CONTRACT> for Node {}
impl<const CONTRACT: u64> CallerOf<CONTRACT> for Context<AnyApplication> {}
impl<const CONTRACT: u64, A: Application + Calls<CONTRACT>> CallerOf<CONTRACT> for Context<A> {}

/// The contracts that an application lists.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "generated code builds it")]
pub struct Contracts {
    pub handles: &'static [&'static Contract],
    pub calls: &'static [&'static Contract],
}

impl Contracts {
    pub const NONE: Self = Self { handles: &[], calls: &[] };
}
