//! Inputs to begin with.

use serde::Serialize;

use crate::sample::{Cell, Everything, Kind};

/// Words of a configuration.
pub const CONFIG_WORDS: &[&str] = &[
    "[nodes.life]",
    "listen",
    "connect",
    "tcp://127.0.0.1:60001",
    "mem://life",
    "requests",
    "timeout",
    "\"10s\"",
    "dial",
    "queue",
    "bytes",
    "\"64 KiB\"",
    "policy",
    "\"wait\"",
    "keepalive",
    "limits",
    "stop",
    "deadline",
    "http",
    "websocket",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    "\"\"\"",
    "\\u0000",
    "\n",
    "a.b.c.d",
    "system",
    "run",
    "log",
    "insecure",
    "true",
    "[",
];

/// The inputs of a target that the corpus is made of.
#[must_use]
pub fn of(target: &str) -> Vec<(String, Vec<u8>)> {
    match target {
        "protocol" => protocol(),
        "decoders" => decoders(),
        "config" => config(),
        _ => Vec::new(),
    }
}

/// The test vectors, each alone and as a sequence, for either side, before the handshake and after it.
fn protocol() -> Vec<(String, Vec<u8>)> {
    let vectors = include_str!("../../../docs/protocol-vectors.toml");
    let frames: Vec<Vec<u8>> = vectors
        .lines()
        .filter_map(|line| line.strip_prefix("bytes = \"")?.split('"').next())
        .map(unhex)
        .filter(|bytes| bytes.len() > 4)
        .collect();
    let mut seeds = Vec::new();
    for (number, frame) in frames.iter().enumerate() {
        for flags in 0..4u8 {
            let magic: &[u8] = if flags & 2 == 0 { b"SYSTEMGE" } else { b"" };
            seeds.push((format!("frame-{number}-{flags}"), [&[flags], magic, frame].concat()));
        }
    }
    for flags in [2, 3, 6, 7] {
        seeds.push((format!("all-{flags}"), [&[flags][..], &frames.concat()].concat()));
    }
    let description = b"2(2UI\x20;2".to_vec();
    let length = u32::try_from(description.len() + 5).unwrap_or(0);
    seeds.push((
        "description".to_owned(),
        [&[3][..], &length.to_le_bytes(), &[14, 0, 0, 0, 0], &description].concat(),
    ));
    seeds
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks_exact(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

fn kinds() -> [Kind; 3] {
    let cell = Cell { row: 1, column: 300 };
    [
        Kind::One(-5),
        Kind::Two(true, vec!["a".to_owned(), "ü".to_owned()]),
        Kind::Named { inside: Some(Box::new(cell)), when: std::time::Duration::new(3, 4) },
    ]
}

/// Values of all kinds in both encodings, to each of the topics, and lengths that promise too much.
fn decoders() -> Vec<(String, Vec<u8>)> {
    let everything = Everything {
        id: u128::MAX,
        name: "a name".to_owned(),
        letter: 'ß',
        ratio: 0.5,
        tags: ["one".to_owned(), "two".to_owned()].into(),
        cells: vec![Cell { row: 1, column: 2 }, Cell { row: u32::MAX, column: u64::MAX }],
        by_name: [("x".to_owned(), vec![Kind::Nothing])].into(),
        kinds: kinds(),
        maybe: Some((-1, 2, -3)),
    };
    let mut values: Vec<[Vec<u8>; 2]> = Vec::new();
    let mut add = |both: [Vec<u8>; 2]| values.push(both);
    add(both(&()));
    add(both(&((1u8, 300u16, 70_000u32, u64::MAX, -1i128), 5u32, 1.5f32)));
    add(both(&"text"));
    add(both(&vec![1u8, 2, 3]));
    add(both(&vec![vec![vec![1u64, 2], vec![]], vec![vec![3]]]));
    add(both(&[[(1u64, 2u64)], [(3, 4)]]));
    add(both(&kinds()[0]));
    add(both(&kinds()[1]));
    add(both(&kinds()[2]));
    add(both(&everything));
    add(both(&vec![everything.clone(), everything]));
    add(both(&"2026-11-24T12:00:00Z"));
    add(both(&("2026-11-24T12:00:00Z", "2026-11-24")));
    add(both(&"67e55044-10b1-426f-9247-bb680e5fe0c8"));
    add(both(&vec!["127.0.0.1", "::1"]));
    let mut seeds = Vec::new();
    let topics = u8::try_from(crate::topics()).unwrap_or(u8::MAX);
    for topic in 0..topics {
        for (number, both) in values.iter().enumerate() {
            for (json, bytes) in (0u8..).zip(both) {
                // every value to its own topic and to the next ones: to all of them would be too many files
                if (number + usize::from(topic)) % 6 == 0 {
                    seeds.push((
                        format!("value-{topic}-{number}-{json}"),
                        [&[topic, json], &bytes[..]].concat(),
                    ));
                }
            }
        }
        let huge = [&[0xff; 9][..], &[1]].concat();
        seeds.push((format!("huge-{topic}"), [&[topic, 0], &huge[..], &huge[..]].concat()));
        seeds.push((format!("deep-{topic}"), [&[topic, 1][..], &[b'['; 300]].concat()));
    }
    seeds
}

fn both(value: &impl Serialize) -> [Vec<u8>; 2] {
    [postcard::to_stdvec(value).unwrap_or_default(), serde_json::to_vec(value).unwrap_or_default()]
}

/// The examples' configurations, and what is nested too deep.
fn config() -> Vec<(String, Vec<u8>)> {
    let texts = [
        ("game-of-life", include_str!("../../../examples/game-of-life/systemge.toml")),
        ("ping-pong", include_str!("../../../examples/ping-pong/systemge.toml")),
        ("keys", KEYS),
    ];
    let mut seeds: Vec<_> =
        texts.into_iter().map(|(name, text)| (name.to_owned(), [&[0], text.as_bytes()].concat())).collect();
    seeds.push(("keys-json".to_owned(), [&[1], JSON.as_bytes()].concat()));
    seeds.push(("deep".to_owned(), [&[0][..], b"a = ", &[b'['; 500]].concat()));
    seeds.push(("deep-json".to_owned(), [&[1][..], &[b'['; 500]].concat()));
    seeds.push(("dots".to_owned(), [&[0][..], "a.".repeat(400).as_bytes(), b"b = 1"].concat()));
    seeds
}

const KEYS: &str = r#"
[system]
run = ["life"]
log = "info"
command_line = false

[nodes.life]
listen = ["tcp://127.0.0.1:0", "mem://life"]
connect = ["tcp://localhost:60001"]
handling = "sequential"
requests = { timeout = "3s", limit = 2 }
dial = { initial_delay = "10ms", max_delay = "1min", max_attempts = 3, on_failure = "shutdown" }
queue = { bytes = "64 KiB", policy = "drop_newest", max_wait = "1s" }
keepalive.interval = "5s"
keepalive.timeout = "20s"
limits.frame_bytes = 65536
stop.deadline = "2s"

[nodes.life.http]
listen = "127.0.0.1:8080"

[nodes.life.websocket]
listen = "127.0.0.1:8443"
path = "/ws"
"#;

const JSON: &str = r#"{"system": {"run": ["life"]}, "nodes": {"life": {"listen": ["tcp://127.0.0.1:0"],
"requests": {"timeout": "3s"}, "queue": {"policy": "wait"}, "limits": {"handlers": 5}, "websocket": {"path": "/ws"}}}}"#;
