//! The commands that every node has.

#[cfg(feature = "websocket")]
mod clients;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::arguments::{ArgumentSpec, CommandArguments, CommandError, Presence};
use super::table::{CommandInfo, CommandSpec};
use crate::access::{AccessList, IpNet, parse_network};
use crate::config::{Endpoint, EndpointError};
use crate::connection::DialState;
use crate::metrics::PeerMetrics;
use crate::node::Node;
use crate::text::printable;
use crate::topic::TopicKind;

/// A command that every node has, or every node with some component.
struct BuiltIn {
    spec: CommandSpec,
    run: for<'a> fn(&'a Node, CommandArguments) -> BoxFuture<'a, Result<String, CommandError>>,
}

/// The commands that a node has besides those of its application; an application's own goes before one of these.
pub(crate) fn infos(node: &Node) -> impl Iterator<Item = CommandInfo> {
    of(node).map(|command| {
        let CommandSpec { name, help, .. } = command.spec;
        CommandInfo { name, usage: command.spec.usage(), help, built_in: true }
    })
}

/// Runs one of them; `None` if the node has no such command.
pub(crate) async fn run(node: &Node, name: &str, words: Vec<String>) -> Option<Result<String, CommandError>> {
    let command = of(node).find(|command| command.spec.name == name)?;
    Some((command.run)(node, CommandArguments::new(words, command.spec.usage())).await)
}

/// Those that a node has.
fn of(node: &Node) -> impl Iterator<Item = &'static BuiltIn> {
    #[cfg(feature = "websocket")]
    let clients = if node.inner().program().needs.websocket { clients::BUILT_IN } else { &[] };
    #[cfg(not(feature = "websocket"))]
    let clients = {
        let _ = node;
        &[]
    };
    BUILT_IN.iter().chain(clients)
}

const fn argument(name: &'static str, type_name: &'static str, presence: Presence) -> ArgumentSpec {
    ArgumentSpec { name, type_name, presence }
}

const ENDPOINT: ArgumentSpec = argument("endpoint", "Endpoint", Presence::Required);
const TOPIC: ArgumentSpec = argument("topic", "String", Presence::Required);
const RULE: &[ArgumentSpec] = &[
    argument("add|remove", "Change", Presence::Required),
    argument("addresses", "IpNet", Presence::Required),
    argument("listener|http|websocket", "Place", Presence::Optional),
];

/// Lists commands: name, help, arguments, what runs.
macro_rules! built_in {
    ($($name:literal, $help:literal, $arguments:expr, $run:expr;)*) => {
        &[$(BuiltIn {
            spec: CommandSpec { name: $name, help: $help, arguments: $arguments },
            run: $run,
        },)*]
    };
}

#[cfg(feature = "websocket")]
use built_in;

const BUILT_IN: &[BuiltIn] = built_in! {
    "peers", "Shows the nodes that this node has dialled, and those that have dialled it.", &[],
        |node, arguments| at_once(arguments, || peers(node));
    "connect", "Dials a peer and keeps the node connected to it.", &[ENDPOINT],
        |node, arguments| connect(node, arguments).boxed();
    "disconnect", "Ends the connection to an endpoint, and no longer dials it.", &[ENDPOINT],
        |node, arguments| disconnect(node, arguments).boxed();
    "topics", "Shows the topics that this node handles, and those of the nodes that it has dialled.", &[],
        |node, arguments| at_once(arguments, || topics(node));
    "withdraw", "Withdraws a topic: peers no longer send to it.", &[TOPIC],
        |node, arguments| announce(node, arguments, false).boxed();
    "announce", "Announces a topic again that was withdrawn.", &[TOPIC],
        |node, arguments| announce(node, arguments, true).boxed();
    "metrics", "Shows what the node has counted, in all, by topic and by peer.", &[],
        |node, arguments| at_once(arguments, || metrics(node));
    "access", "Shows who may connect to each listener and component, and who may not.", &[],
        |node, arguments| at_once(arguments, || access(node));
    "allow", "Changes who may connect: to one listener or component, or to all.", RULE,
        |node, arguments| change_rules(node, arguments, true).boxed();
    "deny", "Changes who may not connect: to one listener or component, or to all.", RULE,
        |node, arguments| change_rules(node, arguments, false).boxed();
};

