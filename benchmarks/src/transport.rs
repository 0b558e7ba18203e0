//! Byte streams for the hand-written loop.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::rustls::pki_types::pem::PemObject as _;
use quinn::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use quinn::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

pub type Reader = Box<dyn AsyncRead + Send + Unpin>;
pub type Writer = Box<dyn AsyncWrite + Send + Unpin>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    Tcp,
    Tls,
    Quic,
}

/// Where the driver leaves the certificate of a run for both processes.
pub const FOLDER: &str = "BENCHMARK_CERTIFICATE";
const NAME: &str = "localhost";

/// Writes a certificate for one run: `certificate.pem` and `key.pem`.
pub fn make_certificate(folder: &Path) {
    let names = [NAME, "127.0.0.1", "server", "caller"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(folder.join("certificate.pem"), made.cert.pem()).expect("a file");
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).expect("a file");
}

pub fn folder() -> PathBuf {
    std::env::var_os(FOLDER).expect("the driver says where the certificate is").into()
}

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_file(folder().join("certificate.pem")).expect("a certificate")
}

fn server_config() -> ServerConfig {
    let key = PrivateKeyDer::from_pem_file(folder().join("key.pem")).expect("a key");
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], key)
        .expect("a key that fits")
}

fn client_config() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).expect("a certificate");
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

pub enum Listener {
    Tcp(TcpListener),
    Tls(TcpListener, TlsAcceptor),
    Quic(quinn::Endpoint),
}

fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn keep_alive() -> Arc<quinn::TransportConfig> {
    let mut config = quinn::TransportConfig::default();
    config.keep_alive_interval(Some(Duration::from_secs(5)));
    Arc::new(config)
}

impl Transport {
    pub async fn listen(self) -> Listener {
        match self {
            Self::Tcp => Listener::Tcp(TcpListener::bind(loopback(0)).await.expect("a listener")),
            Self::Tls => {
                let listener = TcpListener::bind(loopback(0)).await.expect("a listener");
                Listener::Tls(listener, TlsAcceptor::from(Arc::new(server_config())))
            }
            Self::Quic => {
                let crypto = QuicServerConfig::try_from(server_config()).expect("TLS 1.3");
                let mut config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
                config.transport_config(keep_alive());
                Listener::Quic(quinn::Endpoint::server(config, loopback(0)).expect("an endpoint"))
            }
        }
    }

    pub async fn connect(self, port: u16) -> (Reader, Writer) {
        match self {
            Self::Tcp => split_tcp(TcpStream::connect(loopback(port)).await.expect("a connection")),
            Self::Tls => {
                let stream = TcpStream::connect(loopback(port)).await.expect("a connection");
                stream.set_nodelay(true).expect("no delay");
                let name = ServerName::try_from(NAME).expect("a name");
                let connector = TlsConnector::from(Arc::new(client_config()));
                split(connector.connect(name, stream).await.expect("a handshake"))
            }
            Self::Quic => {
                let crypto = QuicClientConfig::try_from(client_config()).expect("TLS 1.3");
                let mut config = quinn::ClientConfig::new(Arc::new(crypto));
                config.transport_config(keep_alive());
                let endpoint = quinn::Endpoint::client(loopback(0)).expect("an endpoint");
                let connecting = endpoint.connect_with(config, loopback(port), NAME).expect("a dial");
                let connection = connecting.await.expect("a handshake");
                let (mut writer, reader) = connection.open_bi().await.expect("a stream");
                // the other side learns of a stream by its first byte
                writer.write_all(&[0]).await.expect("the first byte");
                (Box::new(reader), Box::new(writer))
            }
        }
    }
}

impl Listener {
    pub fn port(&self) -> u16 {
        match self {
            Self::Tcp(listener) | Self::Tls(listener, _) => listener.local_addr(),
            Self::Quic(endpoint) => endpoint.local_addr(),
        }
        .expect("an address")
        .port()
    }

    pub async fn accept(&mut self) -> (Reader, Writer) {
        match self {
            Self::Tcp(listener) => split_tcp(listener.accept().await.expect("a connection").0),
            Self::Tls(listener, acceptor) => {
                let (stream, _) = listener.accept().await.expect("a connection");
                stream.set_nodelay(true).expect("no delay");
                split(acceptor.accept(stream).await.expect("a handshake"))
            }
            Self::Quic(endpoint) => {
                let incoming = endpoint.accept().await.expect("a connection");
                let connection = incoming.await.expect("a handshake");
                let (writer, mut reader) = connection.accept_bi().await.expect("a stream");
                reader.read_exact(&mut [0]).await.expect("the first byte");
                (Box::new(reader), Box::new(writer))
            }
        }
    }
}

fn split_tcp(stream: TcpStream) -> (Reader, Writer) {
    stream.set_nodelay(true).expect("no delay");
    let (reader, writer) = stream.into_split();
    (Box::new(reader), Box::new(writer))
}

fn split<S: AsyncRead + AsyncWrite + Send + 'static>(stream: S) -> (Reader, Writer) {
    let (reader, writer) = tokio::io::split(stream);
    (Box::new(reader), Box::new(writer))
}
