//! One connection's side of the protocol: who may say what when.
//!
//! The dialling side says `HELLO`, the accepting side answers with `WELCOME` and announces its topics. Where both share a
//! secret, each proves before the `WELCOME` that it knows it: the dialling side first, so that a stranger who knocks gets
//! nothing that it could try secrets on. From then on messages and requests flow to the accepting side, responses and changes of the announcement flow back.

use std::time::{Duration, Instant};

use super::frame::{
    Announced, Challenge, Encoding, Frame, Front, GoodbyeCode, Introduction, LENGTH, Status, Token, TopicId,
    Violation, front, write_announcement,
};
use super::liveness::{Liveness, Verdict};
use super::proof::{Nonce, Party, Role, Tag, Transcript};
use super::{HANDSHAKE_FRAME, MAGIC, MAX_VERSION, MIN_FRAME_LIMIT, MIN_VERSION, TRACES};
use crate::config::Secret;
use crate::trace::TraceContext;

/// What one side knows and demands.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) frame_limit: u32,
    pub(crate) topic_limit: usize,
    /// The longest name of a node and of a topic, in bytes.
    pub(crate) name_bytes: usize,
    pub(crate) topic_bytes: usize,
    pub(crate) handshake_timeout: Duration,
    pub(crate) keepalive_interval: Duration,
    pub(crate) keepalive_timeout: Duration,
    /// Whether this side takes part in traces.
    pub(crate) traces: bool,
}

