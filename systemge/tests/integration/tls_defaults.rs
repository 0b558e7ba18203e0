//! What holds over TLS and QUIC where nothing else is configured: TLS 1.3, the trust of the operating system, no early
//! data, few streams.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use systemge::certificates::{Authority, Certificate};
use systemge::config::{Endpoint, NodeConfig, TlsConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::raw::{MAGIC, hello};
use crate::support::soon;
use crate::tls::{Two, authority, client, issue, tempdir, tls};

const ALPN: &[u8] = b"systemge/1";

fn listening(scheme: &str, tls: TlsConfig) -> NodeConfig {
    let door: Endpoint = format!("{scheme}://127.0.0.1:0").parse().expect("an endpoint");
    NodeConfig::new().listen(door).tls(tls)
}

/// A client that trusts the CA and speaks these versions.
fn by_hand(ca: &Authority, versions: &[&'static rustls::SupportedProtocolVersion]) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.certificate().as_bytes()).expect("PEM")).expect("a CA");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    config
}

#[tokio::test]
async fn whoever_speaks_no_tls_13_is_refused_unless_the_node_allows_it() {
    let ca = authority();
    let own = tls(&issue(&ca, "server"), &ca);
    let mut older = own.clone();
    older.tls12 = true;
    for (tls, lets_in) in [(own, false), (older, true)] {
        let two = Two::start(listening("tls", tls), client(TlsConfig::new().ca(ca.certificate()))).await;
        let connector = TlsConnector::from(Arc::new(by_hand(&ca, &[&rustls::version::TLS12])));
        let stream = TcpStream::connect(two.server.addresses()[0]).await.expect("it listens");
        let name = ServerName::try_from("localhost").expect("a name");
        let connected = soon(connector.connect(name, stream)).await;
        assert_eq!(connected.is_ok(), lets_in, "{:?}", connected.err());
        if !lets_in {
            two.refuses(&["the peer does not speak TLS 1.3", "`tls.tls12 = true` allows 1.2"]).await;
        }
        // among themselves they speak 1.3
        two.works().await;
        two.stop().await;
    }
}

/// Says to the process that a test begins where the certificates are.
const FOLDER: &str = "SYSTEMGE_TEST_STORE";

/// The test below once more, in a process whose operating system trusts this CA.
fn where_trusted(ca: &Path, folder: &Path) -> Output {
    Command::new(std::env::current_exe().expect("the path of this binary"))
        .args(["--exact", "tls_defaults::without_a_ca_the_store_of_the_operating_system_is_trusted"])
        .env(FOLDER, folder)
        .env("SSL_CERT_FILE", ca)
        .env_remove("SSL_CERT_DIR")
        .output()
        .expect("it can be run")
}

#[tokio::test]
async fn without_a_ca_the_store_of_the_operating_system_is_trusted() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let folder = Path::new(&folder);
        let own = TlsConfig::new().certificate(folder.join("server.pem"), folder.join("server.key"));
        // the one that dials has nothing of TLS in its configuration
        let two = Two::start(listening("tls", own), NodeConfig::new()).await;
        two.works().await;
        two.stop().await;
        return;
    }
    let folder = tempdir("store");
    let (ca, other) = (authority(), authority());
    issue(&ca, "server").write(&folder, "server", false).expect("files");
    let (trusted, foreign) = (folder.join("trusted.pem"), folder.join("foreign.pem"));
    std::fs::write(&trusted, ca.certificate()).expect("a file");
    std::fs::write(&foreign, other.certificate()).expect("a file");

    let connected = where_trusted(&trusted, &folder);
    let said = String::from_utf8_lossy(&connected.stdout);
    assert!(connected.status.success() && said.contains("1 passed"), "{said}");
    let refused = where_trusted(&foreign, &folder);
    let said = String::from_utf8_lossy(&refused.stdout);
    assert!(!refused.status.success() && said.contains("no CA that this node trusts"), "{said}");
    std::fs::remove_dir_all(folder).expect("the folder is there");
}

