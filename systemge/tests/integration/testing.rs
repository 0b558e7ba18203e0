//! The test kit: a network within the process, a clock of the test's, scripted peers.

use std::sync::Mutex;
use std::time::Duration;

use systemge::client::RequestError;
use systemge::config::{Endpoint, NodeConfig};
use systemge::testing::{self, LIMIT, Network, ScriptedListener, ScriptedPeer, WireFrame};
use systemge::{Node, Running};
use tokio::time::Instant;

use crate::support::Caller;

#[derive(systemge::Application, Default)]
struct Log {
    lines: Mutex<Vec<u32>>,
}

#[systemge::node]
impl Log {
    #[topic("write")]
    fn write(&self, line: u32) {
        self.lines.lock().expect("no panic").push(line);
    }

    #[topic("lines")]
    fn lines(&self) -> Vec<u32> {
        self.lines.lock().expect("no panic").clone()
    }

    #[topic("slow")]
    async fn slow(&self, seconds: u64) -> u64 {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        seconds
    }
}

fn door() -> Endpoint {
    "tcp://127.0.0.1:60001".parse().expect("an endpoint")
}

async fn start_log(network: &Network) -> (Running, Node) {
    let config = NodeConfig::new().listen(door());
    let running = network.system().node_with("log", Log::default(), config).start().await.expect("it starts");
    let node = running.node("log").expect("the node");
    (running, node)
}

async fn start_caller(network: &Network) -> (Running, Node) {
    let config = NodeConfig::new().connect(door());
    let running =
        network.system().node_with("caller", Caller::default(), config).start().await.expect("it starts");
    let node = running.node("caller").expect("the node");
    (running, node)
}

#[test]
fn a_network_carries_nodes_whatever_their_endpoints_say() {
    testing::run(1, async {
        let network = Network::new();
        let (_log_system, log) = start_log(&network).await;
        let (_system, caller) = start_caller(&network).await;
        caller.until_connected("log").await;
        log.until_connected_from("caller").await;
        assert_eq!(log.endpoints(), [door()]);
        let client = LogClient::new(&caller);
        for line in 0..100 {
            assert_eq!(client.write(line).await, Ok(1));
        }
        assert_eq!(client.lines().await, Ok((0..100).collect()));
    });
}

#[test]
fn the_clock_goes_on_by_itself_and_at_once() {
    let began = std::time::Instant::now();
    testing::run(1, async {
        let network = Network::new();
        network.latency(Duration::from_millis(40)..=Duration::from_millis(40));
        let (_log_system, _log) = start_log(&network).await;
        let (_system, caller) = start_caller(&network).await;
        caller.until_provider("slow").await;
        let asked = Instant::now();
        let answer = LogClient::new(&caller).slow(3600).timeout(Duration::from_secs(7200)).await;
        assert_eq!(answer, Ok(3600));
        let took = asked.elapsed();
        assert!(
            (Duration::from_millis(3_600_080)..Duration::from_millis(3_600_100)).contains(&took),
            "{took:?}"
        );
    });
    assert!(began.elapsed() < LIMIT);
}

#[test]
fn a_partition_holds_back_and_a_healed_one_lets_through() {
    testing::run(1, async {
        let network = Network::new();
        let (_log_system, _log) = start_log(&network).await;
        let (_system, caller) = start_caller(&network).await;
        caller.until_provider("lines").await;
        let client = LogClient::new(&caller);
        network.partition_one_way("log", "caller");
        let asked = client.lines().timeout(Duration::from_secs(1)).await;
        assert_eq!(asked, Err(RequestError::Timeout(Duration::from_secs(1))));
        network.heal();
        assert_eq!(client.lines().await, Ok(Vec::new()));
        assert_eq!(network.dials().len(), 1, "the connection was kept");
    });
}

#[test]
fn a_half_open_connection_is_noticed_on_both_sides_and_made_anew() {
    testing::run(1, async {
        let network = Network::new();
        let (_log_system, log) = start_log(&network).await;
        let (_system, caller) = start_caller(&network).await;
        caller.until_provider("lines").await;
        let asked = Instant::now();
        network.swallow("log", "caller");
        let lost = LogClient::new(&caller).lines().timeout(Duration::from_secs(3600)).await;
        assert_eq!(lost, Err(RequestError::Disconnected));
        assert!(asked.elapsed() <= NodeConfig::new().keepalive.timeout + Duration::from_millis(20));
        caller.until_connected("log").await;
        log.until_connected_from("caller").await;
        assert_eq!(LogClient::new(&caller).lines().await, Ok(Vec::new()));
    });
}

#[test]
fn a_killed_node_resets_its_connections_and_its_successor_takes_its_place() {
    testing::run(1, async {
        let network = Network::new();
        let (_dead_system, dead) = start_log(&network).await;
        let (_system, caller) = start_caller(&network).await;
        caller.until_connected("log").await;
        network.kill("log");
        caller.until_disconnected("log").await;
        let (_log_system, log) = start_log(&network).await;
        caller.until_connected("log").await;
        log.until_connected_from("caller").await;
        dead.until("nobody is connected to it", |node| node.connected_from().is_empty()).await;
    });
}

