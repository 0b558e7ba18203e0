//! How bytes travel between two nodes.
//!
//! A [`Transport`] listens on endpoints and dials them; what it gives to a connection is a [`Channel`], a stream of
//! bytes in each direction and what is known of the other side. Nothing above it knows what it is made of.
//!
//! Hidden until 1.0: other transports can be plugged in (`System::__transport`), which tests and simulations do, but
//! what they have to provide may change.

mod memory;
#[cfg(feature = "quic")]
mod quic;
mod tcp;
#[cfg(feature = "tls")]
pub(crate) mod tls;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::config::{Endpoint, Scheme};

pub use self::memory::Memory;
pub use self::tcp::Tcp;
#[cfg(all(feature = "tls", feature = "_web"))]
pub(crate) use self::tcp::last_words;

/// What a connection reads from and writes to.
///
/// `poll_shutdown` ends the own direction after all that was written; the other side then reads an end.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open way to another node.
///
/// A transport with several streams per connection multiplexes within its `stream`.
pub struct Channel {
    /// The bytes of both directions.
    pub stream: Box<dyn Stream>,
    /// What is known of the other side.
    pub remote: Remote,
    /// Set once the nodes know each other: how many bytes a frame may have that this side takes. A transport that trusts
    /// known peers with more than strangers looks at it.
    pub opened: Arc<OnceLock<u32>>,
}

impl Channel {
    /// A channel to an address about which nothing else is known.
    pub fn new(stream: impl Stream + 'static, address: Address) -> Self {
        let remote = Remote { address, identity: None, node: None, binding: None };
        Self { stream: Box::new(stream), remote, opened: Arc::default() }
    }

    /// The same to a node of this process.
    #[must_use]
    pub fn with_node(mut self, name: Arc<str>) -> Self {
        self.remote.node = Some(name);
        self
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("remote", &self.remote).finish_non_exhaustive()
    }
}

/// What a transport knows of the other side of a connection.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Remote {
    /// Where it is.
    pub address: Address,
    /// Who it is, if the transport has verified that.
    pub identity: Option<Identity>,
    /// Which node of this process it is, as the process itself knows.
    pub node: Option<Arc<str>>,
    /// What the two sides of this connection know and nobody else does, for proofs that are valid on it alone.
    pub binding: Option<[u8; 32]>,
}

/// Who the other side of a connection is: the certificate that it has shown, and that it has the key of.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    certificate: Arc<[u8]>,
}

impl Identity {
    /// The owner of a certificate in DER, which was verified.
    #[must_use]
    pub fn new(certificate: &[u8]) -> Self {
        Self { certificate: certificate.into() }
    }

    /// The certificate in DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Whether it is one for a node of that name: the name is among the DNS names of the certificate.
    #[must_use]
    pub fn is_node(&self, name: &str) -> bool {
        #[cfg(feature = "tls")]
        return tls::is_for_node(&self.certificate, name);
        #[cfg(not(feature = "tls"))]
        {
            let _ = name;
            false
        }
    }

    /// The DNS names of the certificate, for people.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        #[cfg(feature = "tls")]
        return tls::names(&self.certificate);
        #[cfg(not(feature = "tls"))]
        Vec::new()
    }
}

#[cfg(all(feature = "dashboard", feature = "tls"))]
impl Identity {
    /// Its SHA-256 fingerprint.
    pub(crate) fn fingerprint(&self) -> crate::config::Fingerprint {
        tls::fingerprint(&self.certificate)
    }

    /// Until when it is valid, in seconds since 1970.
    pub(crate) fn expires(&self) -> Option<u64> {
        tls::expires(&self.certificate)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.names()).finish()
    }
}

/// Where the other side of a connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// At a socket of the network.
    Socket(SocketAddr),
    /// In this process: the name of the node that dialled, or that was dialled.
    Memory(Arc<str>),
}

impl Address {
    /// The address in the network, if there is one.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Socket(address) => Some(address.ip()),
            Self::Memory(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(address) => address.fmt(f),
            Self::Memory(name) => write!(f, "mem://{name}"),
        }
    }
}

/// Listens on endpoints, and dials them.
pub trait Transport: Send + Sync {
    /// Takes an endpoint for the node of that name, without accepting anybody yet. Port 0 takes any free port.
    fn listen<'a>(
        &'a self,
        node: &'a str,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, io::Result<Box<dyn Listener>>>;

    /// Dials an endpoint for the node of that name; names are resolved anew each time. The caller limits the time.
    fn dial<'a>(&'a self, node: &'a str, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<Channel>>;

