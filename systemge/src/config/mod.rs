//! Configuration: every key with its default, unit and reason.
//!
//! A system is configured by one file (`System::from_file`), whose keys are the fields of the structs here:
//!
//! ```toml
//! [system]
//! run = ["life"]                  # the nodes that this process runs; left out: all that the program knows
//!
//! [nodes.life]
//! listen = ["tcp://127.0.0.1:60001"]
//! connect = ["tcp://127.0.0.1:60002"]
//!
//! [nodes.life.requests]
//! timeout = "10s"
//! ```
//!
//! Durations are texts with a unit (`"250ms"`, `"10s"`, `"5m"`); sizes in bytes are whole numbers, or texts with a unit
//! (`"64KiB"`, `"16MiB"`). Environment variables override the keys of a file ([`SystemConfig::from_file`]).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

mod connect;
mod dashboard;
mod deserialize;
#[cfg(feature = "dashboard")]
mod effective;
mod endpoint;
mod entry;
mod environment;
mod error;
mod from_json;
mod from_toml;
mod listen;
mod log_file;
pub(crate) mod nearest;
mod peers;
mod read;
mod schema;
mod secret;
mod short;
mod source;
#[cfg(test)]
mod tests;
mod tls;
mod tree;
mod units;
mod validate;
mod web;
#[cfg(feature = "dashboard")]
mod written;

pub use self::connect::ConnectConfig;
pub use self::dashboard::DashboardConfig;
#[cfg(feature = "dashboard")]
pub(crate) use self::effective::effective;
pub use self::endpoint::{Endpoint, EndpointError, Scheme};
pub(crate) use self::entry::Entry;
pub use self::error::{ConfigError, Finding};
pub use self::listen::ListenConfig;
pub use self::log_file::{LogFileConfig, LogFormat};
pub use self::peers::{PeerConfig, TopicPattern, TopicPatternError};
pub use self::secret::{Secret, SecretError};
pub use self::tls::{Fingerprint, FingerprintError, Pem, TlsConfig, TlsOverrides, WebTlsConfig};
#[cfg(feature = "dashboard")]
pub(crate) use self::units::parse_duration;
pub use self::web::{
    HttpConfig, HttpsRedirectConfig, Rate, SlowClientPolicy, WebSocketConfig, WebSocketQueueConfig,
};
#[cfg(feature = "dashboard")]
pub(crate) use self::written::Written;

/// The configuration of a whole system: what a configuration file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SystemConfig {
    /// What concerns the process as a whole.
    pub system: ProcessConfig,
    /// The dashboard; the section switches it on, even an empty one (feature `dashboard`).
    pub dashboard: Option<DashboardConfig>,
    /// The nodes, by name.
    pub nodes: BTreeMap<String, NodeConfig>,
    /// The kinds of nodes that spawners make ([`crate::spawner`]), by name: the configuration of every node of a kind.
    pub kinds: BTreeMap<String, NodeConfig>,
    /// Where relative paths of this configuration start; the folder of the file that it was read from.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
    /// What this was read from, for errors that are found later.
    #[serde(skip)]
    origin: read::ReadFrom,
}

/// What concerns the process as a whole: `[system]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ProcessConfig {
    /// The nodes that this process runs. Default: every node that the program adds, each of which then needs its
    /// `[nodes.NAME]` section.
    pub run: Option<Vec<String>>,
    /// Which log lines are written to standard error, as directives of `tracing-subscriber`'s `EnvFilter`.
    /// Default: `"info"`. The environment variable `RUST_LOG` goes before it.
    pub log: Option<String>,
    /// The files that all log lines are written to (feature `logging`). Default: none.
    pub log_files: Vec<LogFileConfig>,
    /// Whether commands are read from standard input (feature `cli`). Default: `true`.
    pub command_line: Option<bool>,
}

