//! The running parts of a node.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::handler::Handler;
use super::incoming::{Announcement, Incoming};
use super::lifecycle::NodeState;
use super::secrets::Secrets;
use super::settings::Adjustable;
use super::{Listener, Program, Router};
use crate::access::{Quiet, RefusalReason, Refusals};
use crate::config::{Endpoint, LimitConfig, NodeConfig};
use crate::connection::DialHandle;
use crate::metrics::Metrics;
use crate::protocol::session::Settings;
use crate::system::{Announcer, Registry, SystemEvent};
use crate::transport::{Address, Transports};

/// The running parts of a node. It lives as long as the program; what belongs to one start is in its [`Run`].
pub(crate) struct Inner {
    name: Arc<str>,
    config: NodeConfig,
    /// Where relative paths of the configuration start.
    pub(super) folder: Option<PathBuf>,
    program: Program,
    transports: Transports,
    router: Router,
    metrics: Metrics,
    /// The system that it belongs to, which may have ended before it.
    system: Weak<Registry>,
    announcer: Announcer,
    state: watch::Sender<NodeState>,
    /// Cancelled when the node is removed from its system: it can't be started any more.
    retired: CancellationToken,
    /// Held while the node starts or stops.
    pub(super) lifecycle: tokio::sync::Mutex<()>,
    pub(super) run: Mutex<Run>,
    /// The nodes that dialled this one.
    pub(super) incoming: Incoming,
    pub(super) announcement: Announcement,
    /// What is configured to listen.
    listeners: Box<[Listener]>,
    pub(super) dials: Mutex<BTreeMap<Endpoint, DialHandle>>,
    settings: Adjustable,
    draining: AtomicBool,
    sending: AtomicBool,
    waiting_handlers: AtomicUsize,
    pub(super) handlers_done: Notify,
    /// Told of every handler that is done while the node has as many as it may have.
    handlers_room: Notify,
    /// The turn of a node that handles one message at a time.
    turn: Arc<tokio::sync::Mutex<()>>,
    refusals: Refusals,
    /// Log lines about what peers may not send or announce.
    forbidden: Quiet,
    /// Why the node wants to be stopped, if it does.
    pub(super) stop_request: watch::Sender<Option<String>>,
}

/// What belongs to one start of a node.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) instance: u128,
    /// Listeners, connections and handlers.
    pub(super) tracker: TaskTracker,
    /// Tasks of the application.
    pub(super) tasks: TaskTracker,
    /// Cancelled when the node is to stop although `on_start` is not done.
    pub(super) interrupt_start: CancellationToken,
    /// Cancelled when the node accepts nothing new.
    pub(super) stop: CancellationToken,
    /// Cancelled when the application's tasks are to end.
    pub(super) end_tasks: CancellationToken,
    /// Cancelled when handlers that are not done are dropped: at the deadline of a stop, before `on_stop` runs.
    pub(super) drop_handlers: CancellationToken,
    /// Cancelled when everything else is dropped, too.
    pub(super) kill: CancellationToken,
    /// What it shares with other nodes.
    pub(super) secrets: Arc<Secrets>,
    /// Where it listens.
    pub(super) endpoints: Vec<Endpoint>,
    /// The sockets among them.
    pub(super) addresses: Vec<SocketAddr>,
    #[cfg(feature = "_web")]
    pub(super) web_addresses: crate::web::WebAddresses,
}

impl Run {
    pub(super) fn new() -> Self {
        Self {
            instance: u128::from(fastrand::u64(..)) << 64 | u128::from(fastrand::u64(..)),
            tracker: TaskTracker::new(),
            tasks: TaskTracker::new(),
            interrupt_start: CancellationToken::new(),
            stop: CancellationToken::new(),
            end_tasks: CancellationToken::new(),
            drop_handlers: CancellationToken::new(),
            kill: CancellationToken::new(),
            secrets: Arc::default(),
            endpoints: Vec::new(),
            addresses: Vec::new(),
            #[cfg(feature = "_web")]
            web_addresses: crate::web::WebAddresses::default(),
        }
    }
}

