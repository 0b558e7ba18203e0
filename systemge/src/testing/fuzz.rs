//! What reads what strangers send, without the network around it: for fuzzers, and no part of the public API.
//!
//! Each function panics if something is wrong, and returns a number that tells kinds of cases apart, for engines that
//! look for new ones.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::{QueueConfig, Scheme, Secret};
use crate::connection::outbox::Outbox;
use crate::context::{Core, Hold};
use crate::layer::Layers;
use crate::metrics::{Direction, Link, Peers};
use crate::node::handler::{Call, Worker};
use crate::node::{Node, Peer};
use crate::payload::{Description, FNV_OFFSET, byte};
use crate::protocol::frame::{Announced, Encoding, Frame, Front, front};
use crate::protocol::pending::Pending;
use crate::protocol::session::{Event, Session, Settings, Step};
use crate::protocol::{HANDSHAKE_FRAME, MIN_FRAME_LIMIT};
use crate::topic::TopicKind;

/// How many topics a peer may announce here.
const TOPICS: usize = 100;
/// What the sides share here; nobody who sends bytes knows it.
const SECRET: &str = "correct horse battery staple";
/// How many requests wait for a response here.
const REQUESTS: usize = 8;

fn settings() -> Settings {
    Settings {
        frame_limit: 64 * 1024,
        topic_limit: TOPICS,
        name_bytes: 64,
        topic_bytes: 128,
        handshake_timeout: Duration::from_secs(5),
        keepalive_interval: Duration::from_secs(10),
        keepalive_timeout: Duration::from_secs(30),
        traces: true,
    }
}

fn announced() -> [Announced<'static>; 2] {
    let topic = |id, kind, name| Announced { id, kind, fingerprint: 7, name };
    [topic(0, TopicKind::Request, "ask"), topic(1, TopicKind::OneWay, "note")]
}

/// One side of a connection, as far as it is there without a connection.
struct Side {
    session: Session,
    out: Vec<u8>,
    peer: Peer,
    pending: Pending<()>,
    seen: u64,
}

impl Side {
    fn new(dialler: bool) -> Self {
        let now = Instant::now();
        let mut out = Vec::new();
        let session = if dialler {
            Session::dial(settings(), "dialler", 1, now, &mut out)
        } else {
            Session::accept(settings(), now)
        };
        let mut pending = Pending::new(now);
        for number in 0..REQUESTS {
            pending.insert(now + Duration::from_millis(number as u64), ());
        }
        let outbox = Arc::new(Outbox::new((&QueueConfig::default()).into(), MIN_FRAME_LIMIT, now));
        let name: Arc<str> = "peer".into();
        let link = Link { scheme: Scheme::Tcp, identity: None };
        let counts = Peers::default().joined(&name, Direction::Outgoing, link, now);
        Self { session, out, peer: Peer::new(name, outbox, counts, TOPICS), pending, seen: FNV_OFFSET }
    }

    /// A side whose handshake is done.
    fn opened(dialler: bool) -> Self {
        let (mut one, mut other) = (Self::new(true), Self::new(false));
        for _ in 0..2 {
            let said = std::mem::take(&mut one.out);
            other.take(&said);
            let said = std::mem::take(&mut other.out);
            one.take(&said);
        }
        assert!(
            one.session.is_open() && other.session.is_open(),
            "two sides of this library understand each other"
        );
        let mut side = if dialler { one } else { other };
        side.seen = FNV_OFFSET;
        side
    }

    fn see(&mut self, kind: &str) {
        self.seen = kind.bytes().fold(self.seen, byte);
    }

    /// Takes bytes as far as they are frames; returns how many were used, or nothing after a violation.
    fn take(&mut self, mut input: &[u8]) -> Option<usize> {
        let whole = input.len();
        let mut used = 0;
        loop {
            let before = self.out.len();
            let (event, count) = match self.session.step(input, &mut self.out) {
                Ok(Step::Incomplete(needed)) => {
                    assert!(needed > input.len(), "nothing is missing");
                    return Some(used);
                }
                Ok(Step::Used(count)) => (None, count),
                Ok(Step::Event(event, count)) => (Some(event), count),
                Err(violation) => {
                    // its text without what the peer chose
                    let text = violation.to_string();
                    let kind: String = text
                        .chars()
                        .take_while(|letter| letter.is_ascii_alphabetic() || *letter == ' ')
                        .collect();
                    self.see(&kind);
                    self.session.goodbye(violation.goodbye(), &text, &mut self.out);
                    return None;
                }
            };
            assert!(count > 0 && count <= input.len(), "a step uses what is there");
            assert!(self.out.len() - before <= 64, "the protocol's own answers are short");
            if let Some(event) = event
                && self.event(event).is_none()
            {
                return None;
            }
            input = &input[count..];
            used += count;
            assert!(used <= whole);
        }
    }

