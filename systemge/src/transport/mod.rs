//! How bytes travel between two nodes.
//!
//! A [`Transport`] listens on endpoints and dials them; what it gives to a connection is a [`Channel`], a stream of
//! bytes in each direction and what is known of the other side. Nothing above it knows what it is made of.
//!
//! Hidden until 1.0: other transports can be plugged in (`System::__transport`), which tests and simulations do, but
//! what they have to provide may change.

mod memory;
mod tcp;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::config::{Endpoint, Scheme};

pub use self::memory::Memory;
pub use self::tcp::Tcp;

/// What a connection reads from and writes to.
///
/// `poll_shutdown` ends the own direction after all that was written; the other side then reads an end.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open way to another node.
///
/// A transport with several streams per connection multiplexes within its `stream`, or gets a field here that opens
/// more of them.
pub struct Channel {
    /// The bytes of both directions.
    pub stream: Box<dyn Stream>,
    /// What is known of the other side.
    pub remote: Remote,
}

impl Channel {
    /// A channel to an address about which nothing else is known.
    pub fn new(stream: impl Stream + 'static, address: Address) -> Self {
        Self { stream: Box::new(stream), remote: Remote { address } }
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
    /// Takes the place of all others.
    only: Option<Arc<dyn Transport>>,
}

impl Transports {
    /// The same, but that every endpoint belongs to one transport.
    pub(crate) fn only(self, transport: Arc<dyn Transport>) -> Self {
        Self { only: Some(transport), ..self }
    }

    /// The transport of an endpoint.
    pub(crate) fn of(&self, endpoint: &Endpoint) -> &dyn Transport {
        match (&self.only, endpoint.scheme()) {
            (Some(only), _) => &**only,
            (None, Scheme::Tcp) => &self.tcp,
            (None, Scheme::Memory) => &self.memory,
        }
    }
}

impl fmt::Debug for Transports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transports").finish_non_exhaustive()
    }
}
