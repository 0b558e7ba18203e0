//! A whole system as its applications declare it: who handles which contract, and who calls it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::application::Application;
use crate::const_text::{self, Message};
use crate::contract::{Contract, Contracts};
use crate::topic::TopicKind;

/// The applications of a system, and the contracts between them; [`system!`](crate::system!) declares and checks it.
#[derive(Debug, Clone, Copy)]
pub struct SystemModel {
    name: &'static str,
    applications: &'static [ApplicationModel],
}

/// An application of a [`SystemModel`].
#[derive(Debug, Clone, Copy)]
pub struct ApplicationModel {
    name: &'static str,
    contracts: Contracts,
}

impl ApplicationModel {
    #[doc(hidden)]
    #[must_use]
    pub const fn of<A: Application>(name: &'static str) -> Self {
        Self { name, contracts: A::__CONTRACTS }
    }

    /// The name of its type.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The contracts that it handles.
    #[must_use]
    pub const fn handles(&self) -> &'static [&'static Contract] {
        self.contracts.handles
    }

    /// The contracts that it calls.
    #[must_use]
    pub const fn calls(&self) -> &'static [&'static Contract] {
        self.contracts.calls
    }
}

impl SystemModel {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str, applications: &'static [ApplicationModel]) -> Self {
        Self { name, applications }
    }

    /// The name that it is declared under.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its applications, in the order of the declaration.
    #[must_use]
    pub const fn applications(&self) -> &'static [ApplicationModel] {
        self.applications
    }

    /// Whether every contract that the application of this index calls is handled, and every topic of its contracts has the
    /// type that it has in those of the applications before it.
    ///
    /// # Panics
    ///
    /// While the program is compiled, if not.
    #[doc(hidden)]
    pub const fn check(&self, index: usize) {
        let application = &self.applications[index];
        let calls = application.calls();
        let mut call = 0;
        while call < calls.len() {
            if !self.is_handled(calls[call]) {
                Message::new("[SGE0411] `")
                    .with(application.name)
                    .with("` calls the contract `")
                    .with(calls[call].name())
                    .with("`, which no application of the system handles")
                    .panic();
            }
            self.check_types(index, calls[call]);
            call += 1;
        }
        let handles = application.handles();
        let mut handled = 0;
        while handled < handles.len() {
            self.check_types(index, handles[handled]);
            handled += 1;
        }
    }

    const fn is_handled(&self, contract: &Contract) -> bool {
        let mut index = 0;
        while index < self.applications.len() {
            let handles = self.applications[index].handles();
            let mut handled = 0;
            while handled < handles.len() {
                if handles[handled].key() == contract.key() {
                    return true;
                }
                handled += 1;
            }
            index += 1;
        }
        false
    }

    /// Whether the applications up to this one know the topics of one of its contracts by the same types.
    const fn check_types(&self, own: usize, contract: &Contract) {
        let mut index = 0;
        while index <= own {
            let other = &self.applications[index];
            let lists = [other.handles(), other.calls()];
            let mut list = 0;
            while list < lists.len() {
                let mut place = 0;
                while place < lists[list].len() {
                    let its = lists[list][place];
                    if let Some(topic) = differing(contract, its) {
                        Message::new("[SGE0412] the topic `")
                            .with(topic)
                            .with("` has one type in the contract `")
                            .with(contract.module())
                            .with("::")
                            .with(contract.name())
                            .with("` of `")
                            .with(self.applications[own].name)
                            .with("`, and another in `")
                            .with(its.module())
                            .with("::")
                            .with(its.name())
                            .with("` of `")
                            .with(other.name)
                            .with("`")
                            .panic();
                    }
                    place += 1;
                }
                list += 1;
            }
            index += 1;
        }
    }

    /// The topology as a graph of [Mermaid](https://mermaid.js.org): an arrow from each application that calls a contract to each
    /// that handles it.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut text = "graph LR\n".to_owned();
        // writing to a `String` doesn't fail
        for (index, application) in self.applications.iter().enumerate() {
            let _ = writeln!(text, "    n{index}[\"{}\"]", application.name.replace('"', "'"));
        }
        for (from, caller) in self.applications.iter().enumerate() {
            for contract in caller.calls() {
                let handles = |other: &ApplicationModel| {
                    other.handles().iter().any(|handled| handled.key() == contract.key())
                };
                for (to, _) in self.applications.iter().enumerate().filter(|(_, other)| handles(other)) {
                    let _ = writeln!(text, "    n{from} -->|{}| n{to}", contract.name());
                }
            }
        }
        text
    }

    /// The same as JSON: `applications`, each with the contracts that it `handles` and `calls`, and `contracts` with their
    /// topics, kinds and types.
    #[must_use]
    pub fn json(&self) -> String {
        let names = |contracts: &[&Contract]| -> Vec<&'static str> {
            contracts.iter().map(|contract| contract.name()).collect()
        };
        let applications: Vec<Value> = self
            .applications
            .iter()
            .map(|application| {
                json!({
                    "name": application.name,
                    "handles": names(application.handles()),
                    "calls": names(application.calls()),
                })
            })
            .collect();
        let mut contracts: Vec<&Contract> = Vec::new();
        for contract in self.applications.iter().flat_map(|one| one.handles().iter().chain(one.calls())) {
            if !contracts.iter().any(|other| other.key() == contract.key()) {
                contracts.push(contract);
            }
        }
        let contracts: Vec<Value> = contracts.into_iter().map(described).collect();
        format!("{:#}", json!({ "name": self.name, "applications": applications, "contracts": contracts }))
    }
}

