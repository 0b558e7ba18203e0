//! A peer without a node: the test says every word that it speaks.

use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::wire::{TopicNames, WireFrame, WirePayload, WireReader};
use super::{LIMIT, Network};
use crate::config::Endpoint;
use crate::payload::Payload;
use crate::payload::codec::encode;
use crate::protocol::frame::{
    Announced, Encoding, Frame, GoodbyeCode, Introduction, Status, begin_message, begin_request,
    begin_response, finish, write_announcement, write_text_response,
};
use crate::protocol::{MAGIC, MAX_VERSION, MIN_VERSION, TRACES};
use crate::topic::Topic;
use crate::transport::{Listener, Stream};

/// What a scripted peer accepts.
const FRAME_LIMIT: u32 = 16 * 1024 * 1024;

/// A peer without a node: the test says every word that it speaks, and what it expects to hear. It answers pings by
/// itself, whenever it listens.
///
/// Whatever it expects and doesn't hear within [`LIMIT`] is a panic that names the caller and says what came instead.
///
/// ```
/// # use systemge::config::NodeConfig;
/// # use systemge::prelude::*;
/// use systemge::testing::{self, Network, ScriptedPeer};
/// # #[derive(systemge::Application, Default)]
/// # struct Greeter {}
/// # #[systemge::node]
/// # impl Greeter {
/// #     #[topic("greet")]
/// #     async fn greet(&self, name: String) -> String {
/// #         format!("Hello, {name}!")
/// #     }
/// # }
///
/// # fn main() {
/// testing::run(1, async {
///     let network = Network::new();
///     let door: systemge::config::Endpoint = "mem://greeter".parse().unwrap();
///     let config = NodeConfig::new().listen(door.clone());
///     let system = network.system().node_with("greeter", Greeter::default(), config).start().await.unwrap();
///
///     let mut peer = ScriptedPeer::join(&network, "stranger", &door).await;
///     let token = peer.request("greet", &"Ada".to_owned()).await;
///     let (status, payload) = peer.expect_response(token).await;
///     assert_eq!((status, payload.decode()), (0, Ok("Hello, Ada!".to_owned())));
///
///     system.stop().await;
///     let (code, _) = peer.expect_goodbye().await;
///     assert_eq!(code, 0); // the node stops
/// });
/// # }
/// ```
pub struct ScriptedPeer {
    stream: Box<dyn Stream>,
    reader: WireReader,
    heard: VecDeque<WireFrame>,
    names: TopicNames,
    next_token: u64,
}