    /// The node has stopped: waits until all that it had of this transport has been given back.
    fn ended(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// An endpoint that somebody listens on. Dropping it gives the endpoint back.
pub trait Listener: Send + Sync {
    /// The endpoint that others dial, with the real port.
    fn endpoint(&self) -> Endpoint;

    /// The address of its socket, if it has one.
    fn address(&self) -> Option<SocketAddr> {
        None
    }

    /// The next one who dials, as early as the transport knows of it: handshakes of its own are for
    /// [`Incoming::open`].
    ///
    /// Cancel safe.
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Box<dyn Incoming>>>;
}

/// Somebody who dials and is not let in yet.
pub trait Incoming: Send {
    /// Where it is.
    fn address(&self) -> Address;

    /// Turns it away with these last words, as far as that takes no time.
    fn refuse(self: Box<Self>, last_words: &[u8]);

    /// Opens the way. The caller limits the time.
    fn open(self: Box<Self>) -> BoxFuture<'static, io::Result<Channel>>;
}

/// The transports of a node, by the schemes of endpoints.
#[derive(Clone, Default)]
pub(crate) struct Transports {
    tcp: Tcp,
    memory: Memory,
    #[cfg(feature = "tls")]
    tls: tls::Tls,
    #[cfg(feature = "quic")]
    quic: quic::Quic,
    /// Takes the place of all others.
    only: Option<Arc<dyn Transport>>,
}

impl Transports {
    /// The same, but that every endpoint belongs to one transport.
    pub(crate) fn only(self, transport: Arc<dyn Transport>) -> Self {
        Self { only: Some(transport), ..self }
    }

    /// Those of one node, which shows its own certificates.
    pub(crate) fn of_node(self) -> Self {
        #[cfg(feature = "tls")]
        let tls = tls::Tls::default();
        Self {
            #[cfg(feature = "quic")]
            quic: quic::Quic::new(tls.clone()),
            #[cfg(feature = "tls")]
            tls,
            ..self
        }
    }

    /// Sets what the node shows of itself, and whom it trusts.
    #[cfg(feature = "tls")]
    pub(crate) fn set_credentials(&self, credentials: Arc<tls::Credentials>) {
        self.tls.set_credentials(credentials);
    }

    /// The same for an endpoint that has credentials of its own.
    #[cfg(feature = "tls")]
    pub(crate) fn with_credentials(&self, credentials: Arc<tls::Credentials>) -> Self {
        let tls = tls::Tls::default();
        tls.set_credentials(credentials);
        Self {
            #[cfg(feature = "quic")]
            quic: self.quic.with(tls.clone()),
            tls,
            ..self.clone()
        }
    }

    /// The node has stopped: waits until all that it had has been given back.
    pub(crate) async fn ended(&self) {
        if let Some(only) = &self.only {
            only.ended().await;
        }
        #[cfg(feature = "quic")]
        self.quic.ended().await;
    }

    /// The transport of an endpoint.
    pub(crate) fn of(&self, endpoint: &Endpoint) -> &dyn Transport {
        if let Some(only) = &self.only {
            return &**only;
        }
        match endpoint.scheme() {
            Scheme::Tcp => &self.tcp,
            Scheme::Memory => &self.memory,
            #[cfg(feature = "tls")]
            Scheme::Tls => &self.tls,
            #[cfg(not(feature = "tls"))]
            Scheme::Tls => &Missing,
            #[cfg(feature = "quic")]
            Scheme::Quic => &self.quic,
            #[cfg(not(feature = "quic"))]
            Scheme::Quic => &Missing,
        }
    }
}

/// In the place of a transport that this build lacks.
#[cfg(not(feature = "quic"))]
struct Missing;

#[cfg(not(feature = "quic"))]
impl Missing {
    fn error(endpoint: &Endpoint) -> io::Error {
        let text = format!("`{endpoint}` needs a feature of systemge that this build lacks");
        io::Error::new(io::ErrorKind::Unsupported, text)
    }
}

#[cfg(not(feature = "quic"))]
impl Transport for Missing {
    fn listen<'a>(
        &'a self,
        _: &'a str,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        Box::pin(std::future::ready(Err(Self::error(endpoint))))
    }

    fn dial<'a>(&'a self, _: &'a str, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<Channel>> {
        Box::pin(std::future::ready(Err(Self::error(endpoint))))
    }
}

impl fmt::Debug for Transports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transports").finish_non_exhaustive()
    }
}