/// A command without arguments that waits for nothing.
fn at_once<'a>(
    arguments: CommandArguments,
    show: impl FnOnce() -> String,
) -> BoxFuture<'a, Result<String, CommandError>> {
    let shown = arguments.finish().map(|()| show());
    std::future::ready(shown).boxed()
}

fn peers(node: &Node) -> String {
    let mut lines = Vec::new();
    for (endpoint, state) in node.dialled() {
        lines.push(match state {
            DialState::Dialling => format!("{endpoint}  is being dialled"),
            DialState::Connected(name) => format!("{endpoint}  connected to {name}"),
            DialState::Waiting(reason) => format!("{endpoint}  will be dialled again: {reason}"),
            DialState::GaveUp(reason) => format!("{endpoint}  was given up: {reason}"),
            DialState::Ended => format!("{endpoint}  ends"),
        });
    }
    lines.extend(node.connected_from().iter().map(|name| format!("{name}  has dialled this node")));
    or(lines, "there are no peers")
}

async fn connect(node: &Node, mut arguments: CommandArguments) -> Result<String, CommandError> {
    let endpoint: Endpoint = arguments.required("endpoint")?;
    arguments.finish()?;
    match node.connect(endpoint).await {
        Ok(name) => Ok(format!("connected to {name}")),
        Err(error) => Err(CommandError::Failed(error.to_string())),
    }
}

async fn disconnect(node: &Node, mut arguments: CommandArguments) -> Result<String, CommandError> {
    let endpoint: Endpoint = arguments.required("endpoint")?;
    arguments.finish()?;
    if node.disconnect(&endpoint) {
        Ok(format!("{endpoint} is no longer dialled"))
    } else {
        Err(CommandError::Failed(format!("{endpoint} is not dialled; `peers` shows what is")))
    }
}

fn topics(node: &Node) -> String {
    let mut lines = Vec::new();
    for (topic, announced) in node.inner().all_topics() {
        let withdrawn = if announced { "" } else { ", withdrawn" };
        let kind = if topic.kind() == TopicKind::Request { "request" } else { "message" };
        lines.push(format!("{}  {kind}{withdrawn}", topic.name()));
    }
    for peer in node.inner().router().peers() {
        // names of topics that come from a peer are checked when it announces them
        lines.extend(peer.topic_names().iter().map(|topic| format!("{topic}  at {}", peer.name())));
    }
    or(lines, "there are no topics")
}

async fn announce(
    node: &Node,
    mut arguments: CommandArguments,
    announced: bool,
) -> Result<String, CommandError> {
    let topic: String = arguments.required("topic")?;
    arguments.finish()?;
    if !node.inner().all_topics().iter().any(|(known, _)| known.name() == topic) {
        let topic = printable(&topic);
        return Err(CommandError::Failed(format!(
            "this node handles no topic `{topic}`; `topics` lists them"
        )));
    }
    let changed = if announced { node.announce(&topic) } else { node.withdraw(&topic) };
    let done = if announced { "announced" } else { "withdrawn" };
    Ok(if changed { format!("{topic} is {done}") } else { format!("{topic} is {done} already") })
}

fn metrics(node: &Node) -> String {
    let mut lines: Vec<String> =
        node.counters().iter().map(|(name, count)| format!("{name}  {count}")).collect();
    let metrics = node.metrics();
    lines.extend(
        metrics
            .refused
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(reason, count)| format!("refused because of {}  {count}", reason.name())),
    );
    lines.extend(
        metrics.received.iter().filter(|topic| topic.received > 0).map(|topic| {
            format!("topic {}  received {}  bytes {}", topic.topic, topic.received, topic.bytes)
        }),
    );
    lines.extend(
        metrics
            .sent
            .iter()
            .filter(|topic| topic.sent > 0)
            .map(|topic| format!("topic {}  sent {}  bytes {}", topic.topic, topic.sent, topic.bytes)),
    );
    lines.extend(metrics.peers.iter().map(|peer| {
        let connected = if peer.connected { "connected" } else { "gone" };
        let PeerMetrics { peer, direction, connections, read_bytes, written_bytes, queue_bytes, .. } = peer;
        let direction = direction.as_str();
        format!(
            "peer {peer}  {direction}  {connected}  connections {connections}  read {read_bytes}  \
             written {written_bytes}  waiting {queue_bytes}"
        )
    }));
    or(lines, "nothing was counted")
}

