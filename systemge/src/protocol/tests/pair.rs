//! Two sessions in memory, with a clock of their own.

use std::time::{Duration, Instant};

use crate::TopicKind;
use crate::protocol::frame::{Announced, Encoding, Frame, GoodbyeCode, Status, Violation};
use crate::protocol::session::{Event, Session, Settings, Step};
use crate::protocol::{MAGIC, MAX_DESCRIPTION, MAX_VERSION};

pub(super) fn settings() -> Settings {
    Settings {
        frame_limit: 64 * 1024,
        topic_limit: 100,
        name_bytes: 64,
        topic_bytes: 128,
        handshake_timeout: Duration::from_secs(5),
        keepalive_interval: Duration::from_secs(10),
        keepalive_timeout: Duration::from_secs(30),
        traces: true,
    }
}

/// One side, what it has to say, and what it was told.
pub(super) struct Side {
    pub(super) session: Session,
    out: Vec<u8>,
    input: Vec<u8>,
    events: Vec<String>,
    start: Instant,
}

impl Side {
    pub(super) fn new(dialler: bool) -> Self {
        let start = Instant::now();
        let mut out = Vec::new();
        let session = if dialler {
            Session::dial(settings(), "player", 7, start, &mut out)
        } else {
            Session::accept(settings(), start)
        };
        Self { session, out, input: Vec::new(), events: Vec::new(), start }
    }

    /// A side whose handshake is done.
    pub(super) fn opened(dialler: bool) -> Self {
        let mut pair = Pair::new();
        pair.run(usize::MAX);
        if dialler { pair.dialler } else { pair.acceptor }
    }

    /// Takes bytes, and notes the events.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        self.input.extend_from_slice(bytes);
        loop {
            let used = match self.session.step(&self.input, &mut self.out)? {
                Step::Incomplete(_) => return Ok(()),
                Step::Used(used) => used,
                Step::Event(event, used) => {
                    let hello = matches!(event, Event::Hello { .. });
                    self.events.push(format!("{event:?}"));
                    if hello {
                        self.session.welcome("life", 9, topics().into_iter(), &mut self.out);
                    }
                    used
                }
            };
            self.input.drain(..used);
        }
    }

    fn write(&mut self, frame: &Frame<'_>) {
        frame.write(&mut self.out);
    }
}

const NAMES: [&str; 40] = {
    let mut names = ["t"; 40];
    names[39] = "last";
    names
};

/// More topics than fit into one announcement.
fn topics() -> Vec<Announced<'static>> {
    let topic = |(name, id): (&'static &'static str, u32)| Announced {
        id,
        kind: if id == 0 { TopicKind::OneWay } else { TopicKind::Request },
        fingerprint: u64::from(id),
        name,
    };
    NAMES.iter().zip(0..).map(topic).collect()
}

/// Two sessions and the wire between them.
struct Pair {
    dialler: Side,
    acceptor: Side,
}

impl Pair {
    fn new() -> Self {
        Self { dialler: Side::new(true), acceptor: Side::new(false) }
    }

    /// Carries bytes, so many at a time, until nobody has anything to say.
    fn run(&mut self, at_once: usize) {
        let carry = |from: &mut Side, to: &mut Side| {
            let bytes = std::mem::take(&mut from.out);
            for part in bytes.chunks(at_once.min(bytes.len().max(1))) {
                to.take(part).expect("nobody breaks a rule");
            }
        };
        while !(self.dialler.out.is_empty() && self.acceptor.out.is_empty()) {
            carry(&mut self.dialler, &mut self.acceptor);
            carry(&mut self.acceptor, &mut self.dialler);
        }
    }

    fn open() -> Self {
        let mut pair = Self::new();
        pair.run(usize::MAX);
        pair.dialler.events.clear();
        pair.acceptor.events.clear();
        pair
    }
}

