//! What pages and other clients see, as JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use super::board::Board;
use super::history::{Series, Values};
use super::measure::{NODE, NODE_SERIES, PROCESS, PROCESS_SERIES, PeerKey, Traffic, errors};
use crate::command::Presence;
use crate::connection::DialState;
use crate::metrics::{self, Direction, NodeMetrics};
use crate::node::{Called, Node, NodeState};
use crate::topic::TopicKind;

/// How a node is, in one word, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Health {
    pub(super) state: HealthState,
    /// Takes nothing new, and finishes what is in flight.
    pub(super) draining: bool,
    pub(super) why: Vec<String>,
}

/// One word for how a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HealthState {
    Starting,
    Running,
    /// Runs, and something is not as it should be.
    Degraded,
    Stopping,
    Stopped,
    Failed,
}

impl Health {
    pub(super) fn of(node: &Node) -> Self {
        let plain = |state| Self { state, draining: false, why: Vec::new() };
        match node.state() {
            NodeState::Starting => plain(HealthState::Starting),
            NodeState::Stopping => plain(HealthState::Stopping),
            NodeState::Stopped => plain(HealthState::Stopped),
            NodeState::Failed(why) => Self { state: HealthState::Failed, draining: false, why: vec![why] },
            NodeState::Running => {
                let why = troubles(node);
                let state = if why.is_empty() { HealthState::Running } else { HealthState::Degraded };
                Self { state, draining: node.inner().is_draining(), why }
            }
        }
    }
}

/// What is not as it should be with a node that runs.
fn troubles(node: &Node) -> Vec<String> {
    let mut troubles = Vec::new();
    for (endpoint, state) in node.dialled() {
        match state {
            DialState::Waiting(why) => troubles.push(format!("{endpoint} is not connected: {why}")),
            DialState::GaveUp(why) => troubles.push(format!("gave up on {endpoint}: {why}")),
            DialState::Dialling | DialState::Connected(_) | DialState::Ended => {}
        }
    }
    for mismatch in node.mismatches() {
        troubles.push(mismatch.to_string());
    }
    troubles
}

/// A node, in short.
#[derive(Debug, Serialize)]
pub(super) struct NodeView {
    name: String,
    #[serde(flatten)]
    health: Health,
    /// Since when, in milliseconds since 1970.
    since: u64,
    /// Where it listens for peers.
    endpoints: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    websocket: Option<String>,
    /// The peers that it is connected to, having dialled them.
    connected_to: Vec<String>,
    /// The peers that have dialled it.
    connected_from: Vec<String>,
    topics: usize,
    commands: usize,
    /// Everything that has gone wrong since the process began.
    errors: u64,
    values: Measured,
}

impl NodeView {
    pub(super) fn new(node: &Node, health: &Health, since: u64, values: &Values<NODE>) -> Self {
        let names = |names: Vec<std::sync::Arc<str>>| names.iter().map(ToString::to_string).collect();
        #[cfg(feature = "websocket")]
        let websocket = node.websocket_address().map(|address| address.to_string());
        #[cfg(not(feature = "websocket"))]
        let websocket = None;
        Self {
            name: node.name().to_owned(),
            health: health.clone(),
            since,
            endpoints: node.endpoints().iter().map(ToString::to_string).collect(),
            http: node.http_address().map(|address| address.to_string()),
            websocket,
            connected_to: names(node.connected_to()),
            connected_from: names(node.connected_from()),
            topics: node.topics().len(),
            commands: node.commands().len(),
            errors: errors(&node.counters()),
            values: Measured { series: &NODE_SERIES, values: values.to_vec() },
        }
    }
}

/// Values by the names of their series; `null` where one is not known.
#[derive(Debug)]
pub(super) struct Measured {
    series: &'static [Series],
    values: Vec<f32>,
}

impl Serialize for Measured {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.series.len()))?;
        for (series, value) in self.series.iter().zip(&self.values) {
            map.serialize_entry(series.name, &Some(*value).filter(|value| value.is_finite()))?;
        }
        map.end()
    }
}

/// The process.
#[derive(Debug, Serialize)]
pub(super) struct Process {
    id: u32,
    /// When the dashboard was started, in milliseconds since 1970; another one after a restart.
    started: u64,
    version: &'static str,
    values: Measured,
}

impl Process {
    pub(super) fn new(started: u64, values: &Values<PROCESS>) -> Self {
        Self {
            id: std::process::id(),
            started,
            version: env!("CARGO_PKG_VERSION"),
            values: Measured { series: &PROCESS_SERIES, values: values.to_vec() },
        }
    }
}

