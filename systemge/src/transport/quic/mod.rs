//! QUIC: one connection of two nodes, with a stream for most frames and streams of their own for large ones.
//!
//! - `stream`: the streams of a connection, as one sequence of bytes in each direction
//! - `frames`: where one frame ends and the next begins
//! - `tasks`: who owns the tasks of quinn

mod frames;
mod stream;
mod tasks;

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use quinn::crypto::rustls::{HandshakeData, QuicClientConfig, QuicServerConfig};
use quinn::{
    ClientConfig, Connection, ConnectionError, EndpointConfig, ServerConfig, TransportConfig,
    TransportErrorCode, VarInt,
};
use rustls::AlertDescription;
use rustls::pki_types::CertificateDer;
use tokio::net::lookup_host;

use super::tls::{self, ALPN, Credentials, NOT_SYSTEMGE, Tls};
use super::{Address, Channel, Incoming, Listener, Remote, Transport, tcp};
use crate::config::Endpoint;

use self::stream::Multiplexed;
use self::tasks::Tasks;

/// QUIC: `quic://HOST:PORT`.
#[derive(Clone, Default)]
pub(super) struct Quic {
    /// It knows the node's credentials.
    tls: Tls,
    tasks: Tasks,
}

impl Quic {
    pub(super) fn new(tls: Tls) -> Self {
        Self { tls, tasks: Tasks::default() }
    }

    /// The same with other credentials; its tasks belong to the same node.
    pub(super) fn with(&self, tls: Tls) -> Self {
        Self { tls, tasks: self.tasks.clone() }
    }
}

impl Transport for Quic {
    fn listen<'a>(
        &'a self,
        _: &'a str,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        async move {
            let credentials = self.tls.credentials()?;
            let shown = credentials.accepting().ok_or_else(tls::no_certificate)?;
            let config = server_config(shown.clone())?;
            let socket = tokio::net::UdpSocket::bind((endpoint.host(), endpoint.port())).await?.into_std()?;
            let endpoint = quinn::Endpoint::new(
                EndpointConfig::default(),
                Some((*config).clone()),
                socket,
                self.tasks.runtime(),
            )?;
            let address = endpoint.local_addr()?;
            let handshakes = Arc::default();
            Ok(Box::new(Listening { endpoint, address, credentials, shown, config, handshakes })
                as Box<dyn Listener>)
        }
        .boxed()
    }

    fn dial<'a>(&'a self, _: &'a str, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<Channel>> {
        async move {
            let credentials = self.tls.credentials()?;
            let config = QuicClientConfig::try_from(credentials.dialling().map_err(io::Error::other)?);
            let mut config = ClientConfig::new(Arc::new(config.map_err(io::Error::other)?));
            config.transport_config(transport_config(0));
            let name = tls::server_name(&credentials, endpoint)?.to_str().into_owned();
            // resolved anew for every attempt
            let addresses = lookup_host((endpoint.host(), endpoint.port())).await?;
            let connection =
                tcp::first_of(addresses, |address| self.connect(config.clone(), address, name.clone()))
                    .await?;
            let (sending, receiving) = connection.open_bi().await.map_err(of_connection)?;
            channel(connection, sending, receiving)
        }
        .boxed()
    }

    fn ended(&self) -> BoxFuture<'_, ()> {
        self.tasks.ended().boxed()
    }
}

impl Quic {
    async fn connect(
        &self,
        config: ClientConfig,
        address: SocketAddr,
        name: String,
    ) -> io::Result<Connection> {
        let any: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any)?;
        let endpoint = quinn::Endpoint::new(EndpointConfig::default(), None, socket, self.tasks.runtime())?;
        let connecting = endpoint.connect_with(config, address, &name).map_err(io::Error::other)?;
        connecting.await.map_err(of_connection)
    }
}

/// What holds for every connection; the other side may open so many streams that go both ways.
fn transport_config(bidirectional: u8) -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(bidirectional.into())
        // those of large frames are allowed once the nodes know each other
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(STREAM_WINDOW)
        .receive_window(CONNECTION_WINDOW)
        .send_window(SEND_WINDOW)
        .datagram_receive_buffer_size(None)
        .allow_spin(false)
        // signs of life are the protocol's
        .max_idle_timeout(None);
    Arc::new(config)
}

/// How many bytes of one stream may be under way or unread.
const STREAM_WINDOW: VarInt = VarInt::from_u32(1024 * 1024);
/// How many of all streams of a connection: that of small frames always has room beside those of large ones.
const CONNECTION_WINDOW: VarInt = VarInt::from_u32(6 * 1024 * 1024);
/// How many bytes are kept for one peer until it has confirmed them.
const SEND_WINDOW: u64 = 2 * 1024 * 1024;

/// How many peers may wait to be accepted by a listener.
const BACKLOG: usize = 1024;
/// How many bytes of such a peer are kept, and of all of them.
const INCOMING_BYTES: (u64, u64) = (16 * 1024, 1024 * 1024);
/// From how many handshakes at the same time on a peer has to show first that it is where it says it is.
const CROWDED: usize = 64;

fn server_config(shown: Arc<rustls::ServerConfig>) -> io::Result<Arc<ServerConfig>> {
    let crypto = QuicServerConfig::try_from(shown).map_err(io::Error::other)?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config
        .transport_config(transport_config(1))
        .max_incoming(BACKLOG)
        .incoming_buffer_size(INCOMING_BYTES.0)
        .incoming_buffer_size_total(INCOMING_BYTES.1);
    Ok(Arc::new(config))
}

