//! What the dashboard knows: the nodes as they are now, their past, and what was done to them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::sync::{Notify, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::audit::Audit;
use super::history::{History, Past, Resolution, Values};
use super::measure::{NODE, NODE_SERIES, PROCESS, PROCESS_SERIES, PeerKey, ProcessReading, Reading, Traffic};
use super::view::{self, Health, NodeView};
use super::{auth::Access, now_ms};
use crate::node::{Node, NodeState};
use crate::system::Running;

/// What the dashboard knows.
pub(super) struct Board {
    pub(super) system: Running,
    pub(super) access: Access,
    pub(super) audit: Audit,
    /// What people have asked for and is not done.
    pub(super) actions: TaskTracker,
    state: Mutex<State>,
    /// The newest moment; whoever watches takes the latest and never queues.
    ticks: watch::Sender<Arc<Tick>>,
    /// Something has changed that people wait to see.
    changed: Notify,
    /// When this process began, in milliseconds since 1970.
    pub(super) started: u64,
}

struct State {
    nodes: BTreeMap<Arc<str>, Record>,
    process: History<PROCESS>,
    process_now: Values<PROCESS>,
    last_process: Option<(ProcessReading, Instant)>,
}

/// What is remembered of one node.
struct Record {
    state: NodeState,
    health: Health,
    /// Since when it is in this health, in milliseconds since 1970.
    since: u64,
    last: Reading,
    values: Values<NODE>,
    traffic: BTreeMap<PeerKey, Traffic>,
    history: History<NODE>,
}

/// One moment. What pages see of it is written once, by the first page that wants it.
pub(super) struct Tick {
    rendered: Mutex<BTreeMap<String, Bytes>>,
}

impl Tick {
    pub(super) fn now() -> Arc<Self> {
        Arc::new(Self { rendered: Mutex::default() })
    }

    /// What `render` writes for this moment; the same for all who ask by that name.
    pub(super) fn rendered(&self, name: &str, render: impl FnOnce() -> Bytes) -> Bytes {
        let mut rendered = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = rendered.get(name) {
            return bytes.clone();
        }
        let bytes = render();
        rendered.insert(name.to_owned(), bytes.clone());
        bytes
    }
}

impl Board {
    pub(super) fn new(system: Running, access: Access) -> Arc<Self> {
        let state = State {
            nodes: BTreeMap::new(),
            process: History::new(),
            process_now: [f32::NAN; PROCESS],
            last_process: None,
        };
        let board = Self {
            system,
            access,
            audit: Audit::default(),
            actions: TaskTracker::new(),
            state: Mutex::new(state),
            ticks: watch::Sender::new(Tick::now()),
            changed: Notify::new(),
            started: now_ms(),
        };
        board.look();
        Arc::new(board)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever watches sees the present at once, and not at the next second.
    pub(super) fn hurry(&self) {
        self.changed.notify_one();
    }

    pub(super) fn watch(&self) -> watch::Receiver<Arc<Tick>> {
        self.ticks.subscribe()
    }

    /// The one task that measures: once a second, whether anybody watches or not.
    pub(super) async fn measure(self: Arc<Self>, stop: CancellationToken) {
        let mut seconds = tokio::time::interval(SECOND);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut events = self.system.events();
        let mut last = Instant::now();
        // the first tick is now
        seconds.tick().await;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = seconds.tick() => {
                    let now = Instant::now();
                    self.sample(now.duration_since(last).as_secs_f32().max(0.001), now);
                    last = now;
                }
                () = self.changed.notified() => {}
                event = events.next() => {
                    if event.is_none() {
                        return;
                    }
                    // many changes at once are one
                    tokio::time::sleep(BREATH).await;
                    while events.next().now_or_never().flatten().is_some() {}
                    self.look();
                }
            }
            if self.ticks.receiver_count() > 0 {
                self.ticks.send_replace(Tick::now());
            }
        }
    }

    /// Looks at the state of every node, so that it is known since when it holds.
    fn look(&self) {
        let mut state = self.state();
        for node in &self.system.nodes() {
            state.record(node);
        }
    }

    /// Looks at every node, and keeps what it did in the seconds since the last time.
    fn sample(&self, seconds: f32, now: Instant) {
        let time = now_ms();
        let mut state = self.state();
        let nodes = self.system.nodes();
        state.nodes.retain(|name, _| nodes.iter().any(|node| node.name() == &**name));
        for node in &nodes {
            let reading = Reading::of(node);
            let record = state.record(node);
            record.values = reading.since(&record.last, seconds);
            record.traffic = reading.traffic_since(&record.last, seconds);
            record.last = reading;
            record.history.add(time, record.values, &NODE_SERIES);
        }
        let reading = ProcessReading::now();
        if let Some((last, then)) = state.last_process.replace((reading, now)) {
            let seconds = now.duration_since(then).as_secs_f32().max(0.001);
            state.process_now = reading.since(&last, seconds);
            let values = state.process_now;
            state.process.add(time, values, &PROCESS_SERIES);
        }
    }

    /// The nodes as they are now.
    pub(super) fn nodes(&self) -> Vec<NodeView> {
        let nodes = self.system.nodes();
        let mut state = self.state();
        nodes.iter().map(|node| state.record(node).view(node)).collect()
    }

    /// One node as it is now.
    pub(super) fn node(&self, node: &Node) -> NodeView {
        self.state().record(node).view(node)
    }

    /// Bytes per second between a node and its peers.
    pub(super) fn traffic(&self, node: &str) -> BTreeMap<PeerKey, Traffic> {
        self.state().nodes.get(node).map(|record| record.traffic.clone()).unwrap_or_default()
    }

    pub(super) fn process(&self) -> view::Process {
        let values = self.state().process_now;
        view::Process::new(self.started, &values)
    }

    pub(super) fn node_past(
        &self,
        node: &str,
        resolution: Resolution,
        rows: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Option<Past> {
        let state = self.state();
        let record = state.nodes.get(node)?;
        Some(record.history.past(resolution, rows, &NODE_SERIES, wanted))
    }

    pub(super) fn process_past(&self, resolution: Resolution, rows: usize) -> Past {
        self.state().process.past(resolution, rows, &PROCESS_SERIES, |_| true)
    }
}

impl State {
    /// What is remembered of a node, with its state as it is now.
    fn record(&mut self, node: &Node) -> &mut Record {
        let (state, health) = (node.state(), Health::of(node));
        let record = self.nodes.entry(node.name().into()).or_insert_with(|| Record {
            state: state.clone(),
            health: health.clone(),
            since: now_ms(),
            last: Reading::of(node),
            values: [f32::NAN; NODE],
            traffic: BTreeMap::new(),
            history: History::new(),
        });
        if record.state != state || record.health.state != health.state {
            record.since = now_ms();
            record.state = state;
        }
        record.health = health;
        record
    }
}

impl Record {
    fn view(&self, node: &Node) -> NodeView {
        NodeView::new(node, &self.health, self.since, &self.values)
    }
}

const SECOND: Duration = Duration::from_secs(1);
/// The shortest time between two moments that are shown.
const BREATH: Duration = Duration::from_millis(50);
