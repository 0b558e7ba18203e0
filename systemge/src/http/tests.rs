//! The HTTP component over real sockets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::*;
use crate::application::{Application, Components, State};
use crate::config::HttpConfig;
use crate::web::testing::{Answer, Running, exchange, request};
use crate::web::{WebConfig, WebParts};

#[derive(Default)]
struct Probe {
    /// A handler of `/wait` has begun.
    waiting: Arc<Notify>,
    /// Lets it go on.
    go_on: Arc<Notify>,
}

impl Application for Probe {
    fn __components() -> Components<Self> {
        Components::new()
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Cell {
    row: u32,
    alive: bool,
}

#[derive(Deserialize)]
struct Page {
    number: u32,
}

fn routes(probe: Probe) -> Routes {
    let (waiting, go_on) = (probe.waiting.clone(), probe.go_on.clone());
    let mut table = RouteTable::new(Arc::new(State::new(probe, false)));
    table.route("GET", "/cell/{row}/{name}", |_, mut request| async move {
        let row = request.parameter::<u32>("row")?;
        let name = request.parameter::<String>("name")?;
        format!("{row} {name}").respond()
    });
    table.route("POST", "/cell", |_, mut request| async move {
        let Json(mut cell) = Json::<Cell>::from_request(&mut request).await?;
        cell.row += 1;
        (StatusCode::CREATED, Json(cell)).respond()
    });
    table.route("GET", "/page", |_, mut request| async move {
        let page = Query::<Page>::from_request(&mut request).await?;
        let agent = Headers::from_request(&mut request).await?;
        let remote = Remote::from_request(&mut request).await?;
        assert!(remote.ip().is_loopback());
        Html(format!("{} {}", page.number, agent.text("x-agent").unwrap_or("nobody"))).respond()
    });
    table.route("PUT", "/text", |_, mut request| async move {
        String::from_request(&mut request).await?.respond()
    });
    table.route("PUT", "/bytes", |_, mut request| async move {
        Body::from_request(&mut request).await?.len().to_string().respond()
    });
    table.route("DELETE", "/nothing", |_, _| async { ().respond() });
    table.route("GET", "/maybe", |_, _| async { None::<String>.respond() });
    table.route("GET", "/conflict", |_, _| async {
        let failed = || -> crate::Result<()> { Err(HttpError::conflict("taken"))? };
        failed().respond()
    });
    table.route("GET", "/secret", |_, _| async {
        Err::<(), _>(crate::Error::message("the password is 1234")).respond()
    });
    table.route("GET", "/panic", |_, _| async { panic!("the password is 1234") });
    table.route("GET", "/wait", move |_, _| {
        let (waiting, go_on) = (waiting.clone(), go_on.clone());
        async move {
            waiting.notify_one();
            go_on.notified().await;
            "done".respond()
        }
    });
    table.finish()
}

fn config() -> HttpConfig {
    HttpConfig { listen: SocketAddr::from(([127, 0, 0, 1], 0)), body_bytes: 1000, ..HttpConfig::default() }
}

async fn start_with(config: &HttpConfig, probe: Probe, folder: Option<&Path>) -> (Running, SocketAddr) {
    let web = WebConfig { http: Some(config), websocket: None, folder };
    let parts = WebParts { routes: Some(routes(probe)), ..WebParts::default() };
    let running = Running::start(web, parts).await;
    let address = running.addresses.http.unwrap();
    (running, address)
}

async fn start() -> (Running, SocketAddr) {
    start_with(&config(), Probe::default(), None).await
}

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn a_handler_gets_what_it_asks_for_and_its_value_is_the_response() {
    let (_running, address) = start().await;
    let answer = request(address, "GET /cell/7/a%20b%2Fc", "", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "7 a b/c"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let answer = request(address, "POST /cell", JSON, r#"{"row":1,"alive":true}"#).await;
    assert_eq!((answer.status, answer.body.as_str()), (201, r#"{"row":2,"alive":true}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let answer = request(address, "GET /page?number=3", "x-agent: me\r\n", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "3 me"));
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(request(address, "PUT /text", "", "grüße").await.body, "grüße");
    let answer = request(address, "DELETE /nothing", "", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
}

#[tokio::test]
async fn head_is_answered_like_get_without_the_body() {
    let (_running, address) = start().await;
    let answer = request(address, "HEAD /cell/7/a", "", "").await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("content-length")), (200, "", Some("3")));
}

#[tokio::test]
async fn what_goes_wrong_is_a_problem_with_its_status() {
    let (_running, address) = start().await;
    let check = async |line: &str, more: &str, body: &str, expected: u16, detail: &str| {
        let answer = request(address, line, more, body).await;
        assert_eq!(answer.status, expected, "{line}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{line}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{line}");
        let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(problem["status"], expected, "{line}");
        assert_eq!(problem["detail"].as_str().unwrap_or_default(), detail, "{line}");
    };
    check("GET /", "", "", 404, "nothing is served under this path").await;
    check("GET /maybe", "", "", 404, "there is no such thing").await;
    check("GET /cell/x/a", "", "", 400, "`x` is not a valid `row`").await;
    check("GET /cell/%FF/a", "", "", 400, "the path is not UTF-8 in percent-encoding").await;
    check("POST /cell/1/a", "", "", 405, "this path has no `POST`, only HEAD, GET").await;
    check("GET /page?number=x", "", "", 400, "the query does not decode: invalid digit found in string")
        .await;
    check("GET /page", "", "", 400, "the query does not decode: missing field `number`").await;
    let detail = "the body must be JSON, with the header `content-type: application/json`";
    check("POST /cell", "content-type: text/plain\r\n", "{}", 415, detail).await;
    check("POST /cell", "", "{}", 415, detail).await;
    let detail =
        "the body does not decode: row: invalid type: boolean `true`, expected u32 at line 1 column 11";
    check("POST /cell", JSON, r#"{"row":true}"#, 400, detail).await;
    check("PUT /bytes", "", &"a".repeat(1001), 413, "the body of a request may have 1000 bytes").await;
    check("GET /conflict", "", "", 409, "taken").await;
    check("GET /secret", "", "", 500, "").await;
    check("GET /panic", "", "", 500, "").await;
    assert_eq!(request(address, "PUT /bytes", "", &"a".repeat(1000)).await.body, "1000");
}

#[tokio::test]
async fn a_405_names_the_methods_that_there_are() {
    let (_running, address) = start().await;
    assert_eq!(request(address, "GET /cell", "", "").await.header("allow"), Some("POST"));
    assert_eq!(request(address, "PATCH /page", "", "").await.header("allow"), Some("HEAD, GET"));
}

#[tokio::test]
async fn a_body_without_a_length_is_limited_too() {
    let (_running, address) = start().await;
    let head = "PUT /bytes HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("1f4\r\n{}\r\n", "a".repeat(500));
    let answer = exchange(address, format!("{head}{}0\r\n\r\n", chunk.repeat(2))).await;
    assert!(answer.ends_with("1000"), "{answer}");
    let answer = exchange(address, format!("{head}{}0\r\n\r\n", chunk.repeat(3))).await;
    assert_eq!(Answer::parse(&answer).status, 413);
    let answer = exchange(address, format!("{head}zz\r\n")).await;
    assert_eq!(Answer::parse(&answer).status, 400);
}

#[tokio::test]
async fn requests_that_name_no_path_are_answered() {
    let (_running, address) = start().await;
    assert_eq!(request(address, "OPTIONS *", "", "").await.status, 404);
    assert_eq!(request(address, "CONNECT example.org:80", "", "").await.status, 400);
    assert_eq!(request(address, "GET example.org:80", "", "").await.status, 400);
    assert_eq!(request(address, "GET http://example.org/cell/1/a", "", "").await.status, 200);
    assert!(exchange(address, "nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn a_client_that_does_not_send_its_head_is_dropped() {
    let config = HttpConfig { header_timeout: Duration::from_millis(100), ..config() };
    let (_running, address) = start_with(&config, Probe::default(), None).await;
    // all of them end, which is what is to be shown
    exchange(address, "").await;
    exchange(address, "GET / HTTP/1.1\r\nhost: a\r\n").await;
    let answer = exchange(address, "DELETE /nothing HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
}

#[tokio::test]
async fn a_body_that_takes_too_long_is_a_408_and_a_handler_that_does_a_503() {
    let config = HttpConfig { request_timeout: Duration::from_millis(100), ..config() };
    let (_running, address) = start_with(&config, Probe::default(), None).await;
    let answer = exchange(address, "PUT /bytes HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n1234").await;
    assert_eq!(Answer::parse(&answer).status, 408);
    assert_eq!(request(address, "GET /wait", "", "").await.status, 503);
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_for_its_turn() {
    let config = HttpConfig { connections: 1, ..config() };
    let (_running, address) = start_with(&config, Probe::default(), None).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(b"DELETE /nothing HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut byte = [0];
    first.read_exact(&mut byte).await.unwrap();
    let mut second = tokio::spawn(async move { request(address, "DELETE /nothing", "", "").await });
    let early = tokio::time::timeout(Duration::from_millis(50), &mut second).await;
    assert!(early.is_err(), "the first connection is still open");
    drop(first);
    assert_eq!(second.await.unwrap().status, 204);
}

#[tokio::test]
async fn a_stop_finishes_requests_in_flight_and_closes_all_else() {
    let probe = Probe::default();
    let (waiting, go_on) = (probe.waiting.clone(), probe.go_on.clone());
    let (running, address) = start_with(&config(), probe, None).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"DELETE /nothing HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut byte = [0];
    idle.read_exact(&mut byte).await.unwrap();
    let busy = tokio::spawn(exchange(address, "GET /wait HTTP/1.1\r\nhost: a\r\n\r\n"));
    waiting.notified().await;
    running.stop.cancel();
    assert_eq!(silent.read(&mut byte).await.unwrap(), 0);
    let mut rest = String::new();
    idle.read_to_string(&mut rest).await.unwrap();
    go_on.notify_one();
    let answer = busy.await.unwrap();
    assert!(answer.ends_with("done"), "{answer}");
    running.tracker.wait().await;
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_kill_drops_requests_in_flight() {
    let probe = Probe::default();
    let waiting = probe.waiting.clone();
    let (running, address) = start_with(&config(), probe, None).await;
    let busy = tokio::spawn(exchange(address, "GET /wait HTTP/1.1\r\nhost: a\r\n\r\n"));
    waiting.notified().await;
    running.kill.cancel();
    running.tracker.wait().await;
    assert_eq!(busy.await.unwrap(), "");
}

/// A folder that is removed in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("systemge-{name}-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("public/docs")).unwrap();
        Self(folder)
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.0.join(path), text).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // what can't be removed is left to the system, which clears its temporary folder
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn folders(scratch: &Scratch, all: &[(&str, &str)]) -> (Running, SocketAddr) {
    let folders = all.iter().map(|(prefix, folder)| ((*prefix).to_owned(), PathBuf::from(folder)));
    let config = HttpConfig { folders: folders.collect(), ..config() };
    start_with(&config, Probe::default(), Some(&scratch.0)).await
}

#[tokio::test]
async fn a_folder_is_served_below_its_prefix() {
    let scratch = Scratch::new("served");
    scratch.write("public/index.html", "<h1>root</h1>");
    scratch.write("public/docs/index.html", "<h1>docs</h1>");
    scratch.write("public/app.js", "let a;");
    let (_running, address) = folders(&scratch, &[("/", "public"), ("/a/b", "public/docs")]).await;
    let check = async |path: &str, content_type: &str, body: &str| {
        let answer = request(address, &format!("GET {path}"), "", "").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body), "{path}");
        assert_eq!(answer.header("content-type"), Some(content_type), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    };
    check("/", "text/html", "<h1>root</h1>").await;
    check("/index.html", "text/html", "<h1>root</h1>").await;
    check("/app.js", "text/javascript", "let a;").await;
    check("/docs/", "text/html", "<h1>docs</h1>").await;
    check("/a/b/", "text/html", "<h1>docs</h1>").await;
    check("/a/b/index.html", "text/html", "<h1>docs</h1>").await;
    let answer = request(address, "GET /docs", "", "").await;
    assert_eq!((answer.status, answer.header("location")), (301, Some("/docs/")));
    let answer = request(address, "GET /a/b", "", "").await;
    assert_eq!((answer.status, answer.header("location")), (301, Some("/a/b/")));
    let answer = request(address, "HEAD /app.js", "", "").await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("content-length")), (200, "", Some("6")));
    let answer = request(address, "POST /app.js", "", "").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(request(address, "GET /missing", "", "").await.status, 404);
    assert_eq!(request(address, "GET /cell/7/a", "", "").await.body, "7 a", "routes go before folders");
}

#[tokio::test]
async fn a_file_that_the_client_has_is_not_sent_again() {
    let scratch = Scratch::new("conditional");
    scratch.write("public/a.txt", "0123456789");
    let (_running, address) = folders(&scratch, &[("/", "public")]).await;
    let get = async |more: &str| request(address, "GET /a.txt", more, "").await;
    let first = get("").await;
    let tag = first.header("etag").unwrap();
    let modified = first.header("last-modified").unwrap();
    let answer = get(&format!("if-none-match: {tag}\r\n")).await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("etag")), (304, "", Some(tag)));
    assert_eq!(get(&format!("if-none-match: \"x\", W/{tag}\r\n")).await.status, 304);
    assert_eq!(get(&format!("if-modified-since: {modified}\r\n")).await.status, 304);
    let both = format!("if-none-match: \"x\"\r\nif-modified-since: {modified}\r\n");
    assert_eq!(get(&both).await.status, 200, "the tag decides");
    let answer = get("range: bytes=2-4\r\n").await;
    assert_eq!((answer.status, answer.body.as_str()), (206, "234"));
    assert_eq!(get("range: bytes=20-\r\n").await.status, 416);
    scratch.write("public/a.txt", "changed");
    assert_eq!(get(&format!("if-none-match: {tag}\r\n")).await.body, "changed");
}

#[tokio::test]
async fn nothing_outside_of_a_folder_and_nothing_hidden_is_served() {
    let scratch = Scratch::new("traversal");
    scratch.write("secret.txt", "secret");
    scratch.write("public/.env", "secret");
    scratch.write("public/index.html", "index");
    std::fs::create_dir_all(scratch.0.join("public/.git")).unwrap();
    scratch.write("public/.git/config", "secret");
    #[cfg(unix)]
    std::os::unix::fs::symlink("../secret.txt", scratch.0.join("public/link.txt")).unwrap();
    let (_running, address) = folders(&scratch, &[("/", "public"), ("/x", "public/docs")]).await;
    for path in [
        "/../secret.txt",
        "/docs/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "/x/../index.html",
        "/x/..%2findex.html",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/link.txt",
        "/link.txt/",
        "/index.html/",
        "/index.html%00",
        "/docs",
        "/docs/",
        "//",
    ] {
        let answer = request(address, &format!("GET {path}"), "", "").await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn what_cannot_be_served_is_said_before_anything_starts() {
    let scratch = Scratch::new("mistakes");
    scratch.write("public/file", "");
    let check = async |config: &HttpConfig, expected: &str| {
        let web = WebConfig { http: Some(config), websocket: None, folder: Some(&scratch.0) };
        let error = crate::web::bind(web, WebParts::default()).await.err().unwrap();
        assert_eq!(error.to_string().replace(&scratch.0.display().to_string(), "BASE"), expected);
    };
    let folders = |prefix: &str, folder: &str| HttpConfig {
        folders: BTreeMap::from([(prefix.to_owned(), folder.into())]),
        ..config()
    };
    check(&folders("/", "missing"), "cannot serve the folder `BASE/missing` at `/`").await;
    check(&folders("/", "public/file"), "cannot serve the folder `BASE/public/file` at `/`").await;
    let expected = "a folder cannot be served at `a`; a URL prefix starts with `/` and has plain segments";
    check(&folders("a", "public"), expected).await;
    let (_running, address) = start().await;
    let taken = HttpConfig { listen: address, ..config() };
    check(&taken, &format!("cannot listen for HTTP on {address}")).await;
    let zero = HttpConfig { connections: 0, ..config() };
    check(&zero, "`http.connections` is 0, so that nobody could ever connect").await;
    let parts = WebParts { routes: Some(routes(Probe::default())), ..WebParts::default() };
    let error = crate::web::bind(WebConfig::default(), parts).await.err().unwrap();
    assert!(matches!(error, WebError::HttpNotConfigured));
}
