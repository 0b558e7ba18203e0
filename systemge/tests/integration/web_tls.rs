//! HTTPS and WSS, as a browser sees them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use systemge::certificates::{Authority, Certificate};
use systemge::config::{
    HttpConfig, HttpsRedirectConfig, NodeConfig, TlsConfig, WebSocketConfig, WebTlsConfig,
};
use systemge::{Node, Running};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{soon, start};

#[derive(systemge::Application, Default)]
struct Site {}

#[systemge::http]
impl Site {
    #[get("/hello")]
    async fn hello(&self) -> &'static str {
        "hello"
    }
}

#[systemge::websocket]
impl Site {
    #[topic("say")]
    async fn say(&self, _text: String) {}
}

fn any() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// A node whose web components speak TLS, with the certificate of the node.
fn secure(own: TlsConfig) -> NodeConfig {
    let (mut http, mut websocket) = (HttpConfig::default(), WebSocketConfig::default());
    (http.listen, http.tls) = (any(), Some(WebTlsConfig::default()));
    (websocket.listen, websocket.tls) = (Some(any()), Some(WebTlsConfig::default()));
    NodeConfig::new().tls(own).http(http).websocket(websocket)
}

async fn site() -> (Running, Node, Authority) {
    let ca = Authority::new("tests").expect("a CA");
    let own = ca.node("site").issue().expect("a certificate");
    let (system, node) =
        start("site", Site::default(), secure(TlsConfig::new().certificate(own.certificate(), own.key())))
            .await;
    (system, node, ca)
}

/// A client that trusts the CA and offers these protocols.
pub(crate) async fn client(
    address: SocketAddr,
    ca: &Authority,
    alpn: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.certificate().as_bytes()).expect("PEM")).expect("a CA");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

const REQUEST: &[u8] = b"GET /hello HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

async fn answer(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) -> String {
    stream.write_all(REQUEST).await.expect("it reads");
    let mut text = Vec::new();
    let _ = soon(stream.read_to_end(&mut text)).await;
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn pages_are_served_over_https() {
    let (system, node, ca) = site().await;
    let address = node.http_address().expect("it listens");
    let stream = client(address, &ca, &["http/1.1"]).await.expect("the CA is trusted");
    let text = answer(stream).await;
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("hello"), "{text}");
    // whoever speaks plain HTTP is told so
    let text = answer(TcpStream::connect(address).await.expect("it listens")).await;
    assert!(text.starts_with("HTTP/1.1 400") && text.contains("HTTPS"), "{text}");
    // and nobody is served whose CA is another one
    let other = Authority::new("other").expect("a CA");
    client(address, &other, &["http/1.1"]).await.expect_err("the CA is not trusted");
    system.stop().await;
}

/// A frame of HTTP/2: RFC 9113, section 4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// What is answered over HTTP/2: the first byte of the head, which is the status if that is a common one, and the body.
pub(crate) async fn get_over_http_2(
    address: SocketAddr,
    ca: &Authority,
    path: &str,
    host: &str,
) -> (Option<u8>, Vec<u8>) {
    let mut stream = client(address, ca, &["h2", "http/1.1"]).await.expect("the CA is trusted");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let length = |text: &str| [u8::try_from(text.len()).expect("short")];
    // :method GET, :scheme https, and literals for :path and :authority (RFC 7541, appendix A)
    let head = [b"\x82\x87\x44", &length(path)[..], path.as_bytes(), b"\x41", &length(host), host.as_bytes()];
    let all = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(4, 0, 0, &[]),
        // the end of the stream and of its head
        frame(1, 0x5, 1, &head.concat()),
    ];
    stream.write_all(&all.concat()).await.expect("it reads");
    soon(async {
        let mut status = None;
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.expect("a frame");
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let mut payload = vec![0; length];
            stream.read_exact(&mut payload).await.expect("the rest of it");
            match head[3] {
                1 => status = payload.first().copied(),
                0 if !payload.is_empty() => break (status, payload),
                _ => {}
            }
        }
    })
    .await
}

#[tokio::test]
async fn pages_are_served_over_http_2() {
    let (system, node, ca) = site().await;
    let address = node.http_address().expect("it listens");
    // indexed: `:status: 200`
    let found = get_over_http_2(address, &ca, "/hello", "localhost").await;
    assert_eq!(found, (Some(0x88), b"hello".to_vec()));
    system.stop().await;
}

