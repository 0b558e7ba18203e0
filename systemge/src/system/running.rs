//! A system that runs.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::LineError;
use crate::node::{Node, NodeState};

/// A system that runs. Dropping it does not stop its nodes; [`stop`](Self::stop) does.
#[derive(Debug, Clone)]
pub struct Running {
    nodes: Arc<[Node]>,
    tasks: TaskTracker,
    /// Cancelled when the system is to end.
    exit: CancellationToken,
}

impl Running {
    pub(super) fn new(nodes: Vec<Node>) -> Self {
        let running = Self { nodes: nodes.into(), tasks: TaskTracker::new(), exit: CancellationToken::new() };
        for node in running.nodes() {
            running.tasks.spawn(supervise(node.clone(), running.clone()));
        }
        running.tasks.close();
        running
    }

    /// The nodes, in the order in which they were added.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node of that name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name() == name)
    }

    /// Waits until somebody wants the system to end: the command `exit`, or all nodes have stopped themselves.
    ///
    /// Cancel safe.
    pub async fn finished(&self) {
        self.exit.cancelled().await;
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

    /// Reads commands from standard input, in a task of this system.
    #[cfg(feature = "cli")]
    pub(super) fn read_commands(&self) {
        self.tasks.spawn(super::standard_input::read_commands(self.clone()));
    }

    /// Asks for the system to end: [`finished`](Self::finished) returns.
    pub fn exit(&self) {
        self.exit.cancel();
    }

    /// Stops the nodes, the last one first.
    ///
    /// Cancel safety: dropping the future leaves some nodes running; call it again.
    pub async fn stop(&self) {
        self.exit.cancel();
        for node in self.nodes.iter().rev() {
            node.stop().await;
        }
        self.tasks.wait().await;
    }
}

/// Stops a node when it asks for it.
async fn supervise(node: Node, system: Running) {
    loop {
        let reason = tokio::select! {
            biased;
            () = system.exit.cancelled() => return,
            reason = node.inner().stop_requested() => reason,
        };
        node.inner().stop(&reason).await;
        node.inner().stop_request_done();
        if system.nodes.iter().all(|node| matches!(node.state(), NodeState::Stopped | NodeState::Failed(_))) {
            system.exit();
        }
    }
}
