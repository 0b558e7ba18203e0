//! The nodes that dialled this one: who is let in, and what they are told that this node handles.

use std::collections::{BTreeMap, btree_map};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::Inner;
use super::inner::lock;
use crate::connection::outbox::Outbox;
use crate::protocol::frame::{Announced, Frame, GoodbyeCode, TopicId, write_announcement};
use crate::protocol::session::Session;
use crate::topic::Topic;
use crate::transport::{Identity, Remote};

/// Why a node is not let in: what it is told.
pub(crate) type Refused = (GoodbyeCode, String);

/// The nodes that are let in, by name.
#[derive(Default)]
pub(crate) struct Incoming {
    peers: Mutex<BTreeMap<Arc<str>, Admitted>>,
}

struct Admitted {
    outbox: Arc<Outbox>,
    claim: Claim,
    /// Whether another connection waits for its place.
    contested: bool,
}

impl Incoming {
    fn peers(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Admitted>> {
        lock(&self.peers)
    }

    pub(super) fn outboxes(&self) -> Vec<(Arc<str>, Arc<Outbox>)> {
        self.peers().iter().map(|(name, peer)| (name.clone(), peer.outbox.clone())).collect()
    }

    pub(super) fn clear(&self) {
        self.peers().clear();
    }
}

/// Who a node says it is, besides its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    /// The random number of its start.
    pub(crate) instance: u128,
    /// Whether it has proved that the name is its own.
    pub(crate) is_proved: bool,
}

/// Whether a node is let in.
pub(crate) enum Admission {
    /// It is in.
    Done,
    /// A node of its name is in already: which of the two stays is seen from whether that one still lives.
    Contest(Contest),
}

/// The wish of a connection for the place of another one of the same name. Dropping it gives the wish up.
pub(crate) struct Contest {
    node: Arc<Inner>,
    pub(crate) name: Arc<str>,
    claim: Claim,
    holder: Arc<Outbox>,
}

impl Contest {
    /// Waits until it is clear who stays: true if the holder of the place gives no sign of life.
    pub(crate) fn is_stale(&self) -> impl Future<Output = bool> + Send + 'static {
        let sign_of_life = self.holder.sign_of_life();
        let limit = self.node.config().keepalive.replace_after;
        async move {
            // an error: the connection has ended meanwhile
            !matches!(tokio::time::timeout(limit, sign_of_life).await, Ok(Ok(())))
        }
    }

    /// Takes the place of the holder, whose connection is closed.
    pub(crate) fn win(self, outbox: &Arc<Outbox>) -> Result<(), Refused> {
        if self.node.is_draining() {
            return Err(stopping());
        }
        let mut peers = self.node.incoming.peers();
        if peers.get(&self.name).is_some_and(|peer| !Arc::ptr_eq(&peer.outbox, &self.holder)) {
            return Err(name_taken(&self.name));
        }
        peers.insert(
            self.name.clone(),
            Admitted { outbox: outbox.clone(), claim: self.claim, contested: false },
        );
        drop(peers);
        self.holder.close(GoodbyeCode::Replaced, REPLACED);
        tracing::warn!(
            node = %self.node.name(), peer = %self.name,
            "a connection gave no sign of life, and another one of the same name has taken its place"
        );
        Ok(())
    }

    /// The holder lives.
    pub(crate) fn lose(self) -> Refused {
        name_taken(&self.name)
    }
}

impl Drop for Contest {
    fn drop(&mut self) {
        if let Some(peer) = self.node.incoming.peers().get_mut(&self.name)
            && Arc::ptr_eq(&peer.outbox, &self.holder)
        {
            peer.contested = false;
        }
    }
}

const REPLACED: &str = "a newer connection of that name has taken its place";

/// A node's certificate is one for others. Short, since not much of a goodbye gets into the log of the other side.
fn not_its_name(name: &str, identity: &Identity) -> String {
    let names = identity.names();
    let names = if names.is_empty() { "no node".to_owned() } else { names.join(", ") };
    format!("the certificate is not for `{name}` but for {names}")
}

