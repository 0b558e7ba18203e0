//! When things happen, to the millisecond: on a clock that the test controls.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use systemge::client::RequestError;
use systemge::config::{Endpoint, Handling, NodeConfig, SlowPeerPolicy};
use systemge::testing::{self, Network, ScriptedListener, ScriptedPeer};
use systemge::{DialState, Node, Running, Topic};
use tokio::time::Instant;

use crate::support::Caller;

#[derive(systemge::Application, Default)]
struct Slow {}

#[systemge::node]
impl Slow {
    #[topic("rest")]
    async fn rest(&self, millis: u64) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }

    #[topic("ask")]
    async fn ask(&self, padding: Vec<u8>) -> usize {
        padding.len()
    }

    #[topic("dig", spawn)]
    async fn dig(&self, millis: u64) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

/// Hears messages.
#[derive(systemge::Application, Default)]
struct Ear {
    heard: AtomicUsize,
}

#[systemge::node]
impl Ear {
    #[topic("hear")]
    fn hear(&self, load: Vec<u8>) {
        self.heard.fetch_add(load.len().min(1), Relaxed);
    }

    #[topic("heard")]
    fn heard(&self) -> usize {
        self.heard.load(Relaxed)
    }
}

fn door() -> Endpoint {
    Endpoint::memory("slow").expect("a name")
}

async fn start_slow(network: &Network, config: NodeConfig) -> (Running, Node) {
    let config = config.listen(door());
    let running = network.system().node_with("slow", Slow::default(), config).start().await;
    let running = running.expect("it starts");
    let node = running.nodes()[0].clone();
    (running, node)
}

async fn start_caller(network: &Network, config: NodeConfig) -> (Running, Node) {
    let config = config.connect(door());
    let running = network.system().node_with("caller", Caller::default(), config).start().await;
    let running = running.expect("it starts");
    let node = running.nodes()[0].clone();
    (running, node)
}

/// The topics of `Slow`.
async fn topics() -> Vec<Topic> {
    let (_running, node) = start_slow(&Network::new(), NodeConfig::new()).await;
    node.topics()
}

#[test]
fn a_peer_that_vanishes_when_its_handlers_are_as_many_as_may_be_is_missed() {
    testing::run(1, async {
        let network = Network::new();
        let mut config = NodeConfig::new();
        config.limits.handlers_per_connection = 2;
        let (_running, slow) = start_slow(&network, config).await;
        let mut peer = ScriptedPeer::join(&network, "peer", &door()).await;
        peer.send("rest", &100u64).await;
        peer.send("rest", &100u64).await;
        slow.until("both are taken", |node| node.counters().handled == 2).await;
        network.unplug("peer");
        tokio::time::sleep(NodeConfig::new().keepalive.timeout).await;
        slow.until("the peer is missed", |node| node.connected_from().is_empty()).await;
    });
}

#[test]
fn a_handler_in_a_task_of_its_own_that_is_as_many_as_may_be_holds_its_connection_up_no_longer_than_it_takes()
{
    testing::run(1, async {
        let network = Network::new();
        let mut config = NodeConfig::new().handling(Handling::Sequential);
        config.limits.handlers_per_connection = 1;
        let (_running, slow) = start_slow(&network, config).await;
        let mut one = ScriptedPeer::join(&network, "one", &door()).await;
        let mut other = ScriptedPeer::join(&network, "other", &door()).await;
        // both messages of the other peer arrive at once, while it is not its turn
        network.latency(Duration::from_millis(5)..=Duration::from_millis(5));
        one.send("rest", &100u64).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        other.send("dig", &10u64).await;
        other.send("rest", &0u64).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(slow.counters().handled, 3);
    });
}

#[test]
fn a_request_ends_at_most_a_tick_late_whatever_else_the_connection_waits_for() {
    testing::run(1, async {
        let network = Network::new();
        let topics = topics().await;
        let mut listener = ScriptedListener::bind(&network, "slow", &door()).await;
        let (_running, caller) = start_caller(&network, NodeConfig::new()).await;
        let (_, mut peer) = listener.expect_hello().await;
        peer.say_welcome("slow", &topics).await;
        caller.until_provider("ask").await;
        let mut asking = tokio::task::JoinSet::new();
        for millis in (100..1000).rev().step_by(3) {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let client = SlowClient::new(&caller);
            asking.spawn(async move {
                // the network takes only the first of them: they wait to be written, and in the queue
                let timeout = Duration::from_millis(millis);
                let began = Instant::now();
                let result = client.ask(vec![0; 1000]).timeout(timeout).await;
                assert_eq!(result, Err(RequestError::Timeout(timeout)));
                began.elapsed().checked_sub(timeout).expect("never early")
            });
        }
        while let Some(late) = asking.join_next().await {
            let late = late.expect("no panic");
            assert!(late <= Duration::from_millis(17), "{late:?}");
        }
        drop(peer);
    });
}

#[test]
fn a_peer_that_throws_us_out_at_once_is_dialled_ever_more_seldom_over_a_slow_network_too() {
    testing::run(1, async {
        let network = Network::new();
        // the handshake alone takes longer than the initial delay
        network.latency(Duration::from_millis(80)..=Duration::from_millis(80));
        let mut listener = ScriptedListener::bind(&network, "slow", &door()).await;
        let (_running, _caller) = start_caller(&network, NodeConfig::new()).await;
        for _ in 0..6 {
            let (_, mut peer) = listener.expect_hello().await;
            peer.say_welcome("slow", &[]).await;
            peer.say_goodbye(9, "not you").await;
        }
        let attempts: Vec<Duration> = network.dials().iter().map(|dial| dial.at).collect();
        let pauses: Vec<u128> = attempts.windows(2).map(|two| (two[1] - two[0]).as_millis()).collect();
        let least = [50, 100, 200, 400, 800];
        assert!(pauses.iter().zip(least).all(|(pause, least)| *pause >= 320 + least), "{pauses:?}");
    });
}

