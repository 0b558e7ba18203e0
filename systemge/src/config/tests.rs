//! What a configuration file may say, and what it is told when it says something else.

use std::ffi::OsString;
use std::time::Duration;

use proptest::prelude::*;

use super::read::{self, Language};
use super::*;

/// A configuration with every section, none of whose values is its default.
const FULL: &str = r#"
[system]
run = ["life"]
log = "debug"
command_line = false

[nodes.life]
listen = ["tcp://127.0.0.1:60001", { endpoint = "tcp://[::1]:0", connections = 9, handshakes = 8, handshakes_per_address = 7, handshake_timeout = "6s", frame_bytes = "32KiB", payload_bytes = "30KiB", name_bytes = 32, secret_file = "secret", allow = ["::1"], deny = [], insecure = false }]
connect = ["tcp://example.org:60002", { endpoint = "tcp://[::1]:1", frame_bytes = "16KiB", payload_bytes = "15KiB", topic_bytes = 99, secret = "correct horse battery staple" }]
allow = ["10.0.0.0/8", "::1"]
deny = ["10.0.0.7"]
insecure = true
secret = "incorrect horse battery staple"
handling = "sequential"
requests = { timeout = "3s", limit = 2 }
dial = { initial_delay = "1s", max_delay = "1m", max_attempts = 3, timeout = "2s", on_failure = "shutdown" }
queue = { bytes = "1MiB", messages = 10, policy = "drop_newest", max_wait = "250ms" }
keepalive = { interval = "1s", timeout = "3s" }
stop.deadline = "1m 30s"

[nodes.life.limits]
frame_bytes = "64KiB"
payload_bytes = "60KiB"
name_bytes = 63
topic_bytes = 100
connections = 1
handshakes = 2
handshakes_per_address = 1
handshake_timeout = "1s"
topics = 3
handlers_per_connection = 4
handlers = 5

[nodes.life.http]
listen = "0.0.0.0:80"
body_bytes = 1024
connections = 6
header_timeout = "1s"
request_timeout = "2s"
folders = { "/" = "www" }
cache_control = "public, max-age=60"
redirects = { "/old" = "/new" }
allow = ["10.0.0.0/8"]
deny = ["10.0.0.1"]

[nodes.life.websocket]
allow = ["10.0.0.0/8"]
deny = ["10.0.0.2"]
listen = "[::1]:0"
path = "/socket"
origins = ["*", "https://example.org:8443"]
clients = 7
message_bytes = "2KiB"
handling = "concurrent"
handlers = 8
rate = "20/10s"
queue = { messages = 8, bytes = "2MiB", policy = "drop_newest" }
groups_per_client = 9
watchdog = "0s"

[nodes.life.peers.gateway]
secret_file = "gateway-secret"
may_send = ["game/*", "chat"]
may_announce = []

[nodes.life.peers."*"]
may_send = ["chat"]

[nodes.other-node]
"#;

fn toml(text: &str) -> Result<SystemConfig, ConfigError> {
    SystemConfig::from_toml(text, "a.toml")
}

fn with_variables(text: &str, variables: &[(&str, &str)]) -> Result<SystemConfig, ConfigError> {
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    read::text(Language::Toml, "a.toml", text.to_owned(), variables.collect::<Vec<_>>().into_iter())
}

fn mistakes<T: std::fmt::Debug>(result: Result<T, ConfigError>) -> String {
    result.expect_err("this must be refused").to_string()
}