impl Settings {
    /// What this side can do beyond the rest, as bits.
    const fn capabilities(&self) -> u32 {
        if self.traces { TRACES } else { 0 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Waits for the other side's magic.
    Magic,
    /// The accepting side waits for `HELLO`, the dialling side for `WELCOME`.
    Introduction,
    /// The dialling side decides about the one who wants a proof.
    Challenged,
    /// The accepting side waits for the proof of the other, the dialling side for the counter-proof.
    Proof,
    /// The accepting side decides about the one who said `HELLO`.
    Deciding,
    /// The dialling side waits for the end of the first announcement.
    Announcement,
    Open,
    /// Open, and the accepting side knows the trace of the message or request that must come next.
    Traced,
}

/// One connection's side of the protocol.
#[derive(Debug)]
pub(crate) struct Session {
    dialler: bool,
    phase: Phase,
    settings: Settings,
    started: Instant,
    liveness: Liveness,
    peer_frame_limit: u32,
    /// Whether both sides take part in traces.
    traces: bool,
    topics: usize,
    /// The last ping whose answer is measured: its nonce, and when it was sent.
    pinged: (u64, Instant),
    /// How long the peer took to answer, last time.
    round_trip: Option<Duration>,
    /// Whether this side has said magic.
    greeted: bool,
    /// What the dialling side has said of itself: name and instance.
    own: Option<(String, u128)>,
    proving: Option<Box<Proving>>,
    /// Whether the peer has proved that it knows the secret.
    proved: bool,
}

/// A proof that is under way.
#[derive(Debug)]
struct Proving {
    /// The dialling side chooses it when it knows whom it dialled.
    secret: Option<Secret>,
    transcript: Transcript,
}

impl Proving {
    fn prove(&self, role: Role) -> Option<Tag> {
        self.transcript.prove(self.secret.as_ref()?, role)
    }

    fn check(&self, role: Role, proof: &Tag) -> Result<(), Violation> {
        let is_proved =
            self.secret.as_ref().is_some_and(|secret| self.transcript.is_proved(secret, role, proof));
        if is_proved { Ok(()) } else { Err(Violation::Unproven) }
    }
}

/// What came from the peer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// To the accepting side: somebody wants in. Answer with [`Session::welcome`] or [`Session::goodbye`].
    Hello {
        name: &'a str,
        instance: u128,
    },
    /// To the accepting side: the peer that wants in has proved that it knows the secret. Answer as to a hello.
    Proved,
    /// To the dialling side: the peer wants a proof, and will give one. Answer with [`Session::prove`] or
    /// [`Session::goodbye`].
    Challenged {
        name: &'a str,
    },
    /// To the dialling side: the peer let us in.
    Welcome {
        name: &'a str,
        instance: u128,
    },
    /// To the dialling side: topics that the peer handles; `more` follow at once.
    Announced {
        topics: Vec<Announced<'a>>,
        more: bool,
    },
    /// To the dialling side: topics that the peer no longer handles.
    Withdrawn(Vec<TopicId>),
    /// To the dialling side: the peer takes no new requests.
    Draining,
    /// To the accepting side: what are the types of that topic?
    Describe(TopicId),
    /// To the dialling side: the types of a topic that it asked for; nothing, if the peer can't say.
    Described {
        topic: TopicId,
        description: &'a [u8],
    },
    Message {
        topic: TopicId,
        encoding: Encoding,
        payload: &'a [u8],
    },
    Request {
        topic: TopicId,
        token: Token,
        remaining: u32,
        encoding: Encoding,
        payload: &'a [u8],
    },
    Response {
        token: Token,
        status: Status,
        encoding: Encoding,
        payload: &'a [u8],
    },
    Cancelled(Token),
    /// To the accepting side: the trace of the message or request that comes next.
    Traced(TraceContext),
    Goodbye {
        code: GoodbyeCode,
        reason: &'a str,
    },
}

/// What a look at the input brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// An event, and how many bytes it took.
    Event(Event<'a>, usize),
    /// Nothing to report, but so many bytes were used.
    Used(usize),
    /// More input is needed, so many bytes in all as far as that is known.
    Incomplete(usize),
}

impl Session {
    /// The side that dials: says magic and `HELLO`.
    pub(crate) fn dial(
        settings: Settings,
        name: &str,
        instance: u128,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Self {
        out.extend_from_slice(&MAGIC);
        Frame::Hello(Introduction {
            versions: (MIN_VERSION, MAX_VERSION),
            capabilities: settings.capabilities(),
            frame_limit: settings.frame_limit,
            instance,
            name,
        })
        .write(out);
        let own = Some((name.to_owned(), instance));
        Self { greeted: true, own, ..Self::new(true, settings, now) }
    }

    /// The side that accepts: waits.
    pub(crate) fn accept(settings: Settings, now: Instant) -> Self {
        Self::new(false, settings, now)
    }

    fn new(dialler: bool, settings: Settings, now: Instant) -> Self {
        Self {
            greeted: false,
            own: None,
            proving: None,
            proved: false,
            dialler,
            phase: Phase::Magic,
            liveness: Liveness::new(settings.keepalive_interval, settings.keepalive_timeout, now),
            started: now,
            peer_frame_limit: MIN_FRAME_LIMIT,
            traces: false,
            topics: 0,
            pinged: (0, now),
            round_trip: None,
            settings,
        }
    }

    /// Says magic, unless this side has done so.
    fn greet(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.greeted, true) {
            out.extend_from_slice(&MAGIC);
        }
    }

    /// The accepting side wants a proof from `peer`, which has said hello, before it decides; it proves the same itself
    /// when it lets the peer in.
    pub(crate) fn challenge(
        &mut self,
        secret: Secret,
        nonce: Nonce,
        (name, instance): (&str, u128),
        (peer, peer_instance): (&str, u128),
        binding: Option<[u8; 32]>,
        out: &mut Vec<u8>,
    ) {
        self.greet(out);
        Frame::Challenge(Challenge { nonce, instance, name }).write(out);
        let dialling = Party { nonce: [0; 32], instance: peer_instance, name: peer.to_owned() };
        let accepting = Party { nonce, instance, name: name.to_owned() };
        let transcript = Transcript { dialling, accepting, binding };
        self.proving = Some(Box::new(Proving { secret: Some(secret), transcript }));
        self.phase = Phase::Proof;
    }

    /// The dialling side proves that it knows the secret, and wants the same of the peer.
    pub(crate) fn prove(
        &mut self,
        secret: Secret,
        nonce: Nonce,
        binding: Option<[u8; 32]>,
        out: &mut Vec<u8>,
    ) -> Result<(), Violation> {
        let Some(proving) = &mut self.proving else { return Err(Violation::Unproven) };
        proving.secret = Some(secret);
        proving.transcript.dialling.nonce = nonce;
        proving.transcript.binding = binding;
        let proof = proving.prove(Role::Dialling).ok_or(Violation::Unproven)?;
        Frame::Proof { nonce, proof }.write(out);
        self.phase = Phase::Proof;
        Ok(())
    }

