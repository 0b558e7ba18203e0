//! The components towards browsers.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::{Handling, WebTlsConfig, units};
#[cfg(feature = "_web")]
use crate::access::AccessRules;

/// The HTTP component of a node: `[nodes.NAME.http]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Where it listens. Default: `"127.0.0.1:8080"`. Port 0 takes any free port.
    #[serde(deserialize_with = "units::socket_address")]
    pub listen: SocketAddr,
    /// The largest request body that is accepted, in bytes. Default: 1048576 (1 MiB).
    #[serde(deserialize_with = "units::bytes")]
    pub body_bytes: usize,
    /// How many connections it serves at the same time. Default: 1024.
    pub connections: usize,
    /// How long a client may take to send the head of a request. Default: `"10s"`.
    #[serde(deserialize_with = "units::duration")]
    pub header_timeout: Duration,
    /// How long a client may take to send the body of a request, and a handler to answer it. Default: `"30s"`.
    #[serde(deserialize_with = "units::duration")]
    pub request_timeout: Duration,
    /// HTTPS: left out, the component speaks plain HTTP. With it, it speaks HTTP/2, too.
    pub tls: Option<WebTlsConfig>,
    /// A plain listener beside that of HTTPS, which leads there. Default: left out, no such listener.
    pub https_redirect: Option<HttpsRedirectConfig>,
    /// Folders that are served besides those of the application: URL prefix → folder, relative to this file.
    pub folders: BTreeMap<String, PathBuf>,
    /// How long caches may keep the files of folders: the header `cache-control`. Default: `"no-cache"`, to ask every
    /// time whether a file has changed.
    pub cache_control: String,
    /// Paths that lead to other places, by 307: path → URL. They go before routes of these paths.
    pub redirects: BTreeMap<String, String>,
    /// Who may ask, as addresses and ranges of them (`"10.0.0.0/8"`). Default: left out, which is everyone; an empty
    /// list is nobody. Behind a proxy, all clients have the proxy's address.
    #[serde(deserialize_with = "units::optional_networks")]
    pub allow: Option<Vec<IpNet>>,
    /// Who may not ask, whatever `allow` says. Default: nobody.
    #[serde(deserialize_with = "units::networks")]
    pub deny: Vec<IpNet>,
}

impl HttpConfig {
    /// The lists of who may ask.
    #[cfg(feature = "http")]
    pub(crate) fn access(&self) -> AccessRules {
        AccessRules::new(self.allow.clone(), self.deny.clone())
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            body_bytes: 1024 * 1024,
            connections: 1024,
            header_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            tls: None,
            https_redirect: None,
            folders: BTreeMap::new(),
            cache_control: "no-cache".to_owned(),
            redirects: BTreeMap::new(),
            allow: None,
            deny: Vec::new(),
        }
    }
}

/// A plain listener that leads to HTTPS: `[nodes.NAME.http.https_redirect]`.
///
/// It answers every request by 308 to the same path under `https://`, and serves nothing else. Where to is the host that
/// the client asks for, if the certificate is one for that host; others get a 421.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HttpsRedirectConfig {
    /// Where it listens. Default: `"127.0.0.1:8000"`. Port 0 takes any free port.
    #[serde(deserialize_with = "units::socket_address")]
    pub listen: SocketAddr,
    /// The port of HTTPS as clients see it, where something between forwards it. Default: left out, which is that of
    /// `http.listen`.
    pub port: Option<u16>,
}

impl Default for HttpsRedirectConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)), port: None }
    }
}

