//! Contracts: topics that a trait declares, apart from whoever handles or calls them.

use std::sync::Mutex;

use systemge::client::RequestError;
use systemge::prelude::*;
use systemge::{Contract, TopicKind};

use crate::log::Log;
use crate::support::{Caller, endpoint, listening, soon, start, until};

/// What the programs of this test share.
mod shared {
    use std::fmt;

    #[systemge::payload]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(crate) struct Move {
        pub(crate) from: u8,
        pub(crate) to: u8,
    }

    #[systemge::payload]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(crate) struct IllegalMove(pub(crate) String);

    impl fmt::Display for IllegalMove {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "illegal: {}", self.0)
        }
    }

    /// A game of two players.
    #[systemge::contract]
    pub(crate) trait Game {
        /// Plays a move; the answer is how many were played.
        #[topic("move", alias = "play")]
        async fn play(&self, mv: Move) -> Result<usize, IllegalMove>;

        #[topic("resign")]
        async fn resign(&self, player: String);

        #[topic("clock", oneway)]
        async fn clock(&self, seconds: u32) -> Result<(), String>;

        #[topic("ready", request)]
        fn ready(&self);

        #[topic("score")]
        fn score(&self, player: String, from: usize) -> Vec<Move>;
    }

    /// Where games are found.
    #[systemge::contract]
    pub(crate) trait Lobby {
        #[topic("lobby/open")]
        async fn open(&self) -> Vec<String>;

        /// The name of a method that the other contract has, too.
        #[topic("lobby/ready", request)]
        async fn ready(&self);
    }
}

use shared::{Game, GameClient, IllegalMove, Lobby, LobbyClient, Move};

/// Handles two contracts, and topics of its own.
#[derive(systemge::Application, Default)]
#[application(handles(Game, Lobby), calls(Lobby))]
struct Chess {
    moves: Vec<Move>,
    log: Mutex<Vec<String>>,
}

impl Chess {
    fn note(&self, what: impl Into<String>) {
        self.log.lock().expect("no panic").push(what.into());
    }
}

#[systemge::node]
impl Game for Chess {
    async fn play(&mut self, mv: Move, ctx: &Context<Self>) -> Result<usize, IllegalMove> {
        if mv.from == mv.to {
            return Err(IllegalMove(format!("{} stays at {}", ctx.sender().unwrap_or("nobody"), mv.to)));
        }
        self.moves.push(mv);
        self.note("move");
        Ok(self.moves.len())
    }

    fn resign(&self, player: String) {
        self.note(format!("{player} resigns"));
    }

    #[topic(spawn, timeout = "5s")]
    async fn clock(&self, seconds: u32) -> Result<(), std::fmt::Error> {
        self.note(format!("{seconds} s"));
        Ok(())
    }

    async fn ready(&self, _ctx: &Context) {
        self.note("ready");
    }

    #[topic(blocking)]
    fn score(&self, player: String, from: usize) -> Vec<Move> {
        self.note(player);
        self.moves.get(from..).unwrap_or_default().to_vec()
    }

    #[on_start]
    async fn start(&mut self) {
        self.note("the game starts");
    }
}

#[systemge::node]
impl Lobby for Chess {
    async fn open(&self) -> Vec<String> {
        vec!["one".to_owned()]
    }

    async fn ready(&self) {
        self.note("the lobby is ready");
    }

    #[on_start]
    fn start(&self) {
        self.note("the lobby starts");
    }
}

#[systemge::node]
impl Chess {
    #[topic("log")]
    fn log(&self) -> Vec<String> {
        self.log.lock().expect("no panic").clone()
    }

    #[on_start]
    fn start(&self) {
        self.note("the node starts");
    }

    /// Calls another contract by a context that knows the application.
    #[topic("ask")]
    async fn ask(&self, ctx: &Context<Self>) -> Result<Vec<String>, String> {
        LobbyClient::new(ctx).open().await.map_err(|error| error.to_string())
    }
}

#[tokio::test]
async fn a_contract_is_called_across_two_nodes() {
    let (chess, node) = start("chess", Chess::default(), listening()).await;
    let (player, caller) = start("player", Caller {}, listening()).await;
    caller.connect(endpoint(&node)).await.expect("they connect");
    let game = GameClient::new(&caller);
    assert_eq!(soon(game.play(Move { from: 1, to: 2 })).await, Ok(1));
    let refused = soon(game.play(Move { from: 3, to: 3 })).await;
    assert_eq!(refused, Err(RequestError::Handler(IllegalMove("player stays at 3".to_owned()))));
    assert_eq!(soon(game.ready()).await, Ok(()));
    assert_eq!(soon(game.score("white".to_owned(), 0)).await, Ok(vec![Move { from: 1, to: 2 }]));
    assert_eq!(soon(game.resign("black".to_owned())).await, Ok(1));
    assert_eq!(soon(game.clock(7)).await, Ok(1));
    let own = ChessClient::new(&caller);
    let log = async || soon(own.log()).await.expect("a log");
    let mut seen = Vec::new();
    while seen.len() < 8 {
        seen = log().await;
    }
    seen[6..].sort();
    let expected = ["the node starts", "the game starts", "the lobby starts", "move", "ready", "white"];
    assert_eq!(seen[..6], expected);
    assert_eq!(seen[6..], ["7 s", "black resigns"]);
    player.stop().await;
    chess.stop().await;
}

