//! What a node counts, by topic, by peer and in all.

use std::time::Duration;

use systemge::access::RefusalReason;
use systemge::client::RequestError;
use systemge::metrics::{Direction, NodeMetrics, PeerMetrics, ReceivedTopic, SentTopic};
use systemge::prelude::*;
use systemge::{NodeState, TopicKind};
use tokio::sync::Notify;

use crate::support::{Caller, endpoint, listening, soon, start, until, with};

#[derive(systemge::Application, Default)]
struct Shop {
    gate: Notify,
}

#[systemge::node]
impl Shop {
    #[topic("browse")]
    async fn browse(&self, _page: [u8; 8]) {}

    #[topic("buy")]
    async fn buy(&self, what: u8) -> Result<u8, u8> {
        match what {
            0 => Err(0),
            1 => panic!("sold out"),
            _ => Ok(what),
        }
    }

    #[topic("wait")]
    async fn wait(&self) -> u8 {
        self.gate.notified().await;
        1
    }

    #[topic("slow", timeout = "10ms")]
    async fn slow(&self) -> u8 {
        std::future::pending().await
    }
}

fn received<'m>(metrics: &'m NodeMetrics, topic: &str) -> &'m ReceivedTopic {
    metrics.received.iter().find(|received| &*received.topic == topic).expect("the topic")
}

fn sent<'m>(metrics: &'m NodeMetrics, topic: &str) -> &'m SentTopic {
    metrics.sent.iter().find(|sent| &*sent.topic == topic).expect("the topic")
}

fn peer<'m>(metrics: &'m NodeMetrics, name: &str, direction: Direction) -> &'m PeerMetrics {
    metrics.peers.iter().find(|peer| &*peer.peer == name && peer.direction == direction).expect("the peer")
}

#[tokio::test]
async fn messages_and_requests_are_counted_by_topic_on_both_sides() {
    let (shop_system, shop) = start("shop", Shop::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&shop)).await.expect("the shop listens");
    let client = ShopClient::new(&caller);

    for _ in 0..1000 {
        assert_eq!(client.browse([7; 8]).await, Ok(1));
    }
    for what in 0..5 {
        let _ = client.buy(what).await;
    }
    assert_eq!(client.slow().await, Err(RequestError::Cancelled));

    let there = shop.metrics();
    let browse = received(&there, "browse");
    assert_eq!((browse.kind, browse.received, browse.bytes), (TopicKind::OneWay, 1000, 8000));
    assert_eq!((browse.outcomes.success, browse.outcomes.total()), (1000, 1000));

    // all of the first 64, and from then on one for 64
    let counted = browse.durations.count();
    assert!((1000..1064).contains(&counted), "{counted}");
    let buy = received(&there, "buy");
    assert_eq!((buy.kind, buy.received, buy.bytes), (TopicKind::Request, 5, 5));
    assert_eq!((buy.outcomes.success, buy.outcomes.failed, buy.outcomes.panicked), (3, 1, 1));
    assert_eq!(buy.durations.count(), 5);
    let slow = received(&there, "slow");
    assert_eq!((slow.outcomes.timed_out, slow.outcomes.total()), (1, 1));
    assert!(slow.durations.mean() >= Some(Duration::from_millis(10)), "{:?}", slow.durations);

    let here = caller.metrics();
    let browse = sent(&here, "browse");
    assert_eq!((browse.kind, browse.sent, browse.bytes), (TopicKind::OneWay, 1000, 8000));
    let buy = sent(&here, "buy");
    assert_eq!((buy.sent, buy.bytes), (5, 5));
    assert_eq!((buy.outcomes.success, buy.outcomes.failed, buy.outcomes.panicked), (3, 1, 1));
    assert_eq!(sent(&here, "slow").outcomes.ended, 1);
    assert_eq!((here.counters.sent, here.counters.responses), (1006, 6));
    assert_eq!(here.counters, caller.counters(), "there is one truth");
    assert_eq!(there.counters.handled, 1003);
    caller_system.stop().await;
    shop_system.stop().await;
}

