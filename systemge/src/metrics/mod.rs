//! What a node counts and how it stands: [`Node::metrics`](crate::Node::metrics).
//!
//! Everything here is counted from the making of a node on and never reset, not by a restart of the node and not by
//! whoever reads: rates are differences between two readings. All of it can be serialised by serde, durations as
//! seconds.
//!
//! ```
//! # use systemge::config::NodeConfig;
//! # use systemge::prelude::*;
//! # #[derive(systemge::Application, Default)]
//! # struct Counter {}
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! # let system = System::new().node_with("counter", Counter::default(), NodeConfig::new()).start().await?;
//! let metrics = system.nodes()[0].metrics();
//! for topic in &metrics.received {
//!     println!("{}: {} received, {:?}", topic.topic, topic.received, topic.durations.quantile(0.99));
//! }
//! for peer in metrics.peers.iter().filter(|peer| peer.connected) {
//!     println!("{}: {} bytes wait, answers in {:?}", peer.peer, peer.queue_bytes, peer.round_trip);
//! }
//! # system.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! The numbers of the messages' path are counted by each connection for itself and told to the node batch by batch, so
//! that a reading may lag behind what happens at this very moment. Every one has a name for Prometheus, too; see
//! `docs/metrics.md`.

mod counts;
mod durations;
#[cfg(feature = "metrics")]
mod openmetrics;
mod peers;
mod seconds;
#[cfg(feature = "metrics")]
mod table;
mod topics;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::counts::{Counters, Dropped, HandlerOutcomes, HttpResponses, RequestOutcomes};
pub(crate) use self::counts::{HttpCounts, NodeCounts};
pub use self::durations::{DurationBucket, Durations};
#[cfg(feature = "metrics")]
pub use self::openmetrics::{OPENMETRICS_MEDIA_TYPE, openmetrics};
pub use self::peers::Direction;
pub(crate) use self::peers::{Link, PeerCounts, Peers, Traffic};
#[cfg(feature = "metrics")]
pub use self::table::{METRICS, Metric, MetricKind};
pub(crate) use self::topics::{ReceivedCounts, ReceivedTally, SentCounts, SentTally, SentTopics};
use crate::access::RefusalReason;
use crate::node::NodeState;
use crate::topic::TopicKind;

/// Everything that a node has counted, and how it stands, at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NodeMetrics {
    /// The node.
    pub node: Arc<str>,
    /// What it does.
    pub state: NodeState,
    /// What it has counted, all topics and peers together.
    pub counters: Counters,
    /// The topics that it handles, in the order of their ids.
    pub received: Vec<ReceivedTopic>,
    /// The topics that its clients send to, in the order of their names.
    pub sent: Vec<SentTopic>,
    /// The peers that are connected, and those that left last: at most 256 of them.
    pub peers: Vec<PeerMetrics>,
    /// Handlers of topics that wait for something, or run in a task or thread of their own.
    pub handlers_in_flight: u64,
    /// Requests of its clients that have no outcome yet.
    pub requests_in_flight: u64,
    /// How many connections were not let in, by reason.
    pub refused: BTreeMap<RefusalReason, u64>,
    /// The HTTP component.
    pub http: HttpMetrics,
    /// The WebSocket component.
    pub websocket: WebSocketMetrics,
}

/// A topic that a node handles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReceivedTopic {
    /// Its name as it is written in the program: a keyed topic is `game/{game}/move` whatever the key, so that there are no
    /// more of these than topics in the program.
    pub topic: Arc<str>,
    /// Whether it is one-way or a request.
    pub kind: TopicKind,
    /// Messages or requests received.
    pub received: u64,
    /// The bytes of their payloads.
    pub bytes: u64,
    /// How they ended.
    pub outcomes: HandlerOutcomes,
    /// How long the handlers took, from the batch or moment in which they began. Of handlers that wait, all are counted;
    /// of those that don't, the first 64 of each connection, and then one of 64, which counts for all.
    pub durations: Durations,
}

/// A topic that the clients of a node send to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SentTopic {
    /// Its name as it is written in the program: what is sent to all instances of a keyed topic is counted together.
    pub topic: Arc<str>,
    /// Whether it is one-way or a request.
    pub kind: TopicKind,
    /// Messages or requests handed to connections, once for each node.
    pub sent: u64,
    /// The bytes of their payloads.
    pub bytes: u64,
    /// How the requests ended.
    pub outcomes: RequestOutcomes,
}

