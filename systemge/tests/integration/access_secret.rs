//! Nodes that share a secret, and attackers that don't.

use std::io::ErrorKind;
use std::net::SocketAddr;

use systemge::DialState;
use systemge::access::RefusalReason;
use systemge::config::{ConnectConfig, Endpoint, ListenConfig, NodeConfig, PeerConfig, Secret};
use systemge::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::raw::{MAGIC, Raw, frame, hello};
use crate::support::{Caller, any_port, any_tcp_port, endpoint, listening, plain, soon, start, until};

#[derive(systemge::Application, Default)]
struct Vault {}

#[systemge::node]
impl Vault {
    #[topic("who")]
    async fn who(&self, ctx: &Context) -> (Option<String>, Option<String>) {
        (ctx.sender().map(str::to_owned), ctx.sender_identity().map(str::to_owned))
    }
}

fn secret() -> Secret {
    Secret::new("correct horse battery staple")
}

fn guarded() -> NodeConfig {
    listening().secret(secret())
}

const CHALLENGE: u8 = 0x0b;
const PROOF: u8 = 0x0c;
const COUNTER_PROOF: u8 = 0x0d;

#[tokio::test]
async fn nodes_that_share_a_secret_know_each_other() {
    let (system, node) = start("vault", Vault::default(), guarded()).await;
    let (caller_system, caller) = start("caller", Caller::default(), guarded()).await;
    caller.connect(endpoint(&node)).await.expect("they share the secret");
    let named = Some("caller".to_owned());
    assert_eq!(soon(VaultClient::new(&caller).who()).await, Ok((named.clone(), named)));
    caller_system.stop().await;
    system.stop().await;

    // without a secret there is a name, but nobody has proved it
    let (system, node) = start("vault", Vault::default(), listening()).await;
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    caller.connect(endpoint(&node)).await.expect("it listens");
    let who = soon(VaultClient::new(&caller).who()).await;
    assert_eq!(who, Ok((Some("caller".to_owned()), None)));
    caller_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn a_wrong_or_a_missing_secret_is_refused_by_both_sides() {
    let (system, node) = start("vault", Vault::default(), guarded()).await;
    let (open_system, open) = start("open", Vault::default(), listening()).await;
    let connect = async |name: &str, config: NodeConfig, to: &Node| {
        let (system, caller) = start(name, Caller::default(), config).await;
        let error = soon(caller.connect(endpoint(to))).await.expect_err("it is refused").to_string();
        assert!(caller.connected_to().is_empty());
        system.stop().await;
        error
    };
    let wrong = listening().secret(Secret::new("incorrect horse battery staple"));
    let error = connect("wrong", wrong, &node).await;
    assert!(error.contains("has not proved"), "{error}");
    until(|| node.refused(RefusalReason::Unproven) == 1).await;

    let error = connect("without", listening(), &node).await;
    assert!(error.contains("set the same `secret`"), "{error}");
    until(|| node.counters().refused_connections == 2).await;

    // a node that wants a proof doesn't stay where it gets none
    let error = connect("careful", guarded(), &open).await;
    assert!(error.contains("has not proved"), "{error}");
    assert!(node.connected_from().is_empty());
    open_system.stop().await;
    system.stop().await;
}

#[tokio::test]
async fn every_connection_may_have_a_secret_of_its_own() {
    let other = || Secret::new("another secret of this system");
    let config = plain()
        .listen(any_tcp_port())
        .listen(ListenConfig::new(any_port()).secret(secret()))
        .peer("special", PeerConfig::new().secret(other()));
    let (system, node) = start("vault", Vault::default(), config).await;
    let [open, _] = node.addresses()[..] else { panic!("two listeners") };
    let guarded = endpoint(&node);
    let (caller_system, caller) = start("caller", Caller::default(), listening()).await;
    let to = |door: &Endpoint| ConnectConfig::new(door.clone());
    soon(caller.connect(to(&Endpoint::tcp(open)))).await.expect("everyone may come in there");
    assert!(caller.disconnect(&Endpoint::tcp(open)));
    until(|| node.connected_from().is_empty()).await;
    soon(caller.connect(to(&guarded))).await.expect_err("no secret");
    soon(caller.connect(to(&guarded).secret(other()))).await.expect_err("the secret of somebody else");
    soon(caller.connect(to(&guarded).secret(secret()))).await.expect("the listener's secret");
    caller_system.stop().await;

    // nobody takes the name of a peer that has a secret of its own, not even where others need none
    let mut thief = Raw::dial(open).await;
    thief.send(&[MAGIC, &hello(1, 1, "special")].concat()).await;
    thief.expect_magic().await;
    assert_eq!(thief.frame().await.expect("a challenge")[0], CHALLENGE);
    let (special_system, special) = start("special", Caller::default(), listening()).await;
    soon(special.connect(to(&guarded).secret(secret()))).await.expect_err("its name has another secret");
    soon(special.connect(to(&Endpoint::tcp(open)).secret(other()))).await.expect("its own secret");
    special_system.stop().await;
    system.stop().await;
}

/// Stands between two nodes, carries what they say, and remembers what the one who dials has said.
async fn overhear(listener: TcpListener, to: SocketAddr) -> Vec<u8> {
    let (mut near, _) = listener.accept().await.expect("somebody dials");
    let mut far = TcpStream::connect(to).await.expect("the node listens");
    let (mut said, mut there, mut back) = (Vec::new(), [0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            read = near.read(&mut there) => match read {
                Ok(0) | Err(_) => return said,
                Ok(count) => {
                    said.extend_from_slice(&there[..count]);
                    far.write_all(&there[..count]).await.expect("the node is there");
                }
            },
            read = far.read(&mut back) => match read {
                Ok(0) | Err(_) => return said,
                Ok(count) => near.write_all(&back[..count]).await.expect("the caller is there"),
            },
        }
    }
}

#[tokio::test]
async fn a_proof_that_was_overheard_lets_nobody_in() {
    let (system, node) = start("vault", Vault::default(), guarded()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let between = Endpoint::tcp(listener.local_addr().expect("an address"));
    let overheard = tokio::spawn(overhear(listener, node.addresses()[0]));
    let (caller_system, caller) = start("caller", Caller::default(), guarded()).await;
    soon(caller.connect(between)).await.expect("it knows the secret");
    caller_system.stop().await;
    let said = soon(overheard).await.expect("no panic");
    assert!(!said.windows(5).any(|bytes| bytes == b"horse"), "the secret itself is never sent");
    assert!(said.windows(5).any(|bytes| bytes == [65, 0, 0, 0, PROOF]), "a proof was overheard");
    until(|| node.connected_from().is_empty()).await;

    let mut replay = Raw::dial(node.addresses()[0]).await;
    replay.send(&said).await;
    replay.expect_magic().await;
    let (code, reason) = replay.goodbye().await;
    assert_eq!((code, reason.contains("has not proved")), (12, true), "{reason}");
    until(|| node.refused(RefusalReason::Unproven) == 1).await;
    assert!(node.connected_from().is_empty());
    system.stop().await;
}

#[tokio::test]
async fn a_proof_that_is_sent_back_proves_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let mirror = Endpoint::tcp(listener.local_addr().expect("an address"));
    let (system, caller) = start("caller", Caller::default(), guarded()).await;
    let attack = async {
        let (stream, _) = listener.accept().await.expect("the caller dials");
        let mut raw = Raw(stream);
        raw.expect_magic().await;
        assert_eq!(raw.frame().await.expect("a hello")[0], 1);
        let name = b"vault";
        let length = u8::try_from(name.len()).expect("a short name");
        let challenge = frame(CHALLENGE, &[&[7; 32], &[7; 16], &[length], name]);
        raw.send(&[MAGIC, &challenge].concat()).await;
        let proof = raw.frame().await.expect("a proof");
        assert_eq!(proof[0], PROOF);
        raw.send(&frame(COUNTER_PROOF, &[&proof[33..]])).await;
        raw.goodbye().await
    };
    let (goodbye, connected) = soon(async { tokio::join!(attack, caller.connect(mirror)) }).await;
    assert_eq!(goodbye.0, 12, "{}", goodbye.1);
    assert!(connected.is_err_and(|error| error.to_string().contains("has not proved")));
    system.stop().await;
}

#[tokio::test]
async fn whoever_guesses_is_refused_counted_and_never_let_in() {
    let (system, node) = start("vault", Vault::default(), guarded()).await;
    for guess in 0..20u8 {
        let mut raw = Raw::dial(node.addresses()[0]).await;
        raw.send(&[MAGIC, &hello(1, 1, "guesser")].concat()).await;
        raw.expect_magic().await;
        assert_eq!(raw.frame().await.expect("a challenge")[0], CHALLENGE);
        let words = match guess % 4 {
            0 => frame(PROOF, &[&[guess; 32], &[guess; 32]]),
            1 => frame(COUNTER_PROOF, &[&[guess; 32]]),
            2 => frame(0x10, &[&[0], &[0; 4]]),
            _ => hello(1, 1, "guesser"),
        };
        raw.send(&words).await;
        let (code, _) = raw.goodbye().await;
        assert_eq!(code, if guess % 4 == 0 { 12 } else { 2 });
    }
    until(|| node.counters().refused_connections == 20).await;
    assert_eq!(node.refused(RefusalReason::Unproven), 5);
    assert_eq!(node.refused(RefusalReason::Violation), 15);
    assert!(node.connected_from().is_empty());
    system.stop().await;
}

#[tokio::test]
async fn a_node_that_has_proved_its_name_takes_its_place_back_at_once() {
    let mut config = guarded();
    // nobody waits so long for a sign of life
    config.keepalive.replace_after = std::time::Duration::from_secs(600);
    let (system, node) = start("vault", Vault::default(), config).await;

    // its network is gone: what it says gets nowhere, and nothing tells the node so
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let between = Endpoint::tcp(listener.local_addr().expect("an address"));
    let to = node.addresses()[0];
    let (unplug, unplugged) = tokio::sync::oneshot::channel::<()>();
    let hold = tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.expect("somebody dials");
        let mut far = TcpStream::connect(to).await.expect("the node listens");
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
            _ = unplugged => drop(near),
        }
        // as if it were still there
        std::future::pending::<()>().await;
        drop(far);
    });
    let (former_system, former) = start("caller", Caller::default(), guarded()).await;
    soon(former.connect(between)).await.expect("it knows the secret");
    unplug.send(()).expect("the cable is there");
    former_system.stop().await;
    assert_eq!(node.connected_from().len(), 1, "the node has not noticed");

    let (back_system, back) = start("caller", Caller::default(), guarded()).await;
    soon(back.connect(endpoint(&node))).await.expect("it gets its place at once");
    assert!(soon(VaultClient::new(&back).who()).await.is_ok());
    assert_eq!(node.connected_from().len(), 1);

    // the same start of a node that dials twice doesn't throw itself out
    let mut other = endpoint(&node).to_string();
    other = other.replace("127.0.0.1", "localhost");
    let again = back.connect(other.parse::<Endpoint>().expect("an endpoint"));
    assert!(soon(again).await.expect_err("it is there already").to_string().contains("connected already"));
    assert_eq!(
        back.dialled().iter().filter(|(_, state)| matches!(state, DialState::Connected(_))).count(),
        1
    );
    back_system.stop().await;
    hold.abort();
    system.stop().await;
}

#[tokio::test]
async fn the_secret_may_stand_in_a_file() {
    let folder = std::env::temp_dir().join(format!("systemge-secrets-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let path = folder.join("secret");
    std::fs::write(&path, "correct horse battery staple\n").expect("a file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("our file");
    }
    let mut config = listening();
    config.secret_file = Some(path.clone());
    let (system, node) = start("vault", Vault::default(), config.clone()).await;
    let (caller_system, caller) = start("caller", Caller::default(), guarded()).await;
    soon(caller.connect(endpoint(&node))).await.expect("it is the same secret");
    caller_system.stop().await;

    // without it the node doesn't start: no secret never means no proof
    std::fs::remove_file(&path).expect("our file");
    let error = node.restart().await.expect_err("the file is gone");
    let mut source: &dyn std::error::Error = &error;
    while let Some(cause) = source.source() {
        source = cause;
    }
    let not_found = source.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    assert_eq!(not_found, Some(ErrorKind::NotFound), "{error}");
    system.stop().await;
    std::fs::remove_dir_all(&folder).expect("our folder");
}
