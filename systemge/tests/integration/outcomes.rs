//! How a request ends at every node that was asked.

use std::collections::BTreeMap;
use std::time::Duration;

use systemge::client::{Outcome, Refusal, RequestError};
use systemge::config::Endpoint;
use systemge::prelude::*;
use systemge::{Running, Topic};
use tokio::net::TcpListener;

use crate::raw::{Raw, frame};
use crate::support::{Caller, listening, soon, start, until};

/// The contract: the nodes that answer are made by hand.
#[derive(systemge::Application, Default)]
struct Answers {}

#[systemge::node]
impl Answers {
    #[topic("answer")]
    async fn answer(&self) -> Result<u8, u8> {
        Ok(0)
    }
}

type Answer = Result<u8, RequestError<u8>>;

/// A node, and peers made by hand that it has dialled.
async fn asking<const N: usize>(names: [&str; N]) -> (Running, Node, [Raw; N]) {
    let (system, caller) = start("caller", Caller::default(), listening()).await;
    let mut raws = Vec::new();
    for name in names {
        raws.push(provider(&caller, name).await);
    }
    (system, caller, raws.try_into().unwrap_or_else(|_| unreachable!("as many as names")))
}

/// A peer made by hand that handles the topic.
async fn provider(caller: &Node, name: &str) -> Raw {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let fingerprint = Topic::request::<(), Result<u8, u8>>("answer").fingerprint();
    let accepting = async {
        let (stream, _) = listener.accept().await.expect("the caller");
        Raw::accept(stream, name, &[("answer", 1, fingerprint)]).await
    };
    let (raw, connected) =
        soon(async { tokio::join!(accepting, caller.connect(Endpoint::tcp(address))) }).await;
    connected.expect("the peer answers");
    raw
}

const STATUSES: [(u8, &[u8]); 9] = [
    (0, &[7]),
    (1, &[8]),
    (2, b"it broke"),
    (3, b"going"),
    (4, b"busy"),
    (5, b"what?"),
    (6, b"unreadable"),
    (7, b"unwritable"),
    (8, b""),
];

fn expected() -> [Answer; 9] {
    [
        Ok(7),
        Err(RequestError::Handler(8)),
        Err(RequestError::Panicked("it broke".to_owned())),
        Err(RequestError::Refused(Refusal::Draining)),
        Err(RequestError::Refused(Refusal::Overloaded("busy".to_owned()))),
        Err(RequestError::Refused(Refusal::UnknownTopic)),
        Err(RequestError::Undecodable("unreadable".to_owned())),
        Err(RequestError::ResponseUnencodable("unwritable".to_owned())),
        Err(RequestError::Cancelled),
    ]
}

const NAMES: [&str; 11] = [
    "status-0", "status-1", "status-2", "status-3", "status-4", "status-5", "status-6", "status-7",
    "status-8", "gone", "mute",
];

/// Each of the peers does something else; the last one does nothing.
async fn answer(raws: &mut [Raw; 11]) {
    for ((status, payload), raw) in STATUSES.iter().zip(&mut *raws) {
        let token = raw.asked().await;
        raw.respond(token, *status, payload).await;
    }
    raws[9].asked().await;
    tokio::io::AsyncWriteExt::shutdown(&mut raws[9].0).await.expect("it is open");
    raws[10].asked().await;
}

const PATIENCE: Duration = Duration::from_millis(500);

fn check(outcomes: Vec<Outcome<u8, u8>>) {
    assert_eq!(outcomes.len(), NAMES.len());
    let mut by_name = BTreeMap::new();
    for outcome in outcomes {
        assert!(outcome.took > Duration::ZERO && outcome.took < Duration::from_secs(20), "{outcome:?}");
        if &*outcome.node == "mute" {
            assert!(outcome.took >= PATIENCE, "{outcome:?}");
        }
        let twice = by_name.insert(outcome.node.to_string(), outcome.result);
        assert!(twice.is_none(), "{} has two outcomes", outcome.node);
    }
    let expected =
        expected().into_iter().chain([Err(RequestError::Disconnected), Err(RequestError::Timeout(PATIENCE))]);
    for (name, expected) in NAMES.iter().zip(expected) {
        assert_eq!(by_name[*name], expected, "{name}");
    }
}

#[tokio::test]
async fn every_kind_of_outcome_comes_with_the_name_of_its_node_and_its_time() {
    let (system, caller, mut raws) = asking(NAMES).await;
    let client = AnswersClient::new(&caller);
    let (outcomes, ()) = soon(async {
        tokio::join!(client.answer().timeout(PATIENCE).all().into_future(), answer(&mut raws))
    })
    .await;
    check(outcomes.expect("all are asked"));
    drop(raws);
    system.stop().await;
}

