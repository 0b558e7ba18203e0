//! Where a node listens, and what holds on that listener alone.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

use super::short::Short;
use super::{Endpoint, LimitConfig, NodeConfig, Secret, TlsOverrides, units};
use crate::access::AccessRules;

/// An entry of `listen` in `[nodes.NAME]`: an endpoint, and what holds on that listener alone.
///
/// In a file it is a text, or a table where more than the endpoint is to be said:
///
/// ```toml
/// [nodes.life]
/// listen = [
///     "tcp://127.0.0.1:60001",
///     { endpoint = "tcp://10.0.0.1:60001", insecure = true, allow = ["10.0.0.0/8"], connections = 16 },
/// ]
/// ```
///
/// What is left out is as the node has it.
///
/// ```
/// use systemge::config::{Endpoint, ListenConfig, NodeConfig};
///
/// let endpoint: Endpoint = "tcp://127.0.0.1:0".parse()?;
/// let listen = ListenConfig::new(endpoint).connections(16).allow(["127.0.0.0/8".parse()?]);
/// let config = NodeConfig::new().listen(listen);
/// # assert_eq!(config.listen[0].connections, Some(16));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[non_exhaustive]
pub struct ListenConfig {
    /// Where. Port 0 takes any free port.
    pub endpoint: Endpoint,
    /// Whether plain `tcp://` may listen here although the address is not loopback. Default: as the node has it.
    #[serde(default)]
    pub insecure: Option<bool>,
    /// How many peers may be connected here. Default: `limits.connections` of the node.
    #[serde(default)]
    pub connections: Option<usize>,
    /// How many peers may be in the handshake here at the same time. Default: `limits.handshakes` of the node.
    #[serde(default)]
    pub handshakes: Option<usize>,
    /// How many of them may come from one address. Default: `limits.handshakes_per_address` of the node.
    #[serde(default)]
    pub handshakes_per_address: Option<usize>,
    /// How long a handshake may take here. Default: `limits.handshake_timeout` of the node.
    #[serde(default, deserialize_with = "units::optional_duration")]
    pub handshake_timeout: Option<Duration>,
    /// The largest frame that is accepted here, in bytes. Default: `limits.frame_bytes` of the node.
    #[serde(default, deserialize_with = "units::optional_frame_bytes")]
    pub frame_bytes: Option<u32>,
    /// The largest payload of a message or request that is accepted here, in bytes. Default: `limits.payload_bytes` of
    /// the node.
    #[serde(default, deserialize_with = "units::optional_bytes")]
    pub payload_bytes: Option<usize>,
    /// The longest name of a node that is accepted here, in bytes. Default: `limits.name_bytes` of the node.
    #[serde(default)]
    pub name_bytes: Option<usize>,
    /// The secret that whoever dials here must know. Default: that of the node.
    #[serde(default)]
    pub secret: Option<Secret>,
    /// The file of that secret.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// What is shown here and who is trusted, where it is not what the node has, on `tls://` and `quic://`.
    #[serde(default)]
    pub tls: Option<TlsOverrides>,
    /// Who may connect here. Default: as the node has it.
    #[serde(default, deserialize_with = "units::optional_networks")]
    pub allow: Option<Vec<IpNet>>,
    /// Who may not connect here, whatever `allow` says. Default: as the node has it.
    #[serde(default, deserialize_with = "units::optional_networks")]
    pub deny: Option<Vec<IpNet>>,
}

impl ListenConfig {
    /// An endpoint, and everything as the node has it.
    #[must_use]
    pub const fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            insecure: None,
            connections: None,
            handshakes: None,
            handshakes_per_address: None,
            handshake_timeout: None,
            frame_bytes: None,
            payload_bytes: None,
            name_bytes: None,
            secret: None,
            secret_file: None,
            tls: None,
            allow: None,
            deny: None,
        }
    }

    /// Allows plain `tcp://` to listen here although the address is not loopback.
    #[must_use]
    pub const fn insecure(mut self) -> Self {
        self.insecure = Some(true);
        self
    }

    /// Sets how many peers may be connected here.
    #[must_use]
    pub const fn connections(mut self, connections: usize) -> Self {
        self.connections = Some(connections);
        self
    }

    /// Sets how many peers may be in the handshake here at the same time.
    #[must_use]
    pub const fn handshakes(mut self, handshakes: usize) -> Self {
        self.handshakes = Some(handshakes);
        self
    }

    /// Sets how many of those in the handshake may come from one address.
    #[must_use]
    pub const fn handshakes_per_address(mut self, handshakes: usize) -> Self {
        self.handshakes_per_address = Some(handshakes);
        self
    }

    /// Sets how long a handshake may take here.
    #[must_use]
    pub const fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = Some(timeout);
        self
    }

    /// Sets the largest payload of a message or request that is accepted here, in bytes.
    #[must_use]
    pub const fn payload_bytes(mut self, bytes: usize) -> Self {
        self.payload_bytes = Some(bytes);
        self
    }

    /// Sets the longest name of a node that is accepted here, in bytes.
    #[must_use]
    pub const fn name_bytes(mut self, bytes: usize) -> Self {
        self.name_bytes = Some(bytes);
        self
    }

    /// Sets who may connect here.
    #[must_use]
    pub fn allow(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.allow = Some(networks.into_iter().collect());
        self
    }

    /// Sets who may not connect here, whatever `allow` says.
    #[must_use]
    pub fn deny(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.deny = Some(networks.into_iter().collect());
        self
    }

    /// Whether plain `tcp://` may listen here although the address is not loopback.
    pub(crate) fn is_insecure(&self, node: &NodeConfig) -> bool {
        self.insecure.unwrap_or(node.insecure)
    }

    /// The limits of the node with those of this listener put in.
    pub(crate) fn limits(&self, node: &LimitConfig) -> LimitConfig {
        LimitConfig {
            connections: self.connections.unwrap_or(node.connections),
            handshakes: self.handshakes.unwrap_or(node.handshakes),
            handshakes_per_address: self.handshakes_per_address.unwrap_or(node.handshakes_per_address),
            handshake_timeout: self.handshake_timeout.unwrap_or(node.handshake_timeout),
            frame_bytes: self.frame_bytes.unwrap_or(node.frame_bytes),
            payload_bytes: self.payload_bytes.or(node.payload_bytes),
            name_bytes: self.name_bytes.unwrap_or(node.name_bytes),
            ..node.clone()
        }
    }

    /// Who may connect here.
    pub(crate) fn access(&self, node: &NodeConfig) -> AccessRules {
        AccessRules::new(
            self.allow.clone().or_else(|| node.allow.clone()),
            self.deny.clone().unwrap_or_else(|| node.deny.clone()),
        )
    }
}

impl From<Endpoint> for ListenConfig {
    fn from(endpoint: Endpoint) -> Self {
        Self::new(endpoint)
    }
}

impl<'de> Deserialize<'de> for ListenConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(Short(deserializer))
    }
}
