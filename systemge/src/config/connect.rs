//! A peer that a node dials, and what holds for that connection alone.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::short::Short;
use super::{Endpoint, LimitConfig, Secret, TlsOverrides, units};

/// An entry of `connect` in `[nodes.NAME]`: an endpoint, and what holds for that connection alone.
///
/// In a file it is a text, or a table where more than the endpoint is to be said:
///
/// ```toml
/// [nodes.life]
/// connect = ["tcp://127.0.0.1:60002", { endpoint = "tcp://127.0.0.1:60003", frame_bytes = "64KiB" }]
/// ```
///
/// What is left out is as the node has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[non_exhaustive]
pub struct ConnectConfig {
    /// Whom to dial.
    pub endpoint: Endpoint,
    /// The largest frame that is accepted from that peer, in bytes. Default: `limits.frame_bytes` of the node.
    #[serde(default, deserialize_with = "units::optional_frame_bytes")]
    pub frame_bytes: Option<u32>,
    /// The largest payload of a response that is accepted from that peer, in bytes. Default: `limits.payload_bytes` of the
    /// node.
    #[serde(default, deserialize_with = "units::optional_bytes")]
    pub payload_bytes: Option<usize>,
    /// The longest name of a topic that the peer may announce, in bytes. Default: `limits.topic_bytes` of the node.
    #[serde(default)]
    pub topic_bytes: Option<usize>,
    /// The secret that both sides of this connection must know. Default: that of the peer's own section, or of the node.
    #[serde(default)]
    pub secret: Option<Secret>,
    /// The file of that secret.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// What is shown to that peer and what is trusted of it, where it is not what the node has, on `tls://` and
    /// `quic://`.
    #[serde(default)]
    pub tls: Option<TlsOverrides>,
}

impl ConnectConfig {
    /// An endpoint, and everything as the node has it.
    #[must_use]
    pub const fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            frame_bytes: None,
            payload_bytes: None,
            topic_bytes: None,
            secret: None,
            secret_file: None,
            tls: None,
        }
    }

    /// Sets the largest payload of a response that is accepted from that peer, in bytes.
    #[must_use]
    pub const fn payload_bytes(mut self, bytes: usize) -> Self {
        self.payload_bytes = Some(bytes);
        self
    }

    /// Sets the longest name of a topic that the peer may announce, in bytes.
    #[must_use]
    pub const fn topic_bytes(mut self, bytes: usize) -> Self {
        self.topic_bytes = Some(bytes);
        self
    }

    /// The limits of the node with those of this connection put in.
    pub(crate) fn limits(&self, node: &LimitConfig) -> LimitConfig {
        LimitConfig {
            frame_bytes: self.frame_bytes.unwrap_or(node.frame_bytes),
            payload_bytes: self.payload_bytes.or(node.payload_bytes),
            topic_bytes: self.topic_bytes.unwrap_or(node.topic_bytes),
            ..node.clone()
        }
    }
}

impl From<Endpoint> for ConnectConfig {
    fn from(endpoint: Endpoint) -> Self {
        Self::new(endpoint)
    }
}

impl<'de> Deserialize<'de> for ConnectConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(Short(deserializer))
    }
}
