//! What QUIC does beside carrying the same as TCP and TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use systemge::config::{Endpoint, NodeConfig, TlsConfig};
use systemge::{Node, Running};
use tokio::net::UdpSocket;
use tokio::sync::Notify;

use crate::support::{Caller, soon, start, until};
use crate::tls::{Two, authority, client, issue, tls};

fn server(tls: TlsConfig) -> NodeConfig {
    NodeConfig::new().listen("quic://127.0.0.1:0".parse::<Endpoint>().expect("an endpoint")).tls(tls)
}

#[tokio::test]
async fn mutual_tls_holds_over_quic() {
    let ca = authority();
    let two = Two::start(
        server(tls(&issue(&ca, "server"), &ca).mutual()),
        client(tls(&issue(&ca, "client"), &ca).mutual()),
    )
    .await;
    two.works().await;
    two.stop().await;
    let two = Two::start(
        server(tls(&issue(&ca, "server"), &ca).mutual()),
        client(tls(&issue(&ca, "mallory"), &ca)),
    )
    .await;
    let why = &["certificate is not for `client`", "mallory"];
    two.fails(why, why).await;
    let two = Two::start(
        server(tls(&issue(&ca, "server"), &ca).mutual()),
        client(TlsConfig::new().ca(ca.certificate())),
    )
    .await;
    two.fails(&["wants a certificate of this node"], &["the peer has shown no certificate"]).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_said_over_quic_too() {
    let (ca, other) = (authority(), authority());
    let day = Duration::from_secs(86_400);
    let expired = |name: &str| ca.node(name).expired_for(day).issue().expect("a certificate");
    let trusting = || client(TlsConfig::new().ca(ca.certificate()));
    let two = Two::start(server(tls(&issue(&other, "server"), &ca)), trusting()).await;
    two.fails(&["no CA that this node trusts", "tls.ca"], &["no CA that the peer trusts", "tls.ca"]).await;
    let two = Two::start(server(tls(&expired("server"), &ca)), trusting()).await;
    two.fails(
        &["the peer needs a new certificate", "expired"],
        &["refuses this node's certificate", "expired", "this node needs a new one"],
    )
    .await;
    let two =
        Two::start(server(tls(&issue(&ca, "server"), &ca).mutual()), client(tls(&expired("client"), &ca)))
            .await;
    two.fails(
        &["refuses this node's certificate", "this node needs a new one"],
        &["the peer needs a new certificate", "expired"],
    )
    .await;
    let elsewhere = ca.node("server").host("life.example.org").issue().expect("a certificate");
    let two = Two::start(server(tls(&elsewhere, &ca)), trusting()).await;
    two.fails(
        &["life.example.org", "tls.server_name"],
        &["the name by which the peer dials this node", "tls.server_name"],
    )
    .await;
    let two = Two::start(
        server(tls(&issue(&ca, "server"), &ca).mutual()),
        client(tls(&issue(&other, "client"), &ca)),
    )
    .await;
    two.fails(
        &["refuses this node's certificate", "no CA that the peer trusts"],
        &["no CA that this node trusts", "tls.ca"],
    )
    .await;
}

#[derive(systemge::Application, Default)]
struct Store {
    stored: u64,
}

#[systemge::node]
impl Store {
    #[topic("store")]
    async fn store(&mut self, amount: u64) {
        self.stored += amount;
    }

    /// How much was stored before, and how long the text is.
    #[topic("measure")]
    async fn measure(&self, text: String) -> (u64, usize) {
        (self.stored, text.len())
    }

    #[topic("inflate")]
    async fn inflate(&self, size: u32) -> String {
        "x".repeat(size as usize)
    }
}

/// A store and a node that is connected to it.
async fn store() -> ([Running; 2], Node) {
    let ca = authority();
    let (server_system, server) =
        start("server", Store::default(), server(tls(&issue(&ca, "server"), &ca))).await;
    let (client_system, client) =
        start("client", Caller::default(), client(TlsConfig::new().ca(ca.certificate()))).await;
    soon(client.connect(server.endpoints()[0].clone())).await.expect("the store listens");
    ([server_system, client_system], client)
}

async fn stop(systems: [Running; 2]) {
    for system in systems {
        system.stop().await;
    }
}

/// Large, and not over the limit of frames.
const SIZE: usize = 12 * 1024 * 1024;

/// Which of two requests that are sent in this order is answered first.
async fn first<A, B>(large: impl Future<Output = A>, small: impl Future<Output = B>) -> &'static str {
    let (mut large, mut small) = (std::pin::pin!(large), std::pin::pin!(small));
    let first = soon(async {
        tokio::select! {
            biased;
            _ = &mut large => "large",
            _ = &mut small => "small",
        }
    })
    .await;
    match first {
        "large" => drop(soon(small).await),
        _ => drop(soon(large).await),
    }
    first
}