impl ScriptedPeer {
    /// A peer over a stream that is there already.
    pub(crate) fn over(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            reader: WireReader::default(),
            heard: VecDeque::new(),
            names: TopicNames::new(),
            next_token: 1,
        }
    }

    /// Dials a node as the node `name` does, and says nothing yet.
    ///
    /// # Panics
    ///
    /// If nobody listens there.
    pub async fn dial(network: &Network, name: &str, endpoint: &Endpoint) -> Self {
        match network.transport().dial(name, endpoint).await {
            Ok(channel) => Self::over(channel.stream),
            Err(error) => panic!("`{name}` cannot reach {endpoint}: {error}"),
        }
    }

    /// Dials a node and does the handshake, up to the end of the announcement.
    ///
    /// # Panics
    ///
    /// If it is not let in.
    pub async fn join(network: &Network, name: &str, endpoint: &Endpoint) -> Self {
        let mut peer = Self::dial(network, name, endpoint).await;
        peer.say_hello(name).await;
        match peer.expect().await {
            WireFrame::Welcome { .. } => {}
            other => panic!("`{name}` is not let in by {endpoint}: {other:?}"),
        }
        match peer.expect().await {
            WireFrame::Announced { .. } => peer,
            other => panic!("`{name}` expected an announcement of {endpoint}: {other:?}"),
        }
    }

    /// The names of the topics that the other side has announced.
    #[must_use]
    pub fn announced(&self) -> Vec<String> {
        self.names.values().cloned().collect()
    }

    // ---- what it says ----

    /// Sends bytes, whatever they are.
    ///
    /// # Panics
    ///
    /// If the connection is gone, or if they don't get out in time.
    #[track_caller]
    pub fn say(&mut self, bytes: Vec<u8>) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            match tokio::time::timeout(LIMIT, self.stream.write_all(&bytes)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => panic!("{caller}: the other side is gone: {error}"),
                Err(_) => panic!("{caller}: the other side did not read within {LIMIT:?}"),
            }
        }
    }

    /// Says magic and `HELLO`: the first words of the dialling side.
    #[track_caller]
    pub fn say_hello(&mut self, name: &str) -> impl Future<Output = ()> {
        let mut bytes = MAGIC.to_vec();
        Frame::Hello(introduction(name, (MIN_VERSION, MAX_VERSION))).write(&mut bytes);
        self.say(bytes)
    }

    /// Says magic and `WELCOME` and announces topics: the first words of the accepting side. Their numbers are their
    /// places.
    #[track_caller]
    pub fn say_welcome(&mut self, name: &str, topics: &[Topic]) -> impl Future<Output = ()> {
        let mut bytes = MAGIC.to_vec();
        Frame::Welcome(introduction(name, (MAX_VERSION, MAX_VERSION))).write(&mut bytes);
        let announced = topics.iter().zip(0..).map(|(topic, id)| Announced {
            id,
            kind: topic.kind(),
            fingerprint: topic.fingerprint(),
            name: topic.name(),
        });
        write_announcement(&mut bytes, announced);
        self.names.extend(topics.iter().zip(0..).map(|(topic, id)| (id, topic.name().to_owned())));
        self.say(bytes)
    }

    /// Sends a message.
    ///
    /// # Panics
    ///
    /// If the topic was not announced, or the other side is gone.
    #[track_caller]
    pub fn send<P: Payload>(&mut self, topic: &str, payload: &P) -> impl Future<Output = ()> {
        let mut bytes = Vec::new();
        let open = begin_message(&mut bytes, self.number(topic), Encoding::Postcard);
        write_payload(payload, &mut bytes);
        finish_frame(&mut bytes, open);
        self.say(bytes)
    }

    /// Sends a request that waits ten seconds; returns its token.
    ///
    /// # Panics
    ///
    /// If the topic was not announced, or the other side is gone.
    #[track_caller]
    pub fn request<P: Payload>(&mut self, topic: &str, payload: &P) -> impl Future<Output = u64> {
        let token = self.next_token;
        self.next_token += 1;
        let mut bytes = Vec::new();
        let open = begin_request(&mut bytes, self.number(topic), token, 10_000, Encoding::Postcard);
        write_payload(payload, &mut bytes);
        finish_frame(&mut bytes, open);
        let said = self.say(bytes);
        async move {
            said.await;
            token
        }
    }

    /// Gives a request up.
    #[track_caller]
    pub fn cancel(&mut self, token: u64) -> impl Future<Output = ()> {
        self.say(bytes_of(&Frame::Cancel(token)))
    }

    /// Answers a request.
    #[track_caller]
    pub fn respond<P: Payload>(&mut self, token: u64, response: &P) -> impl Future<Output = ()> {
        let mut bytes = Vec::new();
        let open = begin_response(&mut bytes, token, Status::Success, Encoding::Postcard);
        write_payload(response, &mut bytes);
        finish_frame(&mut bytes, open);
        self.say(bytes)
    }

    /// Refuses a request, as a node that is about to stop.
    #[track_caller]
    pub fn refuse(&mut self, token: u64) -> impl Future<Output = ()> {
        let mut bytes = Vec::new();
        write_text_response(&mut bytes, token, Status::Draining, "the script says so");
        self.say(bytes)
    }

    /// Says that it takes nothing new.
    #[track_caller]
    pub fn say_draining(&mut self) -> impl Future<Output = ()> {
        self.say(bytes_of(&Frame::Draining))
    }

    /// Says goodbye, with a number of the protocol.
    #[track_caller]
    pub fn say_goodbye(&mut self, code: u16, reason: &str) -> impl Future<Output = ()> {
        self.say(bytes_of(&Frame::Goodbye { code: GoodbyeCode::Other(code), reason }))
    }

    // ---- what it hears ----

    /// The next frame but pings and pongs.
    ///
    /// # Panics
    ///
    /// If none comes in time.
    #[track_caller]
    pub fn expect(&mut self) -> impl Future<Output = WireFrame> {
        let caller = Location::caller();
        async move {
            match tokio::time::timeout(LIMIT, self.hear()).await {
                Ok(Ok(Some(frame))) => frame,
                Ok(Ok(None)) => panic!("{caller}: expected a frame, the other side has ended the connection"),
                Ok(Err(why)) => panic!("{caller}: expected a frame: {why}"),
                Err(_) => panic!("{caller}: expected a frame, nothing came within {LIMIT:?}"),
            }
        }
    }

    /// The response to a request, which must be the next frame: its status and payload.
    ///
    /// # Panics
    ///
    /// If something else comes, or nothing.
    #[track_caller]
    pub fn expect_response(&mut self, token: u64) -> impl Future<Output = (u8, WirePayload)> {
        let (caller, frame) = (Location::caller(), self.expect());
        async move {
            match frame.await {
                WireFrame::Response { token: of, status, payload } if of == token => (status, payload),
                other => panic!("{caller}: expected the response to {token}: {other:?}"),
            }
        }
    }

    /// A request of a topic, which must be the next frame: its token and payload.
    ///
    /// # Panics
    ///
    /// If something else comes, or nothing.
    #[track_caller]
    pub fn expect_request(&mut self, topic: &str) -> impl Future<Output = (u64, WirePayload)> {
        let (caller, topic, frame) = (Location::caller(), topic.to_owned(), self.expect());
        async move {
            match frame.await {
                WireFrame::Request { topic: of, token, payload, .. } if of == topic => (token, payload),
                other => panic!("{caller}: expected a request of `{topic}`: {other:?}"),
            }
        }
    }

    /// A message of a topic, which must be the next frame: its payload.
    ///
    /// # Panics
    ///
    /// If something else comes, or nothing.
    #[track_caller]
    pub fn expect_message(&mut self, topic: &str) -> impl Future<Output = WirePayload> {
        let (caller, topic, frame) = (Location::caller(), topic.to_owned(), self.expect());
        async move {
            match frame.await {
                WireFrame::Message { topic: of, payload } if of == topic => payload,
                other => panic!("{caller}: expected a message of `{topic}`: {other:?}"),
            }
        }
    }

    /// A goodbye, whatever is said before it; it must be the last word. Returns its code and reason.
    ///
    /// # Panics
    ///
    /// If the other side ends without one, says something after it, or goes on.
    #[track_caller]
    pub fn expect_goodbye(&mut self) -> impl Future<Output = (u16, String)> {
        let caller = Location::caller();
        async move {
            let heard = tokio::time::timeout(LIMIT, async {
                loop {
                    match self.hear().await {
                        Ok(Some(WireFrame::Goodbye { code, reason })) => break (code, reason),
                        Ok(Some(_)) => {}
                        Ok(None) => panic!("{caller}: expected a goodbye, there was none before the end"),
                        Err(why) => panic!("{caller}: expected a goodbye: {why}"),
                    }
                }
            })
            .await;
            let Ok(goodbye) = heard else { panic!("{caller}: expected a goodbye within {LIMIT:?}") };
            match tokio::time::timeout(LIMIT, self.hear()).await {
                // whether an end or a reset follows is up to the transport
                Ok(Ok(None) | Err(_)) => goodbye,
                Ok(Ok(Some(frame))) => panic!("{caller}: something was said after the goodbye: {frame:?}"),
                Err(_) => panic!("{caller}: nothing ended after the goodbye"),
            }
        }
    }

    /// Waits for so long, in which nothing but pings and pongs may come.
    ///
    /// # Panics
    ///
    /// If something comes, or the connection ends.
    #[track_caller]
    pub fn expect_silence(&mut self, time: Duration) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            if let Ok(heard) = tokio::time::timeout(time, self.hear()).await {
                panic!("{caller}: expected {time:?} of silence: {heard:?}");
            }
        }
    }

    /// The next frame but pings and pongs; `None` at the end.
    async fn hear(&mut self) -> Result<Option<WireFrame>, String> {
        loop {
            while let Some(frame) = self.reader.next(&mut self.names)? {
                match frame {
                    WireFrame::Ping => {
                        let bytes = bytes_of(&Frame::Pong(0));
                        // who doesn't hear the answer is gone, which the next read tells
                        let _ = self.stream.write_all(&bytes).await;
                    }
                    WireFrame::Pong => {}
                    frame => self.heard.push_back(frame),
                }
            }
            if let Some(frame) = self.heard.pop_front() {
                return Ok(Some(frame));
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes).await {
                Ok(0) => return Ok(None),
                Ok(count) => self.reader.push(&bytes[..count]),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    #[track_caller]
    fn number(&self, topic: &str) -> u32 {
        match self.names.iter().find(|(_, name)| *name == topic) {
            Some((id, _)) => *id,
            None => panic!("the other side has not announced `{topic}`, but {:?}", self.names),
        }
    }
}

impl fmt::Debug for ScriptedPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedPeer").field("announced", &self.names).finish_non_exhaustive()
    }
}

