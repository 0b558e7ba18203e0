//! The names of everything that is counted: the one table, which `docs/metrics.md` shows, too.

use super::{Durations, NodeMetrics, PeerMetrics};
use crate::node::NodeState;

/// A metric by its name in OpenMetrics.
#[derive(Debug)]
#[non_exhaustive]
pub struct Metric {
    /// The name, as it stands in the text: that of a counter ends in `_total`.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: MetricKind,
    /// What its samples are told apart by.
    pub labels: &'static [&'static str],
    /// What it means.
    pub help: &'static str,
    /// Its samples of one node.
    pub(super) samples: fn(&NodeMetrics, &mut Samples<'_>),
}

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// A histogram of durations, in seconds.
    Histogram,
}

impl MetricKind {
    /// The word for it: `counter`, `gauge` or `histogram`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Takes samples: the values of their labels but `node`, which stands before all of them, and their number.
pub(super) type Samples<'a> = dyn FnMut(&[&str], Sample<'_>) + 'a;

/// One number of a metric.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sample<'a> {
    Count(u64),
    Seconds(f64),
    Durations(&'a Durations),
}

use MetricKind::{Counter, Gauge, Histogram};
use Sample::{Count, Seconds};

/// Every metric, in the order in which they are written.
pub static METRICS: &[Metric] = &[
    // ---- a node ----
    metric(
        "systemge_node_state",
        Gauge,
        &["node", "state"],
        "1 for the state that the node is in",
        |node, put| {
            let states = ["stopped", "starting", "running", "stopping", "failed"];
            let now = match node.state {
                NodeState::Stopped => 0,
                NodeState::Starting => 1,
                NodeState::Running => 2,
                NodeState::Stopping => 3,
                NodeState::Failed(_) => 4,
            };
            for (place, state) in states.iter().enumerate() {
                put(&[state], Count(u64::from(place == now)));
            }
        },
    ),
    metric("systemge_connections", Gauge, &["node", "direction"], "Peers that are connected", |node, put| {
        for direction in [super::Direction::Outgoing, super::Direction::Incoming] {
            let connected = |peer: &&PeerMetrics| peer.connected && peer.direction == direction;
            put(&[direction.as_str()], Count(node.peers.iter().filter(connected).count() as u64));
        }
    }),
    metric(
        "systemge_handlers_in_flight",
        Gauge,
        &["node"],
        "Handlers of topics that wait for something, or run in a task or thread of their own",
        |node, put| put(&[], Count(node.handlers_in_flight)),
    ),
    metric(
        "systemge_requests_in_flight",
        Gauge,
        &["node"],
        "Requests of the node that have no outcome yet",
        |node, put| put(&[], Count(node.requests_in_flight)),
    ),
    metric(
        "systemge_connections_refused_total",
        Counter,
        &["node", "reason"],
        "Connections that were not let in",
        |node, put| {
            for (reason, count) in &node.refused {
                put(&[reason.name()], Count(*count));
            }
        },
    ),
    metric(
        "systemge_connections_broken_total",
        Counter,
        &["node"],
        "Connections that ended since the peer broke the protocol or the network failed",
        |node, put| put(&[], Count(node.counters.broken_connections)),
    ),
    metric(
        "systemge_dials_failed_total",
        Counter,
        &["node"],
        "Attempts to dial a peer that failed",
        |node, put| put(&[], Count(node.counters.failed_dials)),
    ),
    metric(
        "systemge_unknown_topic_total",
        Counter,
        &["node"],
        "Messages and requests for a topic that the node does not handle",
        |node, put| put(&[], Count(node.counters.unknown_topic)),
    ),
    metric(
        "systemge_requests_cancelled_total",
        Counter,
        &["node"],
        "Requests to the node that their callers gave up",
        |node, put| put(&[], Count(node.counters.cancelled)),
    ),
    metric(
        "systemge_hooks_failed_total",
        Counter,
        &["node"],
        "Runs of on_start and on_stop that failed, panicked, or were not done by the deadline",
        |node, put| put(&[], Count(node.counters.failed_hooks)),
    ),
    metric(
        "systemge_commands_failed_total",
        Counter,
        &["node"],
        "Commands that failed or panicked",
        |node, put| put(&[], Count(node.counters.failed_commands)),
    ),
    metric(
        "systemge_tasks_panicked_total",
        Counter,
        &["node"],
        "Tasks of the application that panicked",
        |node, put| put(&[], Count(node.counters.panicked_tasks)),
    ),
    // ---- a topic that the node handles ----
    metric(
        "systemge_received_total",
        Counter,
        &["node", "topic"],
        "Messages and requests received",
        |node, put| node.received.iter().for_each(|topic| put(&[&topic.topic], Count(topic.received))),
    ),
    metric(
        "systemge_received_bytes_total",
        Counter,
        &["node", "topic"],
        "The bytes of their payloads",
        |node, put| node.received.iter().for_each(|topic| put(&[&topic.topic], Count(topic.bytes))),
    ),
    metric(
        "systemge_handled_total",
        Counter,
        &["node", "topic", "outcome"],
        "How messages and requests ended that were received",
        |node, put| {
            for topic in &node.received {
                topic
                    .outcomes
                    .iter()
                    .for_each(|(outcome, count)| put(&[&topic.topic, outcome], Count(count)));
            }
        },
    ),
    metric(
        "systemge_handler_duration_seconds",
        Histogram,
        &["node", "topic"],
        "How long handlers took; a sample, weighted",
        |node, put| {
            for topic in &node.received {
                put(&[&topic.topic], Sample::Durations(&topic.durations));
            }
        },
    ),
    // ---- a topic that the node sends to ----
    metric(
        "systemge_sent_total",
        Counter,
        &["node", "topic"],
        "Messages and requests handed to connections, once for each node",
        |node, put| node.sent.iter().for_each(|topic| put(&[&topic.topic], Count(topic.sent))),
    ),
    metric(
        "systemge_sent_bytes_total",
        Counter,
        &["node", "topic"],
        "The bytes of their payloads",
        |node, put| node.sent.iter().for_each(|topic| put(&[&topic.topic], Count(topic.bytes))),
    ),
    metric(
        "systemge_requests_ended_total",
        Counter,
        &["node", "topic", "outcome"],
        "How requests ended that were sent, once for each node",
        |node, put| {
            for topic in node.sent.iter().filter(|topic| topic.kind == crate::TopicKind::Request) {
                topic
                    .outcomes
                    .iter()
                    .for_each(|(outcome, count)| put(&[&topic.topic, outcome], Count(count)));
            }
        },
    ),
    // ---- a peer ----
    metric("systemge_peer_connected", Gauge, PEER, "1 if the peer is connected", |node, put| {
        per_peer(node, put, |peer| Some(Count(peer.connected.into())))
    }),
    metric(
        "systemge_peer_connections_total",
        Counter,
        PEER,
        "How often the peer has connected",
        |node, put| per_peer(node, put, |peer| Some(Count(peer.connections))),
    ),
    metric(
        "systemge_peer_reconnects_total",
        Counter,
        PEER,
        "How often the peer has connected again",
        |node, put| per_peer(node, put, |peer| Some(Count(peer.reconnects()))),
    ),
    metric(
        "systemge_peer_queue_bytes",
        Gauge,
        PEER,
        "Bytes that wait to be sent to the peer",
        |node, put| per_peer(node, put, |peer| Some(Count(peer.queue_bytes))),
    ),
    metric(
        "systemge_peer_requests_in_flight",
        Gauge,
        PEER,
        "Requests that wait for the peer's response",
        |node, put| per_peer(node, put, |peer| Some(Count(peer.requests_in_flight))),
    ),
    metric(
        "systemge_peer_read_bytes_total",
        Counter,
        PEER,
        "Bytes read from the peer's connections",
        |node, put| per_peer(node, put, |peer| Some(Count(peer.read_bytes))),
    ),
    metric(
        "systemge_peer_written_bytes_total",
        Counter,
        PEER,
        "Bytes written to the peer's connections",
        |node, put| per_peer(node, put, |peer| Some(Count(peer.written_bytes))),
    ),
    metric(
        "systemge_peer_dropped_total",
        Counter,
        &["node", "peer", "direction", "reason"],
        "Messages and requests that the peer was not sent, since it read too slowly",
        |node, put| {
            for peer in &node.peers {
                for (reason, count) in peer.dropped.iter() {
                    put(&[&peer.peer, peer.direction.as_str(), reason], Count(count));
                }
            }
        },
    ),
    metric(
        "systemge_peer_unsent_bytes_total",
        Counter,
        PEER,
        "Bytes that waited to be sent when a connection of the peer ended",
        |node, put| per_peer(node, put, |peer| Some(Count(peer.unsent_bytes))),
    ),
    metric(
        "systemge_peer_late_responses_total",
        Counter,
        PEER,
        "Responses of the peer that came when nobody waited for them any more",
        |node, put| per_peer(node, put, |peer| Some(Count(peer.late))),
    ),
    metric(
        "systemge_peer_round_trip_seconds",
        Gauge,
        PEER,
        "How long the peer took to answer, last time",
        |node, put| per_peer(node, put, |peer| peer.round_trip.map(|time| Seconds(time.as_secs_f64()))),
    ),
    metric(
        "systemge_peer_silence_seconds",
        Gauge,
        PEER,
        "How long nothing has been heard of the peer",
        |node, put| per_peer(node, put, |peer| Some(Seconds(peer.silence.as_secs_f64()))),
    ),
    // ---- the components towards browsers ----
    metric(
        "systemge_http_responses_total",
        Counter,
        &["node", "status"],
        "Requests that routes of the HTTP component have answered",
        |node, put| {
            node.http.responses.iter().for_each(|(status, count)| put(&[status], Count(count)));
        },
    ),
    metric(
        "systemge_websocket_clients",
        Gauge,
        &["node"],
        "Clients of the WebSocket component that are connected",
        |node, put| put(&[], Count(node.websocket.clients)),
    ),
    metric(
        "systemge_websocket_events_total",
        Counter,
        &["node", "event"],
        "What the WebSocket component has counted",
        |node, put| {
            node.websocket.counters.iter().for_each(|(event, count)| put(&[event], Count(*count)));
        },
    ),
];

const PEER: &[&str] = &["node", "peer", "direction"];

const fn metric(
    name: &'static str,
    kind: MetricKind,
    labels: &'static [&'static str],
    help: &'static str,
    samples: fn(&NodeMetrics, &mut Samples<'_>),
) -> Metric {
    Metric { name, kind, labels, help, samples }
}

fn per_peer(
    node: &NodeMetrics,
    put: &mut Samples<'_>,
    sample: impl Fn(&PeerMetrics) -> Option<Sample<'static>>,
) {
    for peer in &node.peers {
        if let Some(sample) = sample(peer) {
            put(&[&peer.peer, peer.direction.as_str()], sample);
        }
    }
}
