//! The test vectors of `docs/protocol-vectors.toml`.

use serde::Deserialize;

use crate::TopicKind;
use crate::config::Secret;
use crate::payload::Shape;
use crate::protocol::frame::{
    Announced, Challenge, Encoding, Frame, Front, GoodbyeCode, Introduction, Status, front,
};
use crate::protocol::proof::{Party, Role, Transcript};

const VECTORS: &str = include_str!("../../../../docs/protocol-vectors.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    frame: Vec<FrameVector>,
    refused: Vec<RefusedVector>,
    proof: Vec<ProofVector>,
    fingerprint: Vec<FingerprintVector>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum FrameVector {
    Hello {
        bytes: String,
        min_version: u16,
        max_version: u16,
        capabilities: u32,
        frame_limit: u32,
        instance: String,
        name: String,
    },
    Welcome {
        bytes: String,
        version: u16,
        capabilities: u32,
        frame_limit: u32,
        instance: String,
        name: String,
    },
    Challenge {
        bytes: String,
        nonce: String,
        instance: String,
        name: String,
    },
    Proof {
        bytes: String,
        nonce: String,
        proof: String,
    },
    CounterProof {
        bytes: String,
        proof: String,
    },
    Announce {
        bytes: String,
        more: bool,
        topics: Vec<TopicVector>,
    },
    Withdraw {
        bytes: String,
        topics: Vec<u32>,
    },
    Draining {
        bytes: String,
    },
    Ping {
        bytes: String,
        nonce: u64,
    },
    Pong {
        bytes: String,
        nonce: u64,
    },
    Goodbye {
        bytes: String,
        code: u16,
        reason: String,
    },
    Describe {
        bytes: String,
        topic: u32,
    },
    Description {
        bytes: String,
        topic: u32,
        description: String,
    },
    Message {
        bytes: String,
        encoding: String,
        topic: u32,
        payload: String,
    },
    Request {
        bytes: String,
        encoding: String,
        topic: u32,
        token: u64,
        remaining: u32,
        payload: String,
    },
    Response {
        bytes: String,
        encoding: String,
        status: u8,
        token: u64,
        payload: String,
    },
    Cancel {
        bytes: String,
        token: u64,
    },
    Trace {
        bytes: String,
        traceparent: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicVector {
    id: u32,
    kind: String,
    fingerprint: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusedVector {
    bytes: String,
    error: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofVector {
    secret: String,
    role: String,
    dialling: PartyVector,
    accepting: PartyVector,
    binding: Option<String>,
    transcript: String,
    proof: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartyVector {
    nonce: String,
    instance: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FingerprintVector {
    topic: String,
    hashed: String,
    fingerprint: String,
}

fn vectors() -> Vectors {
    match toml::from_str(VECTORS) {
        Ok(vectors) => vectors,
        Err(error) => panic!("{error}"),
    }
}

fn bytes(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|character| !character.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).expect("two digits");
    digits.chunks(2).map(byte).collect()
}

fn number(text: &str) -> u64 {
    u64::from_str_radix(text, 16).expect("sixteen digits")
}

fn instance(text: &str) -> u128 {
    u128::from_str_radix(text, 16).expect("thirty-two digits")
}

fn thirty_two(text: &str) -> [u8; 32] {
    bytes(text).try_into().expect("thirty-two bytes")
}

fn encoding(name: &str) -> Encoding {
    match name {
        "postcard" => Encoding::Postcard,
        "json" => Encoding::Json,
        other => panic!("no encoding: {other}"),
    }
}

const STATUSES: [Status; 11] = [
    Status::Success,
    Status::HandlerError,
    Status::Panicked,
    Status::Draining,
    Status::Overloaded,
    Status::UnknownTopic,
    Status::Undecodable,
    Status::Unencodable,
    Status::Cancelled,
    Status::NotAllowed,
    Status::TooLarge,
];

const CODES: [GoodbyeCode; 13] = [
    GoodbyeCode::Stopping,
    GoodbyeCode::Version,
    GoodbyeCode::Violation,
    GoodbyeCode::TooLarge,
    GoodbyeCode::HandshakeTimeout,
    GoodbyeCode::Silent,
    GoodbyeCode::NameTaken,
    GoodbyeCode::TooManyConnections,
    GoodbyeCode::TooSlow,
    GoodbyeCode::Disconnected,
    GoodbyeCode::Replaced,
    GoodbyeCode::Denied,
    GoodbyeCode::Unproven,
];

/// A frame is written as the vector says, and read again.
fn check(vector: &str, frame: &Frame<'_>) {
    let expected = bytes(vector);
    let mut written = Vec::new();
    frame.write(&mut written);
    assert_eq!(written, expected, "{frame:?}");
    let Ok(Front::Frame(inside)) = front(&expected, u32::MAX) else { panic!("no whole frame: {vector}") };
    assert_eq!(inside.len() + 4, expected.len(), "{vector}");
    assert_eq!(Frame::parse(inside).as_ref(), Ok(frame), "{vector}");
}

#[test]
fn frames_are_written_and_read_as_the_vectors_say() {
    let vectors = vectors();
    let mut kinds = std::collections::BTreeSet::new();
    for vector in &vectors.frame {
        let (text, frame) = match vector {
            FrameVector::Hello {
                bytes,
                min_version,
                max_version,
                capabilities,
                frame_limit,
                instance: id,
                name,
            } => {
                let versions = (*min_version, *max_version);
                let introduction = Introduction {
                    versions,
                    capabilities: *capabilities,
                    frame_limit: *frame_limit,
                    instance: instance(id),
                    name,
                };
                (bytes, Frame::Hello(introduction))
            }
            FrameVector::Welcome { bytes, version, capabilities, frame_limit, instance: id, name } => {
                let introduction = Introduction {
                    versions: (*version, *version),
                    capabilities: *capabilities,
                    frame_limit: *frame_limit,
                    instance: instance(id),
                    name,
                };
                (bytes, Frame::Welcome(introduction))
            }
            FrameVector::Challenge { bytes, nonce, instance: id, name } => {
                let (nonce, instance) = (thirty_two(nonce), instance(id));
                (bytes, Frame::Challenge(Challenge { nonce, instance, name }))
            }
            FrameVector::Proof { bytes, nonce, proof } => {
                (bytes, Frame::Proof { nonce: thirty_two(nonce), proof: thirty_two(proof) })
            }
            FrameVector::CounterProof { bytes, proof } => (bytes, Frame::CounterProof(thirty_two(proof))),
            FrameVector::Announce { bytes, more, topics } => {
                let topic = |topic: &TopicVector| match topic.kind.as_str() {
                    "one-way" => TopicKind::OneWay,
                    "request" => TopicKind::Request,
                    other => panic!("no kind of topic: {other}"),
                };
                let topics = topics.iter().map(|entry| Announced {
                    id: entry.id,
                    kind: topic(entry),
                    fingerprint: number(&entry.fingerprint),
                    name: &entry.name,
                });
                (bytes, Frame::Announce { more: *more, topics: topics.collect() })
            }
            FrameVector::Withdraw { bytes, topics } => (bytes, Frame::Withdraw(topics.clone())),
            FrameVector::Draining { bytes } => (bytes, Frame::Draining),
            FrameVector::Ping { bytes, nonce } => (bytes, Frame::Ping(*nonce)),
            FrameVector::Pong { bytes, nonce } => (bytes, Frame::Pong(*nonce)),
            FrameVector::Goodbye { bytes, code, reason } => {
                let known = CODES.into_iter().find(|known| known.number() == *code);
                (bytes, Frame::Goodbye { code: known.unwrap_or(GoodbyeCode::Other(*code)), reason })
            }
            FrameVector::Message { bytes: text, encoding: name, topic, payload } => {
                let payload = bytes(payload);
                check(text, &Frame::Message { topic: *topic, encoding: encoding(name), payload: &payload });
                kinds.insert("message");
                continue;
            }
            FrameVector::Request { bytes: text, encoding: name, topic, token, remaining, payload } => {
                let (payload, encoding) = (bytes(payload), encoding(name));
                let (topic, token, remaining) = (*topic, *token, *remaining);
                check(text, &Frame::Request { topic, token, remaining, encoding, payload: &payload });
                kinds.insert("request");
                continue;
            }
            FrameVector::Response { bytes: text, encoding: name, status, token, payload } => {
                let (payload, encoding, token) = (bytes(payload), encoding(name), *token);
                let status = STATUSES[usize::from(*status)];
                check(text, &Frame::Response { token, status, encoding, payload: &payload });
                kinds.insert("response");
                continue;
            }
            FrameVector::Describe { bytes, topic } => (bytes, Frame::Describe(*topic)),
            FrameVector::Description { bytes: text, topic, description } => {
                let description = bytes(description);
                check(text, &Frame::Description { topic: *topic, description: &description });
                kinds.insert("description");
                continue;
            }
            FrameVector::Cancel { bytes, token } => (bytes, Frame::Cancel(*token)),
            FrameVector::Trace { bytes, traceparent } => {
                (bytes, Frame::Trace(traceparent.parse().expect("a traceparent")))
            }
        };
        check(text, &frame);
        kinds.insert(frame.name());
    }
    assert_eq!(kinds.len(), 18, "a kind of frame has no vector: {kinds:?}");
}

#[test]
fn frames_that_break_a_rule_are_refused_as_the_vectors_say() {
    for vector in vectors().refused {
        let bytes = bytes(&vector.bytes);
        let Ok(Front::Frame(inside)) = front(&bytes, u32::MAX) else {
            panic!("no whole frame: {}", vector.bytes)
        };
        let violation = Frame::parse(inside).expect_err(&vector.bytes);
        assert_eq!(violation.to_string(), vector.error, "{}", vector.bytes);
    }
}

#[test]
fn proofs_are_those_of_the_vectors() {
    let party = |party: &PartyVector| Party {
        nonce: thirty_two(&party.nonce),
        instance: instance(&party.instance),
        name: party.name.clone(),
    };
    let vectors = vectors().proof;
    assert_eq!(vectors.len(), 4);
    for vector in vectors {
        let transcript = Transcript {
            dialling: party(&vector.dialling),
            accepting: party(&vector.accepting),
            binding: vector.binding.as_deref().map(thirty_two),
        };
        let role = if vector.role == "dialling" { Role::Dialling } else { Role::Accepting };
        assert_eq!(transcript.bytes(role), bytes(&vector.transcript));
        let (secret, proof) = (Secret::new(vector.secret), thirty_two(&vector.proof));
        if cfg!(feature = "secret") {
            assert_eq!(transcript.prove(&secret, role), Some(proof));
            assert!(transcript.is_proved(&secret, role, &proof));
        } else {
            assert!(!transcript.is_proved(&secret, role, &proof), "nothing is proved without the feature");
        }
    }
}

/// The shapes of the vectors.
mod topics {
    use crate::{Schema, Topic};

    #[derive(serde::Serialize, serde::Deserialize)]
    pub(super) struct Cell {
        row: u32,
        column: u32,
        state: Option<bool>,
    }

    impl Schema for Cell {
        const SHAPE: &'static crate::payload::Shape = &crate::payload::Shape::Struct(&[
            crate::payload::Field { name: "row", shape: u32::SHAPE },
            crate::payload::Field { name: "column", shape: u32::SHAPE },
            crate::payload::Field { name: "state", shape: <Option<bool> as Schema>::SHAPE },
        ]);
    }

    #[derive(Debug, serde::Serialize, serde::Deserialize)]
    pub(super) enum Refusal {
        Late,
        Wrong(String),
    }

    impl std::fmt::Display for Refusal {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("refused")
        }
    }

    impl Schema for Refusal {
        const SHAPE: &'static crate::payload::Shape = &crate::payload::Shape::Enum(&[
            crate::payload::Variant { name: "Late", shape: <() as Schema>::SHAPE },
            crate::payload::Variant { name: "Wrong", shape: String::SHAPE },
        ]);
    }

    pub(super) fn all() -> Vec<(&'static str, Topic)> {
        vec![
            ("one-way, payload ()", Topic::one_way::<()>("t")),
            ("one-way, payload u64", Topic::one_way::<u64>("t")),
            ("request, payload (), response String", Topic::request::<(), String>("t")),
            ("request, payload (u8, char), response Vec<f32>", Topic::request::<(u8, char), Vec<f32>>("t")),
            (
                "request, payload Cell { row: u32, column: u32, state: Option<bool> }, response (), error Refusal { Late, Wrong(String) }",
                Topic::request::<Cell, Result<(), Refusal>>("t"),
            ),
            (
                "one-way, payload (IPv4 address, BTreeMap<String, [i16; 2]>)",
                Topic::one_way::<(std::net::Ipv4Addr, std::collections::BTreeMap<String, [i16; 2]>)>("t"),
            ),
        ]
    }
}

/// 64-bit FNV-1a, from its definition.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[test]
fn fingerprints_are_those_of_the_vectors() {
    let topics = topics::all();
    let vectors = vectors().fingerprint;
    assert_eq!(vectors.len(), topics.len());
    for ((name, topic), vector) in topics.into_iter().zip(vectors) {
        assert_eq!(vector.topic, name);
        let hashed = bytes(&vector.hashed);
        assert_eq!(format!("{:016x}", fnv(&hashed)), vector.fingerprint, "{name}");
        assert_eq!(format!("{:016x}", topic.fingerprint()), vector.fingerprint, "{name}");
        let mut described = Vec::new();
        topic.describe(&mut described);
        assert_eq!(described, hashed, "{name}");
    }
}

#[test]
fn a_shape_reads_like_a_type() {
    let check = |shape: &Shape, expected: &str| assert_eq!(shape.to_string(), expected);
    check(<topics::Cell as crate::Schema>::SHAPE, "{ row: u32, column: u32, state: Option<bool> }");
    check(<topics::Refusal as crate::Schema>::SHAPE, "Late | Wrong(String)");
    check(<Vec<(u8, [i16; 3])> as crate::Schema>::SHAPE, "[(u8, [i16; 3])]");
    check(<std::collections::BTreeMap<String, f64> as crate::Schema>::SHAPE, "{String => f64}");
}
