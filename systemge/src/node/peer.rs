//! A node that this node dialled, and what it announced.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::connection::outbox::Outbox;
use crate::metrics::PeerCounts;
use crate::payload::Description;
use crate::protocol::frame::{Announced, Frame, TopicId, Violation};
use crate::topic::TopicKind;

/// A node that this node dialled, and what it announced.
pub(crate) struct Peer {
    counts: Arc<PeerCounts>,
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
    /// The topics whose types were asked for, since this node knows them with others.
    descriptions: HashMap<TopicId, Answer>,
    /// How many of these questions the peer has yet to answer.
    questions: usize,
}

/// How many questions may be open, so that a peer that keeps changing its announcement and never answers costs nothing.
const MAX_QUESTIONS: usize = 64;

/// What a peer says about the types of a topic.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Nothing yet.
    Asked,
    /// Nothing that can be read.
    Unknown,
    Known(Arc<Description>),
}

/// A topic as a peer announced it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerTopic {
    pub(crate) id: TopicId,
    pub(crate) kind: TopicKind,
    pub(crate) fingerprint: u64,
}

impl Peer {
    pub(crate) fn new(
        name: Arc<str>,
        outbox: Arc<Outbox>,
        counts: Arc<PeerCounts>,
        topic_limit: usize,
    ) -> Self {
        let draining = AtomicBool::new(false);
        Self { name, outbox, counts, topics: Mutex::default(), topic_limit, draining }
    }

    /// What is counted of it.
    pub(crate) const fn counts(&self) -> &Arc<PeerCounts> {
        &self.counts
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
            topics.descriptions.remove(id);
        }
    }

    /// What the peer says about the types of its topic of that number; it is asked the first time.
    pub(crate) fn description(&self, id: TopicId) -> Answer {
        let mut topics = self.topics();
        if let Some(answer) = topics.descriptions.get(&id) {
            return answer.clone();
        }
        if topics.questions >= MAX_QUESTIONS {
            return Answer::Unknown;
        }
        topics.questions += 1;
        topics.descriptions.insert(id, Answer::Asked);
        drop(topics);
        self.outbox.append(|out| Frame::Describe(id).write(out));
        Answer::Asked
    }

    /// Takes an answer; returns the topic's name, if it still has one. An answer to nothing is a mistake of the peer.
    pub(crate) fn described(&self, id: TopicId, description: &[u8]) -> Result<Option<Arc<str>>, Violation> {
        let mut topics = self.topics();
        let Topics { by_name, names, descriptions, questions } = &mut *topics;
        let Some(open) = questions.checked_sub(1) else {
            return Err(Violation::Unexpected("description"));
        };
        *questions = open;
        // one that was withdrawn meanwhile is of no interest any more
        let Some(answer @ Answer::Asked) = descriptions.get_mut(&id) else { return Ok(None) };
        let name = names.get(&id);
        let fingerprint = name.and_then(|name| by_name.get(name)).map(|topic| topic.fingerprint);
        let known = fingerprint.and_then(|fingerprint| Description::read(description, fingerprint));
        *answer = known.map_or(Answer::Unknown, |known| Answer::Known(Arc::new(known)));
        Ok(name.cloned())
    }

    /// The peer takes nothing new any more.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Relaxed);
    }

    /// The topics that it handles, in the order of their names.
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
