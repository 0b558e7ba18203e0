//! Who gets in over TLS and who doesn't, and what both sides say.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use systemge::certificates::{Authority, Certificate};
use systemge::config::{Endpoint, NodeConfig, TlsConfig};
use systemge::prelude::*;
use systemge::{DialState, Node, Running};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::log::{Log, Reading};
use crate::support::{Caller, soon, start, until};

#[derive(systemge::Application, Default)]
pub(crate) struct Doubler {}

#[systemge::node]
impl Doubler {
    #[topic("double")]
    pub(crate) async fn double(&self, number: u32) -> u32 {
        number * 2
    }
}

pub(crate) fn authority() -> Authority {
    Authority::new("tests").expect("a CA")
}

pub(crate) fn issue(authority: &Authority, name: &str) -> Certificate {
    authority.node(name).issue().expect("a certificate")
}

/// What a node has that shows a certificate and trusts a CA.
pub(crate) fn tls(own: &Certificate, authority: &Authority) -> TlsConfig {
    TlsConfig::new().certificate(own.certificate(), own.key()).ca(authority.certificate())
}

fn door() -> Endpoint {
    "tls://127.0.0.1:0".parse().expect("an endpoint")
}

fn server(tls: TlsConfig) -> NodeConfig {
    NodeConfig::new().listen(door()).tls(tls)
}

pub(crate) fn client(tls: TlsConfig) -> NodeConfig {
    NodeConfig::new().tls(tls)
}

/// Two nodes that are not connected yet, and what they log.
pub(crate) struct Two {
    systems: [Running; 2],
    pub(crate) server: Node,
    pub(crate) client: Node,
    log: Log,
    _reading: Reading,
}

impl Two {
    pub(crate) async fn start(server: NodeConfig, client: NodeConfig) -> Self {
        let (log, reading) = Log::read();
        let (server_system, server) = start("server", Doubler::default(), server).await;
        let (client_system, client) = start("client", Caller::default(), client).await;
        Self { systems: [server_system, client_system], server, client, log, _reading: reading }
    }

    /// Connects them; says why not.
    pub(crate) async fn connect(&self) -> Result<(), String> {
        let endpoint = self.server.endpoints().pop().expect("the server listens");
        soon(self.client.connect(endpoint)).await.map(drop).map_err(|error| error.to_string())
    }

    pub(crate) async fn works(&self) {
        self.connect().await.expect("they connect");
        assert_eq!(DoublerClient::new(&self.client).double(21).await, Ok(42));
    }

    /// They don't connect: the dialling side says this, and the log of the accepting side that.
    pub(crate) async fn fails(self, dialling: &[&str], accepting: &[&str]) {
        let error = self.connect().await.expect_err("they must not connect");
        for part in dialling {
            assert!(error.contains(part), "no `{part}` in: {error}");
        }
        self.refuses(accepting).await;
        assert!(self.server.connected_from().is_empty());
        self.stop().await;
    }

    /// The accepting side has turned somebody away, and its log says why.
    pub(crate) async fn refuses(&self, parts: &[&str]) {
        // its side of it may still be under way
        until(|| self.server.counters().refused_connections > 0).await;
        let why = self.log.texts().into_iter().find(|text| text.starts_with("detail="));
        let why = why.expect("a refusal has a reason");
        for part in parts {
            assert!(why.contains(part), "no `{part}` in: {why}");
        }
    }

    pub(crate) async fn stop(self) {
        for system in self.systems {
            system.stop().await;
        }
    }
}

#[tokio::test]
async fn a_node_with_a_certificate_is_dialled_by_whoever_trusts_its_ca() {
    let ca = authority();
    let own = issue(&ca, "server");
    let two = Two::start(
        server(TlsConfig::new().certificate(own.certificate(), own.key())),
        client(TlsConfig::new().ca(ca.certificate())),
    )
    .await;
    two.works().await;
    two.stop().await;
}

#[tokio::test]
async fn a_certificate_is_trusted_by_its_fingerprint_and_no_other_one_is() {
    let ca = authority();
    let own = issue(&ca, "server");
    let shows = TlsConfig::new().certificate(own.certificate(), own.key());
    let two =
        Two::start(server(shows.clone()), client(TlsConfig::new().fingerprint(own.fingerprint()))).await;
    two.works().await;
    two.stop().await;
    let other = issue(&ca, "server").fingerprint();
    let two = Two::start(server(shows), client(TlsConfig::new().fingerprint(other))).await;
    two.fails(
        &[&own.fingerprint().to_string(), "fingerprints"],
        &["refuses this node's certificate", "not among the peer's `tls.fingerprints`"],
    )
    .await;
}

