//! Which connected nodes handle which topic.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;

use super::mismatch::Mismatch;
use super::peer::{Answer, Peer, PeerTopic};
use crate::key::KeyError;
use crate::metrics::SentCounts;
use crate::protocol::frame::TopicId;
use crate::topic::{Topic, TopicName};

/// Which connected nodes handle which topic.
pub(crate) struct Router {
    /// The name of this node.
    node: Arc<str>,
    state: Mutex<State>,
    /// Counts the changes, for those who wait for one.
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    peers: Vec<Arc<Peer>>,
    /// By name and fingerprint: two clients that disagree about a topic's types have two routes.
    routes: HashMap<(TopicName, u64), Arc<Route>>,
    /// How many routes there are when those of instances that no client knows any more are next removed.
    tidy_at: usize,
    /// The unhandled topics that were last logged.
    reported: Vec<TopicName>,
    /// The contracts that were called without being listed, by their keys.
    undeclared: HashSet<u64>,
}

/// The way of one topic: made once, then kept up to date and looked at without a lock.
pub(crate) struct Route {
    topic: Topic,
    counts: Arc<SentCounts>,
    providers: ArcSwap<Vec<Provider>>,
    /// The nodes that handle a topic of that name with other types.
    mismatches: ArcSwap<Vec<Mismatch>>,
    /// Why there is no such topic: the key of the client's instance.
    unnamed: Option<KeyError>,
}

/// A node that handles a topic.
#[derive(Clone)]
pub(crate) struct Provider {
    peer: Arc<Peer>,
    topic: TopicId,
}

/// A topic that a node has called.
#[cfg(feature = "dashboard")]
pub(crate) struct Called {
    pub(crate) topic: Topic,
    /// Its name as it is written in the program, under which it is counted.
    pub(crate) pattern: &'static str,
    /// The connected nodes that handle it.
    pub(crate) providers: Vec<Arc<str>>,
}

pub(crate) type Providers = Guard<Arc<Vec<Provider>>>;

impl Provider {
    #[inline]
    pub(crate) const fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    /// The number that the node gave the topic.
    #[inline]
    pub(crate) const fn topic(&self) -> TopicId {
        self.topic
    }
}

impl Route {
    pub(crate) fn name(&self) -> &str {
        self.topic.name()
    }

    /// What is counted of the topic.
    #[inline]
    pub(crate) const fn counts(&self) -> &Arc<SentCounts> {
        &self.counts
    }

    pub(crate) const fn topic_name(&self) -> &TopicName {
        self.topic.topic_name()
    }

    /// The way of a topic that nobody can have.
    pub(crate) fn nowhere(topic: Topic, counts: Arc<SentCounts>, unnamed: KeyError) -> Arc<Self> {
        Arc::new(Self { unnamed: Some(unnamed), ..Self::new(topic, counts) })
    }

    fn new(topic: Topic, counts: Arc<SentCounts>) -> Self {
        Self { topic, counts, providers: ArcSwap::default(), mismatches: ArcSwap::default(), unnamed: None }
    }

    /// Why nobody can have the topic, if so.
    pub(crate) const fn unnamed(&self) -> Option<&KeyError> {
        self.unnamed.as_ref()
    }

    #[inline]
    pub(crate) fn providers(&self) -> Providers {
        self.providers.load()
    }

    pub(crate) fn mismatches(&self) -> Vec<Mismatch> {
        self.mismatches.load().to_vec()
    }

    fn update(&self, node: &Arc<str>, peers: &[Arc<Peer>]) {
        let mut providers = Vec::new();
        let mut mismatches = Vec::new();
        for peer in peers {
            let Some(topic) = peer.topic(self.topic.name()) else { continue };
            if self.agrees(topic) {
                providers.push(Provider { peer: peer.clone(), topic: topic.id });
            } else {
                let there = match peer.description(topic.id) {
                    Answer::Known(description) => Some(description),
                    Answer::Asked | Answer::Unknown => None,
                };
                mismatches.push(Mismatch::new(&self.topic, node, peer.name(), there.as_deref()));
            }
        }
        self.providers.store(Arc::new(providers));
        self.mismatches.store(Arc::new(mismatches));
    }

    fn agrees(&self, topic: PeerTopic) -> bool {
        topic.kind == self.topic.kind() && topic.fingerprint == self.topic.fingerprint()
    }
}

