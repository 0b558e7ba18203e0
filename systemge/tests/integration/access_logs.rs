//! Nothing that a peer sends reaches a log unescaped, or longer than 64 bytes.

use std::time::Duration;

use systemge::config::{Endpoint, HttpConfig};
use systemge::http::HttpError;
use systemge::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::log::Log;
use crate::raw::{MAGIC, Raw, frame, hello, message};
use crate::support::{Caller, listening, soon, start, until, with};

/// Clears a terminal, and looks like a line of its own.
const EVIL: &str = "\u{1b}[2J\r\n2026-01-01 ERROR all is lost \u{202e}";

/// The same, and much of it.
fn evil(filler: &str, length: usize) -> String {
    let mut text = EVIL.to_owned();
    while text.len() + filler.len() <= length {
        text.push_str(filler);
    }
    text
}

#[systemge::payload]
#[derive(Debug)]
enum Choice {
    One,
    Two,
}

#[derive(systemge::Application, Default)]
struct Victim {}

#[systemge::node]
impl Victim {
    #[topic("quote", oneway)]
    async fn quote(&self, text: String) -> Result<(), String> {
        Err(format!("nobody is called `{text}`"))
    }

    #[topic("panic")]
    async fn panic(&self, text: String) {
        panic!("nobody is called `{text}`");
    }

    #[topic("choose")]
    async fn choose(&self, _choice: Choice) {}
}

#[systemge::http]
impl Victim {
    #[get("/fail/{name}")]
    async fn fail(&self, name: String) -> Result<String, HttpError> {
        Err(HttpError::internal(format!("nobody is called `{name}`")))
    }
}

fn goodbye(reason: &str) -> Vec<u8> {
    let length = u16::try_from(reason.len()).expect("a short text").to_le_bytes();
    frame(8, &[&9u16.to_le_bytes(), &length, reason.as_bytes()])
}