#[test]
fn every_key_is_read() {
    let config = toml(FULL).expect("valid");
    let life = &config.nodes["life"];
    assert_eq!(config.system.run.as_deref(), Some(&["life".to_owned()][..]));
    assert_eq!(life.listen[0], ListenConfig::new("tcp://127.0.0.1:60001".parse().expect("valid")));
    let limits = life.listen[1].limits(&life.limits);
    assert_eq!((limits.connections, limits.handshakes, limits.handshakes_per_address), (9, 8, 7));
    assert_eq!((limits.handshake_timeout, limits.frame_bytes), (Duration::from_secs(6), 32_768));
    assert_eq!(limits.handlers, life.limits.handlers);
    assert_eq!(life.listen[0].access(life).to_string(), "allow 10.0.0.0/8 ::1/128; deny 10.0.0.7/32");
    assert_eq!(life.listen[1].access(life).to_string(), "allow ::1/128");
    assert!(life.listen[0].is_insecure(life) && !life.listen[1].is_insecure(life));
    assert_eq!((limits.payload_bytes, limits.name_bytes), (Some(30 << 10), 32));
    assert_eq!(life.secret, Some(Secret::new("incorrect horse battery staple")));
    assert_eq!(life.peers["gateway"].may_send.as_ref().expect("a list")[0].to_string(), "game/*");
    let limits = life.connect[1].limits(&life.limits);
    assert_eq!((limits.frame_bytes, limits.payload_bytes, limits.topic_bytes), (16_384, Some(15 << 10), 99));
    assert_eq!(life.handling, Handling::Sequential);
    assert_eq!(life.requests, RequestConfig { timeout: Duration::from_secs(3), limit: 2 });
    assert_eq!(life.dial.on_failure, OnDialFailure::Shutdown);
    assert_eq!((life.queue.bytes, life.queue.messages), (1 << 20, 10));
    assert_eq!(life.queue.policy, SlowPeerPolicy::DropNewest);
    assert_eq!(life.limits.frame_bytes, 65_536);
    assert_eq!(life.stop.deadline, Duration::from_secs(90));
    assert_eq!(life.http.as_ref().expect("http").folders["/"], PathBuf::from("www"));
    assert_eq!(life.websocket.as_ref().expect("websocket").listen, Some("[::1]:0".parse().expect("valid")));
    let websocket = life.websocket.as_ref().expect("websocket");
    assert_eq!(websocket.rate, Rate { count: 20, per: Duration::from_secs(10) });
    assert_eq!(websocket.queue.policy, SlowClientPolicy::DropNewest);
    assert_eq!(config.nodes["other-node"], NodeConfig::default());
}

#[test]
fn toml_and_json_say_the_same() {
    let table: toml::Table = FULL.parse().expect("valid");
    let json = serde_json::to_string_pretty(&table).expect("valid");
    assert_eq!(SystemConfig::from_json(&json, "a.json").expect("valid"), toml(FULL).expect("valid"));
}

#[test]
fn an_empty_text_is_the_default() {
    assert_eq!(toml("").expect("valid"), SystemConfig::default());
    assert_eq!(SystemConfig::from_json("{}", "a.json").expect("valid"), SystemConfig::default());
    SystemConfig::default().check().expect("the defaults are valid");
    NodeConfig::default().http(HttpConfig::default()).check("life").expect("the defaults are valid");
}