#[tokio::test]
async fn with_mutual_tls_both_show_a_certificate() {
    let ca = authority();
    let (one, other) = (issue(&ca, "server"), issue(&ca, "client"));
    let two = Two::start(server(tls(&one, &ca).mutual()), client(tls(&other, &ca).mutual())).await;
    two.works().await;
    two.stop().await;
    // by fingerprint, too
    let trusting =
        TlsConfig::new().certificate(one.certificate(), one.key()).fingerprint(other.fingerprint()).mutual();
    let two = Two::start(server(trusting), client(tls(&other, &ca))).await;
    two.works().await;
    two.stop().await;
}

#[tokio::test]
async fn with_mutual_tls_nobody_gets_in_without_a_certificate() {
    let ca = authority();
    let two = Two::start(
        server(tls(&issue(&ca, "server"), &ca).mutual()),
        client(TlsConfig::new().ca(ca.certificate())),
    )
    .await;
    two.fails(
        &["wants a certificate of this node", "tls.certificate"],
        &["the peer has shown no certificate", "the peer needs `tls.certificate` and `tls.key`"],
    )
    .await;
}

#[tokio::test]
async fn nobody_takes_another_nodes_name() {
    let ca = authority();
    let two = Two::start(
        server(tls(&issue(&ca, "server"), &ca).mutual()),
        client(tls(&issue(&ca, "mallory"), &ca)),
    )
    .await;
    let why = &["certificate is not for `client`", "mallory"];
    two.fails(why, why).await;
    // nor does one that is dialled
    let two = Two::start(
        server(tls(&issue(&ca, "mallory"), &ca)),
        client(tls(&issue(&ca, "client"), &ca).mutual()),
    )
    .await;
    let error = two.connect().await.expect_err("the server is another one");
    assert!(error.contains("certificate is not for `server`") && error.contains("mallory"), "{error}");
    // the one that was dialled had let it in, and hears why it left
    until(|| two.log.has("goodbye") && two.log.has("certificate is not for `server`")).await;
    two.stop().await;
    // unless names mean nothing here
    let mut careless = tls(&issue(&ca, "server"), &ca).mutual();
    careless.name_from_certificate = false;
    let two = Two::start(server(careless), client(tls(&issue(&ca, "mallory"), &ca))).await;
    two.works().await;
    two.stop().await;
}

#[tokio::test]
async fn a_node_that_is_proven_to_be_back_takes_its_place_at_once() {
    let ca = authority();
    let mut config = server(tls(&issue(&ca, "server"), &ca).mutual());
    // a contest would take longer than the test waits
    config.keepalive.replace_after = Duration::from_secs(60);
    config.limits.handshake_timeout = Duration::from_secs(60);
    let own = issue(&ca, "client");
    let two = Two::start(config, client(tls(&own, &ca))).await;
    two.works().await;
    let (again_system, again) = start("client", Caller::default(), client(tls(&own, &ca))).await;
    let endpoint = two.server.endpoints().pop().expect("the server listens");
    soon(again.connect(endpoint)).await.expect("it has proven its name");
    assert_eq!(DoublerClient::new(&again).double(4).await, Ok(8));
    again_system.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_ca_that_is_not_trusted_is_named_by_both_sides() {
    let (ca, other) = (authority(), authority());
    let two =
        Two::start(server(tls(&issue(&ca, "server"), &ca)), client(TlsConfig::new().ca(other.certificate())))
            .await;
    two.fails(
        &["no CA that this node trusts", "tls.ca"],
        &["refuses this node's certificate", "no CA that the peer trusts", "the peer's `tls.ca`"],
    )
    .await;
    let two = Two::start(
        server(tls(&issue(&ca, "server"), &ca).mutual()),
        client(tls(&issue(&other, "client"), &ca)),
    )
    .await;
    two.fails(
        &["refuses this node's certificate", "no CA that the peer trusts"],
        &["no CA that this node trusts has signed the peer's certificate", "tls.ca"],
    )
    .await;
}

#[tokio::test]
async fn an_expired_certificate_is_called_expired_by_both_sides() {
    let ca = authority();
    let expired =
        |name: &str| ca.node(name).expired_for(Duration::from_secs(86_400)).issue().expect("a certificate");
    let two =
        Two::start(server(tls(&expired("server"), &ca)), client(TlsConfig::new().ca(ca.certificate()))).await;
    two.fails(
        &["expired on 20", "the peer needs a new one"],
        &["refuses this node's certificate", "expired", "this node needs a new one"],
    )
    .await;
    let two =
        Two::start(server(tls(&issue(&ca, "server"), &ca).mutual()), client(tls(&expired("client"), &ca)))
            .await;
    two.fails(
        &["refuses this node's certificate", "expired"],
        &["the peer's certificate expired on 20", "the peer needs a new one"],
    )
    .await;
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_unless_that_name_is_wanted() {
    let ca = authority();
    let own = ca.node("server").host("life.example.org").issue().expect("a certificate");
    let trusting = TlsConfig::new().ca(ca.certificate());
    let two = Two::start(server(tls(&own, &ca)), client(trusting.clone())).await;
    two.fails(
        &["life.example.org", "not for 127.0.0.1", "tls.server_name"],
        &["refuses this node's certificate", "the name by which the peer dials", "tls.server_name"],
    )
    .await;
    let mut named = trusting;
    named.server_name = Some("life.example.org".to_owned());
    let two = Two::start(server(tls(&own, &ca)), client(named)).await;
    two.works().await;
    two.stop().await;
}

/// A certificate with the key of another one, as no node shows it.
fn stolen(ca: &Authority, name: &str) -> Arc<SingleCertAndKey> {
    let (certificate, other) = (issue(ca, name), issue(ca, name));
    let chain = vec![CertificateDer::from_pem_slice(certificate.certificate().as_bytes()).expect("PEM")];
    let key = PrivateKeyDer::from_pem_slice(other.key().as_bytes()).expect("PEM");
    let key = rustls::crypto::ring::sign::any_supported_type(&key).expect("a key");
    Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, key)))
}