/// What dials the victim, and says something evil.
async fn dial_it(node: &Node) {
    let address = node.addresses()[0];
    let strangers = [
        evil("Z", 3000).into_bytes(),
        [MAGIC, &hello(1, 1, &evil("Z", 250))].concat(),
        [MAGIC, &goodbye(&evil("Z", 500))].concat(),
    ];
    let refused = node.counters().refused_connections;
    for (number, words) in (1..).zip(strangers) {
        let mut raw = Raw::dial(address).await;
        raw.send(&words).await;
        drop(raw);
        until(|| node.counters().refused_connections == refused + number).await;
        // one line in a second for each reason
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
    let (mut raw, names) = Raw::join(address, "guest").await;
    let id =
        |name: &str| u32::try_from(names.iter().position(|topic| topic == name).expect(name)).expect("few");
    let text = |text: &str| {
        let length = u16::try_from(text.len()).expect("a short text");
        [&[(length & 0x7f) as u8 | 0x80, (length >> 7) as u8][..], text.as_bytes()].concat()
    };
    raw.send(&message(id("quote"), &text(&evil("Y", 2000)))).await;
    raw.send(&message(id("panic"), &text(&evil("Y", 2000)))).await;
    // in JSON, the decoder quotes what it can't use
    let choice = serde_json::to_vec(&evil("Z", 2000)).expect("a text");
    raw.send(&frame(0x10, &[&[1], &id("choose").to_le_bytes(), &choice])).await;
    until(|| {
        node.counters().undecodable == 1 && node.counters().failed == 1 && node.counters().panicked == 1
    })
    .await;
    raw.send(&goodbye(&evil("Z", 500))).await;
    until(|| node.connected_from().len() == 1).await;
}

/// 64-bit FNV-1a, as in `docs/PROTOCOL.md`.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// What the victim dials, and hears something evil of.
async fn be_dialled_by(node: &Node, log: &Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = Endpoint::tcp(listener.local_addr().expect("an address"));
    let accept = async || Raw(listener.accept().await.expect("the node dials").0);

    let name = evil("Z", 250);
    let length = u8::try_from(name.len()).expect("a short name");
    let welcome = frame(
        2,
        &[&1u16.to_le_bytes(), &[0; 4], &(1u32 << 20).to_le_bytes(), &[7; 16], &[length], name.as_bytes()],
    );
    for words in [
        evil("Z", 3000).into_bytes(),
        [MAGIC, &welcome].concat(),
        [MAGIC, &goodbye(&evil("Z", 500))].concat(),
    ] {
        let answer = async {
            let mut raw = accept().await;
            raw.expect_magic().await;
            raw.send(&words).await;
            raw
        };
        let (_, connected) = soon(async { tokio::join!(answer, node.connect(endpoint.clone())) }).await;
        connected.expect_err("that is no node");
    }

    // a topic with types that have evil names
    let mut description = b"1r".to_vec();
    description.extend(2u64.to_le_bytes());
    for filler in ["Z", "\u{7}"] {
        let field = evil(filler, 1000);
        description.extend(u64::try_from(field.len()).expect("short").to_le_bytes());
        description.extend(field.as_bytes());
        description.push(b'u');
    }
    let topics = [("choose", 0, fingerprint(&description))];
    let answer = async {
        let mut raw = Raw::accept(accept().await.0, "stranger", &topics).await;
        // the victim's client makes it ask which types these are
        let asked = raw.frame().await.expect("a question");
        assert_eq!(asked[0], 9, "a description is asked for");
        raw.send(&frame(0x0a, &[&asked[1..5], &description])).await;
        raw.send(&goodbye(&evil("Z", 500))).await;
        raw
    };
    let client = VictimClient::new(node);
    let ask = async {
        node.connect(endpoint.clone()).await.expect("it is let in");
        let _ = client.choose(Choice::One).await;
    };
    let _raw = soon(async { tokio::join!(answer, ask) }).await;
    until(|| node.connected_to().is_empty() && log.has("know the topic `choose` with different types")).await;
    node.disconnect(&endpoint);
}

/// What browsers and their like say.
async fn browse(node: &Node) {
    let address = node.http_address().expect("it serves HTTP");
    let z = "Z".repeat(300);
    let requests = [
        // the handler's own error quotes it, which may be longer
        format!(
            "GET /fail/%1b%5b2J%0d%0a{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "Y".repeat(300)
        ),
        format!("{z} /fail/{z} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        format!("GET /{EVIL}{z} HTTP/1.1\r\n\r\n"),
        format!("{EVIL}{z}\r\n\r\n"),
    ];
    for words in requests {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        stream.write_all(words.as_bytes()).await.expect("it reads");
        let mut answer = Vec::new();
        // whether it answers such a thing is its own affair
        let _ = soon(stream.read_to_end(&mut answer)).await;
    }
}

#[tokio::test]
async fn what_peers_send_is_escaped_and_cut_in_every_log_line() {
    let (log, _reading) = Log::read();
    let mut http = HttpConfig::default();
    http.listen = ([127, 0, 0, 1], 0).into();
    let config = with(|config| config.http = Some(http));
    let (system, node) = start("victim", Victim::default(), config).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    soon(caller.connect(crate::support::endpoint(&node))).await.expect("it listens");

    soon(dial_it(&node)).await;
    soon(be_dialled_by(&node, &log)).await;
    browse(&node).await;
    caller_system.stop().await;
    system.stop().await;

    for expected in [
        "a connection was refused",
        "a peer is gone",
        "a handler failed",
        "a handler panicked",
        "its payload does not decode",
        "an HTTP handler failed",
        "the peer said goodbye",
    ] {
        assert!(log.has(expected), "{expected}: {:#?}", log.texts());
    }
    for text in log.texts() {
        assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "unescaped: {text:?}");
        assert!(!text.contains(&"Z".repeat(65)), "too long: {text}");
        // what the application says itself, and may quote
        assert!(text.len() <= 600, "too long: {text}");
        assert!(!text.starts_with("path=") || text.len() <= "path=".len() + 64, "too long: {text}");
    }
}
