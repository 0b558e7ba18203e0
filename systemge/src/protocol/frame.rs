//! Frames: what travels between two nodes.
//!
//! A frame is its length in four bytes (little-endian, as every number), then that many bytes: the kind, the
//! fields of that kind and, at the end, the payload.

use super::proof::{Nonce, Tag};
use super::wire::{Reader, cut, put_short_text, put_text};
use super::{HANDSHAKE_FRAME, MAX_DESCRIPTION, MAX_TEXT};
use crate::trace::TraceContext;

/// How many bytes the length of a frame takes.
pub(crate) const LENGTH: usize = 4;

/// A number that names a topic of one announcement.
pub(crate) type TopicId = u32;

/// What ties a response to its request; valid on one connection.
pub(crate) type Token = u64;

/// How a payload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Postcard,
    Json,
}

impl Encoding {
    const fn bits(self) -> u8 {
        match self {
            Self::Postcard => 0,
            Self::Json => 1,
        }
    }

    const fn from_bits(bits: u8) -> Result<Self, Violation> {
        match bits {
            0 => Ok(Self::Postcard),
            1 => Ok(Self::Json),
            _ => Err(Violation::Flags(bits)),
        }
    }
}

/// Whether and why a request has no response. The numbers are part of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// The payload is the response.
    Success = 0,
    /// The payload is the handler's own error.
    HandlerError = 1,
    /// The handler panicked; the payload is a text.
    Panicked = 2,
    /// The node is about to stop and takes no new requests.
    Draining = 3,
    /// The node has too much to do.
    Overloaded = 4,
    /// The node does not (or no longer) handle that topic.
    UnknownTopic = 5,
    /// The payload of the request does not decode; the payload is a text.
    Undecodable = 6,
    /// The response could not be written, or is larger than the caller accepts; the payload is a text.
    Unencodable = 7,
    /// The handler was ended before it was done.
    Cancelled = 8,
    /// The peer may not send that topic.
    NotAllowed = 9,
    /// The payload is larger than the node accepts.
    TooLarge = 10,
}

impl Status {
    const fn from_byte(byte: u8) -> Result<Self, Violation> {
        Ok(match byte {
            0 => Self::Success,
            1 => Self::HandlerError,
            2 => Self::Panicked,
            3 => Self::Draining,
            4 => Self::Overloaded,
            5 => Self::UnknownTopic,
            6 => Self::Undecodable,
            7 => Self::Unencodable,
            8 => Self::Cancelled,
            9 => Self::NotAllowed,
            10 => Self::TooLarge,
            other => return Err(Violation::Status(other)),
        })
    }
}

/// Why a node ends a connection. The numbers are part of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GoodbyeCode {
    /// The node stops.
    Stopping,
    /// No common version of the protocol.
    Version,
    /// The peer broke a rule of the protocol.
    Violation,
    /// A frame was larger than the limit.
    TooLarge,
    /// The handshake took too long.
    HandshakeTimeout,
    /// The peer was silent for too long.
    Silent,
    /// A node of that name is connected already.
    NameTaken,
    /// The node has as many connections as it may have.
    TooManyConnections,
    /// The peer read too slowly.
    TooSlow,
    /// The connection is no longer wanted.
    Disconnected,
    /// The connection gave no sign of life, and another one of the same node name has taken its place.
    Replaced,
    /// The node may not connect, or not under that name.
    Denied,
    /// The proof of a shared secret, or of the name, is missing or wrong.
    Unproven,
    /// A code that this build does not know.
    Other(u16),
}

impl GoodbyeCode {
    pub(crate) const fn number(self) -> u16 {
        match self {
            Self::Stopping => 0,
            Self::Version => 1,
            Self::Violation => 2,
            Self::TooLarge => 3,
            Self::HandshakeTimeout => 4,
            Self::Silent => 5,
            Self::NameTaken => 6,
            Self::TooManyConnections => 7,
            Self::TooSlow => 8,
            Self::Disconnected => 9,
            Self::Replaced => 10,
            Self::Denied => 11,
            Self::Unproven => 12,
            Self::Other(code) => code,
        }
    }