#[tokio::test]
async fn the_command_metrics_shows_topics_and_peers() {
    let (shop_system, shop) = start("shop", Shop::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&shop)).await.expect("the shop listens");
    let client = ShopClient::new(&caller);
    assert_eq!(client.browse([7; 8]).await, Ok(1));
    assert_eq!(client.buy(2).await, Ok(2));
    assert_eq!(client.buy(3).await, Ok(3));

    let shown = async |node: &Node| node.command("metrics", [""; 0]).await.expect("a text");
    let has = |text: &str, start: &str| {
        assert!(text.lines().any(|line| line.starts_with(start)), "`{start}` in\n{text}");
    };
    let there = shown(&shop).await;
    has(&there, "topic browse  received 1  bytes 8");
    has(&there, "topic buy  received 2  bytes 2");
    has(&there, "peer caller  incoming  connected  connections 1  read ");
    assert!(!there.contains("topic wait"), "nothing was sent to it:\n{there}");
    let here = shown(&caller).await;
    has(&here, "topic browse  sent 1  bytes 8");
    has(&here, "topic buy  sent 2  bytes 2");
    has(&here, "peer shop  outgoing  connected  connections 1  read ");

    shop_system.stop().await;
    until(|| !peer(&caller.metrics(), "shop", Direction::Outgoing).connected).await;
    has(&shown(&caller).await, "peer shop  outgoing  gone  connections 1  read ");
    caller_system.stop().await;
}

#[tokio::test]
async fn what_is_in_flight_is_seen_and_how_it_ends_is_counted() {
    let config = with(|config| config.stop.deadline = Duration::ZERO);
    let (shop_system, shop) = start("shop", Shop::default(), config).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&shop)).await.expect("the shop listens");
    let client = ShopClient::new(&caller);

    let late = client.wait().timeout(Duration::from_millis(1)).await;
    assert!(matches!(late, Err(RequestError::Timeout(_))), "{late:?}");
    let mut given_up = client.wait().stream();
    assert!(futures_util::FutureExt::now_or_never(given_up.next()).is_none());
    drop(given_up);
    let mut open = client.wait().stream();
    assert!(futures_util::FutureExt::now_or_never(open.next()).is_none());
    until(|| shop.metrics().handlers_in_flight == 3).await;
    let here = caller.metrics();
    assert_eq!(here.requests_in_flight, 1);
    assert_eq!(peer(&here, "shop", Direction::Outgoing).requests_in_flight, 1);
    let wait = sent(&here, "wait").outcomes;
    assert_eq!((wait.timed_out, wait.given_up, wait.total()), (1, 1, 2));
    assert_eq!(received(&shop.metrics(), "wait").outcomes.total(), 0);
    until(|| shop.counters().cancelled == 2).await;

    shop_system.stop().await;
    let outcome = soon(open.next()).await.expect("an outcome");
    assert_eq!(outcome.result, Err(RequestError::Cancelled));
    assert_eq!(received(&shop.metrics(), "wait").outcomes.ended, 3);
    until(|| sent(&caller.metrics(), "wait").outcomes.total() == 3).await;
    assert_eq!(caller.metrics().requests_in_flight, 0);
    caller_system.stop().await;
}

#[tokio::test]
async fn peers_are_counted_over_all_their_connections_and_nothing_is_ever_reset() {
    let (shop_system, shop) = start("shop", Shop::default(), listening()).await;
    let config = with(|config| config.keepalive.interval = Duration::from_millis(20));
    let (caller_system, caller) = start("caller", Caller::default(), config).await;
    let door = endpoint(&shop);
    caller.connect(door.clone()).await.expect("the shop listens");
    ShopClient::new(&caller).buy(2).await.expect("it is sold");

    let here = caller.metrics();
    let outgoing = peer(&here, "shop", Direction::Outgoing);
    assert!(outgoing.connected);
    assert!(outgoing.round_trip.is_some_and(|time| time > Duration::ZERO), "the handshake took its time");
    assert_eq!((outgoing.connections, outgoing.reconnects(), outgoing.queue_bytes), (1, 0, 0));
    // what one side has written by now, the other reads
    until(|| peer(&shop.metrics(), "caller", Direction::Incoming).read_bytes >= outgoing.written_bytes).await;

    assert!(caller.disconnect(&door));
    until(|| !peer(&shop.metrics(), "caller", Direction::Incoming).connected).await;
    until(|| caller.dialled().is_empty()).await;
    caller.connect(door).await.expect("the shop listens");
    until(|| peer(&shop.metrics(), "caller", Direction::Incoming).connections == 2).await;
    ShopClient::new(&caller).buy(2).await.expect("it is sold");
    let again = caller.metrics();
    let outgoing_again = peer(&again, "shop", Direction::Outgoing);
    assert_eq!((outgoing_again.connections, outgoing_again.reconnects()), (2, 1));
    assert!(outgoing_again.read_bytes > outgoing.read_bytes);
    assert_eq!(sent(&again, "buy").sent, 2);

    shop.restart().await.expect("it starts again");
    assert_eq!(shop.state(), NodeState::Running);
    assert_eq!(received(&shop.metrics(), "buy").received, 2);
    caller_system.stop().await;
    shop_system.stop().await;
}

