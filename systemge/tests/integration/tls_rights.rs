//! What a peer may send and announce, by the name that its certificate proves.

use systemge::client::{Refusal, RequestError};
use systemge::config::{Endpoint, ListenConfig, NodeConfig, PeerConfig, TlsOverrides, TopicPattern};

use crate::log::Log;
use crate::support::{Caller, endpoint, soon, start, until};
use crate::tls::{authority, client, issue, tls};

#[derive(systemge::Application, Default)]
struct Hall {}

#[systemge::node]
impl Hall {
    #[topic("door/open")]
    async fn open(&self) -> u32 {
        1
    }

    #[topic("door/close")]
    async fn close(&self) -> u32 {
        0
    }

    #[topic("say")]
    async fn say(&self, _text: String) {}
}

fn topics(patterns: &[&str]) -> Vec<TopicPattern> {
    patterns.iter().map(|pattern| pattern.parse().expect("a pattern")).collect()
}

fn any(scheme: &str) -> Endpoint {
    format!("{scheme}://127.0.0.1:0").parse().expect("an endpoint")
}

/// What the tests run over.
const SCHEMES: &[&str] = if cfg!(feature = "quic") { &["tls", "quic"] } else { &["tls"] };

#[tokio::test]
async fn a_certificate_decides_what_its_node_may_send() {
    let (log, _reading) = Log::read();
    for scheme in SCHEMES {
        let ca = authority();
        let config = NodeConfig::new()
            .listen(any(scheme))
            .tls(tls(&issue(&ca, "hall"), &ca).mutual())
            .peer("porter", PeerConfig::new().may_send(topics(&["door/*"])))
            .peer("*", PeerConfig::new().may_send(topics(&["say"])));
        let (hall_system, hall) = start("hall", Hall::default(), config).await;
        let (porter_system, porter) =
            start("porter", Caller::default(), client(tls(&issue(&ca, "porter"), &ca))).await;
        let (guest_system, guest) =
            start("guest", Caller::default(), client(tls(&issue(&ca, "guest"), &ca))).await;
        for node in [&porter, &guest] {
            soon(node.connect(endpoint(&hall))).await.expect("their CA is trusted");
        }
        let (of_porter, of_guest) = (HallClient::new(&porter), HallClient::new(&guest));
        assert_eq!(soon(of_porter.open()).await, Ok(1));
        assert_eq!(soon(of_porter.close()).await, Ok(0));
        let refused = soon(of_guest.open()).await;
        assert!(matches!(refused, Err(RequestError::Refused(Refusal::NotAllowed(_)))), "{refused:?}");
        assert_eq!(hall.counters().forbidden, 1);
        // a message has nobody whom one could tell: it is counted and logged, and its handler doesn't run
        soon(of_guest.say("hello".to_owned())).await.expect("handed over");
        soon(of_porter.say("hello".to_owned())).await.expect("handed over");
        until(|| hall.counters().forbidden == 2 && hall.counters().handled == 3).await;

        // the name is worth nothing without its certificate
        let (liar_system, liar) =
            start("porter", Caller::default(), client(tls(&issue(&ca, "guest"), &ca))).await;
        let error = soon(liar.connect(endpoint(&hall))).await.expect_err("it is the guest").to_string();
        assert!(error.contains("certificate is not for `porter`"), "{error}");
        assert_eq!(soon(of_porter.open()).await, Ok(1), "the true one is still there");
        for system in [porter_system, guest_system, liar_system, hall_system] {
            system.stop().await;
        }
    }
    assert!(log.has("a peer is not allowed to do that"), "{:#?}", log.texts());
    assert!(log.has("peer=guest") && log.has("topic=door/open"), "{:#?}", log.texts());
}

#[tokio::test]
async fn a_certificate_decides_what_its_node_may_announce() {
    let (log, _reading) = Log::read();
    for scheme in SCHEMES {
        let ca = authority();
        let hall = async |name: &str| {
            let config = NodeConfig::new().listen(any(scheme)).tls(tls(&issue(&ca, name), &ca).mutual());
            start(name, Hall::default(), config).await
        };
        let (hall_system, hall_node) = hall("hall").await;
        let (other_system, other_node) = hall("other").await;
        let config = client(tls(&issue(&ca, "caller"), &ca).mutual())
            .peer("hall", PeerConfig::new().may_announce(topics(&["door/open"])));
        let (caller_system, caller) = start("caller", Caller::default(), config).await;
        soon(caller.connect(endpoint(&hall_node))).await.expect("it proves its name");
        soon(caller.connect(endpoint(&other_node))).await.expect("it proves its name, too");
        let client = HallClient::new(&caller);
        // the other one announces the same, and may nothing
        let all = soon(client.open().all()).await.expect("the hall is there");
        assert!(all.len() == 1 && &*all[0].node == "hall", "{all:?}");
        assert!(matches!(soon(client.close()).await, Err(RequestError::NoHandler { .. })));
        assert_eq!(caller.counters().forbidden_announcements, 2 + 3);
        for system in [caller_system, hall_system, other_system] {
            system.stop().await;
        }
    }
    assert!(log.has("what=announce the topic"), "{:#?}", log.texts());
}

#[test]
fn a_list_for_a_name_wants_a_listener_where_names_are_proved() {
    let ca = authority();
    let rights = PeerConfig::new().may_send(topics(&["door/*"]));
    let mutual = tls(&issue(&ca, "hall"), &ca).mutual();
    let config = NodeConfig::new().listen(any("tls")).peer("porter", rights);
    let wrong =
        |config: &NodeConfig| config.check("hall").err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(wrong(&config.clone().tls(mutual.clone())), "");
    assert!(wrong(&config.clone().tls(tls(&issue(&ca, "hall"), &ca))).contains("nobody has to prove"));
    let mut nameless = mutual.clone();
    nameless.name_from_certificate = false;
    assert!(wrong(&config.clone().tls(nameless)).contains("nobody has to prove"));
    // one listener that is less strict than the node is enough
    let open = ListenConfig::new(any("tls")).tls(TlsOverrides::new().mutual(false));
    assert!(wrong(&config.tls(mutual).listen(open)).contains("nobody has to prove"));
}