#[tokio::test]
async fn a_stream_hands_out_every_kind_of_outcome_as_it_comes() {
    let (system, caller, mut raws) = asking(NAMES).await;
    let mut stream = AnswersClient::new(&caller).answer().timeout(PATIENCE).stream();
    answer(&mut raws).await;
    let mut outcomes = Vec::new();
    while let Some(outcome) = soon(stream.next()).await {
        outcomes.push(outcome);
    }
    assert_eq!(&*outcomes[10].node, "mute");
    check(outcomes);
    drop(raws);
    system.stop().await;
}

#[tokio::test]
async fn awaiting_one_node_gives_every_kind_of_outcome() {
    let (system, caller, mut raws) = asking(NAMES).await;
    let client = AnswersClient::new(&caller);
    let ask = async |name: &str, timeout| soon(client.clone().to(name).answer().timeout(timeout)).await;
    for (place, expected) in expected().into_iter().enumerate() {
        let raw = &mut raws[place];
        let answering = async {
            let token = raw.asked().await;
            raw.respond(token, STATUSES[place].0, STATUSES[place].1).await;
        };
        let (result, ()) = tokio::join!(ask(NAMES[place], Duration::from_secs(600)), answering);
        assert_eq!(result, expected);
    }
    let [.., gone, _mute] = raws;
    let going = async {
        let mut gone = gone;
        gone.asked().await;
    };
    let (result, ()) = tokio::join!(ask("gone", Duration::from_secs(600)), going);
    assert_eq!(result, Err(RequestError::Disconnected));
    assert_eq!(ask("mute", PATIENCE).await, Err(RequestError::Timeout(PATIENCE)));
    system.stop().await;
}

#[tokio::test]
async fn only_asked_nodes_answer_and_each_once() {
    let (system, caller, [mut asked, mut other]) = asking(["asked", "other"]).await;
    let client = AnswersClient::new(&caller);
    let mut stream = client.clone().to("asked").answer().stream();
    let token = asked.asked().await;
    // the same token of another connection, and tokens that nobody gave out
    other.respond(token, 0, &[1]).await;
    asked.respond(token + 1, 0, &[2]).await;
    asked.respond(u64::MAX, 0, &[3]).await;
    asked.respond(token ^ 1 << 32, 0, &[4]).await;
    until(|| caller.counters().late == 4).await;
    asked.respond(token, 0, &[7]).await;
    asked.respond(token, 0, &[8]).await;
    let outcome = soon(stream.next()).await.expect("an outcome");
    assert_eq!((&*outcome.node, outcome.result), ("asked", Ok(7)));
    assert!(soon(stream.next()).await.is_none());
    until(|| caller.counters().late == 5).await;

    // of two that are asked, one answers twice: the other is still waited for
    let mut stream = client.answer().stream();
    let (first, second) = (asked.asked().await, other.asked().await);
    asked.respond(first, 0, &[1]).await;
    asked.respond(first, 0, &[2]).await;
    let outcome = soon(stream.next()).await.expect("an outcome");
    assert_eq!((&*outcome.node, outcome.result), ("asked", Ok(1)));
    until(|| caller.counters().late == 6).await;
    other.respond(second, 1, &[9]).await;
    let outcome = soon(stream.next()).await.expect("an outcome");
    assert_eq!((&*outcome.node, outcome.result), ("other", Err(RequestError::Handler(9))));
    assert!(soon(stream.next()).await.is_none());
    drop((asked, other));
    system.stop().await;
}

#[tokio::test]
async fn a_node_that_disconnects_ends_its_part_at_once_and_only_that() {
    let (system, caller, [mut gone, mut stays]) = asking(["gone", "stays"]).await;
    let mut stream = AnswersClient::new(&caller).answer().timeout(Duration::from_secs(600)).stream();
    gone.asked().await;
    let token = stays.asked().await;
    drop(gone);
    let outcome = soon(stream.next()).await.expect("an outcome");
    assert_eq!((&*outcome.node, outcome.result), ("gone", Err(RequestError::Disconnected)));
    stays.respond(token, 0, &[5]).await;
    assert_eq!(soon(stream.next()).await.expect("an outcome").result, Ok(5));
    assert!(soon(stream.next()).await.is_none());
    drop(stays);
    system.stop().await;
}

#[tokio::test]
async fn a_node_that_says_that_it_has_stopped_did_not_handle_what_it_did_not_answer() {
    let (system, caller, [mut stopping, mut broken]) = asking(["stopping", "broken"]).await;
    let client = AnswersClient::new(&caller);
    let goodbye = |code: u16| frame(8, &[&code.to_le_bytes(), &[0, 0]]);
    let mut stream = client.clone().to("stopping").answer().stream();
    stopping.asked().await;
    stopping.send(&goodbye(0)).await;
    let result = soon(stream.next()).await.expect("an outcome").result;
    assert_eq!(result, Err(RequestError::Refused(Refusal::Draining)));
    let mut stream = client.to("broken").answer().stream();
    broken.asked().await;
    broken.send(&goodbye(2)).await;
    assert_eq!(soon(stream.next()).await.expect("an outcome").result, Err(RequestError::Disconnected));
    system.stop().await;
}
