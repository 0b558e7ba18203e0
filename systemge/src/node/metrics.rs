//! What a node counts and logs, and how it stands.

use super::handler::Completion;
use super::{Inner, Peer};
use crate::config::SlowPeerPolicy;
use crate::connection::outbox::Outbox;
use crate::metrics::{Counters, Direction, NodeMetrics, PeerCounts, PeerMetrics};

impl Inner {
    /// What the node has counted, and how it stands.
    pub(crate) fn reading(&self) -> NodeMetrics {
        let mut reading = self.metrics().snapshot(self.shared_name(), self.state());
        reading.counters = self.counters();
        reading.refused = self.refusals().iter().collect();
        reading.handlers_in_flight = self.handlers_waiting() as u64;
        for peer in self.router().peers() {
            reading.requests_in_flight += peer.outbox().in_flight() as u64;
            add_queue(&mut reading.peers, Direction::Outgoing, peer.name(), peer.outbox());
        }
        for (name, outbox) in self.incoming.outboxes() {
            add_queue(&mut reading.peers, Direction::Incoming, &name, &outbox);
        }
        #[cfg(feature = "websocket")]
        {
            let counters = self.program().websocket.counters();
            reading.websocket.counters = counters.iter().map(|(name, count)| (name.into(), count)).collect();
            reading.websocket.clients = self.program().websocket.client_count() as u64;
        }
        reading
    }

    /// All topics and peers together.
    pub(crate) fn counters(&self) -> Counters {
        let refused = self.refusals().iter().map(|(_, count)| count).sum();
        Counters { refused_connections: refused, ..self.metrics().counters() }
    }

    /// Counts and logs what a peer was not sent since it read too slowly.
    pub(crate) fn count_dropped(&self, peer: &Peer, topic: &str) {
        let dropped = &peer.counts().dropped;
        match self.config().queue.policy {
            SlowPeerPolicy::DropNewest => dropped.queue_full.add(1),
            SlowPeerPolicy::Wait | SlowPeerPolicy::Disconnect => dropped.disconnect.add(1),
        }
        // the first is worth a line, then every thousandth: a slow peer must not fill the log, too
        if self.metrics().counts().dropped.one().is_multiple_of(1000) {
            tracing::warn!(
                node = %self.name(), peer = %peer.name(), topic,
                "a message was dropped: the peer reads too slowly"
            );
        }
    }

    /// Counts and logs what a connection that ended leaves unsent.
    pub(crate) fn count_unsent(&self, bytes: usize, peer: Option<&str>, counts: Option<&PeerCounts>) {
        tracing::warn!(node = %self.name(), peer, bytes, "a connection ended before everything was sent");
        self.metrics().counts().unsent_bytes.add(bytes as u64);
        if let Some(counts) = counts {
            counts.unsent_bytes.add(bytes as u64);
        }
    }

    /// Counts how a call ended, and logs what nobody else learns. One that ended well is counted by its connection.
    #[cold]
    pub(crate) fn count_completed(&self, peer: Option<&str>, topic: usize, completion: Completion) {
        let node = self.name();
        let (counts, handler) = (self.metrics().received().get(topic), self.program().handlers.get(topic));
        let (Some(counts), Some(handler)) = (counts, handler) else { return };
        let (topic, outcomes) = (handler.topic().name(), &counts.outcomes);
        match completion {
            Completion::Done => outcomes.success.add(1),
            Completion::Failed(error) => {
                outcomes.failed.add(1);
                if let Some(error) = error {
                    let error = crate::text::own(&error);
                    tracing::warn!(node, peer, topic, error, "a handler failed");
                }
            }
            Completion::TimedOut(limit) => {
                outcomes.timed_out.add(1);
                tracing::warn!(
                    node,
                    peer,
                    topic,
                    ?limit,
                    "a handler took longer than its time limit, and was dropped where it waited"
                );
            }
            // the stop that ends them says so, once for all
            Completion::Ended => outcomes.ended.add(1),
            Completion::Panicked(panic) => {
                outcomes.panicked.add(1);
                let panic = crate::text::own(&panic);
                tracing::error!(node, peer, topic, panic, "a handler panicked");
            }
            Completion::Unencodable(why) => {
                outcomes.unencodable.add(1);
                let why = crate::text::own(&why);
                tracing::error!(node, peer, topic, why, "a response could not be written");
            }
            Completion::Undecodable(why) => {
                outcomes.undecodable.add(1);
                tracing::warn!(node, peer, topic, %why, "a payload does not decode");
            }
            Completion::NotAllowed(why) | Completion::Overloaded(why) => {
                // the first is worth a line, then every thousandth: who is refused must not fill the log, too
                if outcomes.refused.one().is_multiple_of(1000) {
                    tracing::warn!(node, peer, topic, %why, "a layer refused a message or request");
                }
            }
        }
    }

    /// Counts a connection that the network or a peer that broke the protocol has ended.
    pub(crate) fn count_broken(&self) {
        self.metrics().counts().broken_connections.add(1);
    }
}

/// Adds what waits in the outbox of a peer.
fn add_queue(peers: &mut [PeerMetrics], direction: Direction, name: &str, outbox: &Outbox) {
    let peer = peers.iter_mut().find(|peer| peer.direction == direction && *peer.peer == *name);
    if let Some(peer) = peer {
        peer.queue_bytes += outbox.queued() as u64;
        peer.requests_in_flight += outbox.in_flight() as u64;
    }
}