/// A listener without a node: whoever dials it becomes a [`ScriptedPeer`].
pub struct ScriptedListener {
    listener: Box<dyn Listener>,
}

impl ScriptedListener {
    /// Listens on an endpoint of a network as the node `name` does.
    ///
    /// # Panics
    ///
    /// If somebody else listens there.
    pub async fn bind(network: &Network, name: &str, endpoint: &Endpoint) -> Self {
        match network.transport().listen(name, endpoint).await {
            Ok(listener) => Self { listener },
            Err(error) => panic!("`{name}` cannot listen on {endpoint}: {error}"),
        }
    }

    /// The next one who dials; nothing has been said yet.
    ///
    /// # Panics
    ///
    /// If nobody comes in time.
    #[track_caller]
    pub fn accept(&mut self) -> impl Future<Output = ScriptedPeer> {
        let caller = Location::caller();
        async move {
            let accepted = tokio::time::timeout(LIMIT, async {
                match self.listener.accept().await {
                    Ok(incoming) => incoming.open().await,
                    Err(error) => Err(error),
                }
            });
            match accepted.await {
                Ok(Ok(channel)) => ScriptedPeer::over(channel.stream),
                Ok(Err(error)) => panic!("{caller}: nobody can be accepted: {error}"),
                Err(_) => panic!("{caller}: nobody came within {LIMIT:?}"),
            }
        }
    }

