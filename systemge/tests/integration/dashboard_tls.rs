//! The dashboard over HTTPS, where others may reach it, and what it shows of its nodes' certificates.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use systemge::certificates::Authority;
use systemge::config::{DashboardConfig, Endpoint, NodeConfig, TlsConfig, WebTlsConfig};
use systemge::{Running, System, SystemError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Caller, soon, until};
use crate::tls::{Doubler, authority, client, issue, start_error, tls};
use crate::web_tls::{client as browser, get_over_http_2};

const TOKEN: &str = "0123456789abcdef";

/// A dashboard that others reach, as far as it knows; the address is that of loopback.
async fn exposed(change: impl FnOnce(&mut DashboardConfig)) -> (Running, SocketAddr, Authority) {
    let ca = authority();
    let own = issue(&ca, "dashboard");
    let mut config = DashboardConfig::default();
    config.listen = ([0, 0, 0, 0], 0).into();
    let mut secure = WebTlsConfig::default();
    (secure.certificate, secure.key) = (Some(own.certificate().into()), Some(own.key().into()));
    config.tls = Some(secure);
    change(&mut config);
    let system = System::new().node_with("doubler", Doubler::default(), NodeConfig::new());
    let system = system.dashboard_with(config).start().await.expect("it starts");
    let port = system.dashboard_address().expect("it has a dashboard").port();
    (system, ([127, 0, 0, 1], port).into(), ca)
}