#[test]
fn a_node_that_is_too_busy_to_read_says_at_the_interval_of_keepalive_that_it_lives() {
    testing::run(1, async {
        let network = Network::new();
        let mut patient = NodeConfig::new();
        patient.keepalive.timeout = Duration::from_secs(300);
        let (_running, slow) = start_slow(&network, patient.handling(Handling::Sequential)).await;
        let (_caller_running, caller) = start_caller(&network, NodeConfig::new()).await;
        caller.until_provider("rest").await;
        let client = SlowClient::new(&caller);
        // while it is handled, the caller's pings and pongs wait unread
        assert_eq!(client.rest(200_000).await, Ok(1));
        tokio::time::sleep(Duration::from_secs(190)).await;
        slow.until("it is handled", |node| node.counters().handled == 1).await;
        assert_eq!(network.dials().len(), 1, "the caller never took it for gone");
    });
}

#[test]
fn a_peer_that_joins_in_the_middle_of_a_turn_and_says_nothing_does_not_get_the_next_one() {
    testing::run(1, async {
        let network = Network::new();
        let (_running, slow) = start_slow(&network, NodeConfig::new().handling(Handling::Sequential)).await;
        let mut first = ScriptedPeer::join(&network, "first", &door()).await;
        first.send("rest", &100u64).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let _silent = ScriptedPeer::join(&network, "silent", &door()).await;
        first.send("rest", &100u64).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(slow.counters().handled, 2);
    });
}

#[test]
fn a_receiver_that_stands_still_holds_the_others_up_only_as_the_policy_says() {
    const PATIENCE: Duration = Duration::from_secs(2);
    let policies = [
        (SlowPeerPolicy::Wait, PATIENCE),
        (SlowPeerPolicy::DropNewest, Duration::ZERO),
        (SlowPeerPolicy::Disconnect, Duration::ZERO),
    ];
    for (policy, expected) in policies {
        testing::run(1, async {
            let network = Network::new();
            let ears = ["quick", "stalled"].map(|name| (name, Endpoint::memory(name).expect("a name")));
            let mut system = network.system();
            let mut config = NodeConfig::new();
            config.queue.policy = policy;
            config.queue.max_wait = PATIENCE;
            config.queue.bytes = 16 * 1024;
            for (name, door) in ears {
                system = system.node_with(name, Ear::default(), NodeConfig::new().listen(door.clone()));
                config = config.connect(door);
            }
            let running = system.node_with("sender", Caller::default(), config).start().await;
            let running = running.expect("they start");
            let sender = running.node("sender").expect("the node");
            sender.until_connected("quick").await;
            sender.until_connected("stalled").await;
            network.partition_one_way("sender", "stalled");

            // more than what may be under way and wait; the quick one has the message before the next is sent
            let everybody = EarClient::new(&sender);
            let quick = everybody.clone().to("quick");
            let (began, mut longest, mut handed) = (Instant::now(), Duration::ZERO, 0);
            for number in 1..=200 {
                let sent = Instant::now();
                handed += everybody.hear(vec![1; 4096]).await.expect("it can be written");
                assert_eq!(quick.heard().await, Ok(number), "{policy:?}");
                longest = longest.max(sent.elapsed());
            }
            // a timer goes off in the millisecond after its time, and nothing else takes any
            let most = expected + if expected.is_zero() { Duration::ZERO } else { Duration::from_millis(20) };
            assert!((expected..=most).contains(&longest), "{policy:?}: {longest:?}");
            assert!(began.elapsed() <= most, "{policy:?}: {:?} in all", began.elapsed());

            let (dropped, stays) = (sender.counters().dropped, sender.connected_to().len() == 2);
            match policy {
                SlowPeerPolicy::Wait => assert_eq!((dropped, stays), (0, false)),
                SlowPeerPolicy::DropNewest => {
                    assert!(stays && dropped > 0);
                    assert_eq!(handed as u64 + dropped, 400, "what was not handed over was counted");
                }
                SlowPeerPolicy::Disconnect => assert_eq!((dropped, stays), (1, false)),
            }
        });
    }
}

#[test]
fn the_loss_of_a_connection_that_held_is_no_failed_attempt() {
    testing::run(1, async {
        let network = Network::new();
        let (_slow_system, _slow) = start_slow(&network, NodeConfig::new()).await;
        let mut config = NodeConfig::new();
        config.dial.max_attempts = 2;
        let (_system, caller) = start_caller(&network, config).await;
        for _ in 0..5 {
            caller.until_connected("slow").await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            network.cut("caller", "slow");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!((caller.connected_to().len(), network.dials().len()), (1, 6));
        // nobody listens any more: it tries as often as it may, and then no more
        network.kill("slow");
        testing::until("the caller gives up", || matches!(caller.dialled()[0].1, DialState::GaveUp(_))).await;
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!((caller.counters().failed_dials, network.dials().len()), (2, 8));
    });
}
