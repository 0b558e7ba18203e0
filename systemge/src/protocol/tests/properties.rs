//! What must hold for any bytes.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::pair::{Side, settings};
use crate::TopicKind;
use crate::protocol::frame::{
    Announced, Challenge, Encoding, Frame, Front, GoodbyeCode, Introduction, Status, Violation, front,
};
use crate::protocol::session::{Session, Step};
use crate::protocol::{HANDSHAKE_FRAME, MAGIC};
use crate::trace::TraceContext;

/// A frame that owns what it holds.
#[derive(Debug, Clone)]
enum Owned {
    Introduction(bool, u16, u32, u128, String),
    Announce(bool, Vec<(u32, bool, u64, String)>),
    Withdraw(Vec<u32>),
    Goodbye(u16, String),
    Plain(u8, u64),
    Payload(u8, bool, u32, u64, Vec<u8>),
    Challenge([u8; 32], u128, String),
    Proof(bool, [u8; 32], [u8; 32]),
}

fn owned() -> impl Strategy<Value = Owned> {
    let topic = (any::<u32>(), any::<bool>(), any::<u64>(), "[a-zA-Z0-9._/-]{1,128}");
    prop_oneof![
        (any::<bool>(), any::<u16>(), any::<u32>(), any::<u128>(), "[a-zA-Z0-9._-]{1,64}").prop_map(
            |(hello, version, limit, instance, name)| Owned::Introduction(
                hello, version, limit, instance, name
            )
        ),
        (any::<bool>(), prop::collection::vec(topic, 0..40))
            .prop_map(|(more, topics)| Owned::Announce(more, topics)),
        prop::collection::vec(any::<u32>(), 0..100).prop_map(Owned::Withdraw),
        (any::<u16>(), "\\PC{0,100}").prop_map(|(code, reason)| Owned::Goodbye(code, reason)),
        (any::<[u8; 32]>(), any::<u128>(), "[a-zA-Z0-9._-]{1,64}")
            .prop_map(|(nonce, instance, name)| Owned::Challenge(nonce, instance, name)),
        (any::<bool>(), any::<[u8; 32]>(), any::<[u8; 32]>())
            .prop_map(|(counter, nonce, proof)| Owned::Proof(counter, nonce, proof)),
        (0..6u8, any::<u64>()).prop_map(|(kind, number)| Owned::Plain(kind, number)),
        (0..4u8, any::<bool>(), any::<u32>(), any::<u64>(), prop::collection::vec(any::<u8>(), 0..200))
            .prop_map(|(kind, json, number, token, payload)| Owned::Payload(
                kind, json, number, token, payload
            )),
    ]
}