    /// The next one who dials, once it has said `HELLO`: its name, and the peer.
    ///
    /// # Panics
    ///
    /// If nobody comes in time, or says something else.
    #[track_caller]
    pub fn expect_hello(&mut self) -> impl Future<Output = (String, ScriptedPeer)> {
        let (caller, accepted) = (Location::caller(), self.accept());
        async move {
            let mut peer = accepted.await;
            match peer.expect().await {
                WireFrame::Hello { name } => (name, peer),
                other => panic!("{caller}: expected a hello: {other:?}"),
            }
        }
    }
}

impl fmt::Debug for ScriptedListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedListener").field("endpoint", &self.listener.endpoint()).finish()
    }
}

const fn introduction(name: &str, versions: (u16, u16)) -> Introduction<'_> {
    Introduction { versions, capabilities: TRACES, frame_limit: FRAME_LIMIT, instance: 7, name }
}

fn bytes_of(frame: &Frame<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.write(&mut bytes);
    bytes
}

fn write_payload<P: Payload>(payload: &P, out: &mut Vec<u8>) {
    if let Err(why) = encode(payload, Encoding::Postcard, out) {
        panic!("the payload cannot be written: {why}");
    }
}

fn finish_frame(out: &mut Vec<u8>, open: crate::protocol::frame::Open) {
    if let Err(violation) = finish(out, open, FRAME_LIMIT) {
        panic!("the frame cannot be sent: {violation}");
    }
}
