//! A system that runs.

use std::sync::Arc;

use super::command_line::{Completion, Schedules};
use super::events::SystemEvents;
use super::registry::{AddNodeError, Registry};
use super::{LineError, check_node};
use crate::application::Application;
use crate::config::{NodeConfig, SystemConfig};
use crate::node::{Node, Program};

/// The handle of a system that runs. Cloning is cheap; all clones are the same system. Dropping it does not stop the
/// nodes; [`stop`](Self::stop) does.
///
/// Nodes come and go while it runs. A handler gets the handle of its own system from
/// [`Context::system`](crate::Context::system):
///
/// ```
/// use systemge::config::{Endpoint, NodeConfig};
/// use systemge::prelude::*;
///
/// #[derive(systemge::Application, Default)]
/// struct Worker {}
///
/// #[systemge::node]
/// impl Worker {
///     #[topic("work")]
///     async fn work(&self) -> u8 { 1 }
/// }
///
/// #[derive(systemge::Application, Default)]
/// struct Foreman {}
///
/// #[systemge::commands]
/// impl Foreman {
///     #[command("hire")]
///     async fn hire(&self, name: String, ctx: &Context) -> Result<String> {
///         let config = NodeConfig::new().listen("tcp://127.0.0.1:0".parse::<Endpoint>()?);
///         let worker = ctx.system().add(name.as_str(), Worker::default(), config)?;
///         worker.start().await?;
///         Ok(format!("{name} works at {}", worker.endpoints()[0]))
///     }
///
///     #[command("fire")]
///     async fn fire(&self, name: String, ctx: &Context) -> bool {
///         ctx.system().remove(&name).await
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let system = System::new().node_with("foreman", Foreman::default(), NodeConfig::new()).start().await?;
/// system.execute("hire ada").await?;
/// assert!(system.node("ada").is_some());
/// assert_eq!(system.execute("fire ada").await?, "true");
/// assert!(system.node("ada").is_none());
/// system.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Running {
    registry: Arc<Registry>,
}

impl Running {
    pub(crate) const fn new(registry: Arc<Registry>) -> Self {
        Self { registry }
    }

    /// The nodes that there are now, in the order in which they were added.
    #[must_use]
    pub fn nodes(&self) -> Vec<Node> {
        self.registry.nodes()
    }

    /// What the nodes have counted, as OpenMetrics text for Prometheus; the names are in `docs/metrics.md`. Served by a
    /// handler of an HTTP component, for example, with the media type
    /// [`OPENMETRICS_MEDIA_TYPE`](crate::metrics::OPENMETRICS_MEDIA_TYPE).
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn openmetrics(&self) -> String {
        crate::metrics::openmetrics(self.nodes().iter().map(Node::metrics))
    }