/// The lists of who may connect, and where each holds.
fn guarded(node: &Node) -> Vec<(Place, AccessList)> {
    let listeners = node.listeners().into_iter();
    let lists = listeners.map(|listener| (Place::Listener(listener.endpoint()), listener.access().clone()));
    #[cfg(feature = "http")]
    let lists =
        lists.chain(node.inner().program().needs.http.then(|| (Place::Http, node.http().access().clone())));
    #[cfg(feature = "websocket")]
    let lists = lists.chain(
        node.inner().program().needs.websocket.then(|| (Place::WebSocket, node.websocket().access().clone())),
    );
    lists.collect()
}

fn access(node: &Node) -> String {
    let listed = |networks: &[IpNet]| match networks {
        [] => "nobody".to_owned(),
        networks => networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
    };
    let line = |(place, list): &(Place, AccessList)| {
        let rules = list.rules();
        let allowed = rules.allow.as_deref().map_or_else(|| "everyone".to_owned(), listed);
        format!("{place}  allows {allowed}  denies {}", listed(&rules.deny))
    };
    or(guarded(node).iter().map(line).collect(), "this node listens nowhere")
}

/// Where a list holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Listener(Endpoint),
    /// The HTTP component.
    Http,
    /// The WebSocket component.
    WebSocket,
}

impl FromStr for Place {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "http" => Ok(Self::Http),
            "websocket" => Ok(Self::WebSocket),
            text => text.parse().map(Self::Listener),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listener(endpoint) => endpoint.fmt(f),
            Self::Http => f.write_str("http"),
            Self::WebSocket => f.write_str("websocket"),
        }
    }
}

/// What is done to a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Add,
    Remove,
}

impl FromStr for Change {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "add" => Ok(Self::Add),
            "remove" => Ok(Self::Remove),
            _ => Err("it is `add` or `remove`"),
        }
    }
}

/// Addresses as the configuration takes them: one, or a range.
struct Network(IpNet);

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<IpAddr>() {
            Ok(address) => Ok(Self(address.into())),
            Err(_) => parse_network(text).map(Self).map_err(|error| error.to_string()),
        }
    }
}

async fn change_rules(
    node: &Node,
    mut arguments: CommandArguments,
    allow: bool,
) -> Result<String, CommandError> {
    let change: Change = arguments.required("add|remove")?;
    let Network(network) = arguments.required("addresses")?;
    let only: Option<Place> = arguments.optional("listener|http|websocket")?;
    arguments.finish()?;
    let mut lists = guarded(node);
    if let Some(only) = &only {
        lists.retain(|(place, _)| place == only);
    }
    if lists.is_empty() {
        let nowhere = only.map_or_else(
            || "this node listens nowhere".to_owned(),
            |place| format!("this node does not listen on {place}; `access` shows where it does"),
        );
        return Err(CommandError::Failed(nowhere));
    }
    let lines = lists.iter().map(|(place, list)| {
        let changed = match (allow, change) {
            (true, Change::Add) => list.add_allowed(network),
            (true, Change::Remove) => list.remove_allowed(network),
            (false, Change::Add) => list.add_denied(network),
            (false, Change::Remove) => list.remove_denied(network),
        };
        let word = if allow { "allow" } else { "deny" };
        let outcome = match (change, changed) {
            (Change::Add, true) => "added to",
            (Change::Add, false) => "already in",
            (Change::Remove, true) => "removed from",
            (Change::Remove, false) => "not in",
        };
        format!("{place}  {network} {outcome} the list `{word}`")
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

fn or(lines: Vec<String>, nothing: &str) -> String {
    if lines.is_empty() { nothing.to_owned() } else { lines.join("\n") }
}
