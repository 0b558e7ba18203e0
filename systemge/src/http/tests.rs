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

fn declared(probe: Probe) -> Declared {
    let (waiting, go_on) = (probe.waiting.clone(), probe.go_on.clone());
    let mut table = RouteTable::new(Arc::new(State::new(probe, false)));
    table.route(Route::get("/cell/{row}/{name}"), |_, request| async move {
        let row = request.parameter::<u32>("row")?;
        let name = request.parameter::<String>("name")?;
        format!("{row} {name}").respond()
    });
    table.route(Route::post("/cell"), |_, mut request| async move {
        let Json(mut cell) = Json::<Cell>::from_request(&mut request).await?;
        cell.row += 1;
        (StatusCode::CREATED, Json(cell)).respond()
    });
    table.route(Route::get("/page"), |_, mut request| async move {
        let page = Query::<Page>::from_request(&mut request).await?;
        let agent = Headers::from_request(&mut request).await?;
        let remote = Remote::from_request(&mut request).await?;
        assert!(remote.ip().is_loopback());
        Html(format!("{} {}", page.number, agent.text("x-agent").unwrap_or("nobody"))).respond()
    });
    table.route(Route::put("/text"), |_, mut request| async move {
        String::from_request(&mut request).await?.respond()
    });
    table.route(Route::put("/bytes"), |_, mut request| async move {
        Body::from_request(&mut request).await?.len().to_string().respond()
    });
    table.route(Route::delete("/nothing"), |_, _| async { ().respond() });
    table.route(Route::get("/maybe"), |_, _| async { None::<String>.respond() });
    table.route(Route::get("/conflict"), |_, _| async {
        let failed = || -> crate::Result<()> { Err(HttpError::conflict("taken"))? };
        failed().respond()
    });
    table.route(Route::get("/secret"), |_, _| async {
        Err::<(), _>(crate::Error::message("the password is 1234")).respond()
    });
    table.route(Route::get("/panic"), |_, _| async { panic!("the password is 1234") });
    table.route(Route::get("/wait"), move |_, _| {
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
    let web = WebConfig { http: Some(config), folder, ..WebConfig::default() };
    let http = Http::new(declared(probe));
    start_http(web, http).await
}

async fn start_http(web: WebConfig<'_>, http: Http) -> (Running, SocketAddr) {
    let running = Running::start(web, WebParts { http, has_http: true, ..WebParts::default() }).await;
    let address = running.addresses.http.unwrap();
    (running, address)
}

/// A component without routes, and its handle.
async fn start_empty() -> (Running, SocketAddr, Http) {
    let http = Http::default();
    let config = config();
    let web = WebConfig { http: Some(&config), ..WebConfig::default() };
    let (running, address) = start_http(web, http.clone()).await;
    (running, address, http)
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
        assert_eq!(problem["type"], "about:blank", "{line}");
        let path = line.split(' ').next_back().unwrap();
        assert_eq!(problem["instance"], path.split('?').next().unwrap(), "{line}");
        assert_eq!(problem["detail"].as_str().unwrap_or_default(), detail, "{line}");
    };
    check("GET /", "", "", 404, "nothing is served under this path").await;
    check("GET /maybe", "", "", 404, "there is no such thing").await;
    check("GET /cell/x/a", "", "", 400, "`row` is `x`, which is no u32").await;
    check("GET /cell/%FF/a", "", "", 400, "the path is not UTF-8 in percent-encoding").await;
    check("POST /cell/1/a", "", "", 405, "this path has no `POST`, only HEAD, GET, OPTIONS").await;
    check(
        "GET /page?number=x",
        "",
        "",
        400,
        "the query does not decode: number: invalid digit found in string",
    )
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
    assert_eq!(request(address, "GET /cell", "", "").await.header("allow"), Some("POST, OPTIONS"));
    assert_eq!(request(address, "PATCH /page", "", "").await.header("allow"), Some("HEAD, GET, OPTIONS"));
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
        let web = WebConfig { http: Some(config), folder: Some(&scratch.0), ..WebConfig::default() };
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
    let parts = WebParts { has_http: true, ..WebParts::default() };
    let error = crate::web::bind(WebConfig::default(), parts).await.err().unwrap();
    assert!(matches!(error, WebError::HttpNotConfigured));
}

#[tokio::test]
async fn a_problem_names_the_parameter_and_what_was_expected() {
    let (_running, address) = start().await;
    let check = async |line: &str, more: &str, body: &str, place: &str, parameter: &str| {
        let problem: serde_json::Value =
            serde_json::from_str(&request(address, line, more, body).await.body).unwrap();
        assert_eq!((problem["in"].as_str(), problem["parameter"].as_str()), (Some(place), Some(parameter)));
        problem
    };
    let problem = check("GET /cell/x/a", "", "", "path", "row").await;
    assert_eq!(problem["expected"], "u32");
    check("GET /page?number=x", "", "", "query", "number").await;
    check("POST /cell", JSON, r#"{"row":true}"#, "body", "row").await;
}

#[tokio::test]
async fn every_path_answers_options() {
    let (_running, address) = start().await;
    let answer = request(address, "OPTIONS /cell/1/a", "", "").await;
    assert_eq!((answer.status, answer.header("allow")), (204, Some("HEAD, GET, OPTIONS")));
    assert_eq!(request(address, "OPTIONS /nowhere", "", "").await.status, 404);
}

#[tokio::test]
async fn routes_come_and_go_while_the_component_serves() {
    let (_running, address, http) = start_empty().await;
    assert_eq!(request(address, "GET /rooms/7", "", "").await.status, 404);
    let greet = |request: HttpRequest| async move {
        let room: u32 = request.parameter("room")?;
        Ok::<_, HttpError>(format!("room {room}"))
    };
    http.add(Route::get("/rooms/{room}"), greet).unwrap();
    assert!(matches!(http.add(Route::get("/rooms/{other}"), greet), Err(RouteError::Taken { .. })));
    assert!(matches!(http.add(Route::get("rooms"), greet), Err(RouteError::Path { .. })));
    assert_eq!(request(address, "GET /rooms/7", "", "").await.body, "room 7");
    assert_eq!(request(address, "GET /rooms/x", "", "").await.status, 400);
    assert!(http.redirect("/old", Redirect::permanent("/rooms/1")));
    assert!(http.redirect("/old", Redirect::temporary("/rooms/2")), "the second goes before the first");
    let answer = request(address, "GET /old", "", "").await;
    assert_eq!((answer.status, answer.header("location")), (307, Some("/rooms/2")));
    let routes = http.routes();
    let paths: Vec<_> = routes.iter().map(|route| route.path.as_str()).collect();
    assert_eq!(paths, ["/old", "/rooms/{room}"]);
    assert_eq!((routes[1].answered.success, routes[1].answered.client_error), (1, 1));
    assert_eq!((routes[0].answered.redirection, routes[0].answered.total()), (1, 1));
    assert_eq!(http.counters().unmatched.client_error, 1);
    assert!(http.remove(&Method::GET, "/rooms/{room}") && !http.remove(&Method::GET, "/rooms/{room}"));
    assert_eq!(request(address, "GET /rooms/7", "", "").await.status, 404);
}

#[tokio::test]
async fn a_route_has_limits_of_its_own() {
    let (_running, address, http) = start_empty().await;
    let size = |mut request: HttpRequest| async move {
        let body = request.take::<Body>().await?;
        Ok::<_, HttpError>(body.len().to_string())
    };
    http.add(Route::post("/small").body(10), size).unwrap();
    http.add(Route::post("/large").body(5000), size).unwrap();
    http.add(Route::get("/seldom").rate(2, Duration::from_secs(3600)), |_| async { "here" }).unwrap();
    let (waiting, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, wait) = (waiting.clone(), go_on.clone());
    let alone = move |_| {
        let (told, wait) = (told.clone(), wait.clone());
        async move {
            told.notify_one();
            wait.notified().await;
        }
    };
    http.add(Route::get("/alone").concurrency(1), alone).unwrap();
    let pending = |_| std::future::pending::<()>();
    http.add(Route::get("/late").timeout(Duration::from_millis(20)), pending).unwrap();

    assert_eq!(request(address, "POST /small", "", &"a".repeat(10)).await.body, "10");
    assert_eq!(request(address, "POST /small", "", &"a".repeat(11)).await.status, 413);
    assert_eq!(request(address, "POST /large", "", &"a".repeat(4000)).await.body, "4000");
    assert_eq!(request(address, "GET /seldom", "", "").await.status, 200);
    assert_eq!(request(address, "GET /seldom", "", "").await.status, 200);
    let answer = request(address, "GET /seldom", "", "").await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1800")));
    assert_eq!(request(address, "GET /late", "", "").await.status, 503);
    let first = tokio::spawn(async move { request(address, "GET /alone", "", "").await });
    waiting.notified().await;
    let answer = request(address, "GET /alone", "", "").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    go_on.notify_one();
    assert_eq!(first.await.unwrap().status, 204);
}

#[tokio::test]
async fn bodies_flow_piece_by_piece_in_both_directions() {
    use futures_util::StreamExt as _;

    let (_running, address, http) = start_empty().await;
    let twice = |mut request: HttpRequest| async move {
        let parts = request.take::<BodyStream>().await?;
        let doubled = parts.map(|part| part.map(|part| [&part[..], &part[..]].concat()));
        Ok::<_, HttpError>(HttpResponse::new(StatusCode::OK).stream(doubled))
    };
    http.add(Route::post("/twice").body(10), twice).unwrap();
    let answer = request(address, "POST /twice", "", "abc").await;
    assert_eq!(
        (answer.header("transfer-encoding"), answer.body.as_str()),
        (Some("chunked"), "6\r\nabcabc\r\n0\r\n\r\n")
    );
    // the status has been sent when the body turns out to be too large: the response breaks off
    let text =
        exchange(address, "POST /twice HTTP/1.1\r\nhost: a\r\ncontent-length: 11\r\n\r\n01234567890").await;
    assert!(!text.ends_with("0\r\n\r\n"), "{text}");
}

#[tokio::test]
async fn forms_and_typed_headers_are_read() {
    #[derive(Deserialize)]
    struct Login {
        name: String,
        age: u8,
    }
    let (_running, address, http) = start_empty().await;
    let login = |mut request: HttpRequest| async move {
        let agent = request.take::<Option<Header<headers::UserAgent>>>().await?;
        let host = request.take::<Header<headers::Host>>().await?;
        let Form(Login { name, age }) = request.take::<Form<Login>>().await?;
        Ok::<_, HttpError>(format!("{name} {age} {} {}", host.hostname(), agent.is_some()))
    };
    http.add(Route::post("/login"), login).unwrap();
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let answer = request(address, "POST /login", form, "name=A+B%21&age=7").await;
    assert_eq!(answer.body, "A B! 7 127.0.0.1 false");
    assert_eq!(request(address, "POST /login", JSON, "name=A&age=7").await.status, 415);
    let answer = request(address, "POST /login", form, "name=A&age=x").await;
    let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, problem["parameter"].as_str()), (400, Some("age")));
    assert!(problem["detail"].as_str().unwrap().starts_with("the body does not decode: age: "));
}