/// The configuration of one node: `[nodes.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct NodeConfig {
    /// Where the node listens for peers. Default: nowhere.
    pub listen: Vec<ListenConfig>,
    /// The peers that the node dials. Default: none.
    pub connect: Vec<ConnectConfig>,
    /// Who may connect to the node's listeners, as addresses and ranges of them (`"10.0.0.0/8"`). Default: left out,
    /// which is everyone; an empty list is nobody.
    #[serde(deserialize_with = "units::optional_networks")]
    pub allow: Option<Vec<IpNet>>,
    /// Who may not connect to the node's listeners, whatever `allow` says. Default: nobody.
    #[serde(deserialize_with = "units::networks")]
    pub deny: Vec<IpNet>,
    /// Whether plain `tcp://` may listen on an address that is not loopback. Default: `false`, since everyone who
    /// reaches such a listener can send to the node, and everyone on the way can read it.
    pub insecure: bool,
    /// What the node shows of itself, and whom it trusts, on `tls://` and `quic://`.
    pub tls: TlsConfig,
    /// The secret that this node shares with the nodes that it dials and that dial it: each proves to the other that it
    /// knows it, or is not let in (feature `secret`). At least 16 bytes. Default: none.
    pub secret: Option<Secret>,
    /// The file of that secret, which only its owner and their group may read. Default: none.
    pub secret_file: Option<PathBuf>,
    /// What single peers may do: `[nodes.NAME.peers.PEER]`. Default: everyone may do everything.
    pub peers: BTreeMap<String, PeerConfig>,
    /// Whether what the node handles and sends are spans of `tracing`, and traces travel with its messages and requests
    /// to peers that have it switched on, too ([`crate::trace`]). Default: `false`, since spans cost something for every
    /// message.
    pub tracing: bool,
    /// How messages and requests reach the handlers. Default: `"concurrent"`.
    pub handling: Handling,
    /// Requests that this node sends.
    pub requests: RequestConfig,
    /// How the node dials its peers.
    pub dial: DialConfig,
    /// What waits to be sent to a peer.
    pub queue: QueueConfig,
    /// When a silent peer is taken for gone.
    pub keepalive: KeepaliveConfig,
    /// What peers may do to this node.
    pub limits: LimitConfig,
    /// The files that the log lines of this node are written to (feature `logging`). Default: none.
    pub log_files: Vec<LogFileConfig>,
    /// How the node stops.
    pub stop: StopConfig,
    /// The HTTP component; needed by an application with `#[systemge::http]`.
    pub http: Option<HttpConfig>,
    /// The WebSocket component; needed by an application with `#[systemge::websocket]`.
    pub websocket: Option<WebSocketConfig>,
}

/// How messages and requests reach the handlers of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handling {
    /// Handlers of one connection start in the order of arrival and interleave where they wait; connections run
    /// in parallel.
    #[default]
    Concurrent,
    /// One handler at a time, in the order of arrival.
    Sequential,
}

/// Requests that a node sends: `[nodes.NAME.requests]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RequestConfig {
    /// How long a request waits for responses. Default: `"10s"`, the patience of a person.
    #[serde(deserialize_with = "units::duration")]
    pub timeout: Duration,
    /// After how many responses a request ends that asks for more than one, by `.all()` or `.stream()`, unless the
    /// call says it itself, by `.limit()`. Default: 0, when every asked node has had its say. A request that is simply
    /// awaited takes one.
    pub limit: usize,
}

impl Default for RequestConfig {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(10), limit: 0 }
    }
}

/// How a node dials its peers: `[nodes.NAME.dial]`.
///
/// The n-th attempt after a failure waits `initial_delay * 2^n`, at most `max_delay`, of which a random half to
/// whole is taken, so that many nodes don't knock at the same moment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DialConfig {
    /// The delay after the first failed attempt. Default: `"100ms"`.
    #[serde(deserialize_with = "units::duration")]
    pub initial_delay: Duration,
    /// The longest delay between attempts. Default: `"10s"`.
    #[serde(deserialize_with = "units::duration")]
    pub max_delay: Duration,
    /// After how many failed attempts in a row the node gives up. Default: 0, never. That a connection is lost which held for
    /// longer than `initial_delay` is no failed attempt; one that ends sooner is.
    pub max_attempts: u32,
    /// How long one attempt may take, up to the end of the handshake. Default: `"5s"`.
    #[serde(deserialize_with = "units::duration")]
    pub timeout: Duration,
    /// What happens when the node gives up on a peer. Default: `"continue"`.
    pub on_failure: OnDialFailure,
}

