//! A system: the nodes of one process, configured together, started and stopped together.

mod command_line;
mod events;
mod registry;
mod running;
mod signals;
#[cfg(feature = "cli")]
mod standard_input;
#[cfg(feature = "cli")]
mod terminal;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::application::Application;
#[cfg(feature = "tls")]
use crate::config::Entry as _;
use crate::config::{ConfigError, NodeConfig, SystemConfig};
use crate::key::KeyError;
use crate::layer::{AnyLayer, Layer};
use crate::node::{Program, StartError};
use crate::topic::TopicName;
use crate::transport::{Transport, Transports};

pub use self::command_line::{Completion, LineError};
pub(crate) use self::events::Announcer;
pub use self::events::{SystemEvent, SystemEvents};
pub use self::registry::AddNodeError;
pub(crate) use self::registry::Registry;
pub use self::running::Running;

/// The nodes of one process, about to be started.
///
/// ```no_run
/// use systemge::prelude::*;
///
/// #[derive(systemge::Application, Default)]
/// struct Greeter {}
///
/// #[systemge::node]
/// impl Greeter {
///     #[topic("greet")]
///     async fn greet(&self, name: String) -> String {
///         format!("Hello, {name}!")
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> systemge::Result<()> {
/// System::from_file("systemge.toml")?.node("greeter", Greeter::default()).run().await
/// # }
/// ```
#[must_use = "a system does nothing until it is started"]
pub struct System {
    config: SystemConfig,
    nodes: Vec<Planned>,
    transports: Transports,
    /// What stands around the handlers of every node.
    layers: Vec<Arc<dyn AnyLayer>>,
}

struct Planned {
    name: String,
    program: Program,
    /// The program's own configuration, which goes before that of the file.
    config: Option<NodeConfig>,
}

/// Why a system could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// The configuration has a mistake. The operator's.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Two nodes have the same name. The program's mistake.
    #[error("two nodes are called `{0}`; a name can be given once in a system")]
    DuplicateNode(String),
    /// A name that no node can have. The program's mistake.
    #[error("`{0}` is no name for a node; it takes 1 to 64 letters, digits, `.`, `_` or `-`")]
    NodeName(String),
    /// One application handles a topic twice, under constants with the same value. The program's mistake.
    #[error("the application of node `{node}` declares the topic `{topic}` twice")]
    DuplicateTopic {
        /// The node.
        node: String,
        /// The topic.
        topic: TopicName,
    },
    /// A key of an application can't be a part of a topic's name. The program's mistake.
    #[error("the topics of node `{node}` have no names")]
    Key {
        /// The node.
        node: String,
        /// Which key, and why.
        source: KeyError,
    },
    /// There is nothing to run.
    #[error("the system has no nodes")]
    Empty,
    /// A node could not be added.
    #[error(transparent)]
    Add(#[from] AddNodeError),
    /// The configuration wants a dashboard, and the program has none. The program's mistake, or the operator's.
    #[error(
        "the configuration has a section `[dashboard]`, but the program is built without the feature `dashboard`"
    )]
    NoDashboard,
    /// The dashboard can't start.
    #[cfg(feature = "dashboard")]
    #[error(transparent)]
    Dashboard(#[from] crate::DashboardError),
    /// A node could not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl System {
    /// A system without a configuration file; its nodes are added with [`node_with`](Self::node_with).
    pub fn new() -> Self {
        Self::from_config(SystemConfig::default())
    }

    /// A system with the configuration of a file, TOML or JSON by its extension. Environment variables such as
    /// `SYSTEMGE__NODES__LIFE__REQUESTS__TIMEOUT` go before the file.
    ///
    /// # Errors
    ///
    /// If the file can't be read, or has mistakes; the error shows each with its line.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SystemError> {
        Ok(Self::from_config(SystemConfig::from_file(path)?))
    }

    /// A system with a configuration that the program has made.
    pub fn from_config(config: SystemConfig) -> Self {
        Self { config, nodes: Vec::new(), transports: Transports::default(), layers: Vec::new() }
    }

    /// Adds a node whose configuration is the section `[nodes.NAME]` of the file.
    pub fn node<A: Application>(self, name: impl Into<String>, application: A) -> Self {
        self.add(name.into(), Program::new(application), None)
    }

    /// Adds a node with a configuration of the program's own, which goes before that of the file.
    pub fn node_with<A: Application>(
        self,
        name: impl Into<String>,
        application: A,
        config: NodeConfig,
    ) -> Self {
        self.add(name.into(), Program::new(application), Some(config))
    }

    /// Puts a layer around the handlers of topics of the node that was added last, inside of its other layers: the first
    /// one is the outermost. Before any node was added, the layer stands around the handlers of every node of the system,
    /// also of those that are added while it runs, and outside of the nodes' own layers.
    ///
    /// See [`layer`](crate::layer).
    pub fn layer(mut self, layer: impl Layer) -> Self {
        let layer: Arc<dyn AnyLayer> = Arc::new(layer);
        match self.nodes.last_mut() {
            Some(planned) => planned.program.add_layer(layer),
            None => self.layers.push(layer),
        }
        self
    }

    /// Switches the dashboard on, at <http://127.0.0.1:8081> unless the section `[dashboard]` of the configuration says
    /// something else.
    ///
    /// On a loopback address it asks nobody who he is: whoever has an account on the machine may steer the nodes. A
    /// token in the configuration changes that.
    ///
    /// ```no_run
    /// # use systemge::prelude::*;
    /// # #[tokio::main]
    /// # async fn main() -> systemge::Result<()> {
    /// System::from_file("systemge.toml")?.dashboard().run().await // and nodes
    /// # }
    /// ```
    #[cfg(feature = "dashboard")]
    pub fn dashboard(mut self) -> Self {
        self.config.dashboard.get_or_insert_default();
        self
    }

    /// Switches the dashboard on with a configuration of the program's own, which goes before that of the file.
    #[cfg(feature = "dashboard")]
    pub fn dashboard_with(mut self, config: crate::config::DashboardConfig) -> Self {
        self.config.dashboard = Some(config);
        self
    }

    /// Makes one transport carry everything, whatever the schemes of the endpoints.
    #[doc(hidden)]
    pub fn __transport(self, transport: Arc<dyn Transport>) -> Self {
        Self { transports: self.transports.only(transport), ..self }
    }

    fn add(mut self, name: String, program: Program, config: Option<NodeConfig>) -> Self {
        self.nodes.push(Planned { name, program, config });
        self
    }

    /// Checks the whole configuration, then starts the nodes in the order in which they were added.
    ///
    /// # Errors
    ///
    /// If the configuration and the program don't fit, before anything starts; or if a node can't start, after those
    /// that did are stopped again.
    ///
    /// Cancel safety: dropping the future leaves nodes running that have started.
    pub async fn start(self) -> Result<Running, SystemError> {
        let running = self.plan()?;
        #[cfg(feature = "dashboard")]
        running.open_dashboard().await?;
        start_nodes(&running).await?;
        Ok(running)
    }

    /// Starts the system and runs it until Ctrl-C, SIGTERM or the command `exit`, or until its nodes have all stopped
    /// themselves; then stops it in an orderly way. A second signal ends the wait for that. A signal before all nodes run
    /// stops those that do.
    ///
    /// With the feature `logging`, log lines go to standard error and to the files of the configuration, unless the
    /// program has set up `tracing` itself.
    /// With the feature `cli`, commands are read from standard input; `help` lists them.
    ///
    /// # Errors
    ///
    /// Those of [`start`](Self::start).
    pub async fn run(self) -> crate::Result<()> {
        #[cfg(feature = "logging")]
        crate::logging::init(&self.config)?;
        let outcome = self.run_to_end().await;
        #[cfg(feature = "logging")]
        crate::logging::flush();
        outcome
    }

    async fn run_to_end(self) -> crate::Result<()> {
        let mut signals = signals::Signals::new()?;
        #[cfg(feature = "cli")]
        let command_line = self.config.system.command_line.unwrap_or(true);
        let running = self.plan()?;
        #[cfg(feature = "cli")]
        let _restored = command_line.then(terminal::Restored::at_the_end);
        // a signal counts from the beginning: an `on_start` may wait for long
        let serve = async {
            #[cfg(feature = "dashboard")]
            running.open_dashboard().await?;
            start_nodes(&running).await?;
            #[cfg(feature = "cli")]
            if command_line {
                running.read_commands();
            }
            running.finished().await;
            Ok::<_, SystemError>(())
        };
        tokio::select! {
            signal = signals.next() => tracing::info!(signal, "stopping"),
            served = serve => served?,
        }
        tokio::select! {
            () = running.stop() => {}
            signal = signals.next() => tracing::warn!(signal, "ended before everything was stopped"),
        }
        Ok(())
    }

    /// Brings program and configuration together.
    fn plan(self) -> Result<Running, SystemError> {
        let Self { config, nodes, transports, layers } = self;
        let mut names = HashSet::new();
        for planned in &nodes {
            if !crate::topic::is_node_name(&planned.name) {
                return Err(SystemError::NodeName(planned.name.clone()));
            }
            if !names.insert(planned.name.as_str()) {
                return Err(SystemError::DuplicateNode(planned.name.clone()));
            }
            if let Some(source) = planned.program.unnamed.clone() {
                return Err(SystemError::Key { node: planned.name.clone(), source });
            }
            if let Some(topic) = planned.program.duplicate_topic() {
                return Err(SystemError::DuplicateTopic { node: planned.name.clone(), topic });
            }
        }
        let known = || nodes.iter().map(|planned| planned.name.as_str());
        for name in config.nodes.keys() {
            if !names.contains(name.as_str()) {
                return Err(config.unknown_node(name, known()).into());
            }
        }
        for name in config.system.run.iter().flatten() {
            if !names.contains(name.as_str()) {
                return Err(config.unknown_node_to_run(name, known()).into());
            }
        }
        let kinds = || nodes.iter().flat_map(|planned| planned.program.kinds.iter().map(String::as_str));
        for kind in config.kinds.keys() {
            if !kinds().any(|known| known == kind) {
                return Err(config.unknown_kind(kind, kinds()).into());
            }
        }
        let mut planned = Vec::new();
        for node in nodes {
            if config.system.run.as_ref().is_some_and(|run| !run.contains(&node.name)) {
                continue;
            }
            let section = ["nodes", node.name.as_str()];
            let node_config = match (node.config, config.nodes.get(&node.name)) {
                (Some(own), _) => {
                    own.check(&node.name)?;
                    own
                }
                (None, Some(read)) => read.clone(),
                (None, None) => {
                    let why = format!("the program has a node `{}`", node.name);
                    return Err(config.missing_section(&section, &why).into());
                }
            };
            check_node(&config, &node.name, &node_config, &node.program)?;
            planned.push((node.name, node.program, node_config));
        }
        if planned.is_empty() {
            return Err(SystemError::Empty);
        }
        if config.dashboard.is_some() && !cfg!(feature = "dashboard") {
            return Err(SystemError::NoDashboard);
        }
        // those of a file are checked already, those of the program's own are not
        config.check()?;
        let registry = Registry::new(config, transports, layers);
        for (name, program, config) in planned {
            registry.insert(&name, program, config)?;
        }
        Ok(Running::new(registry))
    }
}