#[tokio::test]
async fn a_file_is_a_response_with_parts_and_conditions() {
    let scratch = Scratch::new("file");
    scratch.write("public/a.bin", &"0123456789".repeat(20_000));
    let (_running, address, http) = start_empty().await;
    let path = scratch.0.join("public/a.bin");
    let send = move |_| {
        let file = File::new(path.clone()).download("ä.bin").cache_control("max-age=9");
        async move { file }
    };
    http.add(Route::get("/a"), send).unwrap();
    http.add(Route::get("/none"), |_| async { File::new("/no/such/file") }).unwrap();
    let get = async |more: &str| request(address, "GET /a", more, "").await;
    let whole = get("").await;
    assert_eq!(
        (whole.status, whole.body.len(), whole.header("content-length")),
        (200, 200_000, Some("200000"))
    );
    assert_eq!(whole.header("cache-control"), Some("max-age=9"));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert_eq!(whole.header("content-type"), Some("application/octet-stream"));
    assert!(whole.header("content-disposition").unwrap().ends_with("filename*=UTF-8''%C3%A4%2Ebin"));
    let part = get("range: bytes=99999-100001\r\n").await;
    assert_eq!((part.status, part.body.as_str()), (206, "901"));
    assert_eq!(part.header("content-range"), Some("bytes 99999-100001/200000"));
    let tag = whole.header("etag").unwrap();
    assert_eq!(get(&format!("range: bytes=0-1\r\nif-range: {tag}\r\n")).await.status, 206);
    assert_eq!(get("range: bytes=0-1\r\nif-range: \"other\"\r\n").await.status, 200);
    assert_eq!(get("range: bytes=0-1,5-6\r\n").await.body.len(), 200_000, "several are ignored");
    let crowd = get(&format!("range: bytes={}\r\n", ["0-"; 500].join(","))).await;
    assert_eq!((crowd.status, crowd.header("content-range")), (416, Some("bytes */200000")));
    assert_eq!(get("if-match: \"other\"\r\n").await.status, 412);
    let head = request(address, "HEAD /a", "", "").await;
    assert_eq!((head.status, head.body.as_str(), head.header("content-length")), (200, "", Some("200000")));
    assert_eq!(request(address, "GET /none", "", "").await.status, 404);
}