#[test]
fn a_handshake_ends_with_all_topics_known() {
    for at_once in [1, 3, 7, 100, usize::MAX] {
        let mut pair = Pair::new();
        pair.run(at_once);
        assert_eq!(pair.acceptor.events, ["Hello { name: \"player\", instance: 7 }"]);
        let events = &pair.dialler.events;
        assert_eq!(events.len(), 3, "{events:?}");
        assert_eq!(events[0], "Welcome { name: \"life\", instance: 9 }");
        assert!(events[1].ends_with("more: true }") && events[2].ends_with("more: false }"), "{events:?}");
        assert_eq!(events[1].matches("Announced {").count() + events[2].matches("Announced {").count(), 42);
        assert!(pair.dialler.session.is_open() && pair.acceptor.session.is_open());
        assert_eq!(pair.acceptor.session.peer_frame_limit(), settings().frame_limit);
    }
}

#[test]
fn messages_and_requests_go_one_way_and_responses_the_other() {
    let (encoding, token) = (Encoding::Postcard, 5);
    for at_once in [1, 10, usize::MAX] {
        let mut pair = Pair::open();
        pair.dialler.write(&Frame::Message { topic: 0, encoding, payload: b"hi" });
        pair.dialler.write(&Frame::Request { topic: 1, token, remaining: 10, encoding, payload: b"" });
        pair.dialler.write(&Frame::Cancel(token));
        pair.dialler.write(&Frame::Describe(1));
        pair.acceptor.write(&Frame::Description { topic: 1, description: b"1u" });
        pair.acceptor.write(&Frame::Response { token, status: Status::Panicked, encoding, payload: b"oh" });
        pair.acceptor.write(&Frame::Withdraw(vec![1]));
        pair.acceptor.write(&Frame::Announce { more: false, topics: vec![] });
        pair.acceptor.write(&Frame::Draining);
        pair.acceptor.write(&Frame::Goodbye { code: GoodbyeCode::Stopping, reason: "bye" });
        pair.run(at_once);
        assert_eq!(
            pair.acceptor.events,
            [
                "Message { topic: 0, encoding: Postcard, payload: [104, 105] }",
                "Request { topic: 1, token: 5, remaining: 10, encoding: Postcard, payload: [] }",
                "Cancelled(5)",
                "Describe(1)",
            ]
        );
        assert_eq!(
            pair.dialler.events,
            [
                "Described { topic: 1, description: [49, 117] }",
                "Response { token: 5, status: Panicked, encoding: Postcard, payload: [111, 104] }",
                "Withdrawn([1])",
                "Announced { topics: [], more: false }",
                "Draining",
                "Goodbye { code: Stopping, reason: \"bye\" }",
            ]
        );
    }
}

#[test]
fn a_silent_peer_is_asked_and_its_answer_counts() {
    let mut pair = Pair::open();
    let start = pair.acceptor.start;
    let at = |seconds| start + Duration::from_secs(seconds);
    let Side { session, out, .. } = &mut pair.acceptor;
    session.heard(at(0));
    session.check(at(9), out).expect("it is early");
    assert!(out.is_empty());
    session.check(at(10), out).expect("it is asked first");
    let mut ping = Vec::new();
    Frame::Ping(1).write(&mut ping);
    assert_eq!(*out, ping);
    pair.run(usize::MAX);
    assert!(pair.dialler.events.is_empty() && pair.acceptor.events.is_empty());
    let Side { session, out, .. } = &mut pair.acceptor;
    session.heard(at(11));
    session.check(at(40), out).expect("the answer counted");
    assert_eq!(session.check(at(41), out), Err(Violation::Silent(Duration::from_secs(30))));
}

/// A side of an open connection refuses a frame.
fn refuses(dialler: bool, frame: &Frame<'_>, expected: &Violation) {
    let mut side = Side::opened(dialler);
    let mut bytes = Vec::new();
    frame.write(&mut bytes);
    assert_eq!(side.take(&bytes).as_ref(), Err(expected), "{frame:?}");
}