#[tokio::test]
async fn a_certificate_without_its_key_is_worth_nothing() {
    let ca = authority();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // whoever dials with it
    let two = Two::start(
        server(tls(&issue(&ca, "server"), &ca).mutual()),
        client(TlsConfig::new().ca(ca.certificate())),
    )
    .await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.certificate().as_bytes()).expect("PEM")).expect("a CA");
    let mut config = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_client_cert_resolver(stolen(&ca, "client"));
    config.alpn_protocols = vec![b"systemge/1".to_vec()];
    let stream = TcpStream::connect(two.server.addresses()[0]).await.expect("it listens");
    let name = ServerName::try_from("localhost").expect("a name");
    let _ = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    two.refuses(&["another key than that of its certificate", "`tls.certificate` and `tls.key`"]).await;

    // whoever is dialled with it
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_cert_resolver(stolen(&ca, "server"));
    config.alpn_protocols = vec![b"systemge/1".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = Endpoint::tls(listener.local_addr().expect("an address"));
    let accept = async {
        let (stream, _) = listener.accept().await.expect("it dials");
        let _ = TlsAcceptor::from(Arc::new(config)).accept(stream).await;
    };
    let (_, connected) = soon(async { tokio::join!(accept, two.client.connect(endpoint)) }).await;
    let error = connected.expect_err("it has no key").to_string();
    assert!(error.contains("another key than that of its certificate"), "{error}");
    two.stop().await;
}

#[tokio::test]
async fn plain_tcp_on_a_tls_port_gets_to_know_what_to_dial() {
    let ca = authority();
    let two = Two::start(server(tls(&issue(&ca, "server"), &ca)), NodeConfig::new()).await;
    let endpoint = Endpoint::tcp(two.server.addresses()[0]);
    let error = soon(two.client.connect(endpoint)).await.expect_err("the port speaks TLS");
    assert!(error.to_string().contains("dial it by `tls://`"), "{error}");
    two.refuses(&["the peer speaks plain `tcp://`", "has to dial it by `tls://`"]).await;
    two.stop().await;
}

#[tokio::test]
async fn tls_on_a_plain_port_gets_to_know_that_nobody_speaks_it() {
    let plain = NodeConfig::new().listen("tcp://127.0.0.1:0".parse::<Endpoint>().expect("an endpoint"));
    let two = Two::start(plain, client(TlsConfig::new().ca(authority().certificate()))).await;
    let endpoint = Endpoint::tls(two.server.addresses()[0]);
    let error = soon(two.client.connect(endpoint)).await.expect_err("the port is plain");
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
    two.refuses(&["this looks like TLS", "both sides have to use `tls://`, or both `tcp://`"]).await;
    two.stop().await;
}