impl Inner {
    pub(crate) fn new(name: &str, config: NodeConfig, program: Program, system: &Arc<Registry>) -> Arc<Self> {
        #[cfg(feature = "http")]
        if let Some(http) = &config.http {
            program.http.access().set(http.access());
        }
        #[cfg(feature = "websocket")]
        if let Some(websocket) = &config.websocket {
            program.websocket.access().set(websocket.access());
        }
        Arc::new(Self {
            name: name.into(),
            listeners: listeners(&config),
            refusals: Refusals::default(),
            forbidden: Quiet::default(),
            settings: Adjustable::new(&config),
            config,
            folder: system.config.folder.clone(),
            transports: system.transports.clone().of_node(),
            system: Arc::downgrade(system),
            announcer: system.announcer.clone(),
            retired: CancellationToken::new(),
            router: Router::new(name.into()),
            metrics: Metrics::new(
                program.handlers.iter().map(|handler| (handler.pattern(), handler.topic().kind())),
            ),
            state: watch::Sender::new(NodeState::Stopped),
            lifecycle: tokio::sync::Mutex::default(),
            run: Mutex::new(Run::new()),
            incoming: Incoming::default(),
            announcement: Announcement::new(program.handlers.len()),
            program,
            dials: Mutex::default(),
            draining: AtomicBool::new(false),
            sending: AtomicBool::new(false),
            waiting_handlers: AtomicUsize::new(0),
            handlers_done: Notify::new(),
            handlers_room: Notify::new(),
            turn: Arc::default(),
            stop_request: watch::Sender::new(None),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn shared_name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) const fn config(&self) -> &NodeConfig {
        &self.config
    }

    /// What of the configuration can be changed while the node runs.
    #[inline]
    pub(crate) const fn settings(&self) -> &Adjustable {
        &self.settings
    }

    pub(crate) const fn program(&self) -> &Program {
        &self.program
    }

    pub(crate) fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    pub(crate) const fn transports(&self) -> &Transports {
        &self.transports
    }

    pub(crate) const fn router(&self) -> &Router {
        &self.router
    }

    pub(crate) const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(crate) fn handlers(&self) -> Arc<[Handler]> {
        self.program.handlers.clone()
    }

    pub(crate) const fn has_lock(&self) -> bool {
        self.program.has_lock
    }

    pub(crate) fn turn(&self) -> Arc<tokio::sync::Mutex<()>> {
        self.turn.clone()
    }

    /// The system that the node belongs to; one that has ended, if it is gone.
    pub(crate) fn system(&self) -> Arc<Registry> {
        self.system.upgrade().unwrap_or_else(Registry::ended)
    }

    pub(super) const fn states(&self) -> &watch::Sender<NodeState> {
        &self.state
    }

    pub(super) fn set_state(&self, state: NodeState) {
        self.state.send_replace(state.clone());
        self.announcer.tell(SystemEvent::NodeState { node: self.name.clone(), state });
    }

    /// The node is about to be removed from its system, and never starts again.
    pub(crate) fn retire(&self) {
        self.retired.cancel();
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.retired.is_cancelled()
    }

    /// Waits until the node is about to be removed from its system.
    pub(crate) async fn retired(&self) {
        self.retired.cancelled().await;
    }

    pub(super) fn run(&self) -> Run {
        lock(&self.run).clone()
    }

    /// The random number of this start of the node.
    pub(crate) fn instance(&self) -> u128 {
        lock(&self.run).instance
    }

    /// What this start of the node shares with other nodes.
    pub(crate) fn secrets(&self) -> Arc<Secrets> {
        lock(&self.run).secrets.clone()
    }

    /// Where relative paths of the configuration start.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        lock(&self.run).endpoints.clone()
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        lock(&self.run).addresses.clone()
    }

    #[cfg(feature = "_web")]
    pub(crate) fn web_addresses(&self) -> crate::web::WebAddresses {
        lock(&self.run).web_addresses
    }

    // ---- what runs ----

    /// Runs a task that belongs to this start of the node.
    pub(crate) fn spawn_connection(&self, task: impl Future<Output = ()> + Send + 'static) {
        let run = self.run();
        // what a task takes and then waits for in a `select!` would stand in it twice
        let task = Box::pin(task);
        run.tracker.spawn(async move {
            tokio::select! {
                biased;
                () = run.kill.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Runs a handler in a task of its own; `None` if it was dropped before it was done.
    pub(crate) fn spawn_handler<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<Option<T>> {
        let run = self.run();
        run.tracker.spawn(async move {
            tokio::select! {
                biased;
                () = run.drop_handlers.cancelled() => None,
                done = task => Some(done),
            }
        })
    }

    /// Runs a handler that blocks its thread. A stop waits for it as long as for others; then it is left behind.
    pub(crate) fn spawn_blocking<T: Send + 'static>(
        &self,
        task: impl FnOnce() -> T + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.run().tracker.spawn_blocking(task)
    }

    /// Cancelled when this start's handlers that are not done are dropped.
    pub(crate) fn drop_handlers(&self) -> CancellationToken {
        lock(&self.run).drop_handlers.clone()
    }

    /// A handler waits for something.
    pub(crate) fn handler_waits(&self) {
        self.waiting_handlers.fetch_add(1, Ordering::AcqRel);
    }

    /// A handler that waited is done.
    pub(crate) fn handler_done(&self) {
        let waiting = self.waiting_handlers.fetch_sub(1, Ordering::AcqRel);
        if waiting == 1 {
            self.handlers_done.notify_waiters();
        }
        if waiting >= self.settings.handlers() {
            self.handlers_room.notify_waiters();
        }
    }

    /// Whether the node has as many handlers that wait as it may have.
    pub(crate) fn is_full(&self) -> bool {
        self.handlers_waiting() >= self.settings.handlers()
    }

    /// Waits until a handler is done while the node has as many as it may have.
    pub(crate) async fn handlers_room(self: Arc<Self>) {
        self.handlers_room.notified().await;
    }

    /// No handler waits any more: their tasks have ended, some of them without a word.
    pub(super) fn no_handlers_wait(&self) {
        self.waiting_handlers.store(0, Ordering::Release);
    }

    pub(crate) fn handlers_waiting(&self) -> usize {
        self.waiting_handlers.load(Ordering::Acquire)
    }

    /// Whether the node takes no new requests.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    pub(super) fn set_draining(&self, draining: bool) {
        self.draining.store(draining, Ordering::Release);
    }

    /// Whether clients of this node may send: from its start to the end of `on_stop`.
    #[inline]
    pub(crate) fn can_send(&self) -> bool {
        self.sending.load(Ordering::Acquire)
    }

    pub(super) fn set_sending(&self, sending: bool) {
        self.sending.store(sending, Ordering::Release);
    }

    // ---- peers that dialled this node ----

    pub(crate) fn session_settings(&self, limits: &LimitConfig, handshake_timeout: Duration) -> Settings {
        let keepalive = &self.config.keepalive;
        Settings {
            frame_limit: limits.frame_bytes,
            topic_limit: limits.topics,
            name_bytes: limits.name_bytes,
            topic_bytes: limits.topic_bytes,
            handshake_timeout,
            keepalive_interval: keepalive.interval,
            keepalive_timeout: keepalive.timeout,
            traces: self.config.tracing,
        }
    }

    /// How many bytes wait to be sent, by peer.
    #[cfg(feature = "testing")]
    pub(crate) fn queued_bytes(&self) -> Vec<(Arc<str>, usize)> {
        let dialled =
            self.router.peers().into_iter().map(|peer| (peer.name().clone(), peer.outbox().queued()));
        let incoming = self.incoming.outboxes();
        dialled.chain(incoming.iter().map(|(name, outbox)| (name.clone(), outbox.queued()))).collect()
    }

    /// How many tasks belong to this start of the node.
    #[cfg(feature = "dashboard")]
    pub(crate) fn task_count(&self) -> usize {
        let run = lock(&self.run);
        run.tracker.len() + run.tasks.len()
    }

    /// Somebody is not let in.
    pub(crate) fn count_refused(&self, why: RefusalReason, address: &Address, detail: &str) {
        if let Some(left_out) = self.refusals.count(why) {
            let detail = crate::text::own(detail);
            tracing::warn!(node = %self.name, %address, %why, detail, left_out, "a connection was refused");
        }
    }

    /// How many were not let in for that reason.
    pub(crate) fn refused(&self, why: RefusalReason) -> u64 {
        self.refusals.of(why)
    }

    /// How many were not let in, by reason.
    pub(crate) const fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// A peer has sent or announced what it may not; whoever calls this counts it.
    #[cold]
    pub(crate) fn log_forbidden(&self, peer: &str, topic: &str, what: &'static str) {
        if let Some(left_out) = self.forbidden.pass(crate::clock::now()) {
            tracing::warn!(node = %self.name, peer, topic, what, left_out, "a peer is not allowed to do that");
        }
    }

    /// A peer has announced what it may not.
    pub(crate) fn count_forbidden_announcement(&self, peer: &str, topic: &str) {
        self.metrics.counts().forbidden_announcements.add(1);
        self.log_forbidden(peer, topic, "announce the topic");
    }
}

fn listeners(config: &NodeConfig) -> Box<[Listener]> {
    let listeners = config.listen.iter().enumerate();
    listeners.map(|(index, listen)| Listener::new(index, listen, config)).collect()
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // nothing that panics runs under these locks, so that there is nothing to mend
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