#[test]
fn a_mistake_is_shown_with_file_line_caret_and_what_to_do() {
    let check = |text: &str, expected: &str| {
        assert_eq!(mistakes(toml(text)), expected.trim_matches('\n'), "{text}");
    };
    check(
        "[nodes.life.requests]\ntimout = \"3s\"",
        r#"
a.toml:2:1: `nodes.life.requests` has no key `timout`; did you mean `timeout`?
  |
2 | timout = "3s"
  | ^^^^^^
  = its keys are `timeout` and `limit`"#,
    );
    check(
        "nodes.life.requests.timeout = 10",
        r#"
a.toml:1:31: `nodes.life.requests.timeout` takes a duration with its unit, such as "250ms", "10s" or "5m"; found the number 10
  |
1 | nodes.life.requests.timeout = 10
  |                               ^^"#,
    );
    check(
        "[nodes.life]\nrequests = { timeout = \"10 parsecs\" }",
        r#"
a.toml:2:24: `nodes.life.requests.timeout` takes a duration with its unit, such as "250ms", "10s" or "5m"; found the text "10 parsecs"
  |
2 | requests = { timeout = "10 parsecs" }
  |                        ^^^^^^^^^^^^"#,
    );
    check(
        "[nodes.life]\nlisten = [\n  \"tcp://127.0.0.1:1\",\n  \"127.0.0.1:60001\",\n]",
        r#"
a.toml:4:3: `nodes.life.listen[1]`: `127.0.0.1:60001` has no scheme; an endpoint reads `tcp://host:port`
  |
4 |   "127.0.0.1:60001",
  |   ^^^^^^^^^^^^^^^^^"#,
    );
    check(
        "[nodes.life.dial]\nmax_attempts = -1",
        r"
a.toml:2:16: `nodes.life.dial.max_attempts` takes a whole number from 0 to 4294967295; found the number -1
  |
2 | max_attempts = -1
  |                ^^",
    );
    check(
        "[nodes.life]\nhandling = \"sequental\"",
        r#"
a.toml:2:12: `nodes.life.handling` has no choice `sequental`; did you mean `sequential`?
  |
2 | handling = "sequental"
  |            ^^^^^^^^^^^
  = its choices are `concurrent` and `sequential`"#,
    );
    check(
        "[nodes.life.keepalive]\ninterval = \"40s\"",
        r#"
a.toml:2:12: `nodes.life.keepalive.timeout` must be longer than `interval`, so that a peer has time to answer: 30s is not longer than 40s
  |
2 | interval = "40s"
  |            ^^^^^"#,
    );
    check(
        "[nodes.life]\n\n[nodes.life.websocket]\nclients = 5\n",
        r#"
a.toml:3:13: `nodes.life.websocket` has no `listen`, and the node has no HTTP component whose listener it could share
  |
3 | [nodes.life.websocket]
  |             ^^^^^^^^^
  = set `listen = "127.0.0.1:8081"` here, or add the section `[nodes.life.http]`"#,
    );
    check(
        "[nodes.life\n",
        r"
a.toml:1:12: this is no TOML: unclosed table, expected `]`
  |
1 | [nodes.life
  |            ^",
    );
}

#[test]
fn a_mistake_in_json_has_its_place_too() {
    let check = |text: &str, expected: &str| {
        let found = mistakes(SystemConfig::from_json(text, "a.json"));
        assert_eq!(found, expected.trim_matches('\n'), "{text}");
    };
    check(
        "{\n  \"nodes\": {\"life\": {\"limits\": {\"frame_bytes\": 100}}}\n}",
        r#"
a.json:2:48: `nodes.life.limits.frame_bytes` takes a size in bytes from 8192 to 268435456, as a whole number or with a unit such as "64KiB" or "16MiB"; found the number 100
  |
2 |   "nodes": {"life": {"limits": {"frame_bytes": 100}}}
  |                                                ^^^"#,
    );
    check(
        "{\"nodes\": {\"life\": {\"listn\": []}}}",
        r#"
a.json:1:21: `nodes.life` has no key `listn`; did you mean `listen`?
  |
1 | {"nodes": {"life": {"listn": []}}}
  |                     ^^^^^^^
  = its keys are `listen`, `connect`, `allow`, `deny`, `insecure`, `tls`, `secret`, `secret_file`, `peers`, `tracing`, `handling`, `requests`, `dial`, `queue`, `keepalive`, `limits`, `log_files`, `stop`, `http` and `websocket`"#,
    );
    check(
        "{\"nodes\": {}, \"nodes\": {}}",
        r#"
a.json:1:15: the key `nodes` is given twice
  |
1 | {"nodes": {}, "nodes": {}}
  |               ^^^^^^^"#,
    );
    check(
        "{\n\"nodes\": {,}}",
        r#"
a.json:2:11: this is no JSON: key must be a string
  |
2 | "nodes": {,}}
  |           ^"#,
    );
    check("[]", "a.json:1:1: the configuration takes a table; found a list\n  |\n1 | []\n  | ^^");
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_the_text() {
    let error = toml(
        "[nodes.life]\nlisten = [\"x\", \"tcp://0.0.0.0:1\"]\nhttp = 5\nstp = 1\n\n[nodes.life.requests]\nlimit = -1\ntimeout = \"0s\"\n\
         [nodes.life.websocket]\npath = \"ws\"\n[nodes.\"a b\"]\n[nodes.b.keepalive]\ntimeout = false\ninterval = \"1h\"",
    )
    .expect_err("wrong");
    let lines: Vec<_> = error.findings().iter().map(|finding| finding.line().expect("a line")).collect();
    // `http = 5` does not lead to "has no HTTP component", nor `timeout = false` to "must be longer than".
    assert_eq!(lines, [2, 2, 3, 4, 7, 8, 10, 11, 13], "{error}");
    assert!(error.to_string().starts_with("the configuration has 9 mistakes\n\na.toml:2:"), "{error}");
}

#[test]
fn values_out_of_range_are_refused() {
    let check = |line: &str, expected: &str| {
        let text = format!("[nodes.life]\nhttp.connections = 9\n{line}");
        let error = toml(&text).expect_err(line);
        let [finding] = error.findings() else { panic!("{error}") };
        assert!(finding.message().contains(expected), "{error}");
        assert_eq!(finding.line(), Some(3), "{error}");
    };
    check("limits.frame_bytes = 8191", "from 8192 to 268435456");
    check("limits.frame_bytes = \"257MiB\"", "from 8192 to 268435456");
    check("limits.frame_bytes = 99999999999999999999", "from 8192 to 268435456");
    check("limits.handlers = 0", "from 1 to");
    check("limits.handshakes = 9223372036854775807", "from 1 to");
    check("requests.limit = 1.5", "a whole number from 0 to");
    check("requests.timeout = \"0s\"", "longer than 0s");
    check("requests.timeout = \"400days\"", "one year");
    check("stop.deadline = \"2years\"", "one year");
    check("keepalive = { interval = \"1s\", timeout = \"1s\" }", "longer than `interval`");
    check("dial.initial_delay = \"11s\"", "shorter than `initial_delay`");
    check("queue.messages = 0", "from 1 to");
    check("queue.max_wait = \"0s\"", "policy = \"disconnect\"");
    check("queue.bytes = \"1MB\"", "\"64KiB\"");
    check("http.folders = { assets = \"a\" }", "starts with `/`");
    check("http.listen = \"localhost\"", "an IP address and a port");
    check("http.listen = 1979-05-27", "found the date or time 1979-05-27");
    check("websocket.origins = [\"https://example.org/\"]", "is no origin");
    check("websocket.path = \"ws\"", "must start with `/`");
    check("listen = [\"tcp://0.0.0.0:1\"]", "no encryption");
    check("listen = [\"tcp://example.org:1\"]", "no encryption");
    check("listen = \"tcp://127.0.0.1:1\"", "takes a list; found the text");
    check("listen = [1]", "takes an endpoint such as");
    check("listen = [{ connections = 1 }]", "`nodes.life.listen[0]` lacks the key `endpoint`");
    check("listen = [{ endpoint = \"tcp://0.0.0.0:1\", insecure = false }]", "no encryption");
    check(
        "listen = [{ endpoint = \"tcp://[::1]:1\", connections = 0 }]",
        "`nodes.life.listen[0].connections` must be",
    );
    check(
        "listen = [{ endpoint = \"tcp://[::1]:1\", conections = 1 }]",
        "has no key `conections`; did you mean `connections`?",
    );
    check("listen = [{ endpoint = \"mem://a\", deny = [] }]", "has no address");
    check("connect = [{ endpoint = \"tcp://a:1\", frame_bytes = 1 }]", "from 8192 to 268435456");
    check("connect = [{ endpoint = \"a:1\" }]", "has no scheme");
    check("secret = \"horse\"", "must have at least 16 bytes");
    check(
        "connect = [{ endpoint = \"tcp://a:1\", secret = \"horse\" }]",
        "`nodes.life.connect[0].secret` must",
    );
    check("peers.gateway.secret = \"horse\"", "`nodes.life.peers.gateway.secret` must");
    check("peers.\"*\".secret_file = \"a\"", "belongs to the node");
    check("peers.\"a b\".may_send = []", "neither a name of a node nor `*`");
    check("peers.gateway.may_send = [\"a*b\"]", "neither the name of a topic nor the start of one");
    check("limits.name_bytes = 65", "from 1 to 64");
    check("limits.topic_bytes = 0", "from 1 to 128");
    check("allow = [\"10.1.2.3/8\"]", "`nodes.life.allow[0]`: `10.1.2.3/8` has an address that goes on");
    check("deny = \"10.0.0.0/8\"", "takes a list");
    check("limits.handshakes_per_address = 0", "from 1 to");
    check("requests = [\"1s\", 1]", "takes a table; found a list");
    check("insecure = \"yes\"", "`true` or `false`");
    check("handling = 1", "one of `concurrent` and `sequential`");
    toml("[nodes.life]\nlisten = [\"tcp://0.0.0.0:1\"]\ninsecure = true").expect("asked for");
    toml("[nodes.life]\nlisten = [{ endpoint = \"tcp://0.0.0.0:1\", insecure = true }]").expect("asked for");
    toml("[nodes.life]\nlisten = [\"tcp://localhost:1\", \"tcp://127.8.0.1:1\"]").expect("loopback");
}

#[cfg(feature = "secret")]
#[test]
fn a_name_that_anyone_can_claim_is_no_permission() {
    let check = |text: &str, expected: Option<&str>| {
        let read = toml(&format!("[nodes.life]\n{text}"));
        match expected {
            Some(expected) => {
                let error = mistakes(read);
                assert!(error.contains(expected) && error.contains("nobody has to prove"), "{error}");
            }
            None => drop(read.expect(text)),
        }
    };
    let secret = "secret = \"correct horse battery staple\"";
    let listen = "listen = [\"tcp://127.0.0.1:1\"]";
    let may_send = "peers.gateway.may_send = [\"chat\"]";
    check(&format!("{listen}\n{may_send}"), Some("`nodes.life.peers.gateway.may_send`"));
    check(&format!("{listen}\n{may_send}\n{secret}"), None);
    check(&format!("{listen}\n{may_send}\npeers.gateway.{secret}"), None);
    check(&format!("listen = [{{ endpoint = \"tcp://127.0.0.1:1\", {secret} }}]\n{may_send}"), None);
    check(&format!("listen = [\"mem://life\"]\n{may_send}"), None);
    check(&format!("{listen}\npeers.\"*\".may_send = [\"chat\"]"), None);
    check(may_send, None);
    let connect = "connect = [\"tcp://127.0.0.1:1\"]";
    let may_announce = "peers.gateway.may_announce = [\"chat\"]";
    check(&format!("{connect}\n{may_send}"), None);
    check(&format!("{connect}\n{may_announce}"), Some("`nodes.life.peers.gateway.may_announce`"));
    check(&format!("{connect}\n{may_announce}\n{secret}"), None);
}

#[test]
fn a_configuration_that_a_program_built_is_checked_alike() {
    let node = NodeConfig::new().listen("tcp://0.0.0.0:1".parse::<Endpoint>().expect("valid"));
    let error = mistakes(node.check("a/b"));
    assert!(error.contains("2 mistakes") && error.contains("`nodes.\"a/b\".listen[0]`"), "{error}");
    node.insecure().check("a.b-c_1").expect("valid");
}

#[cfg(feature = "logging")]
#[test]
fn log_directives_are_checked() {
    let error = mistakes(toml("[system]\nlog = \"info,systemge=loud\""));
    assert!(error.starts_with("a.toml:2:7: `system.log` is no list of log directives"), "{error}");
}

#[test]
fn variables_override_the_file() {
    let text = "[nodes.life]\nlisten = [\"x\"]\n[nodes.other-node]\n[nodes.a__b]";
    let config = with_variables(
        text,
        &[
            ("SYSTEMGE__NODES__LIFE__LISTEN", "[\"tcp://127.0.0.1:0\"]"),
            ("SYSTEMGE__NODES__LIFE__REQUESTS__TIMEOUT", "3s"),
            ("SYSTEMGE__NODES__LIFE__REQUESTS__LIMIT", "7"),
            ("SYSTEMGE__NODES__LIFE__HTTP__LISTEN", "127.0.0.1:0"),
            ("SYSTEMGE__NODES__LIFE__QUEUE", "{ bytes = \"1KiB\" }"),
            ("SYSTEMGE__NODES__LIFE__QUEUE__MAX_WAIT", "\"1s\""),
            ("systemge__nodes__other_node__handling", "sequential"),
            ("SYSTEMGE__NODES__A__B__INSECURE", "true"),
            ("SYSTEMGE__SYSTEM__LOG", "debug"),
            ("SYSTEMGE_OTHER", "left alone"),
            ("PATH", "left alone"),
        ],
    )
    .expect("valid");
    let life = &config.nodes["life"];
    assert_eq!(life.listen, [ListenConfig::new("tcp://127.0.0.1:0".parse().expect("valid"))]);
    assert_eq!(life.requests, RequestConfig { timeout: Duration::from_secs(3), limit: 7 });
    assert_eq!(life.http.as_ref().expect("created").listen.port(), 0);
    assert_eq!((life.queue.bytes, life.queue.max_wait), (1024, Duration::from_secs(1)));
    assert_eq!(config.nodes["other-node"].handling, Handling::Sequential);
    assert!(config.nodes["a__b"].insecure);
    assert_eq!(config.system.log.as_deref(), Some("debug"));
}

#[test]
fn a_wrong_variable_is_named() {
    let text = "[nodes.life]\n[nodes.a-b]\n[nodes.a_b]";
    let check = |name: &str, value: &str, expected: &str| {
        let found = mistakes(with_variables(text, &[(name, value)]));
        assert_eq!(found, format!("environment variable `{name}`: {expected}"));
    };
    check(
        "SYSTEMGE__NODES__LIFE__REQUESTS__TIMOUT",
        "3s",
        "`nodes.life.requests` has no key `timout`; did you mean `timeout`?\n  = its keys are `timeout` and `limit`",
    );
    check(
        "SYSTEMGE__NODES__LIVE__LISTEN",
        "[]",
        "`nodes` of this configuration has no `live`; did you mean `life`?\n  = it has `a-b`, `a_b` and `life`",
    );
    check(
        "SYSTEMGE__NODES__A_B__LISTEN",
        "[]",
        "its name stands for `a-b` and `a_b` alike; set the key in the file instead",
    );
    check("SYSTEMGE__NODES__LIFE__LISTEN__X", "[]", "`nodes.life.listen` has no keys inside");
    check(
        "SYSTEMGE__",
        "",
        "a configuration has no key ``\n  = its keys are `system`, `dashboard`, `nodes` and `kinds`",
    );
    check(
        "SYSTEMGE__NODES__LIFE__REQUESTS__TIMEOUT",
        "3",
        "`nodes.life.requests.timeout` takes a duration with its unit, such as \"250ms\", \"10s\" or \"5m\"; found the text \"3\"",
    );
    check(
        "SYSTEMGE__NODES__LIFE__LISTEN",
        "tcp://127.0.0.1:0",
        "`nodes.life.listen` takes a list; found the text \"tcp://127.0.0.1:0\"",
    );
    check(
        "SYSTEMGE__NODES__LIFE__LIMITS__HANDLERS",
        "0",
        "`nodes.life.limits.handlers` must be from 1 to 268435455; found 0",
    );
    check(
        "SYSTEMGE__NODES__LIFE__QUEUE",
        "{ byte = 1 }",
        "`nodes.life.queue` has no key `byte`; did you mean `bytes`?\n  = its keys are `bytes`, `messages`, `policy` and `max_wait`",
    );
    let twice = [("SYSTEMGE__SYSTEM__LOG", "a"), ("systemge__system__log", "b")];
    let found = mistakes(with_variables(text, &twice));
    assert_eq!(
        found,
        "environment variable `systemge__system__log`: `system.log` is set by the environment variable `SYSTEMGE__SYSTEM__LOG`, too"
    );
}

#[test]
fn what_the_program_misses_is_shown_in_the_file() {
    let config = toml("[system]\nrun = [\"life\", \"gatway\"]\n[nodes.gateway]\n[nodes.foo]").expect("valid");
    let error = config
        .missing_section(&["nodes", "gateway", "http"], "the application `gateway` has an HTTP component");
    assert_eq!(
        error.to_string(),
        "a.toml:3:8: the application `gateway` has an HTTP component, but the section `[nodes.gateway.http]` is missing\n  |\n\
         3 | [nodes.gateway]\n  |        ^^^^^^^"
    );
    let error = config.missing_section(&["nodes", "x.y"], "the program has the node `x.y`");
    assert!(error.to_string().contains("`[nodes.\"x.y\"]` is missing"), "{error}");
    let error = config.unknown_node("foo", ["gateway", "life"]);
    assert_eq!(
        error.to_string(),
        "a.toml:4:8: [nodes.foo] names no node of this program\n  |\n4 | [nodes.foo]\n  |        ^^^\n  = the program has `gateway` and `life`"
    );
    let error = config.unknown_node_to_run("gatway", ["gateway", "life"]);
    assert!(
        error.to_string().starts_with(
            "a.toml:2:16: `gatway` in `system.run` names no node of this program; did you mean `gateway`?"
        ),
        "{error}"
    );
    let built = SystemConfig::default().unknown_node("foo", ["life"]);
    assert_eq!(built.to_string(), "[nodes.foo] names no node of this program\n  = the program has `life`");
}

#[test]
fn a_file_is_found_read_and_remembered_with_its_folder() {
    let folder = Folder::new("config-read");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.0.join(name);
        std::fs::write(&path, bytes).expect("a temporary file");
        path
    };
    let read = |path: &std::path::Path| read::file(path, std::iter::empty());

    let path = file("a.toml", b"\xef\xbb\xbf[nodes.life]\n");
    assert_eq!(read(&path).expect("valid").folder.as_deref(), Some(folder.0.as_path()));
    assert!(read(&file("a.JSON", b"{}")).is_ok());

    let error = read(&folder.0.join("missing.toml")).expect_err("there is none");
    let ConfigError::Unreadable { path, source } = &error else { panic!("{error}") };
    assert!(path.is_absolute() && source.kind() == std::io::ErrorKind::NotFound);
    assert!(crate::Error::from(error).to_string().contains("missing.toml"));

    assert!(matches!(read(&file("a.yaml", b"")), Err(ConfigError::UnknownExtension { .. })));
    assert!(matches!(
        read(&file("big.toml", &vec![b'\n'; read::LARGEST + 1])),
        Err(ConfigError::TooLarge { .. })
    ));
    let error = mistakes(read(&file("latin.toml", b"a = 1\nb = \"\xe4\"\n")));
    assert!(error.contains("latin.toml:2:6: the file is not UTF-8"), "{error}");
}

