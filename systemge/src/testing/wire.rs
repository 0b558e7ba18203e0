//! Frames as a test sees them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::payload::Payload;
use crate::payload::codec::decode;
use crate::protocol::MAGIC;
use crate::protocol::frame::{Encoding, Frame, Front, LENGTH, front};

/// A frame of the protocol as a test sees it, with names instead of numbers. `docs/PROTOCOL.md` says what each means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireFrame {
    /// `HELLO`: the dialling side says who it is.
    Hello {
        /// Its name.
        name: String,
    },
    /// `WELCOME`: the accepting side lets it in.
    Welcome {
        /// Its name.
        name: String,
    },
    /// `CHALLENGE`: the accepting side wants a proof that the other knows the shared secret.
    Challenge {
        /// Its name.
        name: String,
        /// Its random bytes.
        nonce: [u8; 32],
    },
    /// `PROOF`: the dialling side proves that it knows the shared secret.
    Proof {
        /// Its random bytes.
        nonce: [u8; 32],
        /// The proof.
        proof: [u8; 32],
    },
    /// `COUNTER_PROOF`: the accepting side proves the same.
    CounterProof {
        /// The proof.
        proof: [u8; 32],
    },
    /// `ANNOUNCE`: topics that the accepting side handles.
    Announced {
        /// Their names.
        topics: Vec<String>,
    },
    /// `WITHDRAW`: topics that it no longer handles.
    Withdrawn {
        /// Their names.
        topics: Vec<String>,
    },
    /// `DRAINING`: the accepting side takes nothing new.
    Draining,
    /// `PING`.
    Ping,
    /// `PONG`.
    Pong,
    /// `DESCRIBE`: the dialling side asks for the types of a topic that it knows with others.
    Describe {
        /// The topic's name.
        topic: String,
    },
    /// `DESCRIPTION`: the accepting side tells them.
    Described {
        /// The topic's name.
        topic: String,
    },
    /// `GOODBYE`.
    Goodbye {
        /// Why, as a number of the protocol.
        code: u16,
        /// Why, as a text.
        reason: String,
    },
    /// `MESSAGE`.
    Message {
        /// The topic's name.
        topic: String,
        /// The payload.
        payload: WirePayload,
    },
    /// `REQUEST`.
    Request {
        /// The topic's name.
        topic: String,
        /// What the response refers to.
        token: u64,
        /// How long the caller still waits; zero if it doesn't say.
        remaining: Duration,
        /// The payload.
        payload: WirePayload,
    },
    /// `RESPONSE`.
    Response {
        /// The request's token.
        token: u64,
        /// How it went, as a number of the protocol; 0 is a success.
        status: u8,
        /// The response, the handler's error, or a text.
        payload: WirePayload,
    },
    /// `TRACE`: what the next message or request is a part of.
    Trace {
        /// The trace, as a `traceparent`.
        traceparent: String,
    },
    /// `CANCEL`: the caller no longer waits.
    Cancelled {
        /// The request's token.
        token: u64,
    },
}

/// A payload as it travelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WirePayload {
    json: bool,
    bytes: Vec<u8>,
}

impl WirePayload {
    fn new(encoding: Encoding, bytes: &[u8]) -> Self {
        Self { json: encoding == Encoding::Json, bytes: bytes.to_vec() }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it is JSON; postcard otherwise.
    #[must_use]
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// If the bytes are none of that type; the text says why.
    pub fn decode<P: Payload>(&self) -> Result<P, String> {
        decode(&self.bytes, if self.json { Encoding::Json } else { Encoding::Postcard })
    }
}

/// The topics of one connection, by their numbers.
pub(super) type TopicNames = BTreeMap<u32, String>;

/// Reads the frames of one direction.
#[derive(Debug, Default)]
pub(super) struct WireReader {
    bytes: Vec<u8>,
    greeted: bool,
}

impl WireReader {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole frame; an error says what is no frame.
    pub(super) fn next(&mut self, names: &mut TopicNames) -> Result<Option<WireFrame>, String> {
        if !self.greeted {
            if self.bytes.len() < MAGIC.len() {
                return Ok(None);
            }
            if self.bytes[..MAGIC.len()] != MAGIC {
                return Err(format!("this is no magic: {:?}", &self.bytes[..MAGIC.len()]));
            }
            self.bytes.drain(..MAGIC.len());
            self.greeted = true;
        }
        let bytes = match front(&self.bytes, u32::MAX) {
            Ok(Front::Frame(bytes)) => bytes,
            Ok(Front::Incomplete(_)) => return Ok(None),
            Err(violation) => return Err(violation.to_string()),
        };
        let frame = Frame::parse(bytes).map_err(|violation| violation.to_string())?;
        let (used, frame) = (LENGTH + bytes.len(), named(&frame, names));
        self.bytes.drain(..used);
        Ok(Some(frame))
    }
}

fn named(frame: &Frame<'_>, names: &mut TopicNames) -> WireFrame {
    let name = |names: &TopicNames, id: u32| {
        names.get(&id).cloned().unwrap_or_else(|| format!("unknown topic {id}"))
    };
    match frame {
        Frame::Hello(hello) => WireFrame::Hello { name: hello.name.to_owned() },
        Frame::Welcome(welcome) => WireFrame::Welcome { name: welcome.name.to_owned() },
        Frame::Challenge(challenge) => {
            WireFrame::Challenge { name: challenge.name.to_owned(), nonce: challenge.nonce }
        }
        Frame::Proof { nonce, proof } => WireFrame::Proof { nonce: *nonce, proof: *proof },
        Frame::CounterProof(proof) => WireFrame::CounterProof { proof: *proof },
        Frame::Announce { topics, .. } => {
            names.extend(topics.iter().map(|topic| (topic.id, topic.name.to_owned())));
            WireFrame::Announced { topics: topics.iter().map(|topic| topic.name.to_owned()).collect() }
        }
        Frame::Withdraw(topics) => {
            WireFrame::Withdrawn { topics: topics.iter().map(|id| name(names, *id)).collect() }
        }
        Frame::Draining => WireFrame::Draining,
        Frame::Ping(_) => WireFrame::Ping,
        Frame::Pong(_) => WireFrame::Pong,
        Frame::Describe(topic) => WireFrame::Describe { topic: name(names, *topic) },
        Frame::Description { topic, .. } => WireFrame::Described { topic: name(names, *topic) },
        Frame::Goodbye { code, reason } => {
            WireFrame::Goodbye { code: code.number(), reason: (*reason).to_owned() }
        }
        Frame::Message { topic, encoding, payload } => {
            WireFrame::Message { topic: name(names, *topic), payload: WirePayload::new(*encoding, payload) }
        }
        Frame::Request { topic, token, remaining, encoding, payload } => WireFrame::Request {
            topic: name(names, *topic),
            token: *token,
            remaining: Duration::from_millis((*remaining).into()),
            payload: WirePayload::new(*encoding, payload),
        },
        Frame::Response { token, status, encoding, payload } => WireFrame::Response {
            token: *token,
            status: *status as u8,
            payload: WirePayload::new(*encoding, payload),
        },
        Frame::Trace(trace) => WireFrame::Trace { traceparent: trace.to_string() },
        Frame::Cancel(token) => WireFrame::Cancelled { token: *token },
    }
}