impl Router {
    pub(crate) fn new(node: Arc<str>) -> Self {
        Self { node, state: Mutex::default(), changes: watch::Sender::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way of a topic; what is counted of it goes to `counts`.
    pub(crate) fn route(&self, topic: &Topic, counts: Arc<SentCounts>) -> Arc<Route> {
        let mut state = self.lock();
        let State { peers, routes, tidy_at, .. } = &mut *state;
        let key = (topic.topic_name().clone(), topic.fingerprint());
        if let Some(route) = routes.get(&key) {
            return route.clone();
        }
        // instances come and go, and must not fill the table
        if topic.topic_name().is_made() && routes.len() >= *tidy_at {
            routes.retain(|(name, _), route| !name.is_made() || Arc::strong_count(route) > 1);
            *tidy_at = (routes.len() * 2).max(64);
        }
        let route = Arc::new(Route::new(topic.clone(), counts));
        route.update(&self.node, peers);
        routes.insert(key, route.clone());
        route
    }

    /// A node has connected and announced its topics.
    pub(crate) fn joined(&self, peer: &Arc<Peer>) {
        self.lock().peers.push(peer.clone());
        self.update();
    }

    /// A connected node has said with which types it knows a topic that this node knows with others.
    pub(crate) fn described(&self, peer: &Arc<Peer>, topic: &str) {
        let state = self.lock();
        for route in state.routes.values().filter(|route| route.name() == topic) {
            route.update(&self.node, &state.peers);
            if let Some(mismatch) =
                route.mismatches.load().iter().find(|mismatch| mismatch.peer == *peer.name())
            {
                // each name of the peer's is printable and short, but there may be many
                let mismatch = crate::text::own(&mismatch.to_string());
                tracing::error!(node = %self.node, peer = %peer.name(), topic, "{mismatch}");
            }
        }
    }

    /// The topics that a connected node handles with other types than this node calls them with.
    pub(crate) fn mismatches(&self) -> Vec<Mismatch> {
        let state = self.lock();
        let mut all: Vec<Mismatch> = state.routes.values().flat_map(|route| route.mismatches()).collect();
        all.sort_by(|a, b| (&a.topic, &a.peer).cmp(&(&b.topic, &b.peer)));
        all
    }

    /// The topics that this node has called, in the order of their names.
    #[cfg(feature = "dashboard")]
    pub(crate) fn called(&self) -> Vec<Called> {
        let state = self.lock();
        let called = |route: &Arc<Route>| Called {
            topic: route.topic.clone(),
            pattern: route.counts.name(),
            providers: route.providers.load().iter().map(|provider| provider.peer.name().clone()).collect(),
        };
        let mut called: Vec<_> = state.routes.values().map(called).collect();
        called.sort_by(|a, b| {
            let key = |called: &Called| (called.topic.topic_name().clone(), called.topic.fingerprint());
            key(a).cmp(&key(b))
        });
        called
    }

    /// The called topics that no connected node handles, in the order of their names.
    pub(crate) fn unhandled(&self) -> Vec<TopicName> {
        let state = self.lock();
        let unhandled = state.routes.values().filter(|route| route.providers.load().is_empty());
        let mut names: Vec<TopicName> = unhandled.map(|route| route.topic_name().clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The same, if there are some, and they are others than when it was last asked.
    pub(crate) fn newly_unhandled(&self) -> Option<Vec<TopicName>> {
        let now = self.unhandled();
        let mut state = self.lock();
        let new = !now.is_empty() && now != state.reported;
        state.reported.clone_from(&now);
        new.then_some(now)
    }

    /// Whether the contract with that key is called for the first time.
    pub(crate) fn first_call(&self, contract: u64) -> bool {
        self.lock().undeclared.insert(contract)
    }

    /// A connected node has changed its announcement.
    pub(crate) fn changed(&self) {
        self.update();
    }

    /// A connected node is gone.
    pub(crate) fn left(&self, peer: &Arc<Peer>) {
        self.lock().peers.retain(|other| !Arc::ptr_eq(other, peer));
        self.update();
    }

    /// No node is connected any more.
    pub(crate) fn clear(&self) {
        self.lock().peers.clear();
        self.update();
    }

    fn update(&self) {
        let state = self.lock();
        for route in state.routes.values() {
            route.update(&self.node, &state.peers);
        }
        drop(state);
        self.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    /// The connected nodes that were dialled.
    pub(crate) fn peers(&self) -> Vec<Arc<Peer>> {
        self.lock().peers.clone()
    }

    /// Waits until a connected node handles a topic of that name.
    pub(crate) async fn provided(&self, topic: &str) {
        self.until(|| self.lock().peers.iter().any(|peer| peer.topic(topic).is_some())).await;
    }

    /// Waits until something holds that depends on which nodes are connected and what they handle.
    pub(crate) async fn until(&self, mut holds: impl FnMut() -> bool) {
        let mut changes = self.changes.subscribe();
        // the sender lives as long as the router, so that waiting never fails
        let _ = changes.wait_for(|_| holds()).await;
    }
}