    const fn from_number(number: u16) -> Self {
        match number {
            0 => Self::Stopping,
            1 => Self::Version,
            2 => Self::Violation,
            3 => Self::TooLarge,
            4 => Self::HandshakeTimeout,
            5 => Self::Silent,
            6 => Self::NameTaken,
            7 => Self::TooManyConnections,
            8 => Self::TooSlow,
            9 => Self::Disconnected,
            10 => Self::Replaced,
            11 => Self::Denied,
            12 => Self::Unproven,
            other => Self::Other(other),
        }
    }
}

/// A rule of the protocol that the peer broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    #[error("the peer does not speak systemge: {0}")]
    Magic(&'static str),
    #[error(
        "no common version: the peer speaks {min} to {max}, this node {} to {}",
        super::MIN_VERSION,
        super::MAX_VERSION
    )]
    Version { min: u16, max: u16 },
    #[error("a frame of {length} bytes is over the limit of {limit}")]
    TooLarge { length: u32, limit: u32 },
    #[error("a frame ends in the middle of a field")]
    Truncated,
    #[error("a frame has bytes after its last field")]
    Trailing,
    #[error("a text is not UTF-8")]
    NotUtf8,
    #[error("a name has a length or characters that names don't have")]
    Name,
    #[error("a name is longer than the limit of {0} bytes")]
    NameLength(usize),
    #[error("an unknown kind of frame: {0:#04x}")]
    Kind(u8),
    #[error("a frame that has no place there: {0}")]
    Unexpected(&'static str),
    #[error("unknown flags: {0:#04x}")]
    Flags(u8),
    #[error("an unknown kind of topic: {0}")]
    TopicKind(u8),
    #[error("a description of a topic over the limit of {MAX_DESCRIPTION} bytes")]
    Description,
    #[error("an unknown status of a response: {0}")]
    Status(u8),
    #[error("a trace context without a trace or without a span")]
    Trace,
    #[error("more topics than the limit of {0}")]
    TooManyTopics(usize),
    #[error("two topics with the same number or name")]
    DuplicateTopic,
    #[error("the handshake was not done in time")]
    HandshakeTimeout,
    #[error("no sign of life within {0:?}")]
    Silent(std::time::Duration),
    #[error(
        "the peer has not proved that it knows the shared secret: `secret` must be the same on both nodes, and on both \
         sides of the connection"
    )]
    Unproven,
}

impl Violation {
    /// What the peer is told.
    pub(crate) const fn goodbye(&self) -> GoodbyeCode {
        match self {
            Self::Version { .. } => GoodbyeCode::Version,
            Self::TooLarge { .. } => GoodbyeCode::TooLarge,
            Self::HandshakeTimeout => GoodbyeCode::HandshakeTimeout,
            Self::Silent(_) => GoodbyeCode::Silent,
            Self::Unproven => GoodbyeCode::Unproven,
            _ => GoodbyeCode::Violation,
        }
    }
}

/// Who a node says it is, in the first frame of each side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Introduction<'a> {
    /// `HELLO`: the versions that the dialling side speaks. `WELCOME`: the version that is taken, twice.
    pub(crate) versions: (u16, u16),
    /// Bits for what this side can do beyond the rest: [`super::TRACES`]. What others mean is not known here.
    pub(crate) capabilities: u32,
    /// The largest frame that this side accepts, in bytes.
    pub(crate) frame_limit: u32,
    /// A random number of this start of the node.
    pub(crate) instance: u128,
    pub(crate) name: &'a str,
}

/// What an accepting side says that wants a proof of a shared secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge<'a> {
    pub(crate) nonce: Nonce,
    /// Those of its `WELCOME`.
    pub(crate) instance: u128,
    pub(crate) name: &'a str,
}

/// A topic in an announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Announced<'a> {
    pub(crate) id: TopicId,
    pub(crate) kind: crate::TopicKind,
    pub(crate) fingerprint: u64,
    pub(crate) name: &'a str,
}