#[test]
fn an_unplugged_node_is_missed_only_after_the_time_of_keepalive() {
    testing::run(1, async {
        let network = Network::new();
        let (_log_system, _log) = start_log(&network).await;
        let (_system, caller) = start_caller(&network).await;
        caller.until_connected("log").await;
        network.unplug("log");
        tokio::time::sleep(Duration::from_secs(8)).await;
        caller.until_connected("log").await;
        tokio::time::sleep(NodeConfig::new().keepalive.timeout).await;
        caller.until_disconnected("log").await;
    });
}

#[test]
fn what_was_sent_can_be_looked_at() {
    testing::run(1, async {
        let network = Network::new();
        network.fragment(true);
        network.capture();
        let (_log_system, _log) = start_log(&network).await;
        let (_system, caller) = start_caller(&network).await;
        caller.until_provider("write").await;
        assert_eq!(LogClient::new(&caller).write(7).await, Ok(1));
        assert_eq!(LogClient::new(&caller).lines().await, Ok(vec![7]));
        let sent = network.take_sent();
        let kinds: Vec<String> = sent
            .iter()
            .map(|sent| match &sent.frame {
                WireFrame::Message { topic, payload } => {
                    format!("{} {topic} {:?}", sent.from, payload.decode::<u32>())
                }
                WireFrame::Request { topic, .. } => format!("{} {topic}?", sent.from),
                WireFrame::Response { payload, .. } => format!("{} {:?}", sent.from, payload.bytes()),
                other => format!("{} {other:?}", sent.from),
            })
            .collect();
        let expected = [
            "caller Hello { name: \"caller\" }",
            "log Welcome { name: \"log\" }",
            "log Announced { topics: [\"write\", \"lines\", \"slow\"] }",
            "caller write Ok(7)",
            "caller lines?",
            "log [1, 7]",
        ];
        assert_eq!(kinds, expected);
    });
}

#[test]
fn a_scripted_provider_answers_when_the_script_says_so() {
    testing::run(1, async {
        let network = Network::new();
        let (_log_system, log) = start_log(&Network::new()).await;
        let mut listener = ScriptedListener::bind(&network, "log", &door()).await;
        let (_system, caller) = start_caller(&network).await;
        let (name, mut peer) = listener.expect_hello().await;
        assert_eq!(name, "caller");
        peer.say_welcome("log", &log.topics()).await;
        caller.until_provider("lines").await;

        let client = LogClient::new(&caller);
        let asking = tokio::spawn(async move { client.lines().await });
        let (token, _) = peer.expect_request("lines").await;
        peer.expect_silence(Duration::from_secs(5)).await;
        peer.respond(token, &vec![4u32]).await;
        // nobody waits for these any more: they do no harm
        peer.respond(token, &vec![5u32]).await;
        peer.respond(token + (1 << 32), &vec![6u32]).await;
        assert_eq!(asking.await.expect("no panic"), Ok(vec![4]));

        let client = LogClient::new(&caller);
        let asking = tokio::spawn(async move { client.lines().timeout(Duration::from_secs(1)).await });
        let (token, _) = peer.expect_request("lines").await;
        assert_eq!(peer.expect().await, WireFrame::Cancelled { token });
        assert_eq!(asking.await.expect("no panic"), Err(RequestError::Timeout(Duration::from_secs(1))));
    });
}

#[test]
fn a_scripted_stranger_is_told_why_it_is_not_let_in() {
    testing::run(1, async {
        let network = Network::new();
        let (system, _log) = start_log(&network).await;
        let mut peer = ScriptedPeer::dial(&network, "stranger", &door()).await;
        peer.say(b"GET / HTTP/1.1\r\n\r\n".to_vec()).await;
        let (code, reason) = peer.expect_goodbye().await;
        assert_eq!((code, reason.as_str()), (2, "the peer does not speak systemge: this looks like HTTP"));

        let mut peer = ScriptedPeer::join(&network, "friend", &door()).await;
        assert_eq!(peer.announced(), ["write", "lines", "slow"]);
        system.stop().await;
        assert_eq!(peer.expect_goodbye().await.0, 0);
    });
}

#[test]
fn the_same_seed_is_the_same_run() {
    let run = |seed| {
        testing::run(seed, async {
            let network = Network::new();
            network.latency(Duration::from_millis(1)..=Duration::from_millis(50));
            network.fragment(true);
            let (_log_system, _log) = start_log(&network).await;
            let (_system, caller) = start_caller(&network).await;
            caller.until_provider("write").await;
            for line in 0..20 {
                assert_eq!(LogClient::new(&caller).write(line).await, Ok(1));
                tokio::time::sleep(Duration::from_millis(fastrand::u64(0..50))).await;
                if line == 10 {
                    network.cut("log", "caller");
                    caller.until_disconnected("log").await;
                    caller.until_connected("log").await;
                }
            }
            network.digest()
        })
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_condition_that_does_not_come_says_what_there_was_instead() {
    let panic = std::panic::catch_unwind(|| {
        testing::run(1, async {
            let network = Network::new();
            let (_system, caller) = start_caller(&network).await;
            caller.until_connected("log").await;
        });
    });
    let panic = panic.expect_err("nobody is there");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert!(text.contains("testing.rs:"), "{text}");
    assert!(text.contains("node `caller`: it is connected to `log`"), "{text}");
    assert!(text.contains("dials tcp://127.0.0.1:60001: Waiting(\"connection refused\")"), "{text}");
}