/// A connection whose handshake is done.
fn channel(
    connection: Connection,
    sending: quinn::SendStream,
    receiving: quinn::RecvStream,
) -> io::Result<Channel> {
    let handshake = connection.handshake_data().and_then(|data| data.downcast::<HandshakeData>().ok());
    if handshake.and_then(|handshake| handshake.protocol).as_deref() != Some(ALPN) {
        return Err(io::Error::new(ErrorKind::InvalidData, NOT_SYSTEMGE));
    }
    let mut binding = [0; 32];
    connection.export_keying_material(&mut binding, tls::BINDING, &[]).map_err(|_| {
        io::Error::new(ErrorKind::InvalidData, "the connection has no keys to bind proofs to")
    })?;
    let certificates =
        connection.peer_identity().and_then(|chain| chain.downcast::<Vec<CertificateDer<'_>>>().ok());
    let remote = Remote {
        address: Address::Socket(connection.remote_address()),
        identity: certificates.as_deref().and_then(|chain| chain.first()).map(tls::identity),
        node: None,
        binding: Some(binding),
    };
    let opened = Arc::default();
    let stream = Multiplexed::new(connection, sending, receiving, Arc::clone(&opened));
    Ok(Channel { stream: Box::new(stream), remote, opened })
}

struct Listening {
    endpoint: quinn::Endpoint,
    address: SocketAddr,
    credentials: Arc<Credentials>,
    /// What is shown now, and the same as quinn wants it.
    shown: Arc<rustls::ServerConfig>,
    config: Arc<ServerConfig>,
    /// How many handshakes are under way.
    handshakes: Arc<AtomicUsize>,
}

impl Listening {
    /// Takes over what was read anew.
    fn refresh(&mut self) -> io::Result<()> {
        let shown = self.credentials.accepting().ok_or_else(tls::no_certificate)?;
        if !Arc::ptr_eq(&shown, &self.shown) {
            self.config = server_config(shown.clone())?;
            self.shown = shown;
        }
        Ok(())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // connections that are there go on, and the endpoint with them
        self.endpoint.set_server_config(None);
    }
}

impl Listener for Listening {
    fn endpoint(&self) -> Endpoint {
        Endpoint::quic(self.address)
    }

    fn address(&self) -> Option<SocketAddr> {
        Some(self.address)
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<Box<dyn Incoming>>> {
        async move {
            loop {
                let gone = || io::Error::from(ErrorKind::NotConnected);
                let incoming = self.endpoint.accept().await.ok_or_else(gone)?;
                if self.handshakes.load(Ordering::Relaxed) >= CROWDED && incoming.may_retry() {
                    // costs no memory; whoever forges its address never comes back
                    let _ = incoming.retry();
                    continue;
                }
                self.refresh()?;
                let (config, handshakes) = (self.config.clone(), self.handshakes.clone());
                return Ok(Box::new(Knocking { incoming, config, handshakes }) as Box<dyn Incoming>);
            }
        }
        .boxed()
    }
}

struct Knocking {
    incoming: quinn::Incoming,
    config: Arc<ServerConfig>,
    handshakes: Arc<AtomicUsize>,
}

/// Counts a handshake as long as it is there.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn new(handshakes: Arc<AtomicUsize>) -> Self {
        handshakes.fetch_add(1, Ordering::Relaxed);
        Self(handshakes)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Incoming for Knocking {
    fn address(&self) -> Address {
        Address::Socket(self.incoming.remote_address())
    }

    fn refuse(self: Box<Self>, _: &[u8]) {
        // a stranger gets no handshake for its refusal, and so none of the last words
        self.incoming.refuse();
    }

    fn open(self: Box<Self>) -> BoxFuture<'static, io::Result<Channel>> {
        let Self { incoming, config, handshakes } = *self;
        let under_way = UnderWay::new(handshakes);
        async move {
            let _under_way = under_way;
            let connecting = incoming.accept_with(config).map_err(of_connection)?;
            let connection = connecting.await.map_err(of_connection)?;
            let (sending, receiving) = connection.accept_bi().await.map_err(of_connection)?;
            channel(connection, sending, receiving)
        }
        .boxed()
    }
}

/// Why a connection is over, in words. An orderly end is `ConnectionReset`, which is no more than an end.
fn of_connection(error: ConnectionError) -> io::Error {
    let invalid = |text: String| io::Error::new(ErrorKind::InvalidData, text);
    match error {
        ConnectionError::ApplicationClosed(_) | ConnectionError::Reset => ErrorKind::ConnectionReset.into(),
        ConnectionError::LocallyClosed => ErrorKind::NotConnected.into(),
        ConnectionError::TimedOut => io::Error::new(ErrorKind::TimedOut, "the peer does not answer any more"),
        ConnectionError::VersionMismatch => {
            invalid("the peer speaks no version of QUIC that this node speaks".to_owned())
        }
        ConnectionError::ConnectionClosed(close) => invalid(match alert(close.error_code) {
            Some(alert) => tls::explain(&rustls::Error::AlertReceived(alert)),
            None if close.error_code == TransportErrorCode::CONNECTION_REFUSED => {
                tls::explain(&rustls::Error::AlertReceived(AlertDescription::AccessDenied))
            }
            None => format!("the peer ended the connection: {}", close.error_code),
        }),
        ConnectionError::TransportError(error) => invalid(tls::explain_own(alert(error.code), &error.reason)),
        other => invalid(other.to_string()),
    }
}

/// The alert of TLS that an error of QUIC stands for: RFC 9001, section 4.8.
fn alert(code: TransportErrorCode) -> Option<AlertDescription> {
    let code = u64::from(code);
    (0x100..0x200).contains(&code).then(|| AlertDescription::from((code & 0xff) as u8))
}

/// How long a stream of a large frame may stand still.
const STALL: Duration = Duration::from_secs(30);