#[tokio::test]
async fn one_too_many_is_told_so_before_the_handshake() {
    let ca = authority();
    let mut config = server(tls(&issue(&ca, "server"), &ca));
    config.limits.connections = 1;
    let two = Two::start(config, client(TlsConfig::new().ca(ca.certificate()))).await;
    two.works().await;
    let (other_system, other) =
        start("other", Caller::default(), client(TlsConfig::new().ca(ca.certificate()))).await;
    let endpoint = two.server.endpoints().pop().expect("the server listens");
    let error = soon(other.connect(endpoint)).await.expect_err("there is room for one");
    assert!(error.to_string().contains("too many"), "{error}");
    other_system.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn certificates_are_read_anew_and_connections_stay() {
    let folder = tempdir("reload");
    let (ca, new_ca) = (authority(), authority());
    issue(&ca, "server").write(&folder, "server", false).expect("files");
    let mut shows = TlsConfig::new().certificate(folder.join("server.pem"), folder.join("server.key"));
    shows.reload = Duration::from_millis(10);
    let two = Two::start(server(shows), client(TlsConfig::new().ca(ca.certificate()))).await;
    two.works().await;

    issue(&new_ca, "server").write(&folder, "server", true).expect("files");
    let (new_system, new) =
        start("new", Caller::default(), client(TlsConfig::new().ca(new_ca.certificate()))).await;
    let endpoint = two.server.endpoints().pop().expect("the server listens");
    soon(async {
        while new.connect(endpoint.clone()).await.is_err() {
            // nothing tells that the node has looked at its files
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(DoublerClient::new(&new).double(2).await, Ok(4));
    // the old connection is the same as before
    assert_eq!(DoublerClient::new(&two.client).double(3).await, Ok(6));
    assert_eq!(two.server.counters().broken_connections, 0);

    // nonsense in the files changes nothing
    std::fs::write(folder.join("server.pem"), "nonsense").expect("a file");
    // nothing tells that the node has looked at them, which it does every 10 ms
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(new.disconnect(&endpoint));
    soon(new.connect(endpoint.clone())).await.expect("the last good certificate is still there");
    new_system.stop().await;
    two.stop().await;
    std::fs::remove_dir_all(folder).expect("the folder is there");
}

#[tokio::test]
async fn a_peer_that_is_away_keeps_its_reason() {
    let (ca, other) = (authority(), authority());
    let (server_system, server) =
        start("server", Doubler::default(), server(tls(&issue(&ca, "server"), &ca))).await;
    let endpoint = server.endpoints().pop().expect("the server listens");
    let config = client(TlsConfig::new().ca(other.certificate())).connect(endpoint);
    let (client_system, client) = start("client", Caller::default(), config).await;
    let reason = |node: &Node| match node.dialled().pop() {
        Some((_, DialState::Waiting(reason))) => reason,
        _ => String::new(),
    };
    until(|| reason(&client).contains("no CA that this node trusts")).await;
    client_system.stop().await;
    server_system.stop().await;
}

/// A folder of the test's own.
pub(crate) fn tempdir(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("systemge-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

/// What the start of a system with this configuration says.
pub(crate) async fn start_error(toml: &str) -> String {
    let config = systemge::config::SystemConfig::from_toml(toml, "systemge.toml");
    let system = match config {
        Ok(config) => System::from_config(config),
        Err(error) => return error.to_string(),
    };
    match system.node("server", Doubler::default()).start().await {
        Ok(_) => panic!("the node must not start"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_missing_certificate_never_means_plaintext() {
    let error = start_error("[nodes.server]\nlisten = [\"tls://127.0.0.1:0\"]\n").await;
    assert!(error.starts_with("systemge.toml:2:11: "), "{error}");
    assert!(error.contains("no certificate") && error.contains("[nodes.server.tls]"), "{error}");

    let section = "[nodes.server]\nlisten = [\"tls://127.0.0.1:0\"]\n[nodes.server.tls]\n";
    let files = "certificate = \"no-such.pem\"\nkey = \"no-such.key\"\n";
    let error = start_error(&format!("{section}{files}")).await;
    assert!(error.starts_with("systemge.toml:4:15: "), "{error}");
    assert!(error.contains("no-such.pem") && error.contains("can't be read"), "{error}");

    let error = start_error(&format!("{section}certificate = \"no-such.pem\"\n")).await;
    assert!(error.contains("the `key` that belongs to it"), "{error}");
    let error = start_error(&format!("{section}mutual = true\n{files}")).await;
    assert!(error.contains("nothing says which"), "{error}");
}

#[tokio::test]
async fn a_key_that_does_not_fit_or_is_open_to_all_is_refused() {
    let folder = tempdir("keys");
    let ca = authority();
    issue(&ca, "server").write(&folder, "server", false).expect("files");
    issue(&ca, "other").write(&folder, "other", false).expect("files");
    let config = |key: &str| {
        format!(
            "[nodes.server]\nlisten = [\"tls://127.0.0.1:0\"]\n[nodes.server.tls]\ncertificate = '{0}/server.pem'\n\
             key = '{0}/{key}.key'\n",
            folder.display()
        )
    };
    let error = start_error(&config("other")).await;
    assert!(
        error.starts_with("systemge.toml:5:7: ") && error.contains("not the key of `certificate`"),
        "{error}"
    );
    let error = start_error(&config("server").replace("server.pem", "server.key")).await;
    assert!(error.contains("`certificate` has no certificate in it"), "{error}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let key = folder.join("server.key");
        assert_eq!(std::fs::metadata(&key).expect("a key").permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
        let error = start_error(&config("server")).await;
        assert!(error.contains("everyone on this machine") && error.contains("chmod 600"), "{error}");
    }
    std::fs::remove_dir_all(folder).expect("the folder is there");
}
