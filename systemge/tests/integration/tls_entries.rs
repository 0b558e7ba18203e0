//! Certificates and trust of single listeners and single peers, where those of the node don't fit.

use std::time::Duration;

use systemge::certificates::Authority;
use systemge::config::{ConnectConfig, Endpoint, ListenConfig, NodeConfig, TlsConfig, TlsOverrides};
use systemge::{DialState, Node};

use crate::support::{Caller, soon, start, until};
use crate::tls::{Doubler, DoublerClient, authority, client, issue, start_error, tempdir, tls};

fn any(scheme: &str) -> Endpoint {
    format!("{scheme}://127.0.0.1:0").parse().expect("an endpoint")
}

/// What tests run over.
const SCHEMES: [&str; 2] = if cfg!(feature = "quic") { ["tls", "quic"] } else { ["tls", "tls"] };

/// What a listener or a peer has of one CA.
fn of(ca: &Authority, name: &str) -> TlsOverrides {
    let own = issue(ca, name);
    TlsOverrides::new().certificate(own.certificate(), own.key()).ca(ca.certificate())
}

async fn refused(node: &Node, endpoint: &Endpoint, why: &str) {
    let error = soon(node.connect(endpoint.clone())).await.expect_err(why).to_string();
    assert!(error.contains(why), "no `{why}` in: {error}");
}

#[tokio::test]
async fn two_listeners_show_other_certificates_and_let_others_in() {
    for scheme in SCHEMES {
        let (ours, theirs) = (authority(), authority());
        let config = NodeConfig::new()
            .listen(any(scheme))
            .listen(ListenConfig::new(any(scheme)).tls(of(&theirs, "hub")))
            .tls(tls(&issue(&ours, "hub"), &ours).mutual());
        let (hub_system, hub) = start("hub", Doubler::default(), config).await;
        let [inner, outer] = hub.endpoints().try_into().expect("two listeners");

        let (own_system, own) =
            start("own", Caller::default(), client(tls(&issue(&ours, "own"), &ours))).await;
        let (guest_system, guest) =
            start("guest", Caller::default(), client(tls(&issue(&theirs, "guest"), &theirs))).await;
        // each knows one listener by its certificate, and not the other one
        refused(&own, &outer, "no CA that this node trusts").await;
        refused(&guest, &inner, "no CA that this node trusts").await;
        for (node, endpoint) in [(&own, &inner), (&guest, &outer)] {
            soon(node.connect(endpoint.clone())).await.expect("it is the right one");
            assert_eq!(DoublerClient::new(node).double(4).await, Ok(8));
        }
        // whoever believes both is still only let in where it belongs
        let curious = tls(&issue(&theirs, "curious"), &theirs).ca(ours.certificate());
        let (curious_system, curious) = start("curious", Caller::default(), client(curious)).await;
        refused(&curious, &inner, "no CA that the peer trusts").await;
        soon(curious.connect(outer)).await.expect("it belongs there");
        // and nobody takes another one's name there, either
        let (liar_system, liar) = start(
            "liar",
            Caller::default(),
            client(tls(&issue(&theirs, "own"), &theirs).ca(ours.certificate())),
        )
        .await;
        refused(&liar, &hub.endpoints()[1], "certificate is not for `liar`").await;
        for system in [own_system, guest_system, curious_system, liar_system, hub_system] {
            system.stop().await;
        }
    }
}