#[tokio::test]
async fn a_large_payload_does_not_block_a_small_one_in_either_direction() {
    let (systems, client) = store().await;
    let store = StoreClient::new(&client);
    let text = "x".repeat(SIZE);
    let large = async { assert_eq!(store.measure(text).await, Ok((0, SIZE))) };
    let small = async { assert_eq!(store.measure("y".to_owned()).await, Ok((0, 1))) };
    assert_eq!(first(large, small).await, "small");
    let large = async { assert_eq!(store.inflate(SIZE as u32).await.map(|text| text.len()), Ok(SIZE)) };
    let small = async { assert_eq!(store.measure("y".to_owned()).await, Ok((0, 1))) };
    assert_eq!(first(large, small).await, "small");
    stop(systems).await;
}

#[tokio::test]
async fn a_large_request_never_overtakes_what_was_sent_before_it() {
    let (systems, client) = store().await;
    let store = StoreClient::new(&client);
    for round in 1..=20 {
        for _ in 0..500 {
            store.store(1).await.expect("it is handed over");
        }
        let large = soon(store.measure("x".repeat(256 * 1024))).await.expect("a response");
        assert_eq!(large, (round * 500, 256 * 1024));
    }
    stop(systems).await;
}

#[tokio::test]
async fn many_large_requests_at_once_are_all_answered_once() {
    let (systems, client) = store().await;
    let tasks: Vec<_> = (0..24)
        .map(|number: usize| {
            let store = StoreClient::new(&client);
            tokio::spawn(async move { store.measure("x".repeat(600_000 + number)).await })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        assert_eq!(soon(task).await.expect("no panic"), Ok((0, 600_000 + number)));
    }
    stop(systems).await;
}

/// Forwards datagrams between one client and a server, from a port that can be changed, as NATs do.
///
/// `quinn::Endpoint::rebind` would do less: the side that changes its own socket knows of it, and begins anew on its own
/// part. Behind a NAT neither side knows; the server just sees the next datagram come from elsewhere. And nodes keep their
/// endpoints to themselves: a way to get at them would be there for this test alone.
async fn forward(server: SocketAddr, change: Arc<Notify>) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let near = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = near.local_addr().expect("an address");
    let task = tokio::spawn(async move {
        let mut far = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let mut client = None;
        let (mut there, mut back) = (vec![0; 65_536], vec![0; 65_536]);
        loop {
            tokio::select! {
                received = near.recv_from(&mut there) => {
                    let Ok((count, from)) = received else { continue };
                    client = Some(from);
                    let _ = far.send_to(&there[..count], server).await;
                }
                received = far.recv_from(&mut back) => {
                    if let (Ok((count, _)), Some(client)) = (received, client) {
                        let _ = near.send_to(&back[..count], client).await;
                    }
                }
                () = change.notified() => far = UdpSocket::bind("127.0.0.1:0").await.expect("a port"),
            }
        }
    });
    (address, task)
}

#[tokio::test]
async fn a_connection_survives_that_the_address_of_a_peer_changes() {
    let ca = authority();
    let (server_system, server) =
        start("server", Store::default(), server(tls(&issue(&ca, "server"), &ca))).await;
    let (client_system, client) =
        start("client", Caller::default(), client(TlsConfig::new().ca(ca.certificate()))).await;
    let change = Arc::new(Notify::new());
    let (address, task) = forward(server.addresses()[0], change.clone()).await;
    soon(client.connect(Endpoint::quic(address))).await.expect("the store listens");
    let store = StoreClient::new(&client);
    for round in 0..4 {
        store.store(1).await.expect("it is handed over");
        assert_eq!(soon(store.measure(String::new())).await, Ok((round + 1, 0)));
        change.notify_one();
    }
    // it is the same connection all the time
    assert_eq!(server.counters().broken_connections, 0);
    assert_eq!(server.connected_from().len(), 1);
    client_system.stop().await;
    server_system.stop().await;
    task.abort();
}

#[tokio::test]
async fn a_port_is_free_as_soon_as_its_node_has_stopped() {
    let ca = authority();
    let two =
        Two::start(server(tls(&issue(&ca, "server"), &ca)), client(TlsConfig::new().ca(ca.certificate())))
            .await;
    two.works().await;
    let address = two.server.addresses()[0];
    two.server.stop().await;
    drop(std::net::UdpSocket::bind(address).expect("nobody has it"));
    let mut again = server(tls(&issue(&ca, "server"), &ca));
    again.listen[0].endpoint = Endpoint::quic(address);
    let (system, _) = start("again", Store::default(), again).await;
    until(|| two.client.connected_to().iter().any(|name| &**name == "again")).await;
    system.stop().await;
    two.stop().await;
}
