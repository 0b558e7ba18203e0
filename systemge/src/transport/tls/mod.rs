//! TLS over TCP, from the first byte on.
//!
//! - `crypto`: whose cryptography it is
//! - `material`: certificates and keys as they stand in files
//! - `trust`: which certificates are accepted
//! - `credentials`: what a node shows and whom it trusts, read anew when the files change
//! - `explain`: what goes wrong, in words

mod credentials;
mod crypto;
mod explain;
mod material;
mod stream;
mod trust;

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
#[cfg(feature = "dashboard")]
use std::time::Duration;

use arc_swap::ArcSwapOption;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
#[cfg(feature = "dashboard")]
use rustls::pki_types::UnixTime;
use rustls::pki_types::{CertificateDer, DnsName, ServerName};
use rustls::server::ParsedCertificate;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use super::{Address, Channel, Identity, Incoming, Listener, Remote, Transport, tcp};
use crate::config::Endpoint;
use crate::protocol::MAGIC;
use crate::protocol::frame::{Frame, GoodbyeCode};

#[cfg(feature = "_web")]
pub(crate) use self::credentials::HTTP2;
pub(crate) use self::credentials::{ALPN, Credentials};
#[cfg(any(feature = "certificates", feature = "dashboard"))]
pub(crate) use self::crypto::fingerprint;
pub(crate) use self::explain::NOT_SYSTEMGE;
pub(crate) use self::explain::explained;
#[cfg(feature = "quic")]
pub(crate) use self::explain::{explain, explain_own};
pub use self::material::TlsError;
use self::stream::Secured;

/// TLS over TCP: `tls://HOST:PORT`.
#[derive(Clone, Default)]
pub(super) struct Tls {
    /// Set when the node starts.
    credentials: Arc<ArcSwapOption<Credentials>>,
}

impl Tls {
    pub(super) fn set_credentials(&self, credentials: Arc<Credentials>) {
        self.credentials.store(Some(credentials));
    }

    pub(super) fn credentials(&self) -> io::Result<Arc<Credentials>> {
        self.credentials.load_full().ok_or_else(|| ErrorKind::NotConnected.into())
    }
}

impl Transport for Tls {
    fn listen<'a>(
        &'a self,
        _: &'a str,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        async move {
            let credentials = self.credentials()?;
            credentials.accepting().ok_or_else(no_certificate)?;
            let socket = TcpListener::bind((endpoint.host(), endpoint.port())).await?;
            let address = socket.local_addr()?;
            Ok(Box::new(Listening { socket, address, credentials }) as Box<dyn Listener>)
        }
        .boxed()
    }

    fn dial<'a>(&'a self, _: &'a str, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<Channel>> {
        async move {
            let credentials = self.credentials()?;
            let config = credentials.dialling().map_err(io::Error::other)?;
            let name = server_name(&credentials, endpoint)?;
            let stream = tcp::connect(endpoint).await?;
            let address = stream.peer_addr()?;
            let stream = TlsConnector::from(config).connect(name, stream).await.map_err(explained)?;
            channel(stream.into(), address)
        }
        .boxed()
    }
}

/// The node has no certificate to show.
pub(super) fn no_certificate() -> io::Error {
    io::Error::new(
        ErrorKind::InvalidInput,
        "there is no certificate to show: set `certificate` and `key` in the node's `tls`, or in that of the listener",
    )
}

/// The name that the certificate of a dialled node has to have.
pub(super) fn server_name(credentials: &Credentials, endpoint: &Endpoint) -> io::Result<ServerName<'static>> {
    let name = credentials.config().server_name.as_deref().unwrap_or_else(|| endpoint.host()).to_owned();
    ServerName::try_from(name).map_err(|_| {
        io::Error::new(ErrorKind::InvalidInput, "the host is no name that a certificate could have")
    })
}

/// A connection whose handshake is done.
fn channel(stream: TlsStream<TcpStream>, address: SocketAddr) -> io::Result<Channel> {
    let (socket, state) = stream.get_ref();
    if state.alpn_protocol() != Some(ALPN) {
        return Err(io::Error::new(ErrorKind::InvalidData, NOT_SYSTEMGE));
    }
    socket.set_nodelay(true)?;
    let binding = match &stream {
        TlsStream::Client(stream) => stream.get_ref().1.export_keying_material([0; 32], BINDING, Some(&[])),
        TlsStream::Server(stream) => stream.get_ref().1.export_keying_material([0; 32], BINDING, Some(&[])),
    };
    let binding = binding.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    let remote = Remote {
        node: None,
        address: Address::Socket(address),
        identity: state.peer_certificates().and_then(|chain| chain.first()).map(identity),
        binding: Some(binding),
    };
    Ok(Channel { stream: Box::new(Secured(stream)), remote, opened: Arc::default() })
}

/// The label of what both sides of a connection know and nobody else does: `tls-exporter` of RFC 9266.
pub(super) const BINDING: &[u8] = b"EXPORTER-Channel-Binding";

