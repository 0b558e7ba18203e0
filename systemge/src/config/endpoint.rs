//! Where a node listens, or is dialled.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// Where a node listens, or is dialled: a scheme, a host and a port, such as `tcp://127.0.0.1:60001` or
/// `tls://life.example.org:60001`; or, within one
/// process, a name, such as `mem://life`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    scheme: Scheme,
    host: String,
    port: u16,
}

/// How bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// Plain TCP: `tcp://HOST:PORT`.
    Tcp,
    /// TLS over TCP: `tls://HOST:PORT` (feature `tls`).
    Tls,
    /// QUIC: `quic://HOST:PORT`, a port of UDP (feature `quic`).
    Quic,
    /// Within the process, between the nodes of one system: `mem://NAME`.
    Memory,
}

impl Scheme {
    /// What stands before the `://`.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Quic => "quic",
            Self::Memory => "mem",
        }
    }

    /// The feature that this build lacks for it.
    pub(crate) const fn missing_feature(self) -> Option<&'static str> {
        match self {
            Self::Tls if cfg!(not(feature = "tls")) => Some("tls"),
            Self::Quic if cfg!(not(feature = "quic")) => Some("quic"),
            _ => None,
        }
    }

    /// Whether what travels is encrypted and the other side has proven who it is.
    pub(crate) const fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::Quic)
    }
}

impl Endpoint {
    /// A TCP endpoint.
    #[must_use]
    pub fn tcp(address: SocketAddr) -> Self {
        Self::at(Scheme::Tcp, address)
    }

    /// A TLS endpoint.
    #[must_use]
    pub fn tls(address: SocketAddr) -> Self {
        Self::at(Scheme::Tls, address)
    }

    /// A QUIC endpoint.
    #[must_use]
    pub fn quic(address: SocketAddr) -> Self {
        Self::at(Scheme::Quic, address)
    }

    fn at(scheme: Scheme, address: SocketAddr) -> Self {
        Self { scheme, host: address.ip().to_string(), port: address.port() }
    }

    /// An endpoint within the process, between the nodes of one system.
    ///
    /// # Errors
    ///
    /// If the name has other characters than a host: letters, digits, `.`, `_` and `-`. The caller's mistake.
    pub fn memory(name: &str) -> Result<Self, EndpointError> {
        Self { scheme: Scheme::Memory, host: name.to_owned(), port: 0 }.checked(|| format!("mem://{name}"))
    }

    /// How bytes travel.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host: a name, or an address (an IPv6 address without its brackets). Within the process, the name.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port; 0 where there is none.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The same with another port.
    #[must_use]
    pub fn with_port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// This endpoint, if its host is a name that may be one; `text` is what it was read from.
    fn checked(self, text: impl FnOnce() -> String) -> Result<Self, EndpointError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if self.host.is_empty() || self.host.len() > 253 || !self.host.chars().all(allowed) {
            return Err(EndpointError::Host(text()));
        }
        Ok(self)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            Scheme::Memory => write!(f, "mem://{}", self.host),
            scheme if self.host.contains(':') => {
                write!(f, "{}://[{}]:{}", scheme.text(), self.host, self.port)
            }
            scheme => write!(f, "{}://{}:{}", scheme.text(), self.host, self.port),
        }
    }
}

/// Why a text is no endpoint. The caller's or the configuration's mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// There is no `scheme://`.
    #[error("`{0}` has no scheme; an endpoint reads `tcp://host:port`")]
    NoScheme(String),
    /// The scheme is not known.
    #[error(
        "`{0}` is not a scheme of endpoints: those are `tcp://host:port`, `tls://host:port`, `quic://host:port` and `mem://name`"
    )]
    UnknownScheme(String),
    /// The host is missing or has characters that no host has.
    #[error("`{0}` has no valid host; an endpoint reads `tcp://host:port`")]
    Host(String),
    /// The port is missing or not a number from 0 to 65535.
    #[error("`{0}` has no port from 0 to 65535; an endpoint reads `tcp://host:port`")]
    Port(String),
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| EndpointError::NoScheme(text.to_owned()))?;
        let scheme = match scheme {
            "tcp" => Scheme::Tcp,
            "tls" => Scheme::Tls,
            "quic" => Scheme::Quic,
            "mem" => return Self::memory(rest),
            other => return Err(EndpointError::UnknownScheme(other.to_owned())),
        };
        let (host, port) = rest.rsplit_once(':').ok_or_else(|| EndpointError::Port(text.to_owned()))?;
        let port = port.parse().map_err(|_| EndpointError::Port(text.to_owned()))?;
        match host.strip_prefix('[') {
            Some(inside) => {
                let address = inside
                    .strip_suffix(']')
                    .filter(|address| address.parse::<std::net::Ipv6Addr>().is_ok())
                    .ok_or_else(|| EndpointError::Host(text.to_owned()))?;
                Ok(Self { scheme, host: address.to_owned(), port })
            }
            None => Self { scheme, host: host.to_owned(), port }.checked(|| text.to_owned()),
        }
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EndpointVisitor;
        impl Visitor<'_> for EndpointVisitor {
            type Value = Endpoint;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an endpoint such as \"tcp://127.0.0.1:60001\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Endpoint, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(EndpointVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_an_endpoint_or_says_why_not() {
        let check = |text: &str, expected: Result<&str, EndpointError>| {
            let parsed = text.parse::<Endpoint>();
            assert_eq!(parsed.map(|endpoint| endpoint.to_string()), expected.map(str::to_owned), "{text}");
        };
        check("tcp://127.0.0.1:60001", Ok("tcp://127.0.0.1:60001"));
        check("tcp://[::1]:1", Ok("tcp://[::1]:1"));
        check("tcp://life.example.org:0", Ok("tcp://life.example.org:0"));
        check("127.0.0.1:60001", Err(EndpointError::NoScheme("127.0.0.1:60001".into())));
        check("ftp://a:1", Err(EndpointError::UnknownScheme("ftp".into())));
        check("tcp://a", Err(EndpointError::Port("tcp://a".into())));
        check("tcp://a:65536", Err(EndpointError::Port("tcp://a:65536".into())));
        check("tcp://:1", Err(EndpointError::Host("tcp://:1".into())));
        check("tcp://::1:1", Err(EndpointError::Host("tcp://::1:1".into())));
        check("tcp://[zz]:1", Err(EndpointError::Host("tcp://[zz]:1".into())));
        check("tcp://a b:1", Err(EndpointError::Host("tcp://a b:1".into())));
        check("tls://life.example.org:60001", Ok("tls://life.example.org:60001"));
        check("quic://[::1]:60001", Ok("quic://[::1]:60001"));
        check("mem://life-2", Ok("mem://life-2"));
        check("mem://", Err(EndpointError::Host("mem://".into())));
        check("mem://life:1", Err(EndpointError::Host("mem://life:1".into())));
    }
}