/// A folder for one test, which is removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("systemge-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn every_key_is_documented() {
    let document = include_str!("../../../docs/configuration.md");
    let keys = schema::keys();
    assert!(keys.len() > 40, "{keys:?}");
    // those of a kind are those of a node
    let keys = keys.iter().map(|key| key.replace("kinds.NAME.", "nodes.NAME."));
    let missing: Vec<_> = keys.filter(|key| !document.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "docs/configuration.md lacks {missing:#?}");
}

#[test]
fn the_example_of_the_documentation_is_valid() {
    let document = include_str!("../../../docs/configuration.md");
    let mut examples = document.split("```toml\n").skip(1).peekable();
    assert!(examples.peek().is_some());
    for example in examples {
        let example = example.split("```").next().expect("an end");
        toml(example).expect(example);
    }
}

#[test]
fn the_largest_file_is_as_large_as_documented() {
    let document = include_str!("../../../docs/configuration.md");
    assert!(document.contains(&format!("A file may have {} KiB.", read::LARGEST / 1024)));
}

#[test]
fn nesting_has_an_end() {
    let keys = ["a"; 70].join(".");
    for deep in [
        format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("a = {}1{}", "{a=".repeat(100_000), "}".repeat(100_000)),
        format!("a = {}1{}", format!("{{{keys}=").repeat(75), "}".repeat(75)),
        format!("a{} = 1", ".a".repeat(100_000)),
        format!("[{keys}]\n{keys} = {}{}", "[".repeat(70), "]".repeat(70)),
    ] {
        mistakes(toml(&deep));
        mistakes(with_variables("", &[("SYSTEMGE__SYSTEM", &deep[4..])]));
    }
    for deep in [
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{}1{}", "{\"nodes\":".repeat(100_000), "}".repeat(100_000)),
        "{\"a\":".repeat(100_000),
    ] {
        mistakes(SystemConfig::from_json(&deep, "a.json"));
    }
}