impl Default for DialConfig {
    fn default() -> Self {
        Self {
            initial_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(10),
            max_attempts: 0,
            timeout: Duration::from_secs(5),
            on_failure: OnDialFailure::Continue,
        }
    }
}

/// What happens when a node gives up on a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDialFailure {
    /// The node goes on without that peer.
    #[default]
    Continue,
    /// The node stops.
    Shutdown,
}

/// What waits to be sent to a peer: `[nodes.NAME.queue]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct QueueConfig {
    /// How many bytes may wait for one peer before the policy applies; one frame may go beyond it.
    /// Default: 262144 (256 KiB), about what one system call takes.
    #[serde(deserialize_with = "units::bytes")]
    pub bytes: usize,
    /// How many messages and requests may wait for one peer before the policy applies. Default: 65536, which is more than
    /// fit into the default of `bytes`; for those who set that higher.
    pub messages: usize,
    /// What happens when a peer is slow and its queue is full. Default: `"wait"`.
    pub policy: SlowPeerPolicy,
    /// How long a sender waits for room under `"wait"`, before the peer is disconnected. Also how long a peer may take
    /// to read `bytes` of responses while more than that wait for it, whatever the policy. Default: `"5s"`.
    #[serde(deserialize_with = "units::duration")]
    pub max_wait: Duration,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            bytes: 256 * 1024,
            messages: 65_536,
            policy: SlowPeerPolicy::Wait,
            max_wait: Duration::from_secs(5),
        }
    }
}

/// What happens when a peer is slow and its queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlowPeerPolicy {
    /// The sender waits, at most `max_wait`; then the peer is disconnected.
    #[default]
    Wait,
    /// The new message is dropped, counted and logged.
    DropNewest,
    /// The peer is disconnected at once.
    Disconnect,
}

/// When a silent peer is taken for gone: `[nodes.NAME.keepalive]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct KeepaliveConfig {
    /// After how much silence a peer is asked for a sign of life. Default: `"10s"`. A node that is too busy to read says
    /// at this interval that it lives, so that it has to be well below the `timeout` of the node's peers.
    #[serde(deserialize_with = "units::duration")]
    pub interval: Duration,
    /// After how much silence in all a peer is declared gone. Default: `"30s"`.
    #[serde(deserialize_with = "units::duration")]
    pub timeout: Duration,
    /// How long a peer may take to give a sign of life when a node of the same name wants in; then its connection is
    /// taken for stale and replaced. Default: `"1s"`; a shorter `limits.handshake_timeout` ends the wait before.
    #[serde(deserialize_with = "units::duration")]
    pub replace_after: Duration,
}

impl Default for KeepaliveConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            replace_after: Duration::from_secs(1),
        }
    }
}

