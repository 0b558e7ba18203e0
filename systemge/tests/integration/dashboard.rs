//! The dashboard over real sockets: what it shows and does, and what it refuses.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use systemge::config::{DashboardConfig, Secret, SystemConfig};
use systemge::prelude::*;
use systemge::{DashboardError, NodeState, Running, System, SystemError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{endpoint, listening, soon, until};

#[derive(systemge::Application, Default)]
struct Counter {
    total: u64,
}

#[systemge::node]
impl Counter {
    #[topic("add")]
    async fn add(&mut self, amount: u64) {
        self.total += amount;
    }

    #[topic("total")]
    async fn total(&self) -> u64 {
        self.total
    }

    /// Answers much too late.
    #[topic("slow")]
    async fn slow(&self) -> u64 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        0
    }
}

#[systemge::commands]
impl Counter {
    /// Sets the total.
    #[command("set")]
    async fn set(&mut self, total: u64, note: Option<String>) -> String {
        self.total = total;
        format!("the total is {total}{}", note.map(|note| format!(" ({note})")).unwrap_or_default())
    }

    /// Says all words.
    #[command("say")]
    async fn say(&self, words: Vec<String>) -> String {
        words.join("-")
    }

    /// Fails.
    #[command("fail")]
    async fn fail(&self) -> Result<String, String> {
        Err("<b>not today</b>".to_owned())
    }
}

#[derive(systemge::Application, Default)]
struct Visitor {}

#[systemge::commands]
impl Visitor {
    /// Asks for the total.
    #[command("ask")]
    async fn ask(&self, ctx: &Context) -> Result<String> {
        Ok(CounterClient::new(ctx).total().await?.to_string())
    }
}

fn anywhere() -> DashboardConfig {
    let mut config = DashboardConfig::default();
    config.listen = ([127, 0, 0, 1], 0).into();
    config
}

async fn start(dashboard: DashboardConfig) -> (Running, SocketAddr) {
    let system = System::new()
        .node_with("counter", Counter::default(), listening())
        .node_with("visitor", Visitor::default(), listening())
        .dashboard_with(dashboard)
        .start()
        .await
        .expect("it starts");
    let address = system.dashboard_address().expect("it has a dashboard");
    (system, address)
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

/// A request as it stands there, but for its length and the end of the connection.
async fn raw(address: SocketAddr, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let request = format!("{line} HTTP/1.1\r\nconnection: close\r\n{headers}{length}\r\n{body}");
    let mut stream = TcpStream::connect(address).await.expect("somebody listens");
    stream.write_all(request.as_bytes()).await.expect("it is read");
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

async fn get(address: SocketAddr, path: &str) -> Answer {
    raw(address, &format!("GET {path}"), &[("host", &address.to_string())], "").await
}

const WRITE: [(&str, &str); 2] = [("content-type", "application/json"), ("x-systemge-dashboard", "1")];

async fn post(address: SocketAddr, path: &str, more: &[(&str, &str)], body: &Value) -> Answer {
    let host = address.to_string();
    let mut headers = vec![("host", host.as_str())];
    headers.extend(WRITE);
    headers.extend(more);
    raw(address, &format!("POST {path}"), &headers, &body.to_string()).await
}

fn node<'a>(fleet: &'a Value, name: &str) -> &'a Value {
    let nodes = fleet["nodes"].as_array().expect("a list");
    nodes.iter().find(|node| node["name"] == name).unwrap_or_else(|| panic!("{name} in {fleet}"))
}