impl Owned {
    fn with<T>(&self, use_frame: impl FnOnce(&Frame<'_>) -> T) -> T {
        match self {
            Self::Introduction(hello, version, frame_limit, instance, name) => {
                let introduction = Introduction {
                    versions: (*version, *version),
                    capabilities: 7,
                    frame_limit: *frame_limit,
                    instance: *instance,
                    name,
                };
                use_frame(&if *hello { Frame::Hello(introduction) } else { Frame::Welcome(introduction) })
            }
            Self::Announce(more, topics) => {
                let topics = topics.iter().map(|(id, request, fingerprint, name)| Announced {
                    id: *id,
                    kind: if *request { TopicKind::Request } else { TopicKind::OneWay },
                    fingerprint: *fingerprint,
                    name,
                });
                use_frame(&Frame::Announce { more: *more, topics: topics.collect() })
            }
            Self::Withdraw(topics) => use_frame(&Frame::Withdraw(topics.clone())),
            Self::Goodbye(code, reason) => {
                // a number that has a name is read as that name
                let code = if *code < 13 { GoodbyeCode::Other(code + 13) } else { GoodbyeCode::Other(*code) };
                use_frame(&Frame::Goodbye { code, reason })
            }
            Self::Challenge(nonce, instance, name) => {
                use_frame(&Frame::Challenge(Challenge { nonce: *nonce, instance: *instance, name }))
            }
            Self::Proof(true, _, proof) => use_frame(&Frame::CounterProof(*proof)),
            Self::Proof(false, nonce, proof) => use_frame(&Frame::Proof { nonce: *nonce, proof: *proof }),
            Self::Plain(0, _) => use_frame(&Frame::Draining),
            Self::Plain(1, nonce) => use_frame(&Frame::Ping(*nonce)),
            Self::Plain(2, nonce) => use_frame(&Frame::Pong(*nonce)),
            Self::Plain(3, topic) => use_frame(&Frame::Describe(*topic as u32)),
            Self::Plain(4, ids) => {
                let (trace, span) = (u128::from(*ids).max(1).to_be_bytes(), (ids >> 8).max(1).to_be_bytes());
                let trace = TraceContext::of_bytes(trace, span, (ids % 4) as u8);
                use_frame(&Frame::Trace(trace.expect("ids and flags that there are")))
            }
            Self::Plain(_, token) => use_frame(&Frame::Cancel(*token)),
            Self::Payload(kind, json, number, token, payload) => {
                let (topic, token) = (*number, *token);
                let encoding = if *json { Encoding::Json } else { Encoding::Postcard };
                use_frame(&match kind {
                    0 => Frame::Message { topic, encoding, payload },
                    3 => Frame::Description { topic, description: payload },
                    1 => Frame::Request { topic, token, remaining: *number, encoding, payload },
                    _ => Frame::Response { token, status: Status::HandlerError, encoding, payload },
                })
            }
        }
    }
}

/// Runs a session over bytes; returns how many it used, and why it stopped.
fn run(session: &mut Session, mut input: &[u8]) -> (usize, Option<Violation>) {
    let (mut out, mut used) = (Vec::new(), 0);
    loop {
        match session.step(input, &mut out) {
            Ok(Step::Incomplete(needed)) => {
                assert!(needed > input.len(), "nothing is missing");
                return (used, None);
            }
            Ok(Step::Used(count) | Step::Event(_, count)) => {
                assert!(count > 0 && count <= input.len(), "a step uses what is there");
                used += count;
                input = &input[count..];
            }
            Err(violation) => return (used, Some(violation)),
        }
        assert!(out.len() <= 16 * (used + 16), "answers grow with what came");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_frame_that_is_written_is_read_again(frame in owned()) {
        frame.with(|frame| {
            let mut bytes = Vec::new();
            frame.write(&mut bytes);
            match front(&bytes, u32::MAX) {
                Ok(Front::Frame(inside)) => {
                    assert_eq!(inside.len() + 4, bytes.len());
                    assert_eq!(Frame::parse(inside).as_ref(), Ok(frame));
                }
                other => panic!("{other:?}"),
            }
            for cut in 0..bytes.len() {
                assert!(matches!(front(&bytes[..cut], u32::MAX), Ok(Front::Incomplete(needed)) if needed > cut));
            }
        });
    }

    #[test]
    fn any_bytes_are_a_frame_or_a_violation(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Frame::parse(&bytes);
        let _ = front(&bytes, 100);
    }

    #[test]
    fn a_session_survives_any_bytes(
        dialler in any::<bool>(),
        magic in any::<bool>(),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut input = if magic { MAGIC.to_vec() } else { Vec::new() };
        input.extend(bytes);
        run(&mut Side::new(dialler).session, &input);
    }

    #[test]
    fn a_session_survives_changed_frames(
        dialler in any::<bool>(),
        frames in prop::collection::vec(owned(), 1..10),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let mut input = Vec::new();
        for frame in frames {
            frame.with(|frame| frame.write(&mut input));
        }
        for (place, byte) in edits {
            let place = place.index(input.len());
            input[place] = byte;
        }
        run(&mut Side::opened(dialler).session, &input);
    }

    #[test]
    fn a_stranger_cannot_announce_a_large_frame(length in HANDSHAKE_FRAME + 1.., dialler in any::<bool>()) {
        let mut input = MAGIC.to_vec();
        input.extend(length.to_le_bytes());
        let (used, violation) = run(&mut Side::new(dialler).session, &input);
        prop_assert_eq!(used, MAGIC.len());
        prop_assert_eq!(violation, Some(Violation::TooLarge { length, limit: HANDSHAKE_FRAME }));
    }
}

#[test]
fn a_count_that_promises_more_than_there_is_reserves_nothing() {
    // 65535 topics in a frame of four bytes
    assert_eq!(Frame::parse(&[3, 0, 0xff, 0xff]), Err(Violation::Truncated));
    assert_eq!(Frame::parse(&[4, 0xff, 0xff]), Err(Violation::Truncated));
}

#[test]
fn a_handshake_has_a_time_limit() {
    let start = Instant::now();
    let mut session = Session::accept(settings(), start);
    let mut out = Vec::new();
    assert_eq!(session.check(start, &mut out), Ok(start + Duration::from_secs(5)));
    let late = start + Duration::from_secs(5);
    assert_eq!(session.check(late, &mut out), Err(Violation::HandshakeTimeout));
    assert!(out.is_empty());
}
