//! A node that this node dialled, and what it announced.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::connection::outbox::Outbox;
use crate::protocol::frame::{Announced, TopicId, Violation};
use crate::topic::TopicKind;

/// A node that this node dialled, and what it announced.
pub(crate) struct Peer {
    name: Arc<str>,
    outbox: Arc<Outbox>,
    topics: Mutex<Topics>,
    /// How many topics it may announce.
    topic_limit: usize,
    draining: AtomicBool,
}

/// What a peer has announced and not withdrawn, by name and by number: both are looked up one by one, so that no
/// announcement takes longer than its own length.
#[derive(Default)]
struct Topics {
    by_name: HashMap<Arc<str>, PeerTopic>,
    names: HashMap<TopicId, Arc<str>>,
}

/// A topic as a peer announced it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerTopic {
    pub(crate) id: TopicId,
    pub(crate) kind: TopicKind,
    pub(crate) fingerprint: u64,
}

impl Peer {
    pub(crate) fn new(name: &str, outbox: Arc<Outbox>, topic_limit: usize) -> Self {
        let draining = AtomicBool::new(false);
        Self { name: name.into(), outbox, topics: Mutex::default(), topic_limit, draining }
    }

    pub(crate) const fn name(&self) -> &Arc<str> {
        &self.name
    }

    #[inline]
    pub(crate) const fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    fn topics(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds topics; a name or number that is there already, or more topics than the limit, is a mistake of the peer.
    pub(crate) fn announce(&self, announced: &[Announced<'_>]) -> Result<(), Violation> {
        let mut topics = self.topics();
        // counted here, since the session can't know whether what a peer withdraws was ever there
        if topics.by_name.len() + announced.len() > self.topic_limit {
            return Err(Violation::TooManyTopics(self.topic_limit));
        }
        for topic in announced {
            let entry = PeerTopic { id: topic.id, kind: topic.kind, fingerprint: topic.fingerprint };
            let name: Arc<str> = topic.name.into();
            if topics.names.insert(topic.id, name.clone()).is_some()
                || topics.by_name.insert(name, entry).is_some()
            {
                return Err(Violation::DuplicateTopic);
            }
        }
        Ok(())
    }

    pub(crate) fn withdraw(&self, withdrawn: &[TopicId]) {
        let mut topics = self.topics();
        for id in withdrawn {
            if let Some(name) = topics.names.remove(id) {
                topics.by_name.remove(&name);
            }
        }
    }

    /// The peer takes nothing new any more.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Relaxed);
    }

    /// The topics that it handles, in the order of their names.
    #[cfg(feature = "testing")]
    pub(crate) fn topic_names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.topics().by_name.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// The topic of that name, unless the peer takes nothing new.
    pub(crate) fn topic(&self, name: &str) -> Option<PeerTopic> {
        if self.draining.load(Relaxed) {
            return None;
        }
        self.topics().by_name.get(name).copied()
    }
}