#[tokio::test]
async fn several_contracts_of_one_application_do_not_meet() {
    let (chess, node) = start("chess", Chess::default(), listening()).await;
    let (player, caller) = start("player", Caller {}, listening()).await;
    caller.connect(endpoint(&node)).await.expect("they connect");
    assert_eq!(soon(LobbyClient::new(&caller).ready()).await, Ok(()));
    assert_eq!(soon(LobbyClient::new(&caller).open()).await, Ok(vec!["one".to_owned()]));
    let log = soon(ChessClient::new(&caller).log()).await.expect("a log");
    assert_eq!(log.last().map(String::as_str), Some("the lobby is ready"));
    let mut names: Vec<String> = node.topics().iter().map(|topic| topic.name().to_owned()).collect();
    names.sort();
    assert_eq!(
        names,
        ["ask", "clock", "lobby/open", "lobby/ready", "log", "move", "play", "ready", "resign", "score"]
    );
    player.stop().await;
    chess.stop().await;
}

#[tokio::test]
async fn a_contract_that_nobody_handles_can_be_described_and_called() {
    #[systemge::contract]
    pub(crate) trait Nobody {
        /// Where it is.
        #[topic("where")]
        async fn place(&self, name: String) -> Option<(u8, u8)>;

        #[topic("drop")]
        fn discard(&self);
    }

    let contract: Contract = Nobody;
    assert_eq!(contract.name(), "Nobody");
    assert!(contract.module().ends_with("contracts"), "{}", contract.module());
    let [place, discard] = contract.topics() else { panic!("two topics: {contract}") };
    assert_eq!((place.method(), place.documentation()), ("place", "Where it is."));
    assert_eq!(place.topic().to_string(), "where: (String) -> Option<(u8, u8)>");
    assert_eq!((discard.method(), discard.topic().kind()), ("discard", TopicKind::OneWay));
    assert_eq!(contract.to_string(), "Nobody\n  where: (String) -> Option<(u8, u8)>\n  drop: ()");

    let (player, caller) = start("player", Caller {}, listening()).await;
    let asked = soon(NobodyClient::new(&caller).place("x".to_owned())).await;
    assert!(matches!(asked, Err(RequestError::NoHandler { .. })), "{asked:?}");
    assert_eq!(soon(NobodyClient::new(&caller).discard()).await, Ok(0));
    player.stop().await;
}

/// A contract of which there are many instances.
mod many {
    use std::borrow::Cow;

    use systemge::TopicKey;

    #[systemge::payload]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct GameId(pub(crate) u32);

    impl TopicKey for GameId {
        fn segment(&self) -> Cow<'_, str> {
            self.0.segment()
        }
    }

    #[systemge::contract(key(game: GameId))]
    pub(crate) trait Table {
        #[topic("table/{game}/play", alias = "{game}/old")]
        async fn play(&self, card: u8) -> usize;

        #[topic("table/{game}/tell")]
        async fn tell(&self, card: u8);
    }

    #[systemge::contract(key(room: String, seat: u8))]
    pub(crate) trait Seat {
        #[topic("room/{room}/{seat}")]
        async fn who(&self) -> String;
    }
}

use many::{GameId, Seat, SeatClient, Table, TableClient};

#[derive(systemge::Application)]
#[application(handles(Table, Seat))]
struct Place {
    #[key]
    game: GameId,
    #[key]
    room: String,
    #[key]
    seat: u8,
    cards: Vec<u8>,
}

impl Place {
    fn new(game: u32) -> Self {
        Self {
            game: GameId(game),
            room: "blue".to_owned(),
            seat: u8::try_from(game).unwrap_or(0),
            cards: Vec::new(),
        }
    }
}

#[systemge::node]
impl Table for Place {
    async fn play(&mut self, card: u8) -> usize {
        self.cards.push(card);
        self.cards.len()
    }

    async fn tell(&mut self, card: u8) {
        self.cards.push(card);
    }
}

#[systemge::node]
impl Seat for Place {
    async fn who(&self) -> String {
        format!("{} of {}", self.seat, self.game.0)
    }
}