#[test]
fn the_largest_files_are_refused_in_time() {
    let fill = |piece: &str| piece.repeat(read::LARGEST / piece.len());
    for text in
        [fill("=\n"), fill("["), fill("[a]\n"), fill("a.b=1\n"), fill("'"), fill("\"\"\"\n"), fill("\r")]
    {
        mistakes(toml(&text));
    }
    let nodes: String = (0..read::LARGEST / 24).map(|n| format!("[nodes.\"x y{n}\"]\n")).collect();
    let error = mistakes(toml(&nodes));
    assert!(error.starts_with("the configuration has at least 25 mistakes"));
    let list = format!("[nodes.life]\nlisten = [{}]", "1,".repeat(read::LARGEST / 2 - 32));
    mistakes(toml(&list));
    let json = format!("{{\"nodes\":{{\"life\":{}1{}}}}}", "[".repeat(30), "]".repeat(30));
    mistakes(SystemConfig::from_json(&json, "a.json"));
    mistakes(SystemConfig::from_json(&format!("[{}1]", "[[1],2],".repeat(read::LARGEST / 8 - 1)), "a.json"));
}

/// Bytes of a valid file with pieces replaced.
fn mutated(text: &'static str) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(String::new()),
        any::<char>().prop_map(String::from),
        "[\\[\\]{}=.,\"'\\\\\n0-9-]{1,4}",
        Just("\"10 parsecs\"".to_owned()),
        Just("18446744073709551616".to_owned()),
        Just("[nodes.life.http]\n".to_owned()),
    ];
    let edit = (any::<prop::sample::Index>(), 0..6_usize, piece);
    prop::collection::vec(edit, 1..6).prop_map(move |edits| {
        let mut chars: Vec<char> = text.chars().collect();
        for (position, length, piece) in edits {
            let start = position.index(chars.len() + 1);
            let end = (start + length).min(chars.len());
            chars.splice(start..end, piece.chars());
        }
        chars.into_iter().collect()
    })
}