#[tokio::test]
async fn nodes_are_seen_and_steered_through_the_api() {
    let (system, address) = start(anywhere()).await;
    let fleet = get(address, "/api/fleet").await.json();
    assert_eq!(node(&fleet, "counter")["state"], "running");

    let stopped = post(address, "/api/nodes/counter/stop", &[], &json!({})).await;
    assert_eq!((stopped.status, stopped.json()["outcome"].as_str()), (200, Some("done")));
    assert_eq!(system.node("counter").expect("it is there").state(), NodeState::Stopped);
    assert_eq!(node(&get(address, "/api/fleet").await.json(), "counter")["state"], "stopped");

    let nothing = post(address, "/api/nodes/counter/commands/set", &[], &json!({"arguments": [1]})).await;
    assert_eq!(
        (nothing.status, nothing.json()["outcome"].as_str()),
        (409, Some("failed")),
        "it does not run"
    );

    assert_eq!(post(address, "/api/nodes/counter/start", &[], &json!({})).await.status, 200);
    assert_eq!(post(address, "/api/nodes/counter/restart", &[], &json!({})).await.status, 200);
    let counter = system.node("counter").expect("it is there");
    assert_eq!(counter.state(), NodeState::Running);

    let to = json!({ "endpoint": endpoint(&counter).to_string() });
    let connected = post(address, "/api/nodes/visitor/connect", &[], &to).await;
    assert_eq!(connected.json()["result"], "connected to counter");
    let asked = post(address, "/api/nodes/visitor/commands/ask", &[], &json!({})).await;
    assert_eq!(asked.json()["result"], "0");
    let topology = get(address, "/api/topology").await.json();
    assert_eq!(topology["links"][0]["from"], "visitor");
    assert_eq!(
        (&topology["links"][0]["to"], &topology["links"][0]["mutual"]),
        (&json!("counter"), &json!(false))
    );

    assert_eq!(post(address, "/api/nodes/counter/drain", &[], &json!({})).await.status, 200);
    assert_eq!(node(&get(address, "/api/fleet").await.json(), "counter")["draining"], true);
    let refused = post(address, "/api/nodes/visitor/commands/ask", &[], &json!({})).await;
    assert_eq!(refused.status, 409, "who drains takes no requests: {}", refused.body);
    assert_eq!(
        get(address, "/api/topology").await.json()["missing"],
        json!([{ "node": "visitor", "topic": "total", "kind": "request" }]),
        "nobody handles what the visitor calls"
    );

    assert_eq!(post(address, "/api/nodes/visitor/disconnect", &[], &to).await.status, 200);
    assert_eq!(
        post(address, "/api/nodes/visitor/disconnect", &[], &to).await.status,
        409,
        "it was not dialled"
    );
    for (path, body, status) in [
        ("start", json!({"x": 1}), 400),
        ("connect", json!({}), 400),
        ("connect", json!({"endpoint": "x"}), 409),
    ] {
        assert_eq!(
            post(address, &format!("/api/nodes/visitor/{path}"), &[], &body).await.status,
            status,
            "{path} {body}"
        );
    }
    assert_eq!(post(address, "/api/nodes/nobody/start", &[], &json!({})).await.status, 404);
    system.stop().await;
    assert!(TcpStream::connect(address).await.is_err(), "the dashboard ends with its system");
}

#[tokio::test]
async fn commands_take_json_arguments() {
    let (system, address) = start(anywhere()).await;
    let check = async |command: &str, body: Value, status: u16, result: &str| {
        let answer = post(address, &format!("/api/nodes/counter/commands/{command}"), &[], &body).await;
        let said = answer.json();
        let text = said["result"].as_str().or_else(|| said["detail"].as_str()).unwrap_or_default();
        assert_eq!(answer.status, status, "{command} {body}: {}", answer.body);
        assert!(text.contains(result), "{command} {body}: {text}");
    };
    check("set", json!({"arguments": {"total": 7}}), 200, "the total is 7").await;
    check("set", json!({"arguments": {"total": "7", "note": "by hand"}}), 200, "the total is 7 (by hand)")
        .await;
    check("set", json!({"arguments": [8, "a b"]}), 200, "the total is 8 (a b)").await;
    check("set", json!({"arguments": {"total": 7, "note": null}}), 200, "the total is 7").await;
    check("say", json!({"arguments": {"words": ["a", 1, true]}}), 200, "a-1-true").await;
    check("say", json!({}), 200, "").await;
    check("set", json!({}), 409, "`total` is missing").await;
    check("set", json!({"arguments": {"totl": 7}}), 409, "has no argument `totl`").await;
    check("set", json!({"arguments": {"total": {}}}), 400, "`total` is a text").await;
    check("set", json!({"arguments": 7}), 400, "an object or a list").await;
    check("set", json!({"arguments": {"total": -7}}), 409, "not a valid `total`").await;
    check("fail", json!({}), 409, "<b>not today</b>").await;
    check("nothing", json!({}), 404, "no command `nothing`").await;
    let audit = get(address, "/api/audit?node=counter&most=3").await.json();
    let entries = audit["entries"].as_array().expect("a list");
    assert_eq!(entries.len(), 3);
    assert_eq!((&entries[0]["detail"], &entries[0]["outcome"]), (&json!("fail"), &json!("failed")));
    system.stop().await;
}