/// Whether a node takes the place of another one of its name; `None` if that depends on whether that one still lives.
const fn replaces(newcomer: Claim, holder: Claim) -> Option<bool> {
    match (newcomer.is_proved, holder.is_proved) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        // the same start of the same node has perhaps dialled twice, and would otherwise replace itself for ever
        (true, true) if newcomer.instance == holder.instance => None,
        (true, true) => Some(true),
        (false, false) => None,
    }
}

fn stopping() -> Refused {
    (GoodbyeCode::Stopping, "the node is about to stop".to_owned())
}

fn name_taken(name: &str) -> Refused {
    (GoodbyeCode::NameTaken, format!("a node `{name}` is connected already"))
}

/// Which of its topics a node announces.
pub(crate) struct Announcement {
    withdrawn: Box<[AtomicBool]>,
    /// Held while the announcement changes, and while a peer is told all of it: none hears of a change twice or never.
    changing: Mutex<()>,
}

impl Announcement {
    pub(super) fn new(topics: usize) -> Self {
        Self { withdrawn: (0..topics).map(|_| AtomicBool::new(false)).collect(), changing: Mutex::default() }
    }

    fn is_withdrawn(&self, index: usize) -> bool {
        self.withdrawn.get(index).is_some_and(|withdrawn| withdrawn.load(Ordering::Acquire))
    }
}

impl Inner {
    /// Whether the transport proves that a peer is the node that it says it is; refused if it proves another one.
    /// `names_nodes`: whether a certificate there has to be one for a node of that name.
    pub(crate) fn check_name(&self, name: &str, remote: &Remote, names_nodes: bool) -> Result<bool, Refused> {
        match &remote.identity {
            Some(identity) if names_nodes => {
                if identity.is_node(name) {
                    Ok(true)
                } else {
                    Err((GoodbyeCode::Denied, not_its_name(name, identity)))
                }
            }
            _ => Ok(remote.node.as_deref() == Some(name)),
        }
    }

    /// Decides about a node that wants in. One that has proven its name takes the place of an older connection at once.
    pub(crate) fn admit(
        self: &Arc<Self>,
        name: &Arc<str>,
        claim: Claim,
        outbox: &Arc<Outbox>,
    ) -> Result<Admission, Refused> {
        if self.is_draining() {
            return Err(stopping());
        }
        let admitted = || Admitted { outbox: outbox.clone(), claim, contested: false };
        let former = match self.incoming.peers().entry(name.clone()) {
            btree_map::Entry::Vacant(place) => {
                place.insert(admitted());
                return Ok(Admission::Done);
            }
            btree_map::Entry::Occupied(mut place) => {
                let holder = place.get_mut();
                match replaces(claim, holder.claim) {
                    Some(true) => std::mem::replace(holder, admitted()),
                    Some(false) => return Err(name_taken(name)),
                    None => {
                        if std::mem::replace(&mut holder.contested, true) {
                            return Err(name_taken(name));
                        }
                        let (node, holder) = (self.clone(), holder.outbox.clone());
                        return Ok(Admission::Contest(Contest { node, name: name.clone(), claim, holder }));
                    }
                }
            }
        };
        former.outbox.close(GoodbyeCode::Replaced, REPLACED);
        tracing::info!(node = %self.name(), peer = %name, "a node has come back, and its former connection is closed");
        Ok(Admission::Done)
    }

    /// Ends a connection whose peer has not been let in.
    pub(crate) fn turn_away(&self, outbox: &Arc<Outbox>) {
        if !self.incoming.peers().values().any(|peer| Arc::ptr_eq(&peer.outbox, outbox)) {
            outbox.close(GoodbyeCode::Stopping, "the node stops");
        }
    }