/// A peer, in one of the two directions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PeerMetrics {
    /// Its name.
    pub peer: Arc<str>,
    /// Which side dialled.
    pub direction: Direction,
    /// Whether it is connected now.
    pub connected: bool,
    /// How many connections it has had.
    pub connections: u64,
    /// Bytes that wait to be sent to it.
    pub queue_bytes: u64,
    /// Requests that wait for its response.
    pub requests_in_flight: u64,
    /// Bytes read from its connections, handshakes and signs of life included.
    pub read_bytes: u64,
    /// Bytes written to its connections.
    pub written_bytes: u64,
    /// Messages and requests that it was not sent, since it read too slowly.
    pub dropped: Dropped,
    /// Bytes that waited to be sent when a connection of it ended.
    pub unsent_bytes: u64,
    /// Its responses that came when nobody waited for them any more.
    pub late: u64,
    /// How long it took to answer, last time: to let this node in, or to a ping, once per `keepalive.interval`. `None`
    /// as long as that is not known.
    #[serde(with = "seconds::or_none")]
    pub round_trip: Option<Duration>,
    /// How long nothing has been heard of it.
    #[serde(with = "seconds")]
    pub silence: Duration,
}

impl PeerMetrics {
    /// How often it has connected again.
    #[must_use]
    pub const fn reconnects(&self) -> u64 {
        self.connections.saturating_sub(1)
    }
}

/// The HTTP component of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct HttpMetrics {
    /// Requests that its routes have answered; files of folders are not counted.
    pub responses: HttpResponses,
}

/// The WebSocket component of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct WebSocketMetrics {
    /// Clients that are connected.
    pub clients: u64,
    /// What it has counted, by the names of `systemge::websocket::WebSocketCounters`.
    pub counters: BTreeMap<Arc<str>, u64>,
}

/// The counters of a node.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// By the topics' ids.
    received: Box<[ReceivedCounts]>,
    sent: SentTopics,
    peers: Peers,
    counts: NodeCounts,
    http: HttpCounts,
}

impl Metrics {
    /// Of a node that handles these topics: their names as they are written in the program.
    pub(crate) fn new(topics: impl Iterator<Item = (&'static str, TopicKind)>) -> Self {
        Self {
            received: topics.map(|(name, kind)| ReceivedCounts::new(name, kind)).collect(),
            sent: SentTopics::default(),
            peers: Peers::default(),
            counts: NodeCounts::default(),
            http: HttpCounts::default(),
        }
    }

    /// The topics that the node handles, by their ids.
    #[inline]
    pub(crate) const fn received(&self) -> &[ReceivedCounts] {
        &self.received
    }

    /// The topics that the node's clients send to.
    pub(crate) const fn sent(&self) -> &SentTopics {
        &self.sent
    }

    pub(crate) const fn peers(&self) -> &Peers {
        &self.peers
    }

    /// What belongs to no topic and no peer.
    pub(crate) const fn counts(&self) -> &NodeCounts {
        &self.counts
    }

    #[cfg(feature = "http")]
    pub(crate) const fn http(&self) -> &HttpCounts {
        &self.http
    }

    /// All topics and peers together, but for the connections that were not let in.
    pub(crate) fn counters(&self) -> Counters {
        let ended = |outcome: fn(&HandlerOutcomes) -> u64| {
            self.received.iter().map(|topic| outcome(&topic.outcomes.snapshot())).sum()
        };
        let sent = self.sent.snapshot();
        let counts = &self.counts;
        Counters {
            handled: ended(|outcomes| outcomes.success),
            failed: ended(|outcomes| outcomes.failed + outcomes.timed_out + outcomes.ended),
            panicked: ended(|outcomes| outcomes.panicked),
            failed_hooks: counts.failed_hooks.get(),
            failed_commands: counts.failed_commands.get(),
            panicked_tasks: counts.panicked_tasks.get(),
            undecodable: ended(|outcomes| outcomes.undecodable),
            unencodable: ended(|outcomes| outcomes.unencodable),
            unknown_topic: counts.unknown_topic.get(),
            refused: ended(|outcomes| outcomes.refused),
            forbidden: ended(|outcomes| outcomes.forbidden),
            forbidden_announcements: counts.forbidden_announcements.get(),
            too_large: ended(|outcomes| outcomes.too_large),
            cancelled: counts.cancelled.get(),
            sent: sent.iter().map(|topic| topic.sent).sum(),
            dropped: counts.dropped.get(),
            unsent_bytes: counts.unsent_bytes.get(),
            responses: sent.iter().map(|topic| topic.outcomes.answered()).sum(),
            late: counts.late.get(),
            refused_connections: 0,
            broken_connections: counts.broken_connections.get(),
            failed_dials: counts.failed_dials.get(),
        }
    }

    /// Everything that is counted; what only the running parts of the node know is added there.
    pub(crate) fn snapshot(&self, node: &Arc<str>, state: NodeState) -> NodeMetrics {
        NodeMetrics {
            node: node.clone(),
            state,
            counters: self.counters(),
            received: self.received.iter().map(ReceivedCounts::snapshot).collect(),
            sent: self.sent.snapshot(),
            peers: self.peers.snapshot(crate::clock::now()),
            handlers_in_flight: 0,
            requests_in_flight: 0,
            refused: BTreeMap::new(),
            http: HttpMetrics { responses: self.http.snapshot() },
            websocket: WebSocketMetrics::default(),
        }
    }
}