#[tokio::test]
async fn every_answer_forbids_what_a_page_does_not_need() {
    let (system, address) = start(anywhere()).await;
    for path in ["/", "/app.js", "/api/fleet", "/nothing", "/api/nothing"] {
        let answer = get(address, path).await;
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'")
                && policy.contains("require-trusted-types-for 'script'")
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
    // text of a node travels as JSON, never as HTML
    let failed = post(address, "/api/nodes/counter/commands/fail", &[], &json!({})).await;
    assert_eq!(failed.header("content-type"), Some("application/json"));
    system.stop().await;
}

#[tokio::test]
async fn a_page_of_another_name_or_origin_gets_nothing() {
    let (system, address) = start(anywhere()).await;
    let counter = system.node("counter").expect("it is there");
    let own = address.to_string();
    // DNS rebinding: the name of the attacker leads to this machine
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8081"] {
        for line in ["GET /", "GET /api/fleet", "POST /api/nodes/counter/stop"] {
            let headers = [&[("host", host)][..], &WRITE].concat();
            assert_eq!(raw(address, line, &headers, "{}").await.status, 421, "{line} at {host}");
        }
    }
    assert_eq!(raw(address, "GET /api/fleet", &[], "").await.status, 400, "no host at all");
    // cross-site request forgery, in every way that a page can send without being asked first, and some more
    let stop = "POST /api/nodes/counter/stop";
    let check = async |headers: &[(&str, &str)], status: u16| {
        let headers = [&[("host", own.as_str())][..], headers].concat();
        assert_eq!(raw(address, stop, &headers, "{}").await.status, status, "{headers:?}");
    };
    check(&[("content-type", "text/plain")], 415).await;
    check(&[("content-type", "application/x-www-form-urlencoded"), WRITE[1]], 415).await;
    check(&[WRITE[1]], 415).await;
    check(&[WRITE[0]], 403).await;
    check(&[WRITE[0], WRITE[1], ("origin", "http://evil.example")], 403).await;
    check(&[WRITE[0], WRITE[1], ("origin", "null")], 403).await;
    check(&[WRITE[0], WRITE[1], ("origin", "http://127.0.0.1:1")], 403).await;
    check(&[WRITE[0], WRITE[1], ("sec-fetch-site", "cross-site")], 403).await;
    let host = [("host", own.as_str())];
    let read = [host[0], ("sec-fetch-site", "cross-site")];
    assert_eq!(raw(address, "GET /api/fleet", &read, "").await.status, 403, "nor is anything read");
    // nothing changes on GET, and no other origin is told that it may ask
    for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let asked = raw(address, &format!("{method} /api/nodes/counter/stop"), &host, "").await;
        assert_eq!((asked.status, asked.header("allow")), (405, Some("POST")), "{method}");
    }
    assert_eq!(counter.state(), NodeState::Running);
    check(
        &[WRITE[0], WRITE[1], ("origin", &format!("http://{own}")), ("sec-fetch-site", "same-origin")],
        200,
    )
    .await;
    assert_eq!(counter.state(), NodeState::Stopped);
    system.stop().await;
}

#[tokio::test]
async fn tokens_have_roles_and_nobody_gets_in_without_one() {
    let mut config = anywhere();
    config.token = Some(Secret::new("operator-operator"));
    config.read_only_token = Some(Secret::new("reader-reader-reader"));
    let (system, address) = start(config).await;
    assert_eq!(get(address, "/").await.status, 200, "the page itself has no secrets");
    for path in
        ["/api/fleet", "/api/session", "/api/events", "/api/nodes/counter", "/api/nodes/nobody", "/api/audit"]
    {
        let answer = get(address, path).await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.header("www-authenticate").is_some());
    }
    let stop = async |token: &str| {
        let bearer = format!("Bearer {token}");
        post(address, "/api/nodes/counter/stop", &[("authorization", &bearer)], &json!({})).await.status
    };
    assert_eq!(stop("operator-operatox").await, 401);
    assert_eq!(stop("reader-reader-reader").await, 403, "who may look may not stop anything");
    let counter = system.node("counter").expect("it is there");
    assert_eq!(counter.state(), NodeState::Running);

    let login = post(address, "/api/session", &[], &json!({ "token": "reader-reader-reader" })).await;
    assert_eq!((login.status, &login.json()["role"]), (200, &json!("read_only")));
    let cookie = login.header("set-cookie").expect("a cookie");
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let with = [("cookie", cookie.as_str())];
    let host = address.to_string();
    let look = async || raw(address, "GET /api/fleet", &[("host", host.as_str()), with[0]], "").await;
    assert_eq!(look().await.status, 200);
    assert_eq!(
        post(address, "/api/nodes/counter/commands/set", &with, &json!({"arguments": [1]})).await.status,
        403
    );
    assert_eq!(post(address, "/api/session/end", &with, &json!({})).await.status, 204);
    assert_eq!(look().await.status, 401, "a session that has ended");

    assert_eq!(stop("operator-operator").await, 200);
    let bearer = [("host", host.as_str()), ("authorization", "Bearer operator-operator")];
    let audit = raw(address, "GET /api/audit", &bearer, "").await.json();
    let outcomes: Vec<_> = audit["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| (&entry["action"], &entry["outcome"]))
        .collect();
    assert!(outcomes.contains(&(&json!("stop"), &json!("refused"))), "{audit}");
    assert_eq!(outcomes[0], (&json!("stop"), &json!("done")));
    assert!(!audit.to_string().contains("operator-operator"), "no token is ever shown");
    // guessing ends soon
    let mut last = 0;
    for _ in 0..12 {
        last = post(address, "/api/session", &[], &json!({ "token": "guess-guess-guess" })).await.status;
    }
    assert_eq!(last, 429);
    assert_eq!(stop("operator-operator").await, 200, "and locks nobody out");
    system.stop().await;
}

#[tokio::test]
async fn an_address_that_others_reach_needs_encryption() {
    let mut config = DashboardConfig::default();
    config.listen = ([0, 0, 0, 0], 0).into();
    config.token = Some(Secret::new("operator-operator"));
    let system = System::new().node_with("counter", Counter::default(), listening()).dashboard_with(config);
    let refused = system.start().await.expect_err("it would send the token in the clear");
    assert!(matches!(refused, SystemError::Dashboard(DashboardError::Unencrypted(_))), "{refused}");
}

