//! Starting and stopping a node.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::Instant;

use super::inner::{Run, lock};
use super::secrets::Secrets;
use super::{Inner, Node};
use crate::application::HookResult;
use crate::command::CommandError;
use crate::config::{ConnectConfig, Endpoint};
use crate::connection::{self, DialState};
use crate::context::{Core, Hold};
use crate::protocol::frame::{Frame, GoodbyeCode};
use crate::trace::{CallSpan, TraceContext};

/// What a node is doing.
#[crate::payload(crate = crate)]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeState {
    /// It does nothing.
    Stopped,
    /// It binds its listeners and runs `on_start`.
    Starting,
    /// It serves.
    Running,
    /// It finishes what is in flight.
    Stopping,
    /// It could not start, for that reason.
    Failed(String),
}

impl NodeState {
    /// Whether the node does nothing: it is stopped, or could not start.
    #[must_use]
    pub const fn is_at_rest(&self) -> bool {
        matches!(self, Self::Stopped | Self::Failed(_))
    }
}

impl std::fmt::Display for NodeState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::Starting => f.write_str("starting"),
            Self::Running => f.write_str("running"),
            Self::Stopping => f.write_str("stopping"),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

/// Why a node could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A listener can't be bound: the machine's state, or the configuration's mistake.
    #[error("node `{node}` cannot listen on {endpoint}")]
    Listen {
        /// The node.
        node: String,
        /// Where.
        endpoint: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The node's certificates or its key can't be used: the configuration's or the operator's mistake.
    #[cfg(feature = "tls")]
    #[error("node `{node}` cannot use its `{section}`")]
    Tls {
        /// The node.
        node: String,
        /// The section, such as `tls` or `listen[1].tls`.
        section: String,
        /// What is wrong.
        source: crate::transport::tls::TlsError,
    },
    /// The HTTP or the WebSocket component can't start: the configuration's mistake, or the machine's state.
    #[cfg(feature = "_web")]
    #[error("node `{node}` cannot serve its web components")]
    Web {
        /// The node.
        node: String,
        /// What is wrong.
        source: crate::web::WebError,
    },
    /// A secret can't be read: the operator's mistake.
    #[error("node `{node}` has no use for its secrets")]
    Secret {
        /// The node.
        node: String,
        /// What is wrong.
        source: crate::config::SecretError,
    },
    /// `on_start` failed or panicked: the application's decision, or its mistake.
    #[error("`on_start` of node `{node}` failed: {reason}")]
    OnStart {
        /// The node.
        node: String,
        /// The error's or the panic's text.
        reason: String,
    },
    /// The node was removed from its system. The caller's mistake.
    #[error("the node `{0}` was removed from its system")]
    Removed(String),
}

/// Why a peer could not be connected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The node isn't running. The caller's mistake.
    #[error("the node `{0}` is not running")]
    NotRunning(String),
    /// The node dials that endpoint already. The caller's mistake.
    #[error("{0} is dialled already")]
    Already(String),
    /// The first attempt failed: the network's or the peer's doing.
    #[error("cannot connect to {endpoint}: {reason}")]
    Failed {
        /// The endpoint.
        endpoint: String,
        /// What went wrong.
        reason: String,
    },
}

/// How a hook ended, as its span says it.
const fn hook_outcome(outcome: &std::thread::Result<HookResult>) -> &'static str {
    match outcome {
        Ok(Ok(())) => "success",
        Ok(Err(_)) => "failed",
        Err(_) => "panicked",
    }
}

/// The same for a command.
const fn command_outcome(outcome: &Result<String, CommandError>) -> &'static str {
    match outcome {
        Ok(_) => "success",
        Err(CommandError::Failed(_)) => "failed",
        Err(CommandError::Panicked(_)) => "panicked",
        Err(_) => "undecodable",
    }
}

/// What is left of a stop's deadline for tasks to end after they were told to, at least.
const LAST_MOMENT: Duration = Duration::from_secs(1);

impl Inner {
    pub(crate) fn state(&self) -> NodeState {
        self.states().borrow().clone()
    }

    pub(crate) async fn wait_for_state(&self, wanted: impl FnMut(&NodeState) -> bool) -> NodeState {
        let mut states = self.states().subscribe();
        // the sender lives as long as the node, so that waiting never fails
        states.wait_for(wanted).await.map_or(NodeState::Stopped, |state| state.clone())
    }