/// What peers may do to a node: `[nodes.NAME.limits]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LimitConfig {
    /// The largest frame that is accepted, in bytes. Default: 16777216 (16 MiB). From 8192 to 268435456 (256 MiB).
    #[serde(deserialize_with = "units::frame_bytes")]
    pub frame_bytes: u32,
    /// The largest payload of a message, request or response that is accepted, in bytes. Default: left out, which is what
    /// fits into a frame. A larger one is refused, and the connection goes on.
    #[serde(deserialize_with = "units::optional_bytes")]
    pub payload_bytes: Option<usize>,
    /// The longest name of a node that is accepted, in bytes. Default: 64, which is the longest that there is.
    pub name_bytes: usize,
    /// The longest name of a topic that a peer may announce, in bytes. Default: 128, which is the longest that there is.
    pub topic_bytes: usize,
    /// How many peers may be connected to one listener. Default: 4096.
    pub connections: usize,
    /// How many peers may be in the handshake on one listener at the same time. Default: 1024.
    pub handshakes: usize,
    /// How many of them may come from one address (of IPv6, from one network of 64 bits). Default: 256.
    pub handshakes_per_address: usize,
    /// How long a handshake may take. Default: `"5s"`.
    #[serde(deserialize_with = "units::duration")]
    pub handshake_timeout: Duration,
    /// How many topics a peer may announce. Default: 65536.
    pub topics: usize,
    /// How many handlers of one connection may be waiting at the same time; beyond it the connection isn't read.
    /// Default: 1024.
    pub handlers_per_connection: usize,
    /// How many handlers of the node may be waiting at the same time. Default: 16384.
    pub handlers: usize,
}

impl Default for LimitConfig {
    fn default() -> Self {
        Self {
            frame_bytes: 16 * 1024 * 1024,
            payload_bytes: None,
            name_bytes: 64,
            topic_bytes: 128,
            connections: 4096,
            handshakes: 1024,
            handshakes_per_address: 256,
            handshake_timeout: Duration::from_secs(5),
            topics: 65_536,
            handlers_per_connection: 1024,
            handlers: 16_384,
        }
    }
}

/// How a node stops: `[nodes.NAME.stop]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct StopConfig {
    /// How long handlers and tasks may take to finish, before they are dropped. Default: `"10s"`.
    #[serde(deserialize_with = "units::duration")]
    pub deadline: Duration,
}

impl Default for StopConfig {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(10) }
    }
}

impl NodeConfig {
    /// The defaults: a node that neither listens nor dials.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an endpoint to listen on, alone or with what holds on that listener ([`ListenConfig`]).
    #[must_use]
    pub fn listen(mut self, listener: impl Into<ListenConfig>) -> Self {
        self.listen.push(listener.into());
        self
    }

    /// Adds a peer to dial, alone or with what holds for that connection ([`ConnectConfig`]).
    #[must_use]
    pub fn connect(mut self, peer: impl Into<ConnectConfig>) -> Self {
        self.connect.push(peer.into());
        self
    }

    /// Sets who may connect to the node's listeners.
    #[must_use]
    pub fn allow(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.allow = Some(networks.into_iter().collect());
        self
    }

    /// Sets who may not connect to the node's listeners, whatever [`allow`](Self::allow) says.
    #[must_use]
    pub fn deny(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.deny = networks.into_iter().collect();
        self
    }

    /// Allows plain `tcp://` to listen on addresses that are not loopback.
    #[must_use]
    pub const fn insecure(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// Sets what the node shows of itself, and whom it trusts, on `tls://` and `quic://`.
    #[must_use]
    pub fn tls(mut self, tls: TlsConfig) -> Self {
        self.tls = tls;
        self
    }

    /// Sets the secret that this node shares with the nodes that it dials and that dial it.
    #[must_use]
    pub fn secret(mut self, secret: Secret) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Sets what a peer may do; the name `*` stands for all that are not named.
    #[must_use]
    pub fn peer(mut self, name: impl Into<String>, peer: PeerConfig) -> Self {
        self.peers.insert(name.into(), peer);
        self
    }

    /// Sets how messages and requests reach the handlers.
    #[must_use]
    pub const fn handling(mut self, handling: Handling) -> Self {
        self.handling = handling;
        self
    }

    /// Sets the HTTP component.
    #[must_use]
    pub fn http(mut self, http: HttpConfig) -> Self {
        self.http = Some(http);
        self
    }

    /// Sets the WebSocket component.
    #[must_use]
    pub fn websocket(mut self, websocket: WebSocketConfig) -> Self {
        self.websocket = Some(websocket);
        self
    }
}