#[tokio::test]
async fn a_name_that_is_not_loopback_needs_a_token() {
    let mut config = anywhere();
    config.hosts = vec!["dash.example.org".to_owned()];
    let (system, address) = start(config).await;
    let named = [("host", "dash.example.org")];
    assert_eq!(raw(address, "GET /", &named, "").await.status, 200);
    assert_eq!(raw(address, "GET /api/fleet", &named, "").await.status, 401);
    assert_eq!(get(address, "/api/fleet").await.status, 401);
    system.stop().await;
}

#[test]
fn a_token_that_can_be_guessed_is_refused() {
    let read =
        |text: &str| SystemConfig::from_toml(text, "a.toml").map(|_| ()).map_err(|error| error.to_string());
    let check = |text: &str, expected: &str| {
        let error = read(text).expect_err(text);
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("0123456789abcdeä"), "no token is shown: {error}");
    };
    assert!(read("[dashboard]\ntoken = \"0123456789abcdef\"").is_ok());
    check("[dashboard]\norigins = [\"*\"]", "is no origin");
    check("[dashboard]\nhosts = [\"a/b\"]", "is no name of a host");
    check("[dashboard]\nconnections = 0", "must be from 1");
    let mut config = SystemConfig::from_toml("[dashboard]", "a.toml").expect("valid");
    let dashboard = config.dashboard.as_mut().expect("it is there");
    dashboard.token = Some(Secret::new("short"));
    assert!(config.check().expect_err("short").to_string().contains("at least 16 characters"));
    assert!(!format!("{config:?}").contains("short"), "no token is logged");
}

/// Reads events until one fits.
async fn event(stream: &mut TcpStream, fits: impl Fn(&Value) -> bool) -> Value {
    soon(async {
        let mut buffer = Vec::new();
        loop {
            let mut chunk = [0; 4096];
            let read = stream.read(&mut chunk).await.expect("it goes on");
            assert!(read > 0, "the stream has ended");
            buffer.extend_from_slice(&chunk[..read]);
            let text = String::from_utf8_lossy(&buffer).into_owned();
            for line in text.lines().filter_map(|line| line.strip_prefix("data: ")) {
                if let Ok(event) = serde_json::from_str::<Value>(line)
                    && fits(&event)
                {
                    return event;
                }
            }
        }
    })
    .await
}

async fn watch(address: SocketAddr, query: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("somebody listens");
    let request = format!("GET /api/events{query} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it is read");
    stream
}