#[tokio::test]
async fn two_peers_are_trusted_by_what_is_said_of_each() {
    for scheme in SCHEMES {
        let (ours, theirs) = (authority(), authority());
        let (near, far) = (issue(&ours, "near"), theirs.node("far").host("far.example.org").issue());
        let far = far.expect("a certificate");
        let near_config = NodeConfig::new().listen(any(scheme)).tls(tls(&near, &ours).mutual());
        let (near_system, near_node) = start("near", Doubler::default(), near_config).await;
        let far_config = NodeConfig::new().listen(any(scheme)).tls(tls(&far, &theirs).mutual());
        let (far_system, far_node) = start("far", Doubler::default(), far_config).await;
        let (near_at, far_at) = (near_node.endpoints()[0].clone(), far_node.endpoints()[0].clone());

        let there = of(&theirs, "caller").server_name("far.example.org");
        let own = client(tls(&issue(&ours, "caller"), &ours).mutual());
        let config = own.clone().connect(near_at).connect(ConnectConfig::new(far_at.clone()).tls(there));
        let (caller_system, caller) = start("caller", Caller::default(), config).await;
        until(|| caller.connected_to().len() == 2).await;
        let all = soon(DoublerClient::new(&caller).double(3).all()).await.expect("two are asked");
        assert!(all.len() == 2 && all.iter().all(|outcome| outcome.result == Ok(6)), "{all:?}");
        caller_system.stop().await;

        // what fits one peer does not fit the other
        let (caller_system, caller) = start("caller", Caller::default(), own).await;
        refused(&caller, &far_at, "no CA that this node trusts").await;
        let pinned = TlsOverrides::new().fingerprint(issue(&theirs, "far").fingerprint());
        let error = soon(caller.connect(ConnectConfig::new(far_at.clone()).tls(pinned))).await;
        let error = error.expect_err("it is another certificate").to_string();
        assert!(error.contains(&far.fingerprint().to_string()), "{error}");
        // by its fingerprint it is trusted, and then the own certificate is not
        let pinned = TlsOverrides::new().fingerprint(far.fingerprint());
        let error = soon(caller.connect(ConnectConfig::new(far_at.clone()).tls(pinned.clone()))).await;
        let error = error.expect_err("it shows the node's own certificate").to_string();
        assert!(error.contains("no CA that the peer trusts"), "{error}");
        let mut both = of(&theirs, "caller");
        (both.ca, both.fingerprints) = (None, pinned.fingerprints);
        soon(caller.connect(ConnectConfig::new(far_at).tls(both))).await.expect("both know each other");
        assert_eq!(DoublerClient::new(&caller).double(5).await, Ok(10));
        for system in [caller_system, near_system, far_system] {
            system.stop().await;
        }
    }
}

#[tokio::test]
async fn mutual_tls_and_names_are_switched_on_one_listener() {
    let ca = authority();
    let own = tls(&issue(&ca, "hub"), &ca).mutual();
    let mut careless = TlsOverrides::new();
    careless.name_from_certificate = Some(false);
    let config = NodeConfig::new()
        .listen(any("tls"))
        .listen(ListenConfig::new(any("tls")).tls(TlsOverrides::new().mutual(false)))
        .listen(ListenConfig::new(any("tls")).tls(careless))
        .tls(own);
    let (hub_system, hub) = start("hub", Doubler::default(), config).await;
    let [strict, open, nameless] = hub.endpoints().try_into().expect("three listeners");
    let (bare_system, bare) =
        start("bare", Caller::default(), client(TlsConfig::new().ca(ca.certificate()))).await;
    refused(&bare, &strict, "wants a certificate of this node").await;
    refused(&bare, &nameless, "wants a certificate of this node").await;
    soon(bare.connect(open)).await.expect("nobody has to show a certificate there");
    let (other_system, other) =
        start("other", Caller::default(), client(tls(&issue(&ca, "mallory"), &ca))).await;
    refused(&other, &strict, "certificate is not for `other`").await;
    soon(other.connect(nameless)).await.expect("names mean nothing there");
    for system in [bare_system, other_system, hub_system] {
        system.stop().await;
    }
}