    fn core(self: &Arc<Self>) -> Core {
        Core {
            node: self.clone(),
            sender: None,
            is_proved: false,
            deadline: None,
            cancellation: None,
            trace: None,
            hold: Hold::Nothing,
        }
    }

    /// A context's core for a hook or command, which holds the application's lock if there is one.
    fn call_core(self: &Arc<Self>) -> Core {
        let hold = if self.has_lock() { Hold::State } else { Hold::Nothing };
        Core { hold, ..self.core() }
    }

    pub(crate) async fn start(self: &Arc<Self>) -> Result<(), StartError> {
        let this = self.clone();
        // in a task of its own: a caller that goes away, or is dropped with the node that it stops, leaves no node
        // half started or half stopped; the node's own time limits end it
        let started = tokio::spawn(async move { this.start_to_end().await }).await;
        started.unwrap_or_else(|gone| {
            Err(StartError::OnStart { node: self.name().to_owned(), reason: gone.to_string() })
        })
    }

    async fn start_to_end(self: &Arc<Self>) -> Result<(), StartError> {
        let _lifecycle = self.lifecycle.lock().await;
        if self.state() == NodeState::Running {
            return Ok(());
        }
        if self.is_retired() {
            return Err(StartError::Removed(self.name().to_owned()));
        }
        self.set_state(NodeState::Starting);
        self.stop_request.send_replace(None);
        let started = self.start_parts().await;
        match &started {
            Ok(()) => {
                self.set_state(NodeState::Running);
                tracing::info!(node = %self.name(), endpoints = %self.listens_on(), "running");
            }
            Err(error) => {
                self.end(Instant::now() + LAST_MOMENT).await;
                let why = crate::error::chain(error);
                tracing::error!(node = %self.name(), reason = crate::text::own(&why), "could not start");
                self.set_state(NodeState::Failed(why));
            }
        }
        started
    }

    /// Its endpoints, for the log.
    fn listens_on(&self) -> String {
        let endpoints: Vec<String> = self.endpoints().iter().map(ToString::to_string).collect();
        endpoints.join(" ")
    }

    async fn start_parts(self: &Arc<Self>) -> Result<(), StartError> {
        *lock(&self.run) = Run::new();
        let secrets = Secrets::load(self.config(), self.folder());
        let secrets =
            secrets.map_err(|source| StartError::Secret { node: self.name().to_owned(), source })?;
        lock(&self.run).secrets = Arc::new(secrets);
        self.set_draining(false);
        self.announce_all();
        #[cfg(feature = "tls")]
        let certificates = self.load_certificates()?;
        // every listener is bound before anything else happens, so that a taken port is known at once
        let mut listeners = Vec::new();
        for listener in self.listeners() {
            let endpoint = &listener.config().endpoint;
            #[cfg(feature = "tls")]
            let transports = certificates.transports(self.transports(), listener.index());
            #[cfg(not(feature = "tls"))]
            let transports = self.transports();
            let listening = transports.of(endpoint).listen(self.name(), endpoint).await;
            let socket = listening.map_err(|source| StartError::Listen {
                node: self.name().to_owned(),
                endpoint: endpoint.to_string(),
                source,
            })?;
            listener.set_bound(Some(socket.endpoint()));
            listeners.push((listener.clone(), socket));
        }
        {
            let mut run = lock(&self.run);
            run.endpoints = listeners.iter().map(|(_, socket)| socket.endpoint()).collect();
            run.addresses = listeners.iter().filter_map(|(_, socket)| socket.address()).collect();
        }
        #[cfg(feature = "_web")]
        let web = self.bind_web().await?;
        self.set_sending(true);
        self.expect_topics();
        let run = self.run();
        #[cfg(feature = "tls")]
        for credentials in certificates.into_all() {
            self.spawn_connection(credentials.watch(self.name().into(), run.stop.clone()));
        }
        for peer in &self.config().connect {
            self.dial(peer.clone());
        }
        if let Some(hook) = &self.program().on_start {
            let mut core = self.call_core();
            let span = CallSpan::hook(&mut core, "on_start");
            let outcome = tokio::select! {
                biased;
                () = run.interrupt_start.cancelled() => Ok(Err("the node was stopped meanwhile".to_owned())),
                outcome = span.run(AssertUnwindSafe(hook(core)).catch_unwind(), hook_outcome) => outcome,
            };
            outcome
                .unwrap_or_else(|panic| Err(crate::error::panic_text(&*panic)))
                .inspect_err(|_| self.count_failed_hook())
                .map_err(|reason| StartError::OnStart { node: self.name().to_owned(), reason })?;
        }
        // nobody gets in before the application is ready
        for (listener, socket) in listeners {
            self.spawn_connection(connection::serve(self.clone(), listener, socket, run.stop.clone()));
        }
        #[cfg(feature = "_web")]
        web.serve(&self.call_core(), &run.tracker, &run.stop, &run.kill);
        Ok(())
    }