/// Everything at a glance.
#[derive(Debug, Serialize)]
pub(super) struct Fleet {
    /// Milliseconds since 1970.
    pub(super) time: u64,
    pub(super) process: Process,
    pub(super) nodes: Vec<NodeView>,
    /// Changes whenever the audit log does.
    pub(super) audit: u64,
}

/// A node with all that is known of it.
#[derive(Debug, Serialize)]
pub(super) struct NodeDetail {
    #[serde(flatten)]
    node: NodeView,
    counters: BTreeMap<&'static str, u64>,
    handles: Vec<TopicView>,
    calls: Vec<CallView>,
    peers: Vec<PeerView>,
    command_list: Vec<CommandView>,
}

/// A topic that a node handles.
#[derive(Debug, Serialize)]
struct TopicView {
    name: String,
    kind: &'static str,
    payload: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Whether peers are told of it.
    announced: bool,
    received: u64,
    errors: u64,
    /// Seconds; `null` as long as nothing was handled.
    p50: Option<f64>,
    p99: Option<f64>,
}

/// A topic that a node has called.
#[derive(Debug, Serialize)]
pub(super) struct CallView {
    /// As it is written in the program: all instances of a keyed topic are one.
    name: String,
    kind: &'static str,
    /// The connected nodes that handle it.
    providers: Vec<String>,
    sent: u64,
    errors: u64,
}

/// A peer, or an endpoint that is dialled and has no peer behind it yet.
#[derive(Debug, Serialize)]
struct PeerView {
    /// Empty where it is not known yet.
    name: String,
    /// `dialled` by this node, or `accepted`.
    direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// `connected`, `dialling`, `waiting`, `gave_up`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// `tcp`, `tls` and so on; where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<String>,
    /// The certificate that it has shown, over TLS or QUIC.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<CertificateView>,
    /// Milliseconds until it is dialled again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_in: Option<u64>,
    queue_bytes: u64,
    /// Bytes per second.
    read_rate: u64,
    written_rate: u64,
    requests_in_flight: u64,
    reconnects: u64,
    /// Messages that it was not sent, by reason.
    dropped: BTreeMap<&'static str, u64>,
    /// Seconds; `null` as long as it is not known.
    round_trip: Option<f64>,
    /// Seconds since something was heard of it; `null` where nothing was.
    silence: Option<f64>,
    /// The topics that it announced to this node.
    topics: Vec<String>,
}

/// A certificate, which was verified.
#[derive(Debug, Serialize)]
struct CertificateView {
    /// The DNS names in it.
    names: Vec<String>,
    /// As `tls.fingerprints` takes it.
    fingerprint: String,
    /// Until when it is valid, in milliseconds since 1970; `null` if it does not say that.
    expires: Option<u64>,
}

#[cfg(feature = "tls")]
fn certificate(link: Option<&metrics::Link>) -> Option<CertificateView> {
    let identity = link?.identity.as_ref()?;
    Some(CertificateView {
        names: identity.names(),
        fingerprint: identity.fingerprint().to_string(),
        expires: identity.expires().and_then(|seconds| seconds.checked_mul(1000)),
    })
}

/// Nobody shows one in a build without TLS.
#[cfg(not(feature = "tls"))]
const fn certificate(_: Option<&metrics::Link>) -> Option<CertificateView> {
    None
}

/// A command, as a form needs it.
#[derive(Debug, Serialize)]
struct CommandView {
    name: &'static str,
    help: &'static str,
    usage: String,
    arguments: Vec<ArgumentView>,
}

#[derive(Debug, Serialize)]
struct ArgumentView {
    name: &'static str,
    #[serde(rename = "type")]
    type_name: &'static str,
    /// `required`, `optional`, or `rest` for a list.
    presence: &'static str,
}

pub(super) const fn kind(kind: TopicKind) -> &'static str {
    match kind {
        TopicKind::OneWay => "message",
        TopicKind::Request => "request",
    }
}

