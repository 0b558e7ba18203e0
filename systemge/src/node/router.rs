//! Which connected nodes handle which topic.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;

use super::mismatch::Mismatch;
use super::peer::{Answer, Peer, PeerTopic};
use crate::metrics::{SentCounts, SentTopics};
use crate::protocol::frame::TopicId;
use crate::topic::Topic;

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
    routes: HashMap<(&'static str, u64), Arc<Route>>,
}

/// The way of one topic: made once, then kept up to date and looked at without a lock.
pub(crate) struct Route {
    topic: Topic,
    counts: Arc<SentCounts>,
    providers: ArcSwap<Vec<Provider>>,
    /// The nodes that handle a topic of that name with other types.
    mismatches: ArcSwap<Vec<Mismatch>>,
}

/// A node that handles a topic.
#[derive(Clone)]
pub(crate) struct Provider {
    peer: Arc<Peer>,
    topic: TopicId,
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
    pub(crate) const fn name(&self) -> &'static str {
        self.topic.name()
    }

    /// What is counted of the topic.
    #[inline]
    pub(crate) const fn counts(&self) -> &Arc<SentCounts> {
        &self.counts
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

    /// The way of a topic; what is counted of it belongs to one of `counted`.
    pub(crate) fn route(&self, topic: &Topic, counted: &SentTopics) -> Arc<Route> {
        let mut state = self.lock();
        let State { peers, routes } = &mut *state;
        let route = routes.entry((topic.name(), topic.fingerprint())).or_insert_with(|| {
            let route = Route {
                topic: *topic,
                counts: counted.of(topic),
                providers: ArcSwap::default(),
                mismatches: ArcSwap::default(),
            };
            route.update(&self.node, peers);
            Arc::new(route)
        });
        route.clone()
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
        all.sort_by(|a, b| (a.topic, &a.peer).cmp(&(b.topic, &b.peer)));
        all
    }

    /// The topics that this node has called, and which connected nodes handle each, in the order of their names.
    #[cfg(feature = "dashboard")]
    pub(crate) fn called(&self) -> Vec<(Topic, Vec<Arc<str>>)> {
        let state = self.lock();
        let providers = |route: &Route| {
            route.providers.load().iter().map(|provider| provider.peer.name().clone()).collect::<Vec<_>>()
        };
        let mut called: Vec<_> = state.routes.values().map(|route| (route.topic, providers(route))).collect();
        called.sort_by_key(|(topic, _)| (topic.name(), topic.fingerprint()));
        called
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