#[tokio::test]
async fn who_watches_sees_states_at_once_and_traffic_every_second() {
    let (system, address) = start(anywhere()).await;
    let mut first = watch(address, "?node=counter").await;
    let mut second = watch(address, "?topology=true").await;
    event(&mut first, |event| event["node"]["name"] == "counter").await;
    event(&mut second, |event| event["topology"]["nodes"].is_array()).await;

    post(address, "/api/nodes/counter/stop", &[], &json!({})).await;
    for stream in [&mut first, &mut second] {
        event(stream, |event| node(&event["fleet"], "counter")["state"] == "stopped").await;
    }
    let (counter, visitor) =
        (system.node("counter").expect("a node"), system.node("visitor").expect("a node"));
    counter.start().await.expect("it starts");
    visitor.connect(endpoint(&counter)).await.expect("it connects");
    let client = CounterClient::new(&visitor);
    let moved = async {
        loop {
            client.add(1).await.expect("it is handed over");
            // some messages a second, until the page has seen them
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let seen = event(&mut first, |event| {
        let rate =
            |name: &str, series: &str| node(&event["fleet"], name)["values"][series].as_f64().unwrap_or(0.0);
        rate("counter", "messages_in") > 0.0 && rate("visitor", "messages_out") > 0.0
    });
    tokio::select! {
        () = moved => {}
        _ = seen => {}
    }
    let past = get(address, "/api/nodes/counter/history?rows=900").await.json();
    let rates =
        past["series"].as_array().expect("a list").iter().find(|series| series["name"] == "messages_in");
    let rates = rates.expect("the series")["values"].as_array().expect("a list");
    assert!(rates.iter().any(|rate| rate.as_f64() > Some(0.0)), "{past}");
    assert_eq!(rates.len(), past["times"].as_array().expect("a list").len());
    // who watches does not hold up the end
    soon(system.stop()).await;
}

#[tokio::test]
async fn a_node_that_comes_or_goes_is_seen_at_once() {
    let (system, address) = start(anywhere()).await;
    let mut stream = watch(address, "").await;
    event(&mut stream, |event| event["fleet"]["nodes"].as_array().is_some_and(|nodes| nodes.len() == 2))
        .await;
    system
        .add("third", Counter::default(), listening())
        .expect("it is added")
        .start()
        .await
        .expect("it starts");
    event(&mut stream, |event| event["fleet"]["nodes"].as_array().is_some_and(|nodes| nodes.len() == 3))
        .await;
    system.remove("third").await;
    let mut stream = watch(address, "").await;
    event(&mut stream, |event| event["fleet"]["nodes"].as_array().is_some_and(|nodes| nodes.len() == 2))
        .await;
    system.stop().await;
}

#[tokio::test]
async fn a_node_whose_peer_is_away_is_degraded_and_says_why() {
    let (system, address) = start(anywhere()).await;
    let visitor = system.node("visitor").expect("a node");
    let counter = system.node("counter").expect("a node");
    let to = endpoint(&counter);
    visitor.connect(to.clone()).await.expect("it connects");
    counter.stop().await;
    until(|| visitor.dialled().iter().any(|(_, state)| matches!(state, systemge::DialState::Waiting(_))))
        .await;
    let fleet = get(address, "/api/fleet").await.json();
    // the fleet is as of the last look, which may be up to a second old
    let mut stream = watch(address, "").await;
    let seen = event(&mut stream, |event| node(&event["fleet"], "visitor")["state"] == "degraded").await;
    let why = node(&seen["fleet"], "visitor")["why"][0].as_str().expect("a reason").to_owned();
    assert!(why.contains(&to.to_string()), "{why} {fleet}");
    system.stop().await;
}

#[tokio::test]
async fn queries_are_checked() {
    let (system, address) = start(anywhere()).await;
    for path in [
        "/api/audit?most=0",
        "/api/audit?most=x",
        "/api/audit?most=1&most=2",
        "/api/history?rows=1000000",
        "/api/history?resolution=hour",
        "/api/nodes/counter/history?what=x",
        "/api/nodes/%ff",
    ] {
        assert_eq!(get(address, path).await.status, 400, "{path}");
    }
    for path in
        ["/api/nodes/nobody", "/api/nodes/nobody/history", "/api", "/api/nodes", "/api/nodes/counter/x"]
    {
        assert_eq!(get(address, path).await.status, 404, "{path}");
    }
    let large = json!({ "arguments": ["x".repeat(300 * 1024)] });
    assert_eq!(post(address, "/api/nodes/counter/commands/say", &[], &large).await.status, 413);
    system.stop().await;
}

#[tokio::test]
async fn settings_are_changed_while_a_node_runs_and_checked() {
    let (system, address) = start(anywhere()).await;
    let set = async |key: &str, value: &str| {
        let body = json!({ "key": key, "value": value });
        let answer = post(address, "/api/nodes/visitor/settings", &[], &body).await;
        let said = answer.json();
        (answer.status, said["result"].as_str().unwrap_or_default().to_owned())
    };
    let value = async |key: &str| {
        let settings = get(address, "/api/nodes/visitor/settings").await.json();
        let settings = settings["settings"].as_array().expect("a list").clone();
        let found = settings.into_iter().find(|setting| setting["key"] == key).expect("the setting");
        (
            found["value"].as_str().expect("a text").to_owned(),
            found["configured"].as_str().expect("a text").to_owned(),
        )
    };
    assert_eq!(value("requests.timeout").await, ("10s".to_owned(), "10s".to_owned()));
    assert_eq!(set("requests.timeout", "50ms").await, (200, "requests.timeout is 50ms".to_owned()));
    assert_eq!(value("requests.timeout").await, ("50ms".to_owned(), "10s".to_owned()));
    // and it holds: a request ends when it says so
    let counter = system.node("counter").expect("a node");
    let visitor = system.node("visitor").expect("a node");
    visitor.connect(endpoint(&counter)).await.expect("it connects");
    let began = std::time::Instant::now();
    soon(CounterClient::new(&visitor).slow()).await.expect_err("it takes too long");
    assert!(began.elapsed() < Duration::from_secs(5));
    // as is how long a handler may take when its node stops
    let hurry = json!({ "key": "stop.deadline", "value": "50ms" });
    assert_eq!(post(address, "/api/nodes/counter/settings", &[], &hurry).await.status, 200);
    soon(counter.stop()).await;
    assert!(began.elapsed() < Duration::from_secs(9), "it did not wait for the configured 10 s");

    for (key, wrong) in [
        ("requests.timeout", "0s"),
        ("requests.timeout", "3"),
        ("requests.timeout", "900 years"),
        ("limits.handlers", "0"),
        ("limits.handlers", "-1"),
        ("listen[0].allow", "10.0.0.0/99"),
        ("listen[7].allow", ""),
        ("handling", "sequential"),
        ("<b>", ""),
    ] {
        let (status, why) = set(key, wrong).await;
        assert!(status == 409 && !why.is_empty(), "{key} = {wrong}: {status} {why}");
    }
    assert_eq!(value("limits.handlers").await.0, "16384", "a wrong value changes nothing");
    assert_eq!(set("listen[0].deny", "10.0.0.0/8, 192.168.0.1").await.0, 200);
    assert_eq!(visitor.listeners()[0].access().rules().deny.len(), 2);
    assert_eq!(value("listen[0].deny").await.1, "");
    system.stop().await;
}

#[tokio::test]
async fn metrics_and_health_are_served() {
    let (system, address) = start(anywhere()).await;
    let metrics = get(address, "/metrics").await;
    assert!(metrics.header("content-type").expect("a type").starts_with("application/openmetrics-text"));
    assert!(
        metrics.body.contains("systemge_node_state{") && metrics.body.ends_with("# EOF\n"),
        "{}",
        metrics.body
    );
    assert_eq!(get(address, "/health/live").await.status, 200);
    assert_eq!(get(address, "/health/ready").await.status, 200);
    system.node("counter").expect("a node").stop().await;
    assert_eq!(get(address, "/health/live").await.status, 200);
    assert_eq!(get(address, "/health/ready").await.status, 503);
    system.stop().await;

    let mut config = anywhere();
    config.token = Some(Secret::new("operator-operator"));
    let (system, address) = start(config).await;
    assert_eq!(get(address, "/metrics").await.status, 401);
    assert_eq!(get(address, "/health/ready").await.status, 200, "who probes has no token");
    system.stop().await;
}

/// The events that a page gets, one after the other.
struct Page {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Page {
    async fn open(address: SocketAddr) -> Self {
        Self { stream: watch(address, "?topology=true").await, buffer: Vec::new() }
    }

    async fn next(&mut self) -> Value {
        soon(async {
            loop {
                let end = self.buffer.windows(2).position(|two| two == b"\n\n");
                if let Some(end) = end {
                    let part: Vec<u8> = self.buffer.drain(..end + 2).collect();
                    // the heads of the answer and of its chunks stand between events
                    let text = String::from_utf8_lossy(&part).into_owned();
                    let text = text.replace("\r\n", "\n");
                    if let Some(event) = text.lines().find_map(|line| line.strip_prefix("data: ")) {
                        return serde_json::from_str(event)
                            .unwrap_or_else(|error| panic!("{error}: {event}"));
                    }
                    continue;
                }
                let mut chunk = [0; 64 * 1024];
                let read = self.stream.read(&mut chunk).await.expect("it goes on");
                assert!(read > 0, "the stream has ended");
                self.buffer.extend_from_slice(&chunk[..read]);
            }
        })
        .await
    }
}

#[tokio::test]
async fn a_page_that_does_not_read_misses_moments_and_holds_up_nobody() {
    let mut system = System::new().node_with("counter", Counter::default(), listening());
    // so that what a page is told is more than the buffers of a socket take
    for number in 0..60 {
        system = system.node_with(format!("visitor-{number}"), Visitor::default(), listening());
    }
    let system = system.dashboard_with(anywhere()).start().await.expect("it starts");
    let address = system.dashboard_address().expect("it has a dashboard");
    let (mut slow, mut quick) = (Page::open(address).await, Page::open(address).await);
    let audit = |event: &Value| event["fleet"]["audit"].as_u64().expect("a number");
    slow.next().await;
    let (mut told, mut bytes) = (0, 0);
    let mut newest = audit(&quick.next().await);
    while bytes < 16 * 1024 * 1024 {
        let set = json!({ "arguments": { "total": told } });
        assert_eq!(post(address, "/api/nodes/counter/commands/set", &[], &set).await.status, 200);
        // the one that reads is told of it, whatever the other does
        loop {
            let event = quick.next().await;
            told += 1;
            bytes += event.to_string().len();
            if audit(&event) > newest {
                newest = audit(&event);
                break;
            }
        }
    }
    let mut seen = 1;
    while audit(&slow.next().await) < newest {
        seen += 1;
    }
    assert!(seen < told, "it was kept {seen} of {told} moments");
    system.stop().await;
}

#[tokio::test]
async fn pages_that_are_gone_leave_nothing_behind() {
    let mut config = anywhere();
    config.connections = 8;
    let (system, address) = start(config).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    get(address, "/api/fleet").await;
    let mut before = 0;
    until(|| {
        // what the nodes need to start is done when two looks see the same
        std::mem::replace(&mut before, tasks()) == tasks()
    })
    .await;
    for _ in 0..5 {
        // more than may be there at the same time, all in all
        let mut pages = Vec::new();
        for _ in 0..7 {
            let mut page = Page::open(address).await;
            page.next().await;
            pages.push(page);
        }
        drop(pages);
        until(|| tasks() <= before).await;
    }
    system.stop().await;
}

#[tokio::test]
async fn two_pages_and_a_scraper_see_the_same_numbers() {
    let (system, address) = start(anywhere()).await;
    let (counter, visitor) =
        (system.node("counter").expect("a node"), system.node("visitor").expect("a node"));
    visitor.connect(endpoint(&counter)).await.expect("it connects");
    let (mut one, mut other) = (Page::open(address).await, Page::open(address).await);
    let scrape = async || {
        let metrics = get(address, "/metrics").await.body;
        let line = metrics
            .lines()
            .find(|line| line.starts_with("systemge_received_total{node=\"counter\",topic=\"add\"}"));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).expect("a number")
    };
    assert_eq!(scrape().await, 0);
    let client = CounterClient::new(&visitor);
    for _ in 0..500 {
        client.add(1).await.expect("it is handed over");
    }
    assert_eq!(soon(client.total()).await, Ok(500));
    let mut moments: [std::collections::BTreeMap<u64, Value>; 2] = Default::default();
    for (page, moments) in [&mut one, &mut other].into_iter().zip(&mut moments) {
        loop {
            let event = page.next().await;
            let values = node(&event["fleet"], "counter")["values"].clone();
            let has_moved = values["messages_in"].as_f64() > Some(0.0);
            moments.insert(event["fleet"]["time"].as_u64().expect("a time"), values);
            if has_moved {
                break;
            }
            // reading in between takes nothing away from anybody
            assert_eq!(scrape().await, 500);
        }
    }
    let [one, other] = moments;
    let (time, values) = one.last_key_value().expect("a moment");
    assert_eq!(other.get(time), Some(values), "{other:?}");
    assert_eq!(scrape().await, 500);
    assert_eq!(counter.metrics().received[0].received, 500);
    system.stop().await;
}

#[tokio::test]
async fn the_configuration_is_shown_whole_and_says_who_has_said_what() {
    let text = r#"
[nodes.counter]
listen = ["tcp://127.0.0.1:0"]
secret = "correct horse battery staple"

[nodes.counter.requests]
timeout = "3s"

[nodes.counter.peers.visitor]
may_send = ["add"]
"#;
    let config = SystemConfig::from_toml(text, "shop.toml").expect("valid");
    let mut by_hand = listening();
    by_hand.requests.limit = 7;
    let system = System::from_config(config)
        .node("counter", Counter::default())
        .node_with("visitor", Visitor::default(), by_hand)
        .dashboard_with(anywhere())
        .start()
        .await
        .expect("it starts");
    let address = system.dashboard_address().expect("it has a dashboard");
    let shown = async |node: &str, key: &str| {
        let settings = get(address, &format!("/api/nodes/{node}/settings")).await.json();
        let values = settings["configuration"].as_array().expect("a list");
        let found: Vec<&Value> = values.iter().filter(|value| value["key"] == key).collect();
        let [value] = &found[..] else { panic!("`{key}` once: {settings}") };
        [&value["value"], &value["from"], &value["place"]]
            .map(|text| text.as_str().expect("a text").to_owned())
    };
    let check = async |node: &str, key: &str, expected: [&str; 3]| {
        assert_eq!(shown(node, key).await, expected, "{key} of {node}");
    };
    check("counter", "requests.timeout", ["\"3s\"", "file", "shop.toml:7"]).await;
    check("counter", "secret", ["***", "file", "shop.toml:4"]).await;
    check("counter", "peers.visitor.may_send", ["[\"add\"]", "file", "shop.toml:10"]).await;
    check("counter", "requests.limit", ["0", "default", ""]).await;
    check("counter", "queue.policy", ["\"wait\"", "default", ""]).await;
    check("counter", "limits.payload_bytes", ["left out", "default", ""]).await;
    check("visitor", "requests.limit", ["7", "code", ""]).await;
    check("visitor", "requests.timeout", ["\"10s\"", "default", ""]).await;
    let set = json!({ "key": "requests.timeout", "value": "4s" });
    for node in ["counter", "visitor"] {
        assert_eq!(post(address, &format!("/api/nodes/{node}/settings"), &[], &set).await.status, 200);
        check(node, "requests.timeout", ["\"4s\"", "runtime", ""]).await;
    }
    system.stop().await;
}

/// Variables of the environment hold for a whole process, so that the test runs itself in one that has them.
#[tokio::test]
async fn what_the_environment_says_is_shown_with_its_variable() {
    const VARIABLE: &str = "SYSTEMGE__NODES__COUNTER__REQUESTS__TIMEOUT";
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/environment.toml");
    if std::env::var_os(VARIABLE).is_none() {
        let this = std::env::current_exe().expect("the path of this binary");
        let name = "dashboard::what_the_environment_says_is_shown_with_its_variable";
        let mut run = tokio::process::Command::new(this);
        let outcome = run.args(["--exact", name]).env(VARIABLE, "7s").output().await.expect("it can be run");
        let text = String::from_utf8_lossy(&outcome.stdout);
        assert!(outcome.status.success() && text.contains(" 1 passed"), "{text}");
        return;
    }
    let system = System::from_config(SystemConfig::from_file(file).expect("valid"))
        .node("counter", Counter::default())
        .dashboard_with(anywhere())
        .start()
        .await
        .expect("it starts");
    let address = system.dashboard_address().expect("it has a dashboard");
    let settings = get(address, "/api/nodes/counter/settings").await.json();
    let values = settings["configuration"].as_array().expect("a list");
    let of = |key: &str| values.iter().find(|value| value["key"] == key).expect("every key is shown");
    let timeout = of("requests.timeout");
    assert_eq!((&timeout["value"], &timeout["from"]), (&json!("\"7s\""), &json!("environment")));
    assert!(timeout["place"].as_str().is_some_and(|place| place.contains(VARIABLE)), "{timeout}");
    assert_eq!(of("requests.limit")["from"], "file");
    system.stop().await;
}

mod keyed {
    #[systemge::contract(key(game: u32))]
    pub(super) trait Table {
        #[topic("table/{game}/play")]
        async fn play(&self, card: u8) -> u8;
    }
}

#[derive(systemge::Application)]
#[application(handles(keyed::Table))]
struct Place {
    #[key]
    game: u32,
}

#[systemge::node]
impl keyed::Table for Place {
    async fn play(&self, card: u8) -> u8 {
        card
    }
}

#[tokio::test]
async fn what_was_sent_to_all_instances_of_a_keyed_topic_is_one_line() {
    let system = System::new()
        .node_with("one", Place { game: 1 }, listening())
        .node_with("two", Place { game: 2 }, listening())
        .node_with("player", Visitor::default(), listening())
        .dashboard_with(anywhere())
        .start()
        .await
        .expect("it starts");
    let address = system.dashboard_address().expect("it has a dashboard");
    let player = system.node("player").expect("it was added");
    for place in ["one", "two"] {
        player.connect(endpoint(&system.node(place).expect("it was added"))).await.expect("it listens");
    }
    for (game, cards) in [(1, 3), (2, 4)] {
        for card in 0..cards {
            let table = keyed::TableClient::new(&player);
            assert_eq!(soon(table.game(&game).play(card)).await, Ok(card));
        }
    }
    until(|| player.metrics().sent.iter().any(|sent| sent.sent == 7)).await;
    let shown = get(address, "/api/nodes/player").await.json();
    let expected = json!([
        { "name": "table/{game}/play", "kind": "request", "providers": ["one", "two"], "sent": 7, "errors": 0 }
    ]);
    assert_eq!(shown["calls"], expected, "{shown}");
    system.stop().await;
}

#[cfg(feature = "websocket")]
mod web {
    use systemge::config::{HttpConfig, WebSocketConfig};

    use super::*;

    #[derive(systemge::Application, Default)]
    struct Gateway {}

    #[systemge::http(folder("/files", concat!(env!("CARGO_MANIFEST_DIR"), "/src/config")))]
    impl Gateway {
        #[get("/fine")]
        async fn fine(&self) -> String {
            "fine".to_owned()
        }

        #[get("/broken")]
        async fn broken(&self) -> Result<String, systemge::http::HttpError> {
            Err(systemge::http::HttpError::internal("it broke"))
        }
    }

    #[systemge::websocket]
    impl Gateway {
        #[topic("hello")]
        async fn hello(&self, _name: String) {}
    }

    #[tokio::test]
    async fn what_browsers_do_is_in_the_charts() {
        let mut http = HttpConfig::default();
        http.listen = ([127, 0, 0, 1], 0).into();
        let gateway = listening().http(http).websocket(WebSocketConfig::default());
        let system = System::new()
            .node_with("gateway", Gateway::default(), gateway)
            .node_with("counter", Counter::default(), listening())
            .dashboard_with(anywhere())
            .start()
            .await
            .expect("it starts");
        let address = system.dashboard_address().expect("it has a dashboard");
        let site = system.node("gateway").expect("it").http_address().expect("it serves");
        let mut page = Page::open(address).await;
        page.next().await;
        let (client, _) =
            tokio_tungstenite::connect_async(format!("ws://{site}/ws")).await.expect("a client");
        // every kind of answer counts: of routes, of folders, and none
        for (path, status) in
            [("/fine", 200), ("/fine", 200), ("/broken", 500), ("/files/mod.rs", 200), ("/no", 404)]
        {
            assert_eq!(get(site, path).await.status, status, "{path}");
        }
        let (mut requests, mut errors) = (0.0, 0.0);
        let mut last = None;
        loop {
            let event = page.next().await;
            let time = event["fleet"]["time"].as_f64().expect("a time");
            let of =
                |node_name: &str, series: &str| node(&event["fleet"], node_name)["values"][series].as_f64();
            assert_eq!(of("counter", "http_requests"), None, "it has no such component");
            assert_eq!(of("counter", "websocket_clients"), None);
            if let (Some(rate), Some(last)) = (of("gateway", "http_requests"), last.replace(time)) {
                // rates are rounded to a tenth, and seconds are not exact
                let seconds = (time - last) / 1000.0;
                requests += rate * seconds;
                errors += of("gateway", "http_errors").unwrap_or(0.0) * seconds;
            }
            if requests > 3.0 && errors > 0.5 && of("gateway", "websocket_clients") == Some(1.0) {
                break;
            }
        }
        drop(client);
        while node(&page.next().await["fleet"], "gateway")["values"]["websocket_clients"] != 0.0 {}
        system.stop().await;
    }
}
