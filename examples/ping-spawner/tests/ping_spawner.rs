//! A node for every browser, over mutual TLS and in every other form.

use std::path::Path;

use ping_spawner::{Gateway, certificates, spawner};
use samples::{Browser, SOON, Shipped, eventually, every_form};
use systemge::config::{Endpoint, NodeConfig};
use systemge::{Running, System};

const SAMPLE: &str = env!("CARGO_MANIFEST_DIR");

/// The sample's own configuration, on free ports.
async fn start(shipped: &Shipped) -> Running {
    let system = System::from_config(shipped.config())
        .node("spawner", spawner(shipped.folder().join("certificates")))
        .node("gateway", Gateway::default())
        .start()
        .await
        .expect("the nodes start");
    let gateway = system.node("gateway").expect("it is there");
    assert!(gateway.wait_for_provider("spawner/spawn-and-start", SOON).await, "it finds the spawner");
    system
}

fn shipped() -> Shipped {
    certificates::make(&Path::new(SAMPLE).join("certificates")).expect("certificates");
    let shipped = Shipped::new(SAMPLE);
    certificates::make(&shipped.folder().join("certificates")).expect("certificates");
    shipped
}

/// The names of the nodes that belong to browsers.
fn nodes(system: &Running) -> Vec<String> {
    let nodes = system.nodes();
    nodes.iter().map(|node| node.name().to_owned()).filter(|name| name.starts_with("ping-")).collect()
}

/// Waits until its node is there and has had two answers; returns the node's name and where it is.
async fn meets(browser: &mut Browser) -> (String, Endpoint) {
    let (mut name, mut place, mut answer, mut pongs) = (None, None, None, 0);
    while pongs < 2 || [&name, &place, &answer].contains(&&None) {
        let (topic, payload) = browser.next().await.expect("the socket is open");
        match topic.as_str() {
            "spawned" => name = Some(payload),
            "dialled" => place = Some(payload),
            "answered" => answer = Some(payload),
            "ping" => pongs = payload.parse().expect("a number"),
            "welcome" | "nodes" => {}
            _ => panic!("{topic}: {payload}"),
        }
    }
    assert_eq!(answer.as_deref(), Some("pong"));
    (name.expect("a name"), place.and_then(|place| place.parse().ok()).expect("an endpoint"))
}

#[tokio::test]
async fn every_browser_has_a_node_that_goes_with_it() {
    let shipped = shipped();
    let system = start(&shipped).await;
    let (mut first, mut second) = (Browser::of(&system).await, Browser::of(&system).await);
    let (name, place) = meets(&mut first).await;
    let (other, _) = meets(&mut second).await;
    assert_ne!(name, other);
    assert_eq!(nodes(&system).len(), 2);
    let gateway = system.node("gateway").expect("it is there");
    let proved = gateway.connected_from();
    assert!(proved.iter().any(|peer| **peer == *name), "{proved:?}");
    let of = |name: &str| system.node(name).expect("the node").endpoints();
    assert_eq!(of(&name), std::slice::from_ref(&place));
    assert!(place.to_string().starts_with("tls://"), "{place}");

    drop(first);
    let mut events = system.events();
    let gone = async {
        while nodes(&system).contains(&name) {
            events.next().await;
        }
    };
    tokio::time::timeout(SOON, gone).await.expect("its node goes with it");
    assert_eq!(nodes(&system), [other]);
    let dialled = gateway.dialled();
    assert!(dialled.iter().all(|(endpoint, _)| *endpoint != place), "it is dialled no more: {dialled:?}");
    system.stop().await;
}

#[tokio::test]
async fn nobody_gets_in_without_a_certificate_or_with_the_name_of_another() {
    #[derive(systemge::Application, Default)]
    struct Stranger {}
    let shipped = shipped();
    let system = start(&shipped).await;
    let of_gateway = system.node("gateway").expect("it is there").endpoints().remove(0);
    let file = |name: &str| shipped.folder().join("certificates").join(name);
    let mut bare = NodeConfig::new();
    bare.tls = bare.tls.ca(file("ca.pem"));
    let mut named = bare.clone();
    named.tls = named.tls.certificate(file("spawner.pem"), file("spawner.key"));
    for (name, config, part) in [("ping-1", bare, "certificate"), ("ping-2", named, "ping-2")] {
        let stranger = system.add(name, Stranger::default(), config).expect("it fits");
        stranger.start().await.expect("it starts");
        let error = stranger.connect(of_gateway.clone()).await.expect_err("it is not let in");
        let error = systemge::Error::from(error).to_string();
        assert!(error.contains(part), "{error}");
    }
    system.stop().await;
}

#[cfg(unix)]
#[test]
fn no_key_can_be_read_by_others_and_what_is_there_stays() {
    use std::os::unix::fs::MetadataExt as _;
    let shipped = Shipped::new(SAMPLE);
    let folder = shipped.folder().join("certificates");
    certificates::make(&folder).expect("certificates");
    let key = std::fs::read_to_string(folder.join("gateway.key")).expect("a key");
    for name in ["ca", "gateway", "spawner"] {
        let metadata = std::fs::metadata(folder.join(format!("{name}.key"))).expect("a key");
        assert_eq!(metadata.mode() & 0o077, 0, "{name}");
    }
    certificates::make(&folder).expect("they are there");
    assert_eq!(std::fs::read_to_string(folder.join("gateway.key")).expect("a key"), key);
    let left = std::fs::read_dir(shipped.folder()).expect("the folder").count();
    assert_eq!(left, 2, "the configuration and the certificates");
}

#[tokio::test]
async fn it_runs_in_every_form() {
    every_form(env!("CARGO_BIN_EXE_ping-spawner"), SAMPLE, async |shipped, _| {
        let gateway = shipped.web().websocket;
        let mut browser = eventually(async || {
            let mut browser = Browser::reach(gateway, None).await?;
            // the gateway may not have found the spawner yet
            loop {
                match browser.next().await? {
                    (topic, _) if topic == "error" => return None,
                    (topic, _) if topic == "spawned" => return Some(browser),
                    _ => {}
                }
            }
        })
        .await;
        browser.until("answered").await;
        while browser.until("ping").await == "0" {}
    })
    .await;
}