#[tokio::test]
async fn a_message_reaches_only_its_instance() {
    let system = System::new()
        .node_with("one", Place::new(1), listening())
        .node_with("two", Place::new(2), listening())
        .node_with("player", Caller {}, listening())
        .start()
        .await
        .expect("they start");
    let nodes = system.nodes();
    let [one, two, player] = &nodes[..] else { panic!("three nodes") };
    for node in [one, two] {
        player.connect(endpoint(node)).await.expect("they connect");
    }
    let names: Vec<String> = one.topics().iter().map(|topic| topic.name().to_owned()).collect();
    assert_eq!(names, ["1/old", "table/1/play", "table/1/tell", "room/blue/1"]);
    let tables = TableClient::new(player);
    let (first, second) = (tables.game(&GameId(1)), tables.game(&GameId(2)));
    assert_eq!(soon(first.tell(7)).await, Ok(1));
    assert_eq!(soon(first.play(8)).await, Ok(2));
    assert_eq!(soon(second.play(9)).await, Ok(1));
    assert_eq!(soon(first.play(1).all()).await.map(|all| all.len()), Ok(1));
    let seats = SeatClient::new(player);
    assert_eq!(soon(seats.room_seat("blue", &2).who()).await.as_deref(), Ok("2 of 2"));
    system.stop().await;
}

#[tokio::test]
async fn all_instances_of_a_keyed_topic_are_counted_under_the_name_that_the_program_has_for_it() {
    let system = System::new()
        .node_with("one", Place::new(1), listening())
        .node_with("two", Place::new(2), listening())
        .node_with("player", Caller {}, listening())
        .start()
        .await
        .expect("they start");
    let nodes = system.nodes();
    let [one, two, player] = &nodes[..] else { panic!("three nodes") };
    for node in [one, two] {
        player.connect(endpoint(node)).await.expect("they connect");
    }
    let tables = TableClient::new(player);
    for (game, cards) in [(1, 3), (2, 4)] {
        for card in 0..cards {
            assert!(soon(tables.game(&GameId(game)).play(card)).await.is_ok());
        }
    }
    let pattern = "table/{game}/play";
    until(|| player.metrics().sent.iter().any(|sent| sent.sent == 7)).await;
    let sent: Vec<(String, u64)> =
        player.metrics().sent.iter().map(|sent| (sent.topic.to_string(), sent.sent)).collect();
    assert_eq!(sent, [(pattern.to_owned(), 7)]);
    for (node, cards) in [(one, 3), (two, 4)] {
        let metrics = node.metrics();
        let names: Vec<&str> = metrics.received.iter().map(|received| &*received.topic).collect();
        assert_eq!(names, ["{game}/old", pattern, "table/{game}/tell", "room/{room}/{seat}"]);
        assert_eq!(metrics.received[1].received, cards);
    }
    #[cfg(feature = "metrics")]
    {
        let text = system.openmetrics();
        let line = |node: &str, count: u8| {
            text.contains(&format!("systemge_received_total{{node=\"{node}\",topic=\"{pattern}\"}} {count}"))
        };
        assert!(line("one", 3) && line("two", 4), "{text}");
        assert!(!text.contains("table/1/"), "no key is a label: {text}");
    }
    system.stop().await;
}

#[tokio::test]
async fn an_instance_that_is_not_there_is_known_at_once() {
    let (place, node) = start("one", Place::new(1), listening()).await;
    let (player, caller) = start("player", Caller {}, listening()).await;
    caller.connect(endpoint(&node)).await.expect("they connect");
    let tables = TableClient::new(&caller);
    let asked = soon(tables.game(&GameId(3)).play(1)).await;
    let expected = RequestError::NoHandler { topic: "table/3/play".into(), mismatched: Vec::new() };
    assert_eq!(asked, Err(expected));
    assert_eq!(soon(tables.game(&GameId(3)).tell(1)).await, Ok(0));
    assert!(node.withdraw("table/1/play"), "a topic is withdrawn under the name of its instance");
    let names: Vec<String> = node.topics().iter().map(|topic| topic.name().to_owned()).collect();
    assert_eq!(names, ["table/1/tell", "room/blue/1"], "its alias goes with it");
    player.stop().await;
    place.stop().await;
}

#[tokio::test]
async fn a_key_that_is_no_part_of_a_name_is_an_error() {
    let place = Place { room: "blue/green".to_owned(), ..Place::new(1) };
    let refused = System::new().node_with("one", place, listening()).start().await;
    let error = refused.map(|_| ()).expect_err("the key is wrong");
    assert!(matches!(error, systemge::SystemError::Key { .. }), "{error:?}");
    let (player, caller) = start("player", Caller {}, listening()).await;
    let seats = SeatClient::new(&caller).wait_for_provider(crate::support::SOON);
    let asked = soon(seats.room_seat("", &1).who()).await;
    let Err(RequestError::Key(error)) = asked else { panic!("the key is empty: {asked:?}") };
    assert_eq!(
        error.to_string(),
        "the key `room` is \"\", but takes 1 to 64 letters, digits, `.`, `_` or `-`"
    );
    player.stop().await;
}