#[tokio::test]
async fn an_address_that_is_denied_gets_a_403_from_then_on() {
    let (_running, address, http) = start_empty().await;
    http.add(Route::get("/"), |_| async { "hello" }).unwrap();
    assert_eq!(request(address, "GET /", "", "").await.status, 200);
    http.access().add_denied("127.0.0.0/8".parse().unwrap());
    let answer = request(address, "GET /", "", "").await;
    assert_eq!((answer.status, answer.header("content-type")), (403, Some("application/problem+json")));
    http.access().remove_denied("127.0.0.0/8".parse().unwrap());
    assert_eq!(request(address, "GET /", "", "").await.status, 200);
    assert_eq!(http.counters().refused.client_error, 1);
}

#[tokio::test]
async fn a_filter_answers_what_nothing_else_does() {
    use warp::Filter as _;

    let mut table = RouteTable::new(Arc::new(State::new(Probe::default(), false)));
    table.route(Route::get("/mine"), |_, _| async { "mine".respond() });
    table.filter(|ctx| {
        let node = ctx.node_name().to_owned();
        warp::path!("raw" / u32).and(warp::get()).map(move |number| format!("{node} {number}"))
    });
    let config = config();
    let web = WebConfig { http: Some(&config), ..WebConfig::default() };
    let (_running, address) = start_http(web, Http::new(table.finish())).await;
    assert_eq!(request(address, "GET /mine", "", "").await.body, "mine");
    assert_eq!(request(address, "GET /raw/7", "", "").await.body, "test 7");
    assert_eq!(request(address, "GET /raw/x", "", "").await.status, 404);
    assert_eq!(request(address, "POST /raw/7", "", "").await.status, 405);
}