/// Starts the nodes in their order; if one can't start, stops those that did.
async fn start_nodes(running: &Running) -> Result<(), SystemError> {
    for node in running.nodes() {
        if let Err(error) = node.start().await {
            running.stop().await;
            return Err(error.into());
        }
    }
    Ok(())
}

/// Says so if certificates or keys of a node can't be used, its own or those of single listeners and peers.
#[cfg(feature = "tls")]
fn check_tls(config: &SystemConfig, name: &str, node: &NodeConfig) -> Result<(), ConfigError> {
    use crate::transport::tls::Credentials;
    let load = |entry: Option<(&str, usize)>, tls: &crate::config::TlsConfig| {
        let loaded = Credentials::load(tls, config.folder.clone());
        loaded.map_err(|error| config.unusable_tls(name, entry, &error))
    };
    load(None, &node.tls)?;
    for (index, listen) in node.listen.iter().enumerate().filter(|(_, listen)| listen.tls.is_some()) {
        load(Some(("listen", index)), &listen.tls_of(node))?;
    }
    for (index, connect) in node.connect.iter().enumerate().filter(|(_, connect)| connect.tls.is_some()) {
        let entry = Some(("connect", index));
        let credentials = load(entry, &connect.tls_of(node))?;
        credentials.dialling().map_err(|error| config.unusable_tls(name, entry, &error))?;
    }
    Ok(())
}

/// Says so if an application has a web component whose section is missing, or if the node's certificates can't be used.
#[cfg_attr(
    not(any(feature = "_web", feature = "tls")),
    expect(clippy::unnecessary_wraps, reason = "there is nothing that could be missing")
)]
fn check_node(
    config: &SystemConfig,
    name: &str,
    node: &NodeConfig,
    program: &Program,
) -> Result<(), ConfigError> {
    #[cfg(not(feature = "_web"))]
    let _ = (config, name, node, program);
    #[cfg(feature = "tls")]
    check_tls(config, name, node)?;
    #[cfg(feature = "_web")]
    for (needed, there, section, component) in [
        (program.needs.http, node.http.is_some(), "http", "an HTTP component"),
        (program.needs.websocket, node.websocket.is_some(), "websocket", "a WebSocket component"),
    ] {
        if needed && !there {
            let why = format!("the application of node `{name}` has {component}");
            return Err(config.missing_section(&["nodes", name, section], &why));
        }
    }
    Ok(())
}

impl Default for System {
    fn default() -> Self {
        Self::new()
    }
}
