//! Topics that come and go while a node runs.

use std::time::Duration;

use systemge::client::{Refusal, RequestError};
use systemge::prelude::*;

use crate::raw::{Raw, message, request};
use crate::support::{Caller, endpoint, listening, soon, start, until};

#[derive(systemge::Application, Default)]
struct Shop {
    closed_at_first: bool,
}

#[systemge::node]
impl Shop {
    #[on_start]
    async fn start(&self, ctx: &Context) {
        if self.closed_at_first {
            assert!(ctx.withdraw("buy"));
        }
    }

    #[topic("buy", alias = "purchase")]
    async fn buy(&self, amount: u32) -> u32 {
        amount
    }

    #[topic("look")]
    async fn look(&self) {}

    #[topic("close")]
    async fn close(&self, ctx: &Context) -> bool {
        ctx.withdraw("buy")
    }

    #[topic("open")]
    async fn open(&self, ctx: &Context) -> bool {
        ctx.announce("buy")
    }
}

#[tokio::test]
async fn a_topic_that_is_withdrawn_or_announced_reaches_the_connected_peers() {
    let (shop_system, shop) = start("shop", Shop::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&shop)).await.expect("the shop listens");
    let client = ShopClient::new(&caller);
    for _ in 0..10 {
        assert_eq!(soon(client.buy(3)).await, Ok(3));
        assert_eq!(client.close().await, Ok(true));
        assert_eq!(client.close().await, Ok(false));
        // the response may come before the news
        until(|| !shop.topics().iter().any(|topic| topic.name() == "buy" || topic.name() == "purchase"))
            .await;
        soon(async {
            while client.buy(3).await
                != Err(RequestError::NoHandler { topic: "buy".into(), mismatched: Vec::new() })
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(client.open().await, Ok(true));
        assert_eq!(client.open().await, Ok(false));
        let patient = client.clone().wait_for_provider(Duration::from_secs(20));
        assert_eq!(soon(patient.buy(4)).await, Ok(4));
    }
    assert!(!shop.withdraw("no such topic") && !shop.announce("no such topic"));
    caller_system.stop().await;
    shop_system.stop().await;
}

#[tokio::test]
async fn a_request_that_comes_too_late_for_a_withdrawn_topic_is_refused() {
    let (shop_system, shop) = start("shop", Shop::default(), listening()).await;
    let (mut raw, topics) = Raw::join(shop.addresses()[0], "raw").await;
    let id = |name: &str| {
        let place = topics.iter().position(|topic| topic == name).expect("it is announced");
        u32::try_from(place).expect("few topics")
    };
    assert!(shop.withdraw("buy") && shop.withdraw("look"));
    // the withdrawals: how many, and the topics
    let withdrawn = raw.frame().await.expect("a withdrawal");
    assert_eq!(withdrawn[..3], [4, 2, 0]);
    assert_eq!(
        raw.frame().await.expect("a withdrawal")[..7],
        [&[4, 1, 0][..], &id("look").to_le_bytes()].concat()
    );
    for name in ["buy", "purchase"] {
        raw.send(&request(0, id(name), 5, &[1])).await;
        assert_eq!(raw.frame().await.expect("a response")[..3], [0x12, 0, 5]);
    }
    raw.send(&message(id("look"), &[])).await;
    until(|| shop.counters().unknown_topic == 3).await;
    // the same number means the same topic when it is announced again
    assert!(shop.announce("buy"));
    let announced = raw.frame().await.expect("an announcement");
    assert_eq!(announced[..4], [3, 0, 2, 0]);
    raw.send(&request(0, id("buy"), 6, &[1])).await;
    assert_eq!(raw.frame().await.expect("a response")[..3], [0x12, 0, 0]);
    drop(raw);
    shop_system.stop().await;
}

#[tokio::test]
async fn a_refusal_of_a_withdrawn_topic_is_typed_and_any_asks_another_node() {
    let (one_system, one) = start("one", Shop::default(), listening()).await;
    let (two_system, two) = start("two", Shop::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    for shop in [&one, &two] {
        caller.connect(endpoint(shop)).await.expect("the shop listens");
    }
    let client = ShopClient::new(&caller);
    let (any_one, the_one) = (client.clone().any(), client.to("one"));
    for round in 0..50 {
        // asked before the news can have arrived
        assert!(one.withdraw("buy"));
        let (any, certain) = tokio::join!(any_one.buy(round).into_future(), the_one.buy(round).into_future());
        assert_eq!(any, Ok(round));
        let gone = RequestError::NoHandler { topic: "buy".into(), mismatched: Vec::new() };
        let refused = RequestError::Refused(Refusal::UnknownTopic);
        assert!(certain == Err(gone) || certain == Err(refused), "{certain:?}");
        assert!(one.announce("buy"));
    }
    for system in [caller_system, one_system, two_system] {
        system.stop().await;
    }
}

#[tokio::test]
async fn what_on_start_withdraws_is_never_announced_and_every_start_begins_anew() {
    let (shop_system, shop) = start("shop", Shop { closed_at_first: true }, listening()).await;
    let (_raw, topics) = Raw::join(shop.addresses()[0], "raw").await;
    assert_eq!(topics, ["look", "close", "open"]);
    assert!(shop.announce("buy") && shop.withdraw("look"));
    shop.restart().await.expect("it starts again");
    let (_raw, topics) = Raw::join(shop.addresses()[0], "raw").await;
    assert_eq!(topics, ["look", "close", "open"]);
    drop(_raw);
    shop_system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_that_come_while_topics_change_know_what_is_announced_in_the_end() {
    let (shop_system, shop) = start("shop", Shop::default(), listening()).await;
    let changing = tokio::task::spawn_blocking({
        let shop = shop.clone();
        move || {
            for _ in 0..2000 {
                assert!(shop.withdraw("buy") && shop.announce("buy"));
            }
        }
    });
    let mut callers = Vec::new();
    for number in 0..20 {
        let (system, caller) = start(&format!("caller-{number}"), Caller::default(), listening()).await;
        caller.connect(endpoint(&shop)).await.expect("the shop listens");
        callers.push((system, caller));
    }
    soon(changing).await.expect("no panic");
    for (system, caller) in callers {
        let patient = ShopClient::new(&caller).wait_for_provider(Duration::from_secs(20));
        // a refusal is of a time when it was withdrawn
        soon(async { while patient.buy(1).await != Ok(1) {} }).await;
        assert_eq!(caller.counters().broken_connections, 0);
        system.stop().await;
    }
    assert_eq!(shop.counters().broken_connections, 0);
    shop_system.stop().await;
}