fn described(contract: &Contract) -> Value {
    let topics: Vec<Value> = contract
        .topics()
        .iter()
        .map(|declared| {
            json!({
                "method": declared.method(),
                "topic": declared.topic().name(),
                "kind": if declared.topic().kind() == TopicKind::OneWay { "message" } else { "request" },
                "types": declared.topic().description().to_string(),
                "documentation": declared.documentation(),
            })
        })
        .collect();
    json!({ "name": contract.name(), "module": contract.module(), "keys": contract.keys(), "topics": topics })
}

/// The first topic that both contracts declare, with different types.
const fn differing(one: &Contract, other: &Contract) -> Option<&'static str> {
    let (ones, others) = (one.topics(), other.topics());
    let mut index = 0;
    while index < ones.len() {
        let mut place = 0;
        while place < others.len() {
            let (a, b) = (ones[index].topic(), others[place].topic());
            if const_text::equal(a.written_name(), b.written_name()) && a.fingerprint() != b.fingerprint() {
                return Some(a.written_name());
            }
            place += 1;
        }
        index += 1;
    }
    None
}

/// Declares the applications of a system, and checks while the program is compiled that each contract that one of them calls is
/// handled by one of them (SGE0411), and that no two contracts declare one topic with different types (SGE0412).
///
/// What is declared is a constant, a [`SystemModel`], that can be printed as a graph and as JSON.
///
/// ```
/// # use systemge::prelude::*;
/// #[systemge::contract]
/// pub trait Clock {
///     #[topic("now")]
///     async fn now(&self) -> u32;
/// }
///
/// #[derive(systemge::Application)]
/// #[application(handles(Clock))]
/// struct Tower;
///
/// #[systemge::node]
/// impl Clock for Tower {
///     async fn now(&self) -> u32 { 0 }
/// }
///
/// #[derive(systemge::Application)]
/// #[application(calls(Clock))]
/// struct Passenger;
///
/// systemge::system! {
///     /// Everybody at the station.
///     pub STATION = [Tower, Passenger];
/// }
///
/// # fn main() {
/// let graph = "graph LR\n    n0[\"Tower\"]\n    n1[\"Passenger\"]\n    n1 -->|Clock| n0\n";
/// assert_eq!(STATION.mermaid(), graph);
/// assert!(STATION.json().contains("\"topic\": \"now\""));
/// # }
/// ```
///
/// A program prints it where it likes, such as in a command or a test that compares it with a file. Topics of blocks without a
/// contract are not in it; nodes compare those when they connect.
#[macro_export]
macro_rules! system {
    ($($tokens:tt)*) => {
        $crate::__private::system! { { $crate } $($tokens)* }
    };
}
