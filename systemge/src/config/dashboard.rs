//! The configuration of the dashboard.

use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;

use super::{Secret, WebTlsConfig, units};

/// The dashboard of the process: `[dashboard]`, which switches it on (feature `dashboard`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DashboardConfig {
    /// Where it listens. Default: `"127.0.0.1:8081"`. Port 0 takes any free port.
    #[serde(deserialize_with = "units::socket_address")]
    pub listen: SocketAddr,
    /// What an operator logs in with, of at least 16 characters. Default: left out, which asks nobody on a loopback
    /// address, and otherwise makes a random one that is printed once to standard error.
    pub token: Option<Secret>,
    /// What somebody logs in with who may look and change nothing, of at least 16 characters. Default: left out.
    pub read_only_token: Option<Secret>,
    /// The names under which browsers may open it, besides its IP address and, on loopback, `localhost`: for a name in
    /// DNS, or a proxy before it. A name that is not loopback needs a token. Default: none.
    pub hosts: Vec<String>,
    /// The pages that may send it requests that change something, besides its own, as origins
    /// (`"https://example.org"`). Default: none.
    pub origins: Vec<String>,
    /// HTTPS, without which it listens on loopback alone. Default: left out, plain HTTP (feature `tls`).
    pub tls: Option<WebTlsConfig>,
    /// How many connections it serves at the same time; an open page takes one or two. Default: 64.
    pub connections: usize,
}

impl Default for DashboardConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            token: None,
            read_only_token: None,
            hosts: Vec::new(),
            origins: Vec::new(),
            tls: None,
            connections: 64,
        }
    }
}

/// The shortest token: what is shorter can be guessed.
pub(super) const SHORTEST_TOKEN: usize = 16;