    fn event(&mut self, event: Event<'_>) -> Option<()> {
        let kind = match &event {
            Event::Hello { .. } => "hello",
            Event::Proved => "proved",
            Event::Challenged { .. } => "challenged",
            Event::Welcome { .. } => "welcome",
            Event::Announced { .. } => "announced",
            Event::Withdrawn(_) => "withdrawn",
            Event::Draining => "draining",
            Event::Describe(_) => "describe",
            Event::Described { .. } => "described",
            Event::Message { .. } => "message",
            Event::Request { .. } => "request",
            Event::Response { .. } => "response",
            Event::Cancelled(_) => "cancelled",
            Event::Traced(_) => "traced",
            Event::Goodbye { .. } => "goodbye",
        };
        self.see(kind);
        match event {
            Event::Hello { name, instance } if instance % 3 == 0 => {
                let (own, peer) = (("acceptor", 2), (name, instance));
                self.session.challenge(Secret::new(SECRET), [7; 32], own, peer, None, &mut self.out);
            }
            Event::Proved => panic!("nobody guesses the proof of a secret"),
            Event::Challenged { .. } => {
                // without the feature there is no proof
                self.session.prove(Secret::new(SECRET), [8; 32], None, &mut self.out).ok()?;
            }
            Event::Hello { name, .. } => {
                assert!(name.len() <= HANDSHAKE_FRAME as usize);
                self.session.welcome("acceptor", 2, announced().into_iter(), &mut self.out);
            }
            Event::Announced { topics, .. } => {
                self.peer.announce(&topics).ok()?;
                for topic in topics.iter().take(3) {
                    let _ = self.peer.description(topic.id);
                }
            }
            Event::Withdrawn(topics) => self.peer.withdraw(&topics),
            Event::Draining => self.peer.drain(),
            Event::Described { topic, description } => {
                self.describe(description);
                self.peer.described(topic, description).ok()?;
            }
            Event::Response { token, .. } | Event::Cancelled(token) => {
                let before = self.pending.len();
                let removed = self.pending.remove(token).is_some();
                assert!(self.pending.remove(token).is_none(), "a response is accepted once");
                assert_eq!(self.pending.len() + usize::from(removed), before);
            }
            Event::Goodbye { reason, .. } => {
                let _ = crate::text::printable(reason);
            }
            Event::Welcome { .. } => {
                assert!(!self.session.is_proved(), "nobody guesses the proof of a secret")
            }
            Event::Traced(trace) => {
                // what can travel can be written as a header, and read again
                assert_eq!(trace.to_string().parse(), Ok(trace));
            }
            Event::Describe(_) | Event::Message { .. } | Event::Request { .. } => {}
        }
        Some(())
    }

    /// What a peer says about its types is read, shown and compared.
    fn describe(&mut self, description: &[u8]) {
        let fingerprint = description.iter().fold(FNV_OFFSET, |state, next| byte(state, *next));
        let mut own = Vec::new();
        crate::Topic::request::<(u32, Vec<Option<String>>), bool>("ask").describe(&mut own);
        let own_fingerprint = own.iter().fold(FNV_OFFSET, |state, next| byte(state, *next));
        let own = Description::read(&own, own_fingerprint).expect("what this library writes can be read");
        if let Some(theirs) = Description::read(description, fingerprint) {
            self.see("readable");
            let found = own.differences(&theirs, ["here", "there"]);
            assert!(found.len() <= 9, "the list of differences is short");
            let _ = theirs.to_string();
        }
    }
}

/// The protocol core. The first byte says which side it is, whether the handshake is done, and whether what follows
/// comes in pieces; the rest is what the peer sends.
#[must_use]
pub fn protocol(input: &[u8]) -> u64 {
    let Some((flags, bytes)) = input.split_first() else { return 0 };
    let (dialler, opened, pieces) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
    let mut side = if opened { Side::opened(dialler) } else { Side::new(dialler) };
    if pieces {
        // whether bytes come at once or one by one changes nothing
        let (mut waiting, mut ended) = (Vec::new(), false);
        for piece in bytes.chunks(1 + usize::from(flags >> 3)) {
            waiting.extend_from_slice(piece);
            match side.take(&waiting) {
                Some(used) => drop(waiting.drain(..used)),
                None => {
                    ended = true;
                    break;
                }
            }
        }
        let mut whole = if opened { Side::opened(dialler) } else { Side::new(dialler) };
        assert_eq!(whole.take(bytes).is_none(), ended, "it matters how bytes arrive");
        assert_eq!(whole.seen, side.seen, "it matters how bytes arrive");
    } else {
        side.take(bytes);
    }
    // what can be read as a frame is written as the same bytes, or as others that are read as the same frame
    if let Ok(Front::Frame(inside)) = front(bytes, u32::MAX)
        && let Ok(frame) = Frame::parse(inside)
    {
        let mut written = Vec::new();
        frame.write(&mut written);
        match front(&written, u32::MAX) {
            Ok(Front::Frame(again)) => assert_eq!(Frame::parse(again).as_ref(), Ok(&frame)),
            other => panic!("a frame that is written is a frame: {other:?}"),
        }
    }
    side.seen ^ u64::from(*flags & 7)
}

/// The decoders that the macros have generated for the topics of a node.
pub struct Decoders {
    workers: Vec<Box<dyn Worker>>,
}

impl Decoders {
    /// Those of a node, which has been started.
    #[must_use]
    pub fn new(node: &Node) -> Self {
        let inner = node.inner();
        let core = Core {
            node: inner.clone(),
            sender: Some("fuzzer".into()),
            is_proved: false,
            deadline: None,
            cancellation: None,
            trace: None,
            hold: Hold::Nothing,
        };
        Self {
            workers: inner
                .handlers()
                .iter()
                .map(|handler| handler.worker(&core, &Layers::default()))
                .collect(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.workers.len()
    }

    /// Decodes a payload of the topic of that number, and gets its handler ready; it is not run.
    ///
    /// # Errors
    ///
    /// If the bytes are no such payload.
    pub fn decode(&mut self, topic: usize, json: bool, payload: &[u8]) -> Result<(), String> {
        let Some(worker) = self.workers.get_mut(topic) else { return Err("no such topic".to_owned()) };
        let encoding = if json { Encoding::Json } else { Encoding::Postcard };
        let call = Call { token: None, encoding, frame_limit: MIN_FRAME_LIMIT };
        // not by `start`, which turns a panic into an error
        let prepared = worker.prepare(call, None, payload);
        worker.clear();
        prepared
    }
}

impl std::fmt::Debug for Decoders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoders").field("count", &self.count()).finish()
    }
}