impl NodeDetail {
    pub(super) fn new(node: &Node, view: NodeView, traffic: &BTreeMap<PeerKey, Traffic>) -> Self {
        let metrics = node.metrics();
        let announced: BTreeSet<crate::TopicName> =
            node.topics().iter().map(|topic| topic.topic_name().clone()).collect();
        let handlers = node.inner().handlers();
        let handles = handlers.iter().zip(&metrics.received).map(|(handler, counted)| {
            let topic = handler.topic();
            let quantile = |share| Some(counted.durations.quantile(share)?.as_secs_f64());
            TopicView {
                name: topic.name().to_owned(),
                kind: kind(topic.kind()),
                payload: topic.payload().to_string(),
                response: topic.response().map(ToString::to_string),
                error: topic.error().map(ToString::to_string),
                announced: announced.contains(topic.topic_name()),
                received: counted.received,
                errors: counted.outcomes.total() - counted.outcomes.success,
                p50: quantile(0.5),
                p99: quantile(0.99),
            }
        });
        Self {
            node: view,
            counters: node.counters().iter().collect(),
            handles: handles.collect(),
            calls: calls(node, &metrics),
            peers: peers(node, &metrics, traffic),
            command_list: commands(node),
        }
    }
}

/// The topics that a node has called; all instances of a keyed one together, as they are counted.
fn calls(node: &Node, metrics: &NodeMetrics) -> Vec<CallView> {
    let mut called: BTreeMap<(&'static str, u64), (TopicKind, BTreeSet<String>)> = BTreeMap::new();
    for Called { topic, pattern, providers } in node.inner().router().called() {
        let key = (pattern, topic.fingerprint());
        let (_, all) = called.entry(key).or_insert_with(|| (topic.kind(), BTreeSet::new()));
        all.extend(providers.iter().map(ToString::to_string));
    }
    let view = |((name, _), (called, providers)): ((&'static str, u64), (TopicKind, BTreeSet<String>))| {
        let counted = metrics.sent.iter().find(|counted| *counted.topic == *name);
        CallView {
            name: name.to_owned(),
            kind: kind(called),
            providers: providers.into_iter().collect(),
            sent: counted.map_or(0, |counted| counted.sent),
            errors: counted.map_or(0, |counted| {
                // who wanted one response and has it gives the others up, which is no error
                let outcomes = &counted.outcomes;
                outcomes.total() - outcomes.success - outcomes.given_up
            }),
        }
    };
    called.into_iter().map(view).collect()
}

fn peers(node: &Node, metrics: &NodeMetrics, traffic: &BTreeMap<PeerKey, Traffic>) -> Vec<PeerView> {
    let connected = node.inner().router().peers();
    let view = |name: &str, dialled: bool| {
        let wanted = if dialled { Direction::Outgoing } else { Direction::Incoming };
        let counted = metrics.peers.iter().find(|peer| *peer.peer == *name && peer.direction == wanted);
        let rates = traffic.get(&(name.into(), dialled)).copied().unwrap_or_default();
        let link = node.inner().metrics().peers().link(name, wanted);
        let topics = connected.iter().find(|peer| dialled && **peer.name() == *name);
        PeerView {
            name: name.to_owned(),
            direction: if dialled { "dialled" } else { "accepted" },
            endpoint: None,
            state: "connected",
            why: None,
            transport: link.as_ref().map(|link| link.scheme.text().to_owned()),
            certificate: certificate(link.as_ref()),
            retry_in: None,
            queue_bytes: counted.map_or(0, |peer| peer.queue_bytes),
            read_rate: rates.read,
            written_rate: rates.written,
            requests_in_flight: counted.map_or(0, |peer| peer.requests_in_flight),
            reconnects: counted.map_or(0, |peer| peer.reconnects()),
            dropped: counted.map(|peer| peer.dropped.iter().collect()).unwrap_or_default(),
            round_trip: counted.and_then(|peer| Some(peer.round_trip?.as_secs_f64())),
            silence: counted.map(|peer| peer.silence.as_secs_f64()),
            topics: topics
                .map(|peer| peer.topic_names().iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
        }
    };
    let mut peers = Vec::new();
    for (endpoint, state) in node.dialled() {
        let (name, state, why) = match state {
            DialState::Connected(name) => (name.to_string(), "connected", None),
            DialState::Dialling => (String::new(), "dialling", None),
            DialState::Waiting(why) => (String::new(), "waiting", Some(why)),
            DialState::GaveUp(why) => (String::new(), "gave_up", Some(why)),
            DialState::Ended => continue,
        };
        let retry_in = node.inner().retry_in(&endpoint).map(|time| time.as_millis() as u64);
        peers.push(PeerView {
            state,
            why,
            transport: endpoint.to_string().split_once("://").map(|(scheme, _)| scheme.to_owned()),
            retry_in,
            endpoint: Some(endpoint.to_string()),
            ..view(&name, true)
        });
    }
    peers.extend(node.connected_from().iter().map(|name| view(name, false)));
    peers
}

fn commands(node: &Node) -> Vec<CommandView> {
    let view = |spec: &crate::command::CommandSpec| CommandView {
        name: spec.name,
        help: spec.help,
        usage: spec.usage(),
        arguments: spec
            .arguments
            .iter()
            .map(|argument| ArgumentView {
                name: argument.name,
                type_name: argument.type_name,
                presence: match argument.presence {
                    Presence::Required => "required",
                    Presence::Optional => "optional",
                    Presence::Rest => "rest",
                },
            })
            .collect(),
    };
    node.inner().program().commands.specs().map(view).collect()
}

/// Who dials whom.
#[derive(Debug, Serialize)]
pub(super) struct Topology {
    nodes: Vec<Place>,
    links: Vec<Link>,
    /// Topics that a node calls and no connected node handles.
    missing: Vec<Missing>,
}

#[derive(Debug, Serialize)]
struct Place {
    name: String,
    /// Whether it belongs to this process.
    own: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<HealthState>,
    /// The topics that it handles, as far as this process knows.
    topics: Vec<String>,
}

/// Messages and requests flow from the dialling node to the accepting one.
#[derive(Debug, Serialize)]
struct Link {
    from: String,
    to: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// Whether the other node dials this one, too.
    mutual: bool,
    /// The topics that `to` has announced to `from`.
    topics: Vec<String>,
    queue_bytes: u64,
    /// Bytes per second in the direction of the link.
    rate: u64,
}

#[derive(Debug, Serialize)]
struct Missing {
    node: String,
    topic: String,
    kind: &'static str,
}

impl Topology {
    pub(super) fn of(board: &Board) -> Self {
        let nodes = &board.system.nodes()[..];
        let mut places: BTreeMap<String, Place> = BTreeMap::new();
        let mut links = Vec::new();
        let mut missing = Vec::new();
        for node in nodes {
            let topics = node.topics().iter().map(|topic| topic.name().to_owned()).collect();
            let name = node.name().to_owned();
            let place = Place { name: name.clone(), own: true, state: Some(Health::of(node).state), topics };
            places.insert(name, place);
        }
        let stranger =
            |name: &str| Place { name: name.to_owned(), own: false, state: None, topics: Vec::new() };
        // an endpoint that this process listens on belongs to a node, even before anybody is connected
        let owners: BTreeMap<String, String> = nodes
            .iter()
            .flat_map(|node| {
                // where it would listen, too, while it does not run
                let configured = node.inner().config().listen.iter().map(|listen| listen.endpoint.clone());
                let endpoints = node.endpoints().into_iter().chain(configured);
                endpoints.map(|endpoint| (endpoint.to_string(), node.name().to_owned())).collect::<Vec<_>>()
            })
            .collect();
        for node in nodes {
            let metrics = node.metrics();
            for peer in peers(node, &metrics, &board.traffic(node.name())) {
                let (from, to) = match peer.direction {
                    "accepted" if places.get(&peer.name).is_some_and(|place| place.own) => continue,
                    "accepted" => (peer.name, node.name().to_owned()),
                    _ => {
                        let endpoint = peer.endpoint.unwrap_or_default();
                        let to = if peer.name.is_empty() {
                            owners.get(&endpoint).cloned().unwrap_or(endpoint)
                        } else {
                            peer.name
                        };
                        (node.name().to_owned(), to)
                    }
                };
                for name in [&from, &to] {
                    let place = places.entry(name.clone()).or_insert_with(|| stranger(name));
                    if !place.own && *name == to {
                        place.topics.clone_from(&peer.topics);
                    }
                }
                links.push(Link {
                    from,
                    to,
                    state: peer.state,
                    why: peer.why,
                    mutual: false,
                    topics: peer.topics,
                    queue_bytes: peer.queue_bytes,
                    rate: if peer.direction == "dialled" { peer.written_rate } else { peer.read_rate },
                });
            }
            // a node that does not run sends nothing
            let sends = node.state() == NodeState::Running;
            let called = node.inner().router().called();
            for Called { topic, .. } in called.iter().filter(|call| sends && call.providers.is_empty()) {
                let (node, topic, kind) =
                    (node.name().to_owned(), topic.name().to_owned(), kind(topic.kind()));
                missing.push(Missing { node, topic, kind });
            }
        }
        let pairs: BTreeSet<(String, String)> =
            links.iter().map(|link| (link.from.clone(), link.to.clone())).collect();
        for link in &mut links {
            link.mutual = pairs.contains(&(link.to.clone(), link.from.clone()));
        }
        Self { nodes: places.into_values().collect(), links, missing }
    }
}