/// What is answered to a request, over TLS.
async fn ask(
    address: SocketAddr,
    ca: &Authority,
    line: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> String {
    let mut stream = browser(address, ca, &["http/1.1"]).await.expect("its CA is trusted");
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("{line} HTTP/1.1\r\nconnection: close\r\nhost: {address}\r\n{headers}");
    let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = Vec::new();
    let _ = soon(stream.read_to_end(&mut answer)).await;
    String::from_utf8(answer).expect("a text")
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

const WRITE: [(&str, &str); 2] = [("content-type", "application/json"), ("x-systemge-dashboard", "1")];

#[tokio::test]
async fn beyond_loopback_nobody_gets_anything_without_tls_and_token() {
    let (system, address, ca) = exposed(|config| config.token = Some(TOKEN.into())).await;
    // whoever speaks plain HTTP is told so, whatever else it says
    let mut plain = TcpStream::connect(address).await.expect("it listens");
    let request = format!(
        "GET /api/fleet HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\r\n"
    );
    plain.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    let _ = soon(plain.read_to_string(&mut answer)).await;
    assert!(status(&answer) == "400" && answer.contains("HTTPS") && !answer.contains("doubler"), "{answer}");
    // another CA's certificate is not the dashboard's
    browser(address, &authority(), &["http/1.1"]).await.expect_err("the CA is not trusted");

    let fleet = "GET /api/fleet";
    assert_eq!(status(&ask(address, &ca, fleet, &[], "").await), "401");
    for wrong in ["Bearer 0123456789abcdeg", "Bearer ", "Basic MDEyMzQ1Njc4OWFiY2RlZg==", TOKEN] {
        assert_eq!(
            status(&ask(address, &ca, fleet, &[("authorization", wrong)], "").await),
            "401",
            "{wrong}"
        );
    }
    let restart = "POST /api/nodes/doubler/restart";
    assert_eq!(status(&ask(address, &ca, restart, &WRITE, "{}").await), "401");
    let bearer = format!("Bearer {TOKEN}");
    let answer = ask(address, &ca, fleet, &[("authorization", &bearer)], "").await;
    assert!(status(&answer) == "200" && answer.contains("doubler"), "{answer}");

    // the session's cookie never travels in plain, and a page that came in plain is another origin's
    let login = json!({ "token": TOKEN }).to_string();
    let answer = ask(address, &ca, "POST /api/session", &WRITE, &login).await;
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
    for part in ["; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let session = cookie.split(';').next().expect("a value");
    let asked = |origin: &str| {
        let (ca, origin, session) = (&ca, origin.to_owned(), session.to_owned());
        async move { ask(address, ca, fleet, &[("cookie", &session), ("origin", &origin)], "").await }
    };
    assert_eq!(status(&asked(&format!("https://{address}")).await), "200");
    for origin in [format!("http://{address}"), "https://evil.example".to_owned(), "null".to_owned()] {
        assert_eq!(status(&asked(&origin).await), "403", "{origin}");
    }
    // browsers speak HTTP/2 with it, under the same rules
    let found = get_over_http_2(address, &ca, "/health/live", &address.to_string()).await;
    assert_eq!(found.0, Some(0x88), "200: {found:?}");
    let found = get_over_http_2(address, &ca, "/health/live", "evil.example").await;
    assert_ne!(found.0, Some(0x88), "{found:?}");
    system.stop().await;
}

#[tokio::test]
async fn beyond_loopback_a_token_is_made_where_none_is_configured() {
    let (system, address, ca) = exposed(|_| ()).await;
    assert_eq!(status(&ask(address, &ca, "GET /api/fleet", &[], "").await), "401");
    let answer = ask(address, &ca, "GET /api/session", &[("authorization", "Bearer")], "").await;
    assert_eq!(status(&answer), "401");
    system.stop().await;
}

#[tokio::test]
async fn a_dashboard_without_a_usable_certificate_does_not_start() {
    let mut config = DashboardConfig::default();
    config.listen = ([0, 0, 0, 0], 0).into();
    config.token = Some(TOKEN.into());
    let start = async |config: DashboardConfig| {
        let system = System::new().node_with("doubler", Doubler::default(), NodeConfig::new());
        match system.dashboard_with(config).start().await {
            Ok(_) => panic!("it must not start"),
            Err(SystemError::Dashboard(error)) => {
                let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                format!("{error}: {source}")
            }
            Err(other) => other.to_string(),
        }
    };
    let error = start(config.clone()).await;
    assert!(error.contains("without TLS") && error.contains("[dashboard.tls]"), "{error}");
    let mut secure = WebTlsConfig::default();
    (secure.certificate, secure.key) = (Some("no-such.pem".into()), Some("no-such.key".into()));
    config.tls = Some(secure);
    let error = start(config).await;
    assert!(error.contains("[dashboard.tls]") && error.contains("`no-such.pem`"), "{error}");

    let nodes = "[nodes.server]\n";
    let error = start_error(&format!("[dashboard]\ntls = {{}}\n{nodes}")).await;
    assert!(error.starts_with("systemge.toml:2:1: ") && error.contains("no certificate to show"), "{error}");
    let error = start_error(&format!("[dashboard.tls]\ncertificate = \"a.pem\"\n{nodes}")).await;
    assert!(error.starts_with("systemge.toml:2:15: ") && error.contains("the `key`"), "{error}");
}

#[tokio::test]
async fn peers_are_shown_with_their_certificates() {
    let ca = authority();
    let (one, other) = (issue(&ca, "server"), issue(&ca, "client"));
    let listen = |scheme: &str| format!("{scheme}://127.0.0.1:0").parse::<Endpoint>().expect("an endpoint");
    let config = NodeConfig::new().listen(listen("tls")).listen(listen("tcp")).tls(tls(&one, &ca).mutual());
    let mut dashboard = DashboardConfig::default();
    dashboard.listen = ([127, 0, 0, 1], 0).into();
    let system = System::new()
        .node_with("server", Doubler::default(), config)
        .node_with("client", Caller::default(), client(tls(&other, &ca).mutual()))
        .node_with("plain", Caller::default(), client(TlsConfig::new()))
        .dashboard_with(dashboard)
        .start()
        .await
        .expect("it starts");
    let [server, client, plain] = ["server", "client", "plain"].map(|name| system.node(name).expect(name));
    let [secure, bare] = server.endpoints().try_into().expect("two listeners");
    soon(client.connect(secure)).await.expect("it is trusted");
    soon(plain.connect(bare)).await.expect("nobody asks there");
    until(|| server.connected_from().len() == 2).await;

    let address = system.dashboard_address().expect("it has a dashboard");
    let peers = async |node: &str| {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let request =
            format!("GET /api/nodes/{node} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        soon(stream.read_to_string(&mut answer)).await.expect("an answer");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        let detail: Value = serde_json::from_str(body).expect("JSON");
        detail["peers"].as_array().expect("a list").clone()
    };
    let of_server = peers("server").await;
    let peer = |name: &str| of_server.iter().find(|peer| peer["name"] == name).expect(name);
    assert_eq!((&peer("client")["transport"], &peer("plain")["transport"]), (&json!("tls"), &json!("tcp")));
    assert!(peer("plain").get("certificate").is_none());
    let shown = &peer("client")["certificate"];
    assert_eq!(shown["fingerprint"], json!(other.fingerprint().to_string()));
    assert!(shown["names"].as_array().expect("a list").contains(&json!("client")), "{shown}");
    // a year, give or take a clock that is off
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is past 1970");
    let left = Duration::from_millis(shown["expires"].as_u64().expect("a time")).saturating_sub(now);
    let year = Duration::from_secs(365 * 86_400);
    assert!(left > year - Duration::from_secs(7200) && left < year + Duration::from_secs(7200), "{left:?}");
    // the dialling side knows whom it dialled
    let of_client = peers("client").await;
    assert_eq!(of_client[0]["certificate"]["fingerprint"], json!(one.fingerprint().to_string()));
    system.stop().await;
}