/// Two blocks of its own topics, each with its client.
#[derive(systemge::Application, Default)]
struct Two {
    count: u32,
}

#[systemge::node]
impl Two {
    #[topic("two/add")]
    async fn add(&mut self) -> u32 {
        self.count += 1;
        self.count
    }
}

#[systemge::node(client = TwoAdmin)]
impl Two {
    #[topic("two/reset", request)]
    async fn reset(&mut self) {
        self.count = 0;
    }
}

#[tokio::test]
async fn a_type_has_two_blocks_with_a_client_each() {
    let (two, node) = start("two", Two::default(), listening()).await;
    let (player, caller) = start("player", Caller {}, listening()).await;
    caller.connect(endpoint(&node)).await.expect("they connect");
    assert_eq!(soon(TwoClient::new(&caller).add()).await, Ok(1));
    assert_eq!(soon(TwoAdmin::new(&caller).reset()).await, Ok(()));
    assert_eq!(soon(TwoClient::new(&caller).add()).await, Ok(1));
    player.stop().await;
    two.stop().await;
}

/// Calls contracts, and lists them.
#[derive(systemge::Application)]
#[application(calls(Lobby, Table))]
struct Guest {}

#[tokio::test]
async fn a_node_tells_which_of_its_topics_nobody_handles() {
    let (chess, node) = start("chess", Chess::default(), listening()).await;
    let (guest, caller) = start("guest", Guest {}, listening()).await;
    // those of a keyed contract are known when they are called
    assert_eq!(caller.unhandled_topics(), ["lobby/open", "lobby/ready"]);
    caller.connect(endpoint(&node)).await.expect("they connect");
    assert!(caller.unhandled_topics().is_empty());
    let _ = soon(TableClient::new(&caller).game(&GameId(1)).tell(1)).await;
    assert_eq!(caller.unhandled_topics(), ["table/1/tell"]);
    chess.stop().await;
    until(|| caller.unhandled_topics().len() == 3).await;
    guest.stop().await;
}

/// Lists nothing.
#[derive(systemge::Application)]
struct Stranger {}

#[systemge::node]
impl Stranger {
    #[topic("stranger/ask")]
    async fn ask(&self, ctx: &Context) -> usize {
        LobbyClient::new(ctx).open().await.map_or(0, |open| open.len())
    }
}

#[tokio::test]
async fn called_topics_that_nobody_handles_are_logged_once_all_are_connected() {
    let (log, _reading) = Log::read();
    let (other, node) = start("other", Stranger {}, listening()).await;
    let (guest, caller) = start("guest", Guest {}, listening()).await;
    assert!(!log.has("lobby/open"), "nobody is dialled yet: {:#?}", log.texts());
    caller.connect(endpoint(&node)).await.expect("they connect");
    until(|| log.has("topics=lobby/open lobby/ready")).await;
    assert!(log.has("topics that this node calls have no handler on any connected node"));
    let lines = log.texts().iter().filter(|text| text.contains("lobby/open")).count();
    let (chess, node) = start("chess", Chess::default(), listening()).await;
    caller.connect(endpoint(&node)).await.expect("they connect");
    assert!(caller.unhandled_topics().is_empty());
    let again = log.texts().iter().filter(|text| text.contains("lobby/open")).count();
    assert_eq!(lines, again, "what is handled now is not complained of: {:#?}", log.texts());
    for system in [chess, guest, other] {
        system.stop().await;
    }
}

#[tokio::test]
async fn a_call_of_a_contract_that_is_not_listed_is_logged_once() {
    let (log, _reading) = Log::read();
    let (stranger, node) = start("stranger", Stranger {}, listening()).await;
    let (system, caller) = start("caller", Caller {}, listening()).await;
    caller.connect(endpoint(&node)).await.expect("they connect");
    // the program around a node owes nobody a list
    let _ = soon(LobbyClient::new(&caller).open()).await;
    assert!(!log.has("calls(..)"), "{:#?}", log.texts());
    for _ in 0..2 {
        assert_eq!(soon(StrangerClient::new(&caller).ask()).await, Ok(0));
    }
    let said = |text: &&String| text.contains("the application calls a contract that is not in `calls(..)`");
    assert_eq!(log.texts().iter().filter(said).count(), 1, "{:#?}", log.texts());
    assert!(log.has("contract=Lobby"));
    for system in [system, stranger] {
        system.stop().await;
    }
}