#[tokio::test]
async fn a_ping_tells_the_round_trip_to_the_side_that_was_dialled_too() {
    let config = with(|config| config.keepalive.interval = Duration::from_millis(20));
    let (shop_system, shop) = start("shop", Shop::default(), config).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&shop)).await.expect("the shop listens");
    until(|| {
        let metrics = shop.metrics();
        let known = metrics.peers.first();
        known.is_some_and(|peer| peer.round_trip.is_some_and(|time| time > Duration::ZERO))
    })
    .await;
    assert!(peer(&shop.metrics(), "caller", Direction::Incoming).silence < Duration::from_secs(10));
    caller_system.stop().await;
    shop_system.stop().await;
}

#[tokio::test]
async fn what_is_not_let_in_is_counted_by_its_reason() {
    let config = with(|config| config.limits.connections = 1);
    let (shop_system, shop) = start("shop", Shop::default(), config).await;
    let (first_system, first) = start("first", Caller::default(), listening()).await;
    let (second_system, second) = start("second", Caller::default(), listening()).await;
    first.connect(endpoint(&shop)).await.expect("there is a place");
    second.connect(endpoint(&shop)).await.expect_err("there is none");
    until(|| shop.metrics().refused[&RefusalReason::Connections] == 1).await;
    assert_eq!(shop.metrics().refused.values().sum::<u64>(), shop.counters().refused_connections);
    assert_eq!(second.counters().failed_dials, 1);
    for system in [first_system, second_system, shop_system] {
        system.stop().await;
    }
}

#[tokio::test]
async fn metrics_can_be_written_as_json_and_read_again() {
    let (shop_system, shop) = start("shop", Shop::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&shop)).await.expect("the shop listens");
    ShopClient::new(&caller).buy(2).await.expect("it is sold");
    let metrics = shop.metrics();
    let json = serde_json::to_value(&metrics).expect("it is JSON");
    assert_eq!(json["state"], "Running");
    assert_eq!(json["received"][1]["topic"], "buy");
    assert_eq!(json["received"][1]["outcomes"]["success"], 1);
    let read: NodeMetrics = serde_json::from_value(json).expect("it is what was written");
    assert_eq!(read.received, metrics.received);
    caller_system.stop().await;
    shop_system.stop().await;
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn prometheus_reads_what_every_node_of_a_system_has_counted() {
    let system = System::new()
        .node_with("shop", Shop::default(), listening())
        .node_with("caller", Caller::default(), listening())
        .start()
        .await
        .expect("two nodes");
    let (shop, caller) = (system.node("shop").expect("it"), system.node("caller").expect("it"));
    caller.connect(endpoint(&shop)).await.expect("the shop listens");
    for what in 0..4 {
        let _ = ShopClient::new(&caller).buy(what).await;
    }
    let text = system.openmetrics();
    let has = |line: &str| assert!(text.lines().any(|known| known == line), "{line}\nis not in\n{text}");
    has("# TYPE systemge_received counter");
    has("systemge_received_total{node=\"shop\",topic=\"buy\"} 4");
    has("systemge_handled_total{node=\"shop\",topic=\"buy\",outcome=\"success\"} 2");
    has("systemge_handled_total{node=\"shop\",topic=\"buy\",outcome=\"panicked\"} 1");
    has("systemge_requests_ended_total{node=\"caller\",topic=\"buy\",outcome=\"failed\"} 1");
    has("systemge_handler_duration_seconds_count{node=\"shop\",topic=\"buy\"} 4");
    has("systemge_handler_duration_seconds_bucket{le=\"+Inf\",node=\"shop\",topic=\"buy\"} 4");
    has("systemge_node_state{node=\"caller\",state=\"running\"} 1");
    has("systemge_peer_connected{node=\"caller\",peer=\"shop\",direction=\"outgoing\"} 1");
    has("systemge_connections_refused_total{node=\"shop\",reason=\"timeout\"} 0");
    assert!(text.ends_with("# EOF\n"));
    // a family stands in one piece, and has every line once
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert!(lines.windows(2).all(|pair| pair[0] != pair[1]));
    system.stop().await;
}