    /// Whether the peer has proved that it knows the secret.
    pub(crate) const fn is_proved(&self) -> bool {
        self.proved
    }

    /// The accepting side lets the peer in and announces its topics.
    pub(crate) fn welcome<'a>(
        &mut self,
        name: &str,
        instance: u128,
        topics: impl Iterator<Item = Announced<'a>>,
        out: &mut Vec<u8>,
    ) {
        self.greet(out);
        if let Some(proving) = self.proving.take()
            && let Some(proof) = proving.prove(Role::Accepting)
        {
            Frame::CounterProof(proof).write(out);
        }
        Frame::Welcome(Introduction {
            versions: (MAX_VERSION, MAX_VERSION),
            capabilities: self.settings.capabilities(),
            frame_limit: self.settings.frame_limit,
            instance,
            name,
        })
        .write(out);
        write_announcement(out, topics);
        self.phase = Phase::Open;
    }

    /// Ends the connection with a reason, in whatever phase it is.
    pub(crate) fn goodbye(&self, code: GoodbyeCode, reason: &str, out: &mut Vec<u8>) {
        if !self.greeted {
            out.extend_from_slice(&MAGIC);
        }
        Frame::Goodbye { code, reason }.write(out);
    }

    /// Whether the handshake is done.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Traced)
    }

    /// Whether both sides take part in traces; known when the handshake is done.
    pub(crate) const fn traces(&self) -> bool {
        self.traces
    }

    /// The largest frame that this side accepts.
    pub(crate) const fn frame_limit(&self) -> u32 {
        self.settings.frame_limit
    }

    /// The largest frame that the peer accepts.
    pub(crate) const fn peer_frame_limit(&self) -> u32 {
        self.peer_frame_limit
    }

    /// After how much silence a side has to say that it lives.
    pub(crate) const fn keepalive_interval(&self) -> Duration {
        self.settings.keepalive_interval
    }

    /// Counts as a sign of life of the peer.
    #[inline]
    pub(crate) fn heard(&mut self, now: Instant) {
        self.liveness.heard(now);
    }

    /// Asks the peer for a sign of life now.
    pub(crate) fn ask(&self, out: &mut Vec<u8>) {
        if self.is_open() {
            Frame::Ping(0).write(out);
        }
    }

    /// This side is too busy to read: it says that it is alive, and takes the silence for its own.
    pub(crate) fn sign_of_life(&mut self, now: Instant, out: &mut Vec<u8>) {
        if out.is_empty() {
            Frame::Ping(0).write(out);
        }
        self.liveness.heard(now);
    }

    /// Checks the time limits; tells when to look again.
    pub(crate) fn check(&mut self, now: Instant, out: &mut Vec<u8>) -> Result<Instant, Violation> {
        if !self.is_open() {
            let end = self.started + self.settings.handshake_timeout;
            return if now >= end { Err(Violation::HandshakeTimeout) } else { Ok(end) };
        }
        match self.liveness.check(now) {
            Verdict::Wait(until) => {
                // a peer that always has something to say is asked, too, for how long it takes
                let (_, last) = self.pinged;
                if out.is_empty() && now.saturating_duration_since(last) >= self.settings.keepalive_interval {
                    self.ping(now, out);
                }
                Ok(until)
            }
            Verdict::Ask(until) => {
                self.ping(now, out);
                Ok(until)
            }
            Verdict::Gone => Err(Violation::Silent(self.liveness.timeout())),
        }
    }

    /// Sends a ping whose answer is measured.
    fn ping(&mut self, now: Instant, out: &mut Vec<u8>) {
        let nonce = self.pinged.0.wrapping_add(1).max(1);
        self.pinged = (nonce, now);
        Frame::Ping(nonce).write(out);
    }

    /// How long the peer took to answer, if that was measured since the last look.
    pub(crate) const fn take_round_trip(&mut self) -> Option<Duration> {
        self.round_trip.take()
    }

    /// Looks at the front of the input. Answers that need no decision go to `out`.
    #[inline]
    pub(crate) fn step<'a>(&mut self, input: &'a [u8], out: &mut Vec<u8>) -> Result<Step<'a>, Violation> {
        if self.phase == Phase::Magic {
            return self.magic(input);
        }
        let limit = match self.phase {
            Phase::Introduction | Phase::Challenged | Phase::Proof | Phase::Deciding => {
                HANDSHAKE_FRAME.min(self.settings.frame_limit)
            }
            _ => self.settings.frame_limit,
        };
        let bytes = match front(input, limit)? {
            Front::Frame(bytes) => bytes,
            Front::Incomplete(needed) => return Ok(Step::Incomplete(needed)),
        };
        let used = LENGTH + bytes.len();
        let frame = Frame::parse(bytes)?;
        match (self.phase, self.dialler, frame) {
            (Phase::Open, false, Frame::Message { topic, encoding, payload }) => {
                Ok(Step::Event(Event::Message { topic, encoding, payload }, used))
            }
            (Phase::Open, false, Frame::Request { topic, token, remaining, encoding, payload }) => {
                Ok(Step::Event(Event::Request { topic, token, remaining, encoding, payload }, used))
            }
            (Phase::Open, true, Frame::Response { token, status, encoding, payload }) => {
                Ok(Step::Event(Event::Response { token, status, encoding, payload }, used))
            }
            (_, _, frame) => self.control(frame, used, out),
        }
    }

    #[cold]
    fn magic<'a>(&mut self, input: &[u8]) -> Result<Step<'a>, Violation> {
        let known = input.len().min(MAGIC.len());
        if input[..known] != MAGIC[..known] {
            return Err(Violation::Magic(guess(input)));
        }
        if input.len() < MAGIC.len() {
            return Ok(Step::Incomplete(MAGIC.len()));
        }
        self.phase = Phase::Introduction;
        Ok(Step::Used(MAGIC.len()))
    }

    #[cold]
    fn control<'a>(
        &mut self,
        frame: Frame<'a>,
        used: usize,
        out: &mut Vec<u8>,
    ) -> Result<Step<'a>, Violation> {
        let event = match (self.phase, self.dialler, frame) {
            (Phase::Introduction, false, Frame::Hello(hello)) => {
                let (min, max) = hello.versions;
                if min > MAX_VERSION || max < MIN_VERSION {
                    return Err(Violation::Version { min, max });
                }
                self.meet(&hello)?;
                self.phase = Phase::Deciding;
                Event::Hello { name: hello.name, instance: hello.instance }
            }
            (Phase::Proof, false, Frame::Proof { nonce, proof }) => {
                let Some(proving) = &mut self.proving else { return Err(Violation::Unexpected("proof")) };
                proving.transcript.dialling.nonce = nonce;
                proving.check(Role::Dialling, &proof)?;
                self.proved = true;
                self.phase = Phase::Deciding;
                Event::Proved
            }
            (Phase::Introduction, true, Frame::Challenge(challenge)) if !self.proved => {
                let Some((name, instance)) = self.own.clone() else {
                    return Err(Violation::Unexpected("challenge"));
                };
                let Challenge { nonce, instance: peer_instance, name: peer } = challenge;
                let dialling = Party { nonce: [0; 32], instance, name };
                let accepting = Party { nonce, instance: peer_instance, name: peer.to_owned() };
                let transcript = Transcript { dialling, accepting, binding: None };
                self.proving = Some(Box::new(Proving { secret: None, transcript }));
                self.phase = Phase::Challenged;
                Event::Challenged { name: peer }
            }
            (Phase::Proof, true, Frame::CounterProof(proof)) => {
                let Some(proving) = &self.proving else { return Err(Violation::Unexpected("counter-proof")) };
                proving.check(Role::Accepting, &proof)?;
                self.proved = true;
                self.phase = Phase::Introduction;
                return Ok(Step::Used(used));
            }
            (Phase::Introduction, true, Frame::Welcome(welcome)) => {
                let (version, _) = welcome.versions;
                if !(MIN_VERSION..=MAX_VERSION).contains(&version) {
                    return Err(Violation::Version { min: version, max: version });
                }
                self.meet(&welcome)?;
                if let Some(proving) = self.proving.take() {
                    let Party { instance, name, .. } = proving.transcript.accepting;
                    if (name.as_str(), instance) != (welcome.name, welcome.instance) {
                        return Err(Violation::Unproven);
                    }
                }
                self.phase = Phase::Announcement;
                self.round_trip = Some(self.liveness.heard_at().saturating_duration_since(self.started));
                Event::Welcome { name: welcome.name, instance: welcome.instance }
            }
            (Phase::Announcement | Phase::Open, true, Frame::Announce { more, topics }) => {
                if topics.iter().any(|topic| topic.name.len() > self.settings.topic_bytes) {
                    return Err(Violation::NameLength(self.settings.topic_bytes));
                }
                self.topics += topics.len();
                if self.topics > self.settings.topic_limit {
                    return Err(Violation::TooManyTopics(self.settings.topic_limit));
                }
                if !more {
                    self.phase = Phase::Open;
                }
                Event::Announced { topics, more }
            }
            (Phase::Open, true, Frame::Withdraw(topics)) => {
                self.topics = self.topics.saturating_sub(topics.len());
                Event::Withdrawn(topics)
            }
            (Phase::Open, true, Frame::Draining) => Event::Draining,
            (Phase::Open, false, Frame::Cancel(token)) => Event::Cancelled(token),
            (Phase::Open, false, Frame::Trace(trace)) if self.traces => {
                self.phase = Phase::Traced;
                Event::Traced(trace)
            }
            (Phase::Traced, false, Frame::Message { topic, encoding, payload }) => {
                self.phase = Phase::Open;
                Event::Message { topic, encoding, payload }
            }
            (Phase::Traced, false, Frame::Request { topic, token, remaining, encoding, payload }) => {
                self.phase = Phase::Open;
                Event::Request { topic, token, remaining, encoding, payload }
            }
            (Phase::Open, false, Frame::Describe(topic)) => Event::Describe(topic),
            (Phase::Open, true, Frame::Description { topic, description }) => {
                Event::Described { topic, description }
            }
            (Phase::Open, _, Frame::Ping(nonce)) => {
                Frame::Pong(nonce).write(out);
                return Ok(Step::Used(used));
            }
            (Phase::Open, _, Frame::Pong(nonce)) => {
                // others were sent to get a sign of life, or are no answer to anything
                let (asked, at) = self.pinged;
                if nonce == asked && nonce > 0 {
                    self.round_trip = Some(self.liveness.heard_at().saturating_duration_since(at));
                }
                return Ok(Step::Used(used));
            }
            (_, _, Frame::Goodbye { code, reason }) => Event::Goodbye { code, reason },
            (_, _, frame) => return Err(Violation::Unexpected(frame.name())),
        };
        Ok(Step::Event(event, used))
    }

    fn meet(&mut self, peer: &Introduction<'_>) -> Result<(), Violation> {
        if peer.name.len() > self.settings.name_bytes {
            return Err(Violation::NameLength(self.settings.name_bytes));
        }
        if peer.frame_limit < MIN_FRAME_LIMIT {
            return Err(Violation::TooLarge { length: MIN_FRAME_LIMIT, limit: peer.frame_limit });
        }
        self.peer_frame_limit = peer.frame_limit;
        self.traces = self.settings.traces && peer.capabilities & TRACES != 0;
        Ok(())
    }
}

/// What somebody speaks who doesn't speak systemge, for the log.
fn guess(input: &[u8]) -> &'static str {
    match input {
        [b'G', b'E', b'T', ..] | [b'P', b'O', ..] | [b'H', b'E', b'A', ..] | [b'H', b'T', b'T', ..] => {
            "this looks like HTTP"
        }
        [0x15 | 0x16, 0x03, ..] => {
            "this looks like TLS: either both sides have to use `tls://`, or both `tcp://`"
        }
        [b'S', b'S', b'H', ..] => "this looks like SSH",
        _ => "it starts with other bytes",
    }
}