#[tokio::test]
async fn browsers_open_websockets_over_tls() {
    use futures_util::SinkExt as _;
    let (system, node, ca) = site().await;
    let address = node.websocket_address().expect("it listens");
    let stream = client(address, &ca, &["http/1.1"]).await.expect("the CA is trusted");
    let opened = tokio_tungstenite::client_async("wss://localhost/ws", stream).await;
    let (mut socket, _) = opened.expect("a socket");
    socket.send(Message::text(r#"{"topic": "say", "payload": "hi"}"#)).await.expect("it is open");
    socket.close(None).await.expect("it closes");
    system.stop().await;
}

#[tokio::test]
async fn a_web_certificate_is_read_anew() {
    let folder = std::env::temp_dir().join(format!("systemge-web-tls-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let write = |ca: &Authority| {
        let own: Certificate = ca.node("site").issue().expect("a certificate");
        own.write(&folder, "site", true).expect("files");
    };
    let (old, new) = (Authority::new("old").expect("a CA"), Authority::new("new").expect("a CA"));
    write(&old);
    let mut own = TlsConfig::new().certificate(folder.join("site.pem"), folder.join("site.key"));
    own.reload = Duration::from_millis(10);
    let (system, node) = start("site", Site::default(), secure(own)).await;
    let address = node.http_address().expect("it listens");
    client(address, &old, &["http/1.1"]).await.expect("the old CA has signed");
    write(&new);
    soon(async { while client(address, &new, &["http/1.1"]).await.is_err() {} }).await;
    system.stop().await;
    std::fs::remove_dir_all(folder).expect("the folder is there");
}

/// What a plain listener answers to these bytes: the status, and where it leads.
async fn redirected(address: SocketAddr, request: &str) -> (String, Option<String>) {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut text = Vec::new();
    let _ = soon(stream.read_to_end(&mut text)).await;
    let text = String::from_utf8(text).expect("a text");
    let status = text.split(' ').nth(1).unwrap_or_default().to_owned();
    let place = text.lines().find_map(|line| line.strip_prefix("location: "));
    (status, place.map(str::to_owned))
}

#[tokio::test]
async fn a_plain_listener_leads_to_https_and_nowhere_else() {
    let ca = Authority::new("tests").expect("a CA");
    let own = ca.node("site").host("localhost").host("::1").host("www.example.org").issue();
    let own = own.expect("a certificate");
    let mut config = secure(TlsConfig::new().certificate(own.certificate(), own.key()));
    let mut redirect = HttpsRedirectConfig::default();
    redirect.listen = any();
    let http = config.http.as_mut().expect("the section");
    http.https_redirect = Some(redirect);
    http.deny = vec!["192.0.2.0/24".parse().expect("a network")];
    let (system, node) = start("site", Site::default(), config).await;
    let plain = node.https_redirect_address().expect("it listens");
    let secure = node.http_address().expect("it listens");
    assert_ne!(plain, secure);
    let ask = async |head: &str| redirected(plain, &format!("{head}\r\nconnection: close\r\n\r\n")).await;
    let port = secure.port();
    let moved = |place: &str| ("308".to_owned(), Some(place.replace("PORT", &port.to_string())));

    let found = ask("GET /hello?a=1 HTTP/1.1\r\nhost: localhost:1").await;
    assert_eq!(found, moved("https://localhost:PORT/hello?a=1"));
    // which is where the page is
    let stream = client(secure, &ca, &["http/1.1"]).await.expect("the CA is trusted");
    assert!(answer(stream).await.ends_with("hello"));
    for (host, path, place) in [
        ("LOCALHOST", "/", "https://LOCALHOST:PORT/"),
        ("[::1]:80", "/a%0d%0ab", "https://[::1]:PORT/a%0d%0ab"),
        ("www.example.org", "/hello", "https://www.example.org:PORT/hello"),
        // what looks like another host stays a path
        ("localhost", "//evil.example/", "https://localhost:PORT//evil.example/"),
        ("localhost", "/\\evil.example", "https://localhost:PORT/\\evil.example"),
        // the target names another host than the header
        ("localhost", "http://evil.example/hello", "https://localhost:PORT/hello"),
    ] {
        assert_eq!(
            ask(&format!("POST {path} HTTP/1.1\r\nhost: {host}")).await,
            moved(place),
            "{host} {path}"
        );
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "evil.example\r\nhost: localhost",
        "evil.example/localhost",
        "127.0.0.1",
        "site\u{e4}",
        "",
    ] {
        let (status, place) = ask(&format!("GET /hello HTTP/1.1\r\nhost: {host}")).await;
        assert!(status == "421" || status == "400", "{host}: {status}");
        assert_eq!(place, None, "{host}");
    }
    assert_eq!(ask("GET /hello HTTP/1.1\r\nx: y").await, ("400".to_owned(), None));
    // who may not ask may not ask here, either
    node.http().access().set(systemge::access::AccessRules::new(Some(Vec::new()), Vec::new()));
    assert_eq!(ask("GET /hello HTTP/1.1\r\nhost: localhost").await, ("403".to_owned(), None));
    system.stop().await;
    drop(std::net::TcpListener::bind(plain).expect("its port is free"));
}

#[tokio::test]
async fn a_forwarded_port_is_named_and_that_of_https_is_not() {
    let ca = Authority::new("tests").expect("a CA");
    let own = ca.node("site").issue().expect("a certificate");
    for (port, place) in [(443, "https://localhost/hello"), (8443, "https://localhost:8443/hello")] {
        let mut config = secure(TlsConfig::new().certificate(own.certificate(), own.key()));
        let mut redirect = HttpsRedirectConfig::default();
        (redirect.listen, redirect.port) = (any(), Some(port));
        config.http.as_mut().expect("the section").https_redirect = Some(redirect);
        let (system, node) = start("site", Site::default(), config).await;
        let plain = node.https_redirect_address().expect("it listens");
        let found =
            redirected(plain, "GET /hello HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
        assert_eq!(found, ("308".to_owned(), Some(place.to_owned())));
        system.stop().await;
    }
}
