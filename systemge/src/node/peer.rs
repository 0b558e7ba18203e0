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
    topics: Mutex<HashMap<Box<str>, PeerTopic>>,
    draining: AtomicBool,
}

/// A topic as a peer announced it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerTopic {
    pub(crate) id: TopicId,
    pub(crate) kind: TopicKind,
    pub(crate) fingerprint: u64,
}

impl Peer {
    pub(crate) fn new(name: &str, outbox: Arc<Outbox>) -> Self {
        Self { name: name.into(), outbox, topics: Mutex::default(), draining: AtomicBool::new(false) }
    }

    pub(crate) const fn name(&self) -> &Arc<str> {
        &self.name
    }

    #[inline]
    pub(crate) const fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<Box<str>, PeerTopic>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds topics; a name or number that is there already is a mistake of the peer.
    pub(crate) fn announce(&self, announced: &[Announced<'_>]) -> Result<(), Violation> {
        let mut topics = self.topics();
        let mut ids: std::collections::HashSet<TopicId> = topics.values().map(|topic| topic.id).collect();
        for topic in announced {
            let entry = PeerTopic { id: topic.id, kind: topic.kind, fingerprint: topic.fingerprint };
            if !ids.insert(topic.id) || topics.insert(topic.name.into(), entry).is_some() {
                return Err(Violation::DuplicateTopic);
            }
        }
        Ok(())
    }

    pub(crate) fn withdraw(&self, withdrawn: &[TopicId]) {
        self.topics().retain(|_, topic| !withdrawn.contains(&topic.id));
    }

    /// The peer takes nothing new any more.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Relaxed);
    }

    /// The topic of that name, unless the peer takes nothing new.
    pub(crate) fn topic(&self, name: &str) -> Option<PeerTopic> {
        if self.draining.load(Relaxed) {
            return None;
        }
        self.topics().get(name).copied()
    }
}