#[tokio::test]
async fn a_filter_that_panics_is_a_500_and_its_connection_lives_on() {
    use warp::Filter as _;

    let mut table = RouteTable::new(Arc::new(State::new(Probe::default(), false)));
    table.filter(|_| {
        warp::path!("raw" / u32).map(|number: u32| {
            assert_ne!(number, 7, "the password is 1234");
            number.to_string()
        })
    });
    let config = config();
    let web = WebConfig { http: Some(&config), ..WebConfig::default() };
    let (_running, address) = start_http(web, Http::new(table.finish())).await;
    let two =
        "GET /raw/7 HTTP/1.1\r\nhost: a\r\n\r\nGET /raw/8 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let answers = exchange(address, two.to_owned()).await;
    assert!(answers.starts_with("HTTP/1.1 500"), "{answers}");
    assert!(answers.contains("application/problem+json") && !answers.contains("1234"), "{answers}");
    assert!(answers.contains("HTTP/1.1 200") && answers.ends_with('8'), "{answers}");
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let (_running, address) = start().await;
    let large = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "a".repeat(200_000));
    assert!(exchange(address, large).await.starts_with("HTTP/1.1 431"));
    let many = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: a\r\n".repeat(1000));
    assert!(exchange(address, many).await.starts_with("HTTP/1.1 431"));
    assert_eq!(request(address, "DELETE /nothing", "", "").await.status, 204);
}

#[tokio::test]
async fn paths_can_lead_elsewhere_by_configuration() {
    let redirects = BTreeMap::from([("/old".to_owned(), "/new?a=b".to_owned())]);
    let config = HttpConfig { redirects, ..config() };
    let (_running, address) = start_with(&config, Probe::default(), None).await;
    let answer = request(address, "GET /old", "", "").await;
    assert_eq!((answer.status, answer.header("location")), (307, Some("/new?a=b")));
}