/// Who has shown a certificate, which was verified.
pub(super) fn identity(certificate: &CertificateDer<'_>) -> Identity {
    Identity::new(certificate)
}

/// Whether a certificate is one for a node of that name.
pub(super) fn is_for_node(certificate: &[u8], name: &str) -> bool {
    DnsName::try_from(name).is_ok_and(|name| is_for(certificate, &ServerName::DnsName(name)))
}

/// Whether a certificate is one for that host: a name or an address.
#[cfg(feature = "http")]
fn is_for_host(certificate: &[u8], host: &str) -> bool {
    ServerName::try_from(host).is_ok_and(|name| is_for(certificate, &name))
}

fn is_for(certificate: &[u8], name: &ServerName<'_>) -> bool {
    let certificate = CertificateDer::from(certificate);
    let Ok(parsed) = ParsedCertificate::try_from(&certificate) else { return false };
    rustls::client::verify_server_name(&parsed, name).is_ok()
}

/// Until when a certificate is valid, in seconds since 1970: the verifier says so if it is asked about a time after all
/// others.
#[cfg(feature = "dashboard")]
pub(super) fn expires(certificate: &[u8]) -> Option<u64> {
    use rustls::CertificateError::ExpiredContext;
    let certificate = CertificateDer::from(certificate);
    let parsed = ParsedCertificate::try_from(&certificate).ok()?;
    let checked = rustls::client::verify_server_cert_signed_by_trust_anchor(
        &parsed,
        &rustls::RootCertStore::empty(),
        &[],
        UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX)),
        crypto::provider().signature_verification_algorithms.all,
    );
    match checked {
        Err(rustls::Error::InvalidCertificate(ExpiredContext { not_after, .. })) => Some(not_after.as_secs()),
        _ => None,
    }
}

/// The DNS names of a certificate, for people.
pub(super) fn names(certificate: &[u8]) -> Vec<String> {
    let certificate = CertificateDer::from(certificate);
    let Ok(parsed) = webpki::EndEntityCert::try_from(&certificate) else { return Vec::new() };
    parsed.valid_dns_names().map(crate::text::printable).collect()
}

struct Listening {
    socket: TcpListener,
    address: SocketAddr,
    credentials: Arc<Credentials>,
}

impl Listener for Listening {
    fn endpoint(&self) -> Endpoint {
        Endpoint::tls(self.address)
    }

    fn address(&self) -> Option<SocketAddr> {
        Some(self.address)
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<Box<dyn Incoming>>> {
        async move {
            let (stream, address) = self.socket.accept().await?;
            let credentials = self.credentials.clone();
            Ok(Box::new(Knocking { stream, address, credentials }) as Box<dyn Incoming>)
        }
        .boxed()
    }
}

struct Knocking {
    stream: TcpStream,
    address: SocketAddr,
    credentials: Arc<Credentials>,
}

impl Incoming for Knocking {
    fn address(&self) -> Address {
        Address::Socket(self.address)
    }

    fn refuse(self: Box<Self>, _: &[u8]) {
        // a stranger gets no handshake for its refusal, and so none of the last words
        tcp::last_words(&self.stream, &ACCESS_DENIED);
    }

    fn open(self: Box<Self>) -> BoxFuture<'static, io::Result<Channel>> {
        async move {
            let Self { stream, address, credentials } = *self;
            check_first_byte(&stream).await?;
            let config = credentials.accepting().ok_or_else(no_certificate)?;
            let stream = TlsAcceptor::from(config).accept(stream).await.map_err(explained)?;
            channel(stream.into(), address)
        }
        .boxed()
    }
}

/// Every TLS connection begins with a record of the handshake. What begins otherwise gets to know whom it speaks with,
/// as far as it could understand that.
async fn check_first_byte(stream: &TcpStream) -> io::Result<()> {
    let mut start = [0; MAGIC.len()];
    let count = stream.peek(&mut start).await?;
    match start[..count] {
        [] => return Err(ErrorKind::UnexpectedEof.into()),
        [HANDSHAKE, ..] => return Ok(()),
        _ => {}
    }
    let reason = if MAGIC.starts_with(&start[..count]) {
        let mut words = MAGIC.to_vec();
        let reason = "this endpoint speaks TLS: dial it by `tls://`";
        Frame::Goodbye { code: GoodbyeCode::Violation, reason }.write(&mut words);
        tcp::last_words(stream, &words);
        "the peer speaks plain `tcp://`, but this endpoint speaks TLS: the peer has to dial it by `tls://`"
    } else {
        "the peer does not speak TLS"
    };
    Err(io::Error::new(ErrorKind::InvalidData, reason))
}

/// The type of a TLS record of the handshake.
const HANDSHAKE: u8 = 0x16;
/// A TLS record with the fatal alert `access_denied`: RFC 8446, sections 5.1 and 6.
const ACCESS_DENIED: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 49];