    #[cfg(feature = "_web")]
    async fn bind_web(&self) -> Result<crate::web::BoundWeb, StartError> {
        let config = crate::web::WebConfig {
            http: self.config().http.as_ref(),
            websocket: self.config().websocket.as_ref(),
            folder: self.folder.as_deref(),
            #[cfg(feature = "tls")]
            tls: Some(&self.config().tls),
        };
        let bound = crate::web::bind(config, (self.program().web)()).await;
        let bound = bound.map_err(|source| StartError::Web { node: self.name().to_owned(), source })?;
        lock(&self.run).web_addresses = bound.addresses();
        Ok(bound)
    }

    /// Takes nothing new, and waits for what is in flight; returns whether that is done.
    pub(crate) async fn drain(self: &Arc<Self>) -> bool {
        let lifecycle = self.lifecycle.lock().await;
        if self.state() != NodeState::Running {
            return false;
        }
        tracing::info!(node = %self.name(), "draining");
        self.tell_draining();
        drop(lifecycle);
        tokio::time::timeout(self.settings().stop_deadline(), self.handlers_finished()).await.is_ok()
    }

    /// Lets nobody in any more, and tells the peers that they had better ask others.
    fn tell_draining(&self) {
        self.set_draining(true);
        for (_, outbox) in self.incoming.outboxes() {
            outbox.append(|out| Frame::Draining.write(out));
        }
    }

    pub(crate) async fn stop(self: &Arc<Self>, reason: &str) {
        let (this, reason) = (self.clone(), reason.to_owned());
        // in a task of its own, as a start is; if the runtime ends, so does everything else
        let _ = tokio::spawn(async move { this.stop_to_end(&reason).await }).await;
    }