/// The WebSocket component of a node: `[nodes.NAME.websocket]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct WebSocketConfig {
    /// Where it listens. Default: left out, which shares the listener of the HTTP component.
    #[serde(deserialize_with = "units::optional_socket_address")]
    pub listen: Option<SocketAddr>,
    /// WSS on a listener of its own; a shared one is as that of the HTTP component. Default: left out, which is plain.
    pub tls: Option<WebTlsConfig>,
    /// The path that clients open. Default: `"/ws"`.
    pub path: String,
    /// The pages that may open it, as origins (`"https://example.org"`); `"*"` allows all.
    /// Default: none but pages of a loopback host and of the host that the client opened.
    pub origins: Vec<String>,
    /// Who may connect, as addresses and ranges of them (`"10.0.0.0/8"`). Default: left out, which is everyone; an empty
    /// list is nobody. Behind a proxy, all clients have the proxy's address.
    #[serde(deserialize_with = "units::optional_networks")]
    pub allow: Option<Vec<IpNet>>,
    /// Who may not connect, whatever `allow` says. Default: nobody.
    #[serde(deserialize_with = "units::networks")]
    pub deny: Vec<IpNet>,
    /// How many clients may be connected. Default: 10000.
    pub clients: usize,
    /// The largest message that a client may send, in bytes. Default: 1048576 (1 MiB).
    #[serde(deserialize_with = "units::bytes")]
    pub message_bytes: usize,
    /// How the messages of one client reach the handlers. Default: `"sequential"`, one after another; clients run beside
    /// each other in any case.
    pub handling: Handling,
    /// How many handlers of one client may be waiting at the same time where `handling` is `"concurrent"`; beyond it the
    /// client isn't read. Default: 64.
    pub handlers: usize,
    /// How fast a client may send, as so many messages at once that are refilled evenly over a time. What comes faster
    /// is dropped, counted, and answered with the topic `error`, "rate limited". Heartbeats don't count.
    /// Default: `"1000/1s"`, more than any person causes; `"off"`: no limit.
    #[serde(deserialize_with = "units::rate")]
    pub rate: Rate,
    /// What waits to be sent to one client.
    pub queue: WebSocketQueueConfig,
    /// In how many groups one client may be. Default: 1024.
    pub groups_per_client: usize,
    /// After how much silence a client is disconnected; any message of the client counts, the topic `heartbeat`
    /// is there for just that. Default: `"60s"`; `"0s"` switches the watchdog off.
    #[serde(deserialize_with = "units::duration")]
    pub watchdog: Duration,
}

impl Default for WebSocketConfig {
    fn default() -> Self {
        Self {
            listen: None,
            tls: None,
            path: "/ws".to_owned(),
            origins: Vec::new(),
            allow: None,
            deny: Vec::new(),
            clients: 10_000,
            message_bytes: 1024 * 1024,
            handling: Handling::Sequential,
            handlers: 64,
            rate: Rate { count: 1000, per: Duration::from_secs(1) },
            queue: WebSocketQueueConfig::default(),
            groups_per_client: 1024,
            watchdog: Duration::from_secs(60),
        }
    }
}

impl WebSocketConfig {
    /// The lists of who may connect.
    #[cfg(feature = "websocket")]
    pub(crate) fn access(&self) -> AccessRules {
        AccessRules::new(self.allow.clone(), self.deny.clone())
    }
}

/// What waits to be sent to one WebSocket client: `[nodes.NAME.websocket.queue]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct WebSocketQueueConfig {
    /// How many messages may wait for one client. Default: 256.
    pub messages: usize,
    /// How many bytes of messages may wait for one client; a message that waits alone may be larger. Default: 1048576
    /// (1 MiB).
    #[serde(deserialize_with = "units::bytes")]
    pub bytes: usize,
    /// What happens when a client reads too slowly and its queue is full. Default: `"disconnect"`, since it would miss
    /// messages without knowing it.
    pub policy: SlowClientPolicy,
}

impl Default for WebSocketQueueConfig {
    fn default() -> Self {
        Self { messages: 256, bytes: 1024 * 1024, policy: SlowClientPolicy::Disconnect }
    }
}

/// What happens when a WebSocket client reads too slowly and its queue is full. The others go on in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlowClientPolicy {
    /// The client is disconnected.
    #[default]
    Disconnect,
    /// The new message is dropped, counted and logged.
    DropNewest,
}

/// How often something may happen: so many times at once, refilled evenly over a time. Written as `"100/1s"`, or
/// `"off"` for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a count and a time, and nothing else")]
pub struct Rate {
    /// How many times; zero for no limit.
    pub count: u32,
    /// In how much time.
    pub per: Duration,
}

impl Rate {
    /// No limit.
    pub const UNLIMITED: Self = Self { count: 0, per: Duration::ZERO };

    /// Whether there is no limit.
    #[must_use]
    pub const fn is_unlimited(&self) -> bool {
        self.count == 0 || self.per.is_zero()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_unlimited() { f.write_str("off") } else { write!(f, "{}/{:?}", self.count, self.per) }
    }
}