/// A QUIC client that keeps tickets and sends early data if it is let.
fn eager(ca: &Authority) -> quinn::ClientConfig {
    let mut config = by_hand(ca, &[&rustls::version::TLS13]);
    config.enable_early_data = true;
    let crypto = QuicClientConfig::try_from(config).expect("TLS 1.3");
    quinn::ClientConfig::new(Arc::new(crypto))
}

/// Whether a client that was there before may send something before the handshake.
async fn may_send_early(config: quinn::ClientConfig, address: SocketAddr) -> bool {
    let endpoint = quinn::Endpoint::client(([127, 0, 0, 1], 0).into()).expect("a port");
    let connecting = endpoint.connect_with(config.clone(), address, "localhost").expect("an address");
    let connection = soon(connecting).await.expect("it is let in");
    let (mut sending, mut receiving) = connection.open_bi().await.expect("one stream is allowed");
    sending.write_all(&[MAGIC, &hello(1, 1, "eager")].concat()).await.expect("it is read");
    // tickets come before the first bytes
    soon(receiving.read_exact(&mut [0; 8])).await.expect("an answer");
    connection.close(0u32.into(), b"");
    endpoint.connect_with(config, address, "localhost").expect("an address").into_0rtt().is_ok()
}

/// A QUIC server that is none of ours, and takes early data.
fn careless(own: &Certificate) -> (quinn::Endpoint, tokio::task::JoinHandle<()>) {
    let chain = vec![CertificateDer::from_pem_slice(own.certificate().as_bytes()).expect("PEM")];
    let key = PrivateKeyDer::from_pem_slice(own.key().as_bytes()).expect("PEM");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("they fit");
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.max_early_data_size = u32::MAX;
    let crypto = QuicServerConfig::try_from(config).expect("TLS 1.3");
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let endpoint = quinn::Endpoint::server(config, ([127, 0, 0, 1], 0).into()).expect("a port");
    let accepting = endpoint.clone();
    let task = tokio::spawn(async move {
        let connection = accepting.accept().await.expect("somebody dials").await.expect("the handshake");
        let (mut sending, _receiving) = connection.accept_bi().await.expect("a stream");
        sending.write_all(MAGIC).await.expect("it is read");
        connection.closed().await;
    });
    (endpoint, task)
}

#[tokio::test]
async fn nobody_sends_early_data_over_quic() {
    let ca = authority();
    let own = issue(&ca, "server");
    // where it is taken, the client does
    let (endpoint, task) = careless(&own);
    assert!(may_send_early(eager(&ca), endpoint.local_addr().expect("an address")).await);
    task.abort();

    let two =
        Two::start(listening("quic", tls(&own, &ca)), client(TlsConfig::new().ca(ca.certificate()))).await;
    assert!(!may_send_early(eager(&ca), two.server.addresses()[0]).await);
    two.stop().await;
}

#[tokio::test]
async fn a_peer_opens_only_as_many_streams_over_quic_as_it_may() {
    let ca = authority();
    let own = issue(&ca, "server");
    let two =
        Two::start(listening("quic", tls(&own, &ca)), client(TlsConfig::new().ca(ca.certificate()))).await;
    let endpoint = quinn::Endpoint::client(([127, 0, 0, 1], 0).into()).expect("a port");
    let connecting =
        endpoint.connect_with(eager(&ca), two.server.addresses()[0], "localhost").expect("an address");
    let connection = soon(connecting).await.expect("it is let in");
    // a stranger has one stream, and none for large frames
    let (mut sending, mut receiving) = connection.open_bi().await.expect("one stream is allowed");
    assert!(connection.open_bi().now_or_never().is_none());
    assert!(connection.open_uni().now_or_never().is_none());
    sending.write_all(&[MAGIC, &hello(1, 1, "eager")].concat()).await.expect("it is read");
    soon(receiving.read_exact(&mut [0; 8])).await.expect("an answer");
    // once it is known, it has four of these
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(soon(connection.open_uni()).await.expect("it is allowed"));
    }
    // a fifth one is not, nor a second one that goes both ways; nothing tells that something will not come
    let patience = Duration::from_millis(200);
    assert!(tokio::time::timeout(patience, connection.open_uni()).await.is_err());
    assert!(connection.open_bi().now_or_never().is_none());
    two.works().await;
    two.stop().await;
}
