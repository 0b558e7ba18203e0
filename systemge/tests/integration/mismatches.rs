//! Topics that two nodes know with different types.

use systemge::client::RequestError;
use systemge::config::Endpoint;
use systemge::prelude::*;
use systemge::{DialState, Topic};
use tokio::net::TcpListener;

use crate::raw::{Raw, frame};
use crate::support::{Caller, endpoint, listening, soon, start, until};

/// How the handlers' node has it.
mod newer {
    #[systemge::payload]
    #[derive(Debug, Clone, PartialEq)]
    pub(super) struct Cell {
        pub(super) row: i64,
        pub(super) column: u32,
        pub(super) alive: bool,
    }

    #[derive(systemge::Application, Default)]
    pub(super) struct Life {}

    #[systemge::node]
    impl Life {
        #[topic("life/set")]
        async fn set(&self, cell: Cell) -> bool {
            cell.alive
        }

        #[topic("life/clear")]
        async fn clear(&self) {}

        #[topic("life/count")]
        async fn count(&self) -> u64 {
            7
        }
    }
}

/// How the caller's node has it.
mod older {
    #[systemge::payload]
    pub(super) struct Square {
        pub(super) row: u32,
        pub(super) column: u32,
    }

    #[derive(systemge::Application, Default)]
    pub(super) struct Life {}

    #[systemge::node]
    impl Life {
        #[topic("life/set")]
        pub(super) async fn set(&self, _square: Square) -> bool {
            true
        }

        #[topic("life/clear", request)]
        pub(super) async fn clear(&self) {}

        #[topic("life/count")]
        pub(super) async fn count(&self) -> u64 {
            0
        }
    }
}

#[tokio::test]
async fn a_topic_with_other_types_is_refused_with_both_and_the_others_work() {
    let (server_system, server) = start("server", newer::Life::default(), listening()).await;
    let (client_system, client) = start("client", Caller::default(), listening()).await;
    let life = older::LifeClient::new(&client);
    // known before the two connect
    let square = || older::Square { row: 1, column: 2 };
    soon(life.set(square())).await.expect_err("nobody is connected");
    client.connect(endpoint(&server)).await.expect("it works");
    until(|| client.mismatches().iter().any(|mismatch| mismatch.there.is_some())).await;
    let error = soon(life.set(square())).await.expect_err("the types differ");
    assert_eq!(
        error.to_string(),
        "no connected node handles `life/set` with the types that this node knows: `client` and `server` know the \
         topic `life/set` with different types: the field `alive` of the payload is only on `server`; `row` of the \
         payload is u32 on `client`, i64 on `server` (`client`: ({ row: u32, column: u32 }) -> bool; `server`: \
         ({ row: i64, column: u32, alive: bool }) -> bool)"
    );
    let RequestError::NoHandler { topic, mismatched } = error else { panic!("another error: {error}") };
    assert_eq!((topic.as_str(), mismatched), ("life/set", client.mismatches()));
    // asked for when the topic is first used, long after the two have connected
    soon(life.clear()).await.expect_err("it is no request there");
    until(|| client.mismatches().iter().all(|mismatch| mismatch.there.is_some())).await;
    let differences: Vec<_> =
        client.mismatches().into_iter().flat_map(|mismatch| mismatch.differences).collect();
    assert_eq!(differences[0], "it is a request on `client`, one-way on `server`");
    assert_eq!(differences.len(), 3);
    assert_eq!(soon(life.count()).await, Ok(7));
    client_system.stop().await;
    assert_eq!(client.mismatches(), []);
    server_system.stop().await;
}

/// A node that has dialled a peer made by hand, which announces `life/set` with another fingerprint.
async fn dialled() -> (systemge::Running, Node, Raw) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (system, caller) = start("caller", Caller::default(), listening()).await;
    let life = older::LifeClient::new(&caller);
    soon(life.set(older::Square { row: 1, column: 2 })).await.expect_err("nobody is connected");
    let topics = [("life/set", 1, Topic::request::<u8, String>("").fingerprint())];
    let accepting = async {
        let (stream, _) = listener.accept().await.expect("the caller");
        Raw::accept(stream, "by-hand", &topics).await
    };
    let (mut raw, connected) =
        soon(async { tokio::join!(accepting, caller.connect(Endpoint::tcp(address))) }).await;
    connected.expect("the peer answers");
    assert_eq!(soon(raw.frame()).await.expect("a question"), [9, 0, 0, 0, 0]);
    (system, caller, raw)
}

#[tokio::test]
async fn a_peer_may_describe_its_types_by_hand() {
    let (system, caller, mut raw) = dialled().await;
    assert_eq!(caller.mismatches()[0].there, None);
    raw.send(&frame(0x0a, &[&[0; 4], b"2n\x08t"])).await;
    until(|| caller.mismatches()[0].there.is_some()).await;
    assert_eq!(caller.mismatches()[0].there.as_deref(), Some("(u8) -> String"));
    system.stop().await;
}

#[tokio::test]
async fn a_description_that_is_wrong_leaves_people_in_the_dark_and_no_more() {
    for description in [&b""[..], b"2n\x08", b"2n\x08tt", b"1u", &[0xff; 9000]] {
        let (system, caller, mut raw) = dialled().await;
        raw.send(&frame(0x0a, &[&[0; 4], description])).await;
        // whoever answers a ping has read the description, too
        raw.send(&frame(6, &[&[7; 8]])).await;
        assert_eq!(soon(raw.frame()).await.expect("a pong"), [&[7][..], &[7; 8]].concat());
        assert_eq!(caller.mismatches()[0].there, None);
        assert!(
            caller.mismatches()[0]
                .to_string()
                .ends_with("on `caller` it is ({ row: u32, column: u32 }) -> bool")
        );
        system.stop().await;
    }
}

#[tokio::test]
async fn a_description_that_nobody_asked_for_ends_the_connection() {
    let (system, caller, mut raw) = dialled().await;
    raw.send(&[frame(0x0a, &[&[0; 4]]), frame(0x0a, &[&[0; 4]])].concat()).await;
    let goodbye = soon(raw.frame()).await.expect("a goodbye");
    assert_eq!(goodbye[..3], [8, 2, 0]);
    until(|| !matches!(caller.dialled()[0].1, DialState::Connected(_))).await;
    assert_eq!(caller.counters().broken_connections, 1);
    system.stop().await;
}