    /// The node of that name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<Node> {
        self.registry.node(name)
    }

    /// Adds a node, stopped; [`Node::start`] starts it.
    ///
    /// # Errors
    ///
    /// If the system has a node of that name or ends, or if the name, the configuration or the application can't be
    /// used. The system is then as it was.
    pub fn add<A: Application>(
        &self,
        name: impl Into<String>,
        application: A,
        config: NodeConfig,
    ) -> Result<Node, AddNodeError> {
        self.add_program(&name.into(), Program::new(application), config)
    }

    pub(crate) fn add_program(
        &self,
        name: &str,
        program: Program,
        config: NodeConfig,
    ) -> Result<Node, AddNodeError> {
        if !crate::topic::is_node_name(name) {
            return Err(AddNodeError::NodeName(name.to_owned()));
        }
        if let Some(source) = program.unnamed.clone() {
            return Err(AddNodeError::Key { node: name.to_owned(), source });
        }
        if let Some(topic) = program.duplicate_topic() {
            return Err(AddNodeError::DuplicateTopic { node: name.to_owned(), topic });
        }
        config.check(name)?;
        check_node(&self.registry.config, name, &config, &program)?;
        self.registry.insert(name, program, config)
    }

    /// Stops a node as [`Node::stop`] does, and removes it; its name is free then, and whoever still has its handle
    /// can't start it again. Returns whether there was such a node.
    ///
    /// A handler that removes its own node waits for itself, until the deadline of the stop is over.
    ///
    /// Cancel safety: if the future is dropped, the node is removed all the same.
    pub async fn remove(&self, name: &str) -> bool {
        match self.node(name) {
            Some(node) => self.remove_node(node).await,
            None => false,
        }
    }

    /// The same for this very node.
    pub(crate) async fn remove_node(&self, node: Node) -> bool {
        let registry = self.registry.clone();
        let removed = self.registry.tasks.spawn(async move { registry.remove(&node).await });
        removed.await.unwrap_or(false)
    }

    /// Stops nodes, the last one first, one after the other.
    ///
    /// Cancel safety: if the future is dropped, the nodes are stopped all the same.
    pub(crate) async fn stop_nodes(&self, nodes: Vec<Node>) {
        let stopped = self.registry.tasks.spawn(async move {
            for node in nodes.iter().rev() {
                node.stop().await;
            }
        });
        // it fails only when the runtime ends, and everything with it
        let _ = stopped.await;
    }

    /// Stops and removes nodes, the last one first, one after the other.
    ///
    /// Cancel safety: if the future is dropped, the nodes are removed all the same.
    pub(crate) async fn remove_nodes(&self, nodes: Vec<Node>) {
        let registry = self.registry.clone();
        let removed = self.registry.tasks.spawn(async move {
            for node in nodes.iter().rev() {
                registry.remove(node).await;
            }
        });
        // it fails only when the runtime ends, and everything with it
        let _ = removed.await;
    }

    /// The configuration that the system was started with.
    pub(crate) fn config(&self) -> &SystemConfig {
        &self.registry.config
    }

    /// What happens to the nodes from now on.
    #[must_use]
    pub fn events(&self) -> SystemEvents {
        self.registry.announcer.subscribe()
    }

    /// Waits until somebody wants the system to end: the command `exit`, or all nodes have stopped themselves.
    ///
    /// Cancel safe.
    pub async fn finished(&self) {
        self.registry.exit.cancelled().await;
    }

    /// Carries out one line of the command line, such as `@life randomize 30` or `nodes`; `help` lists what there is.
    /// Returns what there is to show.
    ///
    /// # Errors
    ///
    /// If the line makes no sense, or what it asks for fails.
    pub async fn execute(&self, line: &str) -> Result<String, LineError> {
        super::command_line::execute(self, line).await
    }

    /// What may stand at the end of a line of the command line, for a person who types it: nodes, commands, words.
    #[must_use]
    pub fn complete(&self, line: &str) -> Completion {
        super::command_line::complete(self, line)
    }

    #[cfg(feature = "cli")]
    pub(super) fn is_ending(&self) -> bool {
        self.registry.exit.is_cancelled()
    }

    #[cfg(feature = "cli")]
    pub(super) const fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    pub(super) fn schedules(&self) -> &Schedules {
        &self.registry.schedules
    }

    /// Runs a task that belongs to the system, and ends when it does.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.registry.tasks.spawn(task);
    }

    /// Reads commands from standard input, in a task of this system.
    #[cfg(feature = "cli")]
    pub(super) fn read_commands(&self) {
        self.registry.tasks.spawn(super::standard_input::read_commands(self.clone()));
    }

    /// Opens the dashboard, if the configuration has one.
    #[cfg(feature = "dashboard")]
    pub(super) async fn open_dashboard(&self) -> Result<(), crate::DashboardError> {
        let config = &self.registry.config;
        let Some(dashboard) = &config.dashboard else { return Ok(()) };
        let bound = crate::dashboard::bind(dashboard, config.folder.as_deref()).await?;
        let serving = bound.serve(self.clone());
        *self.registry.dashboard() = Some(serving);
        Ok(())
    }

    /// Where the dashboard listens, with the real port; `None` if there is none.
    #[cfg(feature = "dashboard")]
    #[must_use]
    pub fn dashboard_address(&self) -> Option<std::net::SocketAddr> {
        self.registry.dashboard().as_ref().map(|dashboard| dashboard.address)
    }

    /// Asks for the system to end: [`finished`](Self::finished) returns.
    pub fn exit(&self) {
        self.registry.exit.cancel();
    }

    /// Stops the nodes, the last one first. No node can be added any more.
    ///
    /// Cancel safety: dropping the future leaves some nodes running; call it again.
    pub async fn stop(&self) {
        self.registry.exit.cancel();
        for node in self.nodes().iter().rev() {
            node.stop().await;
        }
        // one may have been started anew by another that was about to stop
        for node in self.nodes().iter().rev().filter(|node| !node.state().is_at_rest()) {
            node.stop().await;
        }
        // the last to go: until then it shows how the nodes stop
        #[cfg(feature = "dashboard")]
        {
            let dashboard = self.registry.dashboard().take();
            if let Some(dashboard) = dashboard {
                dashboard.stop().await;
            }
        }
        self.registry.tasks.wait().await;
    }
}