#[test]
fn frames_of_the_other_side_are_violations() {
    let (encoding, payload) = (Encoding::Postcard, &b""[..]);
    let message = Frame::Message { topic: 0, encoding, payload };
    refuses(true, &message, &Violation::Unexpected("message"));
    let request = Frame::Request { topic: 0, token: 0, remaining: 0, encoding, payload };
    refuses(true, &request, &Violation::Unexpected("request"));
    refuses(true, &Frame::Cancel(1), &Violation::Unexpected("cancel"));
    refuses(true, &Frame::Describe(1), &Violation::Unexpected("describe"));
    let description = Frame::Description { topic: 1, description: b"1u" };
    refuses(false, &description, &Violation::Unexpected("description"));
    let long = Frame::Description { topic: 1, description: &[0; MAX_DESCRIPTION + 1] };
    refuses(true, &long, &Violation::Description);
    let response = Frame::Response { token: 0, status: Status::Success, encoding, payload };
    refuses(false, &response, &Violation::Unexpected("response"));
    refuses(false, &Frame::Draining, &Violation::Unexpected("draining"));
    refuses(false, &Frame::Withdraw(vec![]), &Violation::Unexpected("withdraw"));
    let announce = Frame::Announce { more: false, topics: vec![] };
    refuses(false, &announce, &Violation::Unexpected("announce"));
}

#[test]
fn more_topics_than_the_limit_are_a_violation() {
    let mut side = Side::opened(true);
    let names: Vec<String> = (0..61).map(|number| format!("n{number}")).collect();
    let topics = names.iter().zip(100..).map(|(name, id)| Announced {
        id,
        kind: TopicKind::OneWay,
        fingerprint: 0,
        name,
    });
    let mut bytes = Vec::new();
    Frame::Announce { more: false, topics: topics.collect() }.write(&mut bytes);
    assert_eq!(side.take(&bytes), Err(Violation::TooManyTopics(100)));
}

#[test]
fn before_the_handshake_is_done_nothing_else_is_taken() {
    let mut request = MAGIC.to_vec();
    let (encoding, payload) = (Encoding::Postcard, &b""[..]);
    Frame::Request { topic: 0, token: 0, remaining: 0, encoding, payload }.write(&mut request);
    for dialler in [true, false] {
        assert_eq!(Side::new(dialler).take(&request), Err(Violation::Unexpected("request")));
    }
    let http = b"GET / HTTP/1.1\r\n\r\n";
    assert_eq!(Side::new(false).take(http), Err(Violation::Magic("this looks like HTTP")));
    let Err(Violation::Magic(guess)) = Side::new(false).take(&[0x16, 3, 1]) else { panic!("no guess") };
    assert!(guess.starts_with("this looks like TLS"), "{guess}");
}

#[test]
fn another_version_is_a_violation() {
    let hello = |min, max| {
        let mut bytes = MAGIC.to_vec();
        Frame::Hello(crate::protocol::frame::Introduction {
            versions: (min, max),
            capabilities: 0,
            frame_limit: 8192,
            instance: 1,
            name: "new",
        })
        .write(&mut bytes);
        bytes
    };
    let (min, max) = (MAX_VERSION + 1, MAX_VERSION + 3);
    assert_eq!(Side::new(false).take(&hello(min, max)), Err(Violation::Version { min, max }));
    assert_eq!(Side::new(false).take(&hello(0, 0)), Err(Violation::Version { min: 0, max: 0 }));
    assert_eq!(Side::new(false).take(&hello(0, MAX_VERSION + 9)), Ok(()));
}

#[test]
fn a_goodbye_can_be_read_in_every_phase() {
    // by the one who dials: before the welcome, and after it
    let mut refused = Pair::new();
    let out = &mut refused.acceptor.out;
    refused.acceptor.session.goodbye(GoodbyeCode::TooManyConnections, "full", out);
    let bytes = std::mem::take(out);
    refused.dialler.take(&bytes).expect("a goodbye is no violation");
    assert_eq!(refused.dialler.events, ["Goodbye { code: TooManyConnections, reason: \"full\" }"]);
    let mut open = Pair::open();
    open.dialler.session.goodbye(GoodbyeCode::Disconnected, "", &mut open.dialler.out);
    open.acceptor.session.goodbye(GoodbyeCode::Silent, "", &mut open.acceptor.out);
    open.run(usize::MAX);
    assert_eq!(open.acceptor.events, ["Goodbye { code: Disconnected, reason: \"\" }"]);
    assert_eq!(open.dialler.events, ["Goodbye { code: Silent, reason: \"\" }"]);
}