    async fn stop_to_end(self: &Arc<Self>, reason: &str) {
        let _lifecycle =
            match tokio::time::timeout(self.settings().stop_deadline(), self.lifecycle.lock()).await {
                Ok(lifecycle) => lifecycle,
                Err(_) => {
                    // an `on_start` that doesn't end must not keep the node from stopping; another stop ends by itself
                    self.run().interrupt_start.cancel();
                    self.lifecycle.lock().await
                }
            };
        if self.state() != NodeState::Running {
            return;
        }
        tracing::info!(node = %self.name(), reason = crate::text::own(reason), "stopping");
        self.set_state(NodeState::Stopping);
        let deadline = Instant::now() + self.settings().stop_deadline();
        let run = self.run();
        // stop accepting, and let the peers know that they had better ask others
        self.set_draining(true);
        run.stop.cancel();
        self.tell_draining();
        // finish what is in flight
        if tokio::time::timeout_at(deadline, self.handlers_finished()).await.is_err() {
            tracing::warn!(
                node = %self.name(), handlers = self.handlers_waiting(),
                "handlers were not done by the deadline, and are dropped"
            );
            // before `on_stop`, which may need what they hold
            run.drop_handlers.cancel();
            if tokio::time::timeout(LAST_MOMENT, self.handlers_finished()).await.is_err() {
                tracing::error!(node = %self.name(), "handlers block their thread");
            }
        }
        run.end_tasks.cancel();
        run.tasks.close();
        if tokio::time::timeout_at(deadline, run.tasks.wait()).await.is_err() {
            tracing::warn!(node = %self.name(), "tasks of the application did not end by the deadline");
        }
        if let Some(hook) = &self.program().on_stop {
            let last = deadline.max(Instant::now() + LAST_MOMENT);
            let mut core = self.call_core();
            let span = CallSpan::hook(&mut core, "on_stop");
            let hook = span.run(AssertUnwindSafe(hook(core)).catch_unwind(), hook_outcome);
            let outcome = tokio::time::timeout_at(last, hook).await;
            if !matches!(outcome, Ok(Ok(Ok(())))) {
                self.count_failed_hook();
            }
            match outcome {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(error))) => {
                    let error = crate::text::own(&error);
                    tracing::error!(node = %self.name(), error, "`on_stop` failed");
                }
                Ok(Err(panic)) => {
                    let panic = crate::text::own(&crate::error::panic_text(&*panic));
                    tracing::error!(node = %self.name(), %panic, "`on_stop` panicked");
                }
                Err(_) => tracing::error!(node = %self.name(), "`on_stop` was not done by the deadline"),
            }
        }
        self.end(deadline).await;
        self.set_state(NodeState::Stopped);
        tracing::info!(node = %self.name(), "stopped");
    }

    fn count_failed_hook(&self) {
        self.metrics().counts().failed_hooks.add(1);
    }

    /// Waits until no handler waits for anything.
    async fn handlers_finished(&self) {
        loop {
            let done = self.handlers_done.notified();
            if self.handlers_waiting() == 0 {
                return;
            }
            done.await;
        }
    }

    /// Says goodbye to everybody, and waits for the tasks to end.
    async fn end(&self, deadline: Instant) {
        self.set_draining(true);
        self.set_sending(false);
        let run = self.run();
        run.stop.cancel();
        run.end_tasks.cancel();
        for dial in std::mem::take(&mut *lock(&self.dials)).values() {
            dial.stop.cancel();
        }
        for (_, outbox) in self.incoming.outboxes() {
            outbox.close(GoodbyeCode::Stopping, "the node stops");
        }
        run.tracker.close();
        run.tasks.close();
        let last = deadline.max(Instant::now() + LAST_MOMENT);
        if tokio::time::timeout_at(last, run.tracker.wait()).await.is_err() {
            tracing::warn!(node = %self.name(), tasks = run.tracker.len(), "tasks did not end by the deadline");
        }
        run.drop_handlers.cancel();
        run.kill.cancel();
        let all = async {
            run.tracker.wait().await;
            run.tasks.wait().await;
        };
        if tokio::time::timeout(LAST_MOMENT, all).await.is_err() {
            // only code that never waits can't be dropped
            tracing::error!(node = %self.name(), tasks = run.tracker.len() + run.tasks.len(), "tasks block their thread");
        }
        self.transports().ended().await;
        // what tasks that were dropped have left behind
        self.no_handlers_wait();
        self.router().clear();
        let mut run = lock(&self.run);
        run.endpoints.clear();
        run.addresses.clear();
        #[cfg(feature = "_web")]
        {
            run.web_addresses = crate::web::WebAddresses::default();
        }
        drop(run);
        self.incoming.clear();
        for listener in self.listeners() {
            listener.set_bound(None);
        }
    }

    /// Asks for this node to be stopped, from within.
    pub(crate) fn request_stop(&self, reason: impl Into<String>) {
        self.stop_request.send_replace(Some(reason.into()));
    }

    /// Waits until somebody asks for this node to be stopped.
    pub(crate) async fn stop_requested(&self) -> String {
        let mut requests = self.stop_request.subscribe();
        let request = requests.wait_for(Option::is_some).await;
        request.ok().and_then(|request| request.clone()).unwrap_or_default()
    }

    /// The node has been stopped as it wanted.
    pub(crate) fn stop_request_done(&self) {
        self.stop_request.send_replace(None);
    }

    /// What a peer is told whose connection ends.
    pub(crate) fn farewell(&self) -> (GoodbyeCode, &'static str) {
        if self.is_draining() {
            (GoodbyeCode::Stopping, "the node stops")
        } else {
            (GoodbyeCode::Disconnected, "the connection is no longer wanted")
        }
    }

    fn dial(self: &Arc<Self>, peer: ConnectConfig) -> Option<connection::DialHandle> {
        let endpoint = peer.endpoint.clone();
        let mut dials = lock(&self.dials);
        // looked at under the lock: a node that stops forbids sending first, and then ends every dial that is there
        if !self.can_send() {
            return None;
        }
        let last = dials.remove(&endpoint);
        if let Some(last) = last.as_ref().filter(|last| !last.stop.is_cancelled()) {
            dials.insert(endpoint, last.clone());
            return None;
        }
        let dial = connection::dial(self, peer, last);
        dials.insert(endpoint, dial.clone());
        Some(dial)
    }

    /// The task of a dial has ended: it is forgotten if nobody wants it any more and no other has its place.
    pub(crate) fn dial_ended(&self, endpoint: &Endpoint) {
        let mut dials = lock(&self.dials);
        if dials.get(endpoint).is_some_and(|dial| dial.stop.is_cancelled()) {
            dials.remove(endpoint);
        }
    }

    pub(crate) async fn connect(self: &Arc<Self>, peer: ConnectConfig) -> Result<Arc<str>, ConnectError> {
        let endpoint = peer.endpoint.clone();
        if !self.can_send() {
            return Err(ConnectError::NotRunning(self.name().to_owned()));
        }
        let Some(mut handle) = self.dial(peer) else {
            return Err(if self.can_send() {
                ConnectError::Already(endpoint.to_string())
            } else {
                ConnectError::NotRunning(self.name().to_owned())
            });
        };
        let settled = handle.state.wait_for(|state| *state != DialState::Dialling).await;
        let reason = match settled.as_deref() {
            Ok(DialState::Connected(name)) => return Ok(name.clone()),
            Ok(DialState::Waiting(reason) | DialState::GaveUp(reason)) => reason.clone(),
            Ok(DialState::Dialling | DialState::Ended) | Err(_) => {
                "the node was stopped meanwhile".to_owned()
            }
        };
        drop(settled);
        self.disconnect(&endpoint);
        Err(ConnectError::Failed { endpoint: endpoint.to_string(), reason })
    }

    pub(crate) fn disconnect(&self, endpoint: &Endpoint) -> bool {
        // the entry stays until the connection has ended, so that the next one to the endpoint can wait for it; what is
        // over already has nobody who would remove it
        let mut dials = lock(&self.dials);
        let Some(dial) = dials.get(endpoint).filter(|dial| !dial.stop.is_cancelled()) else { return false };
        dial.stop.cancel();
        if matches!(*dial.state.borrow(), DialState::GaveUp(_)) {
            dials.remove(endpoint);
        }
        true
    }

    /// How long it takes until a dialled endpoint is tried again.
    #[cfg(feature = "dashboard")]
    pub(crate) fn retry_in(&self, endpoint: &Endpoint) -> Option<Duration> {
        lock(&self.dials).get(endpoint)?.retry_in()
    }

    pub(crate) fn dialled(&self) -> Vec<(Endpoint, DialState)> {
        lock(&self.dials)
            .iter()
            .filter(|(_, dial)| !dial.stop.is_cancelled())
            .map(|(endpoint, dial)| (endpoint.clone(), dial.state.borrow().clone()))
            .collect()
    }

    /// Runs a command; `parent` is the call that asks for it.
    pub(crate) async fn command(
        self: &Arc<Self>,
        name: &str,
        arguments: Vec<String>,
        parent: Option<Arc<TraceContext>>,
    ) -> Result<String, CommandError> {
        if self.state() != NodeState::Running {
            return Err(CommandError::NotRunning(self.name().to_owned()));
        }
        let own = &self.program().commands;
        let outcome = if own.has(name) {
            let mut core = Core { trace: parent, ..self.call_core() };
            let span = CallSpan::command(&mut core, name);
            span.run(own.run(core, name, arguments), command_outcome).await
        } else {
            let outcome = crate::command::run_built_in(&Node::new(self.clone()), name, arguments).await;
            outcome.unwrap_or_else(|| Err(CommandError::Unknown(name.to_owned())))
        };
        if let Err(error @ (CommandError::Failed(_) | CommandError::Panicked(_))) = &outcome {
            self.metrics().counts().failed_commands.add(1);
            let error = crate::text::own(&error.to_string());
            tracing::warn!(node = %self.name(), command = name, error, "a command failed");
        }
        outcome
    }

    /// Runs a task of the application, which ends with the node.
    pub(crate) fn spawn_task(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        let run = self.run();
        let this = self.clone();
        run.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = run.end_tasks.cancelled() => {}
                outcome = AssertUnwindSafe(task).catch_unwind() => {
                    if let Err(panic) = outcome {
                        let panic = crate::text::own(&crate::error::panic_text(&*panic));
                        this.metrics().counts().panicked_tasks.add(1);
                        tracing::error!(node = %this.name(), %panic, "a task of the application panicked");
                    }
                }
            }
        });
    }

    /// Waits until the node is about to stop.
    pub(crate) async fn stopping(&self) {
        let stop = self.run().stop;
        stop.cancelled().await;
    }
}