    /// Tells a peer that has been let in who this node is, and what it handles. From now on it hears of changes.
    pub(crate) fn welcome(&self, outbox: &Outbox, session: &mut Session, out: &mut Vec<u8>) {
        let _unchanged = lock(&self.announcement.changing);
        session.welcome(self.name(), self.instance(), self.announced(|_| true), out);
        outbox.set_welcomed();
    }

    /// Those of the announced topics that `wanted` accepts.
    fn announced(&self, wanted: impl Fn(usize) -> bool) -> impl Iterator<Item = Announced<'_>> {
        let topics = self.program().handlers.iter().zip(0..).filter(move |(_, id)| {
            let index = *id as usize;
            wanted(index) && !self.announcement.is_withdrawn(index)
        });
        topics.map(|(handler, id): (_, TopicId)| Announced {
            id,
            kind: handler.topic().kind(),
            fingerprint: handler.topic().fingerprint(),
            name: handler.topic().name(),
        })
    }

    /// Whether the node no longer handles the topic of that number.
    #[inline]
    pub(crate) fn is_withdrawn(&self, index: usize) -> bool {
        self.announcement.is_withdrawn(index)
    }

    /// The topics that are not withdrawn.
    pub(crate) fn topics(&self) -> Vec<Topic> {
        let topics = self.program().handlers.iter().enumerate();
        topics
            .filter(|(index, _)| !self.is_withdrawn(*index))
            .map(|(_, handler)| handler.topic().clone())
            .collect()
    }

    /// The topics that this node handles, each with whether it is announced.
    pub(crate) fn all_topics(&self) -> Vec<(Topic, bool)> {
        let topics = self.program().handlers.iter().enumerate();
        topics.map(|(index, handler)| (handler.topic().clone(), !self.is_withdrawn(index))).collect()
    }

    /// Every start announces everything.
    pub(super) fn announce_all(&self) {
        for withdrawn in &self.announcement.withdrawn {
            withdrawn.store(false, Ordering::Release);
        }
    }

    /// Announces or withdraws a topic and its aliases, and tells the connected peers. Returns whether that changes
    /// anything.
    pub(crate) fn set_announced(&self, topic: &str, announced: bool) -> bool {
        let handlers = &self.program().handlers;
        let Some(handler) = handlers.iter().find(|handler| handler.topic().name() == topic) else {
            return false;
        };
        let aliases = handler.aliases();
        let aliases = if aliases.iter().any(|alias| *alias == topic) { &[] } else { aliases };
        let _changing = lock(&self.announcement.changing);
        let changed: Vec<usize> = (0..handlers.len())
            .filter(|index| {
                let name = handlers[*index].topic().name();
                name == topic || aliases.iter().any(|alias| *alias == name)
            })
            .filter(|index| self.announcement.is_withdrawn(*index) == announced)
            .collect();
        for index in &changed {
            self.announcement.withdrawn[*index].store(!announced, Ordering::Release);
        }
        if changed.is_empty() {
            return false;
        }
        let mut frame = Vec::new();
        if announced {
            write_announcement(&mut frame, self.announced(|index| changed.contains(&index)));
        } else {
            let ids = changed.iter().map(|index| TopicId::try_from(*index).unwrap_or(TopicId::MAX)).collect();
            Frame::Withdraw(ids).write(&mut frame);
        }
        for (_, outbox) in self.incoming.outboxes() {
            outbox.tell(&frame);
        }
        true
    }

    /// A peer is gone.
    pub(crate) fn leave(&self, name: &Arc<str>, outbox: &Arc<Outbox>) {
        let mut peers = self.incoming.peers();
        if peers.get(name).is_some_and(|peer| Arc::ptr_eq(&peer.outbox, outbox)) {
            peers.remove(name);
        }
    }

    pub(crate) fn incoming_names(&self) -> Vec<Arc<str>> {
        self.incoming.peers().keys().cloned().collect()
    }
}