#[tokio::test]
async fn certificates_of_a_listener_and_of_a_peer_are_read_anew() {
    let folder = tempdir("entries");
    let (old, new) = (authority(), authority());
    let write = |ca: &Authority, name: &str| {
        issue(ca, name).write(&folder, name, true).expect("files");
        std::fs::write(folder.join("ca.pem"), ca.certificate()).expect("a file");
    };
    write(&old, "hub");
    let files = |name: &str| {
        let path = |extension: &str| folder.join(format!("{name}.{extension}"));
        TlsOverrides::new().certificate(path("pem"), path("key")).ca(folder.join("ca.pem"))
    };
    let mut own = TlsConfig::new();
    own.reload = Duration::from_millis(10);
    let config = NodeConfig::new().listen(ListenConfig::new(any("tls")).tls(files("hub"))).tls(own);
    let (hub_system, hub) = start("hub", Doubler::default(), config).await;
    let endpoint = hub.endpoints().pop().expect("it listens");
    let mut trusting = TlsOverrides::new();
    trusting.ca = files("hub").ca;
    let peer = ConnectConfig::new(endpoint.clone()).tls(trusting);
    let (caller_system, caller) =
        start("caller", Caller::default(), NodeConfig::new().connect(peer.clone())).await;
    until(|| caller.connected_to().len() == 1).await;

    write(&new, "hub");
    // the listener shows the new one: whoever trusts its CA alone gets in
    let (fresh_system, fresh) =
        start("fresh", Caller::default(), client(TlsConfig::new().ca(new.certificate()))).await;
    soon(async {
        while fresh.connect(endpoint.clone()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(DoublerClient::new(&caller).double(1).await, Ok(2), "the old connection stays");
    // the peer's trust is read for every attempt
    assert!(caller.disconnect(&endpoint));
    soon(caller.connect(peer)).await.expect("it trusts the new one");
    for system in [fresh_system, caller_system, hub_system] {
        system.stop().await;
    }
    std::fs::remove_dir_all(folder).expect("the folder is there");
}

#[tokio::test]
async fn a_peer_whose_files_are_gone_waits_until_they_are_there() {
    let folder = tempdir("gone");
    let ca = authority();
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("ca.pem"), ca.certificate()).expect("a file");
    let config = NodeConfig::new().listen(any("tls")).tls(tls(&issue(&ca, "hub"), &ca));
    let (hub_system, hub) = start("hub", Doubler::default(), config).await;
    let endpoint = hub.endpoints()[0].clone();
    let peer = ConnectConfig::new(endpoint.clone()).tls(TlsOverrides::new().ca(folder.join("ca.pem")));
    let mut config = NodeConfig::new().connect(peer);
    config.dial.max_delay = Duration::from_millis(100);
    let (caller_system, caller) = start("caller", Caller::default(), config).await;
    until(|| caller.connected_to().len() == 1).await;
    std::fs::rename(folder.join("ca.pem"), folder.join("away.pem")).expect("it is there");
    hub.stop().await;
    let reason = || match caller.dialled().pop() {
        Some((_, DialState::Waiting(reason))) => reason,
        _ => String::new(),
    };
    until(|| reason().contains("ca.pem") && reason().contains("can't be read")).await;
    std::fs::rename(folder.join("away.pem"), folder.join("ca.pem")).expect("it is there");
    until(|| !reason().contains("can't be read")).await;
    for system in [caller_system, hub_system] {
        system.stop().await;
    }
    std::fs::remove_dir_all(folder).expect("the folder is there");
}

#[tokio::test]
async fn what_is_wrong_with_an_entry_has_its_place() {
    // the mark begins where the caret has to
    let check = async |list: &str, entry: &str, mark: &str, part: &str| {
        let line = format!("{list} = [{{ {entry} }}]");
        let column = line.find(mark).expect(mark) + 1;
        let error = start_error(&format!("[nodes.server]\n{line}\n")).await;
        assert!(error.starts_with(&format!("systemge.toml:2:{column}: ")), "{mark}: {error}");
        assert!(error.contains(part) && error.contains('^'), "no `{part}` in: {error}");
    };
    let at = |tls: &str| format!("endpoint = \"tls://127.0.0.1:0\", tls = {{ {tls} }}");
    let own = "certificate = \"no-such.pem\", key = \"no-such.key\"";
    for (tls, mark, part) in [
        (own.to_owned(), "\"no-such.pem\"", "in `nodes.server.listen[0].tls`: the file `no-such.pem`"),
        ("mutual = false".to_owned(), "{ endpoint", "no certificate to show there"),
        ("certificate = \"a.pem\"".to_owned(), "\"a.pem\"", "the `key` that belongs to it"),
        (format!("{own}, mutual = true"), "true }", "nothing says which"),
        (format!("{own}, server_name = \"a\""), "\"a\"", "is about nodes that are dialled"),
        (format!("{own}, system_roots = true"), "true }", "is about nodes that are dialled"),
        (format!("{own}, fingerprints = [\"sha256:00\"]"), "\"sha256:00\"", "64 hexadecimal digits"),
    ] {
        check("listen", &at(&tls), mark, part).await;
    }
    for (tls, mark, part) in [
        (
            "ca = \"no-such.pem\"",
            "\"no-such.pem\"",
            "in `nodes.server.connect[0].tls`: the file `no-such.pem`",
        ),
        ("system_roots = false", "false }", "leaves nobody"),
        ("cert = \"a.pem\"", "cert =", "`certificate`"),
    ] {
        check("connect", &at(tls), mark, part).await;
    }
    let plain = "endpoint = \"tcp://127.0.0.1:0\", tls = { mutual = true }";
    for list in ["listen", "connect"] {
        check(list, plain, "tls =", "`tcp://127.0.0.1:0` is not encrypted").await;
    }
}