/// Reading ends, and says where a mistake is.
fn reads(text: &str, variables: &[(OsString, OsString)]) -> Result<(), TestCaseError> {
    for language in [Language::Toml, Language::Json] {
        let result = read::text(language, "a", text.to_owned(), variables.iter().cloned());
        let Err(error) = result else { continue };
        prop_assert!(!error.findings().is_empty());
        prop_assert!(
            error.to_string().chars().all(|c| c == '\n' || !c.is_control()),
            "{:?}",
            error.to_string()
        );
        for finding in error.findings() {
            prop_assert!(finding.line().is_some() || finding.variable().is_some(), "{}", finding);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        reads(&String::from_utf8_lossy(&bytes), &[])?;
    }

    #[test]
    fn no_change_of_a_valid_file_makes_the_reader_panic(text in mutated(FULL)) {
        reads(&text, &[])?;
    }

    #[test]
    fn no_change_of_valid_json_makes_the_reader_panic(
        text in mutated(r#"{"system": {"run": ["life"]}, "nodes": {"life": {"listen": ["tcp://[::1]:0"], "http": null}}}"#)
    ) {
        reads(&text, &[])?;
    }

    #[test]
    fn no_variable_makes_the_reader_panic(
        name in "(NODES__)?(LIFE__)?(HTTP__)?[A-Z_ä.-]{0,12}",
        text in prop_oneof![any::<String>(), mutated("{ listen = [\"tcp://[::1]:0\"], requests = { timeout = \"3s\" } }")],
    ) {
        reads(FULL, &[(format!("SYSTEMGE__{name}").into(), text.into())])?;
    }
}

#[test]
fn log_files_are_checked() {
    let check = |text: &str, expected: &str| {
        let found = mistakes(toml(text));
        assert!(found.contains(expected), "{found}");
    };
    check("[[system.log_files]]\nlevel = \"info\"", "`system.log_files[0].file` is missing");
    check(
        "[[nodes.life.log_files]]\nfile = \"a\"\nmax_bytes = 100",
        "`nodes.life.log_files[0].max_bytes` must be from 4096",
    );
    check("[[nodes.life.log_files]]\nfile = \"a\"\nkeep = 1001", "must be at most 1000; found 1001");
    check("[[nodes.life.log_files]]\nfile = \"a\"\nformt = \"json\"", "did you mean `format`?");
    check("[[kinds.game.log_files]]\nfile = \"a.log\"", "has no `{node}` in it");
    check(
        "[[system.log_files]]\nfile = \"life\"\n[[nodes.life.log_files]]\nfile = \"{node}\"",
        "`nodes.life.log_files[0].file` is written to by another entry, too",
    );
    #[cfg(feature = "logging")]
    {
        check("[[system.log_files]]\nfile = \"a\"\nlevel = \"a=b=c\"", "is no level or list of directives");
        toml("[[kinds.game.log_files]]\nfile = \"{node}.log\"\nlevel = \"warn,systemge=debug\"")
            .expect("valid");
    }
    #[cfg(not(feature = "logging"))]
    check("[[system.log_files]]\nfile = \"a\"", "needs the feature `logging`");
}