/// A frame, its payload still in the buffer that it was read into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    Hello(Introduction<'a>),
    Welcome(Introduction<'a>),
    Challenge(Challenge<'a>),
    Proof { nonce: Nonce, proof: Tag },
    CounterProof(Tag),
    Announce { more: bool, topics: Vec<Announced<'a>> },
    Withdraw(Vec<TopicId>),
    Draining,
    Ping(u64),
    Pong(u64),
    Goodbye { code: GoodbyeCode, reason: &'a str },
    Describe(TopicId),
    Description { topic: TopicId, description: &'a [u8] },
    Message { topic: TopicId, encoding: Encoding, payload: &'a [u8] },
    Request { topic: TopicId, token: Token, remaining: u32, encoding: Encoding, payload: &'a [u8] },
    Response { token: Token, status: Status, encoding: Encoding, payload: &'a [u8] },
    Cancel(Token),
    Trace(TraceContext),
}

const HELLO: u8 = 0x01;
const WELCOME: u8 = 0x02;
const ANNOUNCE: u8 = 0x03;
const WITHDRAW: u8 = 0x04;
const DRAINING: u8 = 0x05;
const PING: u8 = 0x06;
const PONG: u8 = 0x07;
pub(crate) const GOODBYE: u8 = 0x08;
const DESCRIBE: u8 = 0x09;
const DESCRIPTION: u8 = 0x0a;
const CHALLENGE: u8 = 0x0b;
const PROOF: u8 = 0x0c;
const COUNTER_PROOF: u8 = 0x0d;
pub(crate) const MESSAGE: u8 = 0x10;
pub(crate) const REQUEST: u8 = 0x11;
pub(crate) const RESPONSE: u8 = 0x12;
const CANCEL: u8 = 0x13;
const TRACE: u8 = 0x14;

/// How many bytes a frame `TRACE` takes, with its length.
pub(crate) const TRACE_FRAME: usize = LENGTH + 1 + 16 + 8 + 1;

/// What the front of a buffer holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Front<'a> {
    /// A whole frame, without its length.
    Frame(&'a [u8]),
    /// The start of a frame that takes so many bytes in all, as far as that is known.
    Incomplete(usize),
}

/// Finds the frame at the front of a buffer. A length over the limit is refused before its bytes are there.
#[inline]
pub(crate) fn front(buffer: &[u8], limit: u32) -> Result<Front<'_>, Violation> {
    let Some((length, rest)) = buffer.split_first_chunk::<LENGTH>() else {
        return Ok(Front::Incomplete(LENGTH));
    };
    let length = u32::from_le_bytes(*length);
    if length > limit {
        return Err(Violation::TooLarge { length, limit });
    }
    let length = length as usize;
    Ok(rest.get(..length).map_or(Front::Incomplete(LENGTH + length), Front::Frame))
}

/// The fixed part of a frame and its payload: one check for all of it.
#[inline]
fn head<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), Violation> {
    bytes.split_first_chunk::<N>().ok_or(Violation::Truncated)
}

impl<'a> Frame<'a> {
    /// Takes a frame apart, without its length.
    #[inline]
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Violation> {
        match bytes.first() {
            Some(&MESSAGE) => {
                let ([_, flags, topic @ ..], payload) = head::<6>(bytes)?;
                let (encoding, topic) = (Encoding::from_bits(*flags)?, u32::from_le_bytes(*topic));
                Ok(Self::Message { topic, encoding, payload })
            }
            Some(&REQUEST) => {
                let ([_, flags, rest @ ..], payload) = head::<18>(bytes)?;
                let encoding = Encoding::from_bits(*flags)?;
                let mut rest = Reader::new(rest);
                let (topic, token, remaining) = (rest.u32()?, rest.u64()?, rest.u32()?);
                Ok(Self::Request { topic, token, remaining, encoding, payload })
            }
            Some(&RESPONSE) => {
                let ([_, flags, status, token @ ..], payload) = head::<11>(bytes)?;
                let (encoding, status) = (Encoding::from_bits(*flags)?, Status::from_byte(*status)?);
                Ok(Self::Response { token: u64::from_le_bytes(*token), status, encoding, payload })
            }
            _ => Self::parse_control(bytes),
        }
    }

    /// The frames that are rare.
    #[cold]
    fn parse_control(bytes: &'a [u8]) -> Result<Self, Violation> {
        let mut reader = Reader::new(bytes);
        let frame = match reader.u8()? {
            HELLO => Self::Hello(Introduction {
                versions: (reader.u16()?, reader.u16()?),
                ..Introduction::parse(&mut reader)?
            }),
            WELCOME => {
                let version = reader.u16()?;
                Self::Welcome(Introduction {
                    versions: (version, version),
                    ..Introduction::parse(&mut reader)?
                })
            }
            CHALLENGE => Self::Challenge(Challenge {
                nonce: reader.take()?,
                instance: reader.u128()?,
                name: node_name(reader.short_text()?)?,
            }),
            PROOF => Self::Proof { nonce: reader.take()?, proof: reader.take()? },
            COUNTER_PROOF => Self::CounterProof(reader.take()?),
            ANNOUNCE => {
                let more = match reader.u8()? {
                    0 => false,
                    1 => true,
                    flags => return Err(Violation::Flags(flags)),
                };
                let count = reader.u16()?;
                // the smallest entry takes fifteen bytes: a count that promises more than there is reserves nothing
                let mut topics = Vec::with_capacity(usize::from(count).min(reader.rest().len() / 15));
                for _ in 0..count {
                    topics.push(Announced {
                        id: reader.u32()?,
                        kind: match reader.u8()? {
                            0 => crate::TopicKind::OneWay,
                            1 => crate::TopicKind::Request,
                            other => return Err(Violation::TopicKind(other)),
                        },
                        fingerprint: reader.u64()?,
                        name: topic_name(reader.short_text()?)?,
                    });
                }
                Self::Announce { more, topics }
            }
            WITHDRAW => {
                let count = reader.u16()?;
                let mut topics = Vec::with_capacity(usize::from(count).min(reader.rest().len() / 4));
                for _ in 0..count {
                    topics.push(reader.u32()?);
                }
                Self::Withdraw(topics)
            }
            DRAINING => Self::Draining,
            PING => Self::Ping(reader.u64()?),
            PONG => Self::Pong(reader.u64()?),
            GOODBYE => {
                let code = GoodbyeCode::from_number(reader.u16()?);
                let reason = reader.text()?;
                if reason.len() > MAX_TEXT {
                    return Err(Violation::Name);
                }
                Self::Goodbye { code, reason }
            }
            CANCEL => Self::Cancel(reader.u64()?),
            TRACE => {
                let trace = TraceContext::of_bytes(reader.take()?, reader.take()?, reader.u8()?);
                Self::Trace(trace.map_err(|flags| flags.map_or(Violation::Trace, Violation::Flags))?)
            }
            DESCRIBE => Self::Describe(reader.u32()?),
            DESCRIPTION => {
                let topic = reader.u32()?;
                let description = reader.rest();
                if description.len() > MAX_DESCRIPTION {
                    return Err(Violation::Description);
                }
                return Ok(Self::Description { topic, description });
            }
            other => return Err(Violation::Kind(other)),
        };
        reader.end()?;
        Ok(frame)
    }

    /// Writes the frame, with its length.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let frame = match self {
            Self::Hello(introduction) => {
                let frame = begin(out, HELLO);
                out.extend_from_slice(&introduction.versions.0.to_le_bytes());
                out.extend_from_slice(&introduction.versions.1.to_le_bytes());
                introduction.write(out);
                frame
            }
            Self::Welcome(introduction) => {
                let frame = begin(out, WELCOME);
                out.extend_from_slice(&introduction.versions.0.to_le_bytes());
                introduction.write(out);
                frame
            }
            Self::Challenge(challenge) => {
                let frame = begin(out, CHALLENGE);
                out.extend_from_slice(&challenge.nonce);
                out.extend_from_slice(&challenge.instance.to_le_bytes());
                put_short_text(out, challenge.name);
                frame
            }
            Self::Proof { nonce, proof } => {
                let frame = begin(out, PROOF);
                out.extend_from_slice(nonce);
                out.extend_from_slice(proof);
                frame
            }
            Self::CounterProof(proof) => {
                let frame = begin(out, COUNTER_PROOF);
                out.extend_from_slice(proof);
                frame
            }
            Self::Announce { more, topics } => {
                let frame = begin(out, ANNOUNCE);
                out.push(u8::from(*more));
                out.extend_from_slice(&u16::try_from(topics.len()).unwrap_or(u16::MAX).to_le_bytes());
                for topic in topics.iter().take(u16::MAX.into()) {
                    out.extend_from_slice(&topic.id.to_le_bytes());
                    out.push(u8::from(topic.kind == crate::TopicKind::Request));
                    out.extend_from_slice(&topic.fingerprint.to_le_bytes());
                    put_short_text(out, topic.name);
                }
                frame
            }
            Self::Withdraw(topics) => {
                let frame = begin(out, WITHDRAW);
                out.extend_from_slice(&u16::try_from(topics.len()).unwrap_or(u16::MAX).to_le_bytes());
                for topic in topics.iter().take(u16::MAX.into()) {
                    out.extend_from_slice(&topic.to_le_bytes());
                }
                frame
            }
            Self::Draining => begin(out, DRAINING),
            Self::Ping(nonce) => {
                let frame = begin(out, PING);
                out.extend_from_slice(&nonce.to_le_bytes());
                frame
            }
            Self::Pong(nonce) => {
                let frame = begin(out, PONG);
                out.extend_from_slice(&nonce.to_le_bytes());
                frame
            }
            Self::Goodbye { code, reason } => {
                let frame = begin(out, GOODBYE);
                out.extend_from_slice(&code.number().to_le_bytes());
                put_text(out, reason);
                frame
            }
            Self::Message { topic, encoding, payload } => {
                let frame = begin_message(out, *topic, *encoding);
                out.extend_from_slice(payload);
                frame
            }
            Self::Request { topic, token, remaining, encoding, payload } => {
                let frame = begin_request(out, *topic, *token, *remaining, *encoding);
                out.extend_from_slice(payload);
                frame
            }
            Self::Response { token, status, encoding, payload } => {
                let frame = begin_response(out, *token, *status, *encoding);
                out.extend_from_slice(payload);
                frame
            }
            Self::Describe(topic) => {
                let frame = begin(out, DESCRIBE);
                out.extend_from_slice(&topic.to_le_bytes());
                frame
            }
            Self::Description { topic, description } => {
                let frame = begin(out, DESCRIPTION);
                out.extend_from_slice(&topic.to_le_bytes());
                out.extend_from_slice(description);
                frame
            }
            Self::Cancel(token) => {
                let frame = begin(out, CANCEL);
                out.extend_from_slice(&token.to_le_bytes());
                frame
            }
            Self::Trace(trace) => {
                let frame = begin(out, TRACE);
                out.extend_from_slice(&trace.trace_id().to_be_bytes());
                out.extend_from_slice(&trace.span_id().to_be_bytes());
                out.push(trace.flags());
                frame
            }
        };
        // the frames above are bounded, but for payloads, whose callers check the limit
        let _ = finish(out, frame, u32::MAX);
    }

    /// A name for logs.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Welcome(_) => "welcome",
            Self::Challenge(_) => "challenge",
            Self::Proof { .. } => "proof",
            Self::CounterProof(_) => "counter-proof",
            Self::Announce { .. } => "announce",
            Self::Withdraw(_) => "withdraw",
            Self::Draining => "draining",
            Self::Ping(_) => "ping",
            Self::Pong(_) => "pong",
            Self::Goodbye { .. } => "goodbye",
            Self::Describe(_) => "describe",
            Self::Description { .. } => "description",
            Self::Message { .. } => "message",
            Self::Request { .. } => "request",
            Self::Response { .. } => "response",
            Self::Cancel(_) => "cancel",
            Self::Trace(_) => "trace",
        }
    }
}

impl<'a> Introduction<'a> {
    fn parse(reader: &mut Reader<'a>) -> Result<Self, Violation> {
        Ok(Self {
            versions: (0, 0),
            capabilities: reader.u32()?,
            frame_limit: reader.u32()?,
            instance: reader.u128()?,
            name: node_name(reader.short_text()?)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.capabilities.to_le_bytes());
        out.extend_from_slice(&self.frame_limit.to_le_bytes());
        out.extend_from_slice(&self.instance.to_le_bytes());
        put_short_text(out, self.name);
    }
}

fn node_name(name: &str) -> Result<&str, Violation> {
    if crate::topic::is_node_name(name) { Ok(name) } else { Err(Violation::Name) }
}

fn topic_name(name: &str) -> Result<&str, Violation> {
    if crate::topic::is_topic_name(name) { Ok(name) } else { Err(Violation::Name) }
}

/// A frame that is being written.
#[derive(Debug)]
#[must_use = "a frame has no length until it is finished"]
pub(crate) struct Open(usize);

#[inline]
fn begin(out: &mut Vec<u8>, kind: u8) -> Open {
    let start = out.len();
    out.extend_from_slice(&[0, 0, 0, 0, kind]);
    Open(start)
}

/// How many bytes of a message stand before its payload.
pub(crate) const MESSAGE_HEAD: usize = 10;
/// How many bytes of a request stand before its payload.
pub(crate) const REQUEST_HEAD: usize = 22;

/// Starts a message; its payload follows.
#[inline]
pub(crate) fn begin_message(out: &mut Vec<u8>, topic: TopicId, encoding: Encoding) -> Open {
    let start = out.len();
    let [a, b, c, d] = topic.to_le_bytes();
    out.extend_from_slice(&[0, 0, 0, 0, MESSAGE, encoding.bits(), a, b, c, d]);
    Open(start)
}

/// Starts a request; its payload follows. `remaining` is in milliseconds, 0 means without limit.
#[inline]
pub(crate) fn begin_request(
    out: &mut Vec<u8>,
    topic: TopicId,
    token: Token,
    remaining: u32,
    encoding: Encoding,
) -> Open {
    let start = out.len();
    let mut head = [0; REQUEST_HEAD];
    head[4] = REQUEST;
    head[5] = encoding.bits();
    head[6..10].copy_from_slice(&topic.to_le_bytes());
    head[10..18].copy_from_slice(&token.to_le_bytes());
    head[18..22].copy_from_slice(&remaining.to_le_bytes());
    out.extend_from_slice(&head);
    Open(start)
}

/// Starts a response; its payload follows.
#[inline]
pub(crate) fn begin_response(out: &mut Vec<u8>, token: Token, status: Status, encoding: Encoding) -> Open {
    let start = out.len();
    let mut head = [0; 15];
    head[4] = RESPONSE;
    head[5] = encoding.bits();
    head[6] = status as u8;
    head[7..15].copy_from_slice(&token.to_le_bytes());
    out.extend_from_slice(&head);
    Open(start)
}

/// Writes the length of a frame; a frame over the limit is taken back.
#[inline]
pub(crate) fn finish(out: &mut Vec<u8>, frame: Open, limit: u32) -> Result<(), Violation> {
    let length = u32::try_from(out.len() - frame.0 - LENGTH).unwrap_or(u32::MAX);
    if length > limit {
        out.truncate(frame.0);
        return Err(Violation::TooLarge { length, limit });
    }
    out[frame.0..frame.0 + LENGTH].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// Writes a response that is a text.
pub(crate) fn write_text_response(out: &mut Vec<u8>, token: Token, status: Status, text: &str) {
    let payload = cut(text, MAX_TEXT).as_bytes();
    Frame::Response { token, status, encoding: Encoding::Postcard, payload }.write(out);
}

/// Writes the description of a topic; an empty one if it is longer than it may be.
pub(crate) fn write_description(out: &mut Vec<u8>, topic: TopicId, description: &[u8], frame_limit: u32) {
    // the kind and the number of the topic stand before it
    let longest = MAX_DESCRIPTION.min(frame_limit as usize - 5);
    let description = if description.len() > longest { &[] } else { description };
    Frame::Description { topic, description }.write(out);
}

/// Writes topics as announcements that fit into frames of at least [`super::MIN_FRAME_LIMIT`] bytes.
pub(crate) fn write_announcement<'a>(out: &mut Vec<u8>, topics: impl Iterator<Item = Announced<'a>>) {
    // an entry takes at most 4 + 1 + 8 + 1 + 128 bytes, so that thirty-two fit into the smallest limit
    let mut topics = topics.peekable();
    loop {
        let part: Vec<_> = topics.by_ref().take(32).collect();
        let more = topics.peek().is_some();
        Frame::Announce { more, topics: part }.write(out);
        if !more {
            return;
        }
    }
}

const _: () = assert!(HANDSHAKE_FRAME <= super::MIN_FRAME_LIMIT);
