//! What a message costs in memory: nothing on the runtime's own account; and what a stranger can make a node hold.
//!
//! A program of its own, since it counts every allocation of its thread.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use systemge::config::{Endpoint, NodeConfig};
use systemge::prelude::*;

#[systemge::payload]
#[derive(Debug, Clone, Copy)]
struct Point {
    id: u64,
    x: u32,
    y: u32,
}

#[derive(systemge::Application, Default)]
struct Plane {
    sum: AtomicU64,
}

#[systemge::node]
impl Plane {
    #[topic("move")]
    async fn move_to(&self, point: Point) {
        self.sum.fetch_add(point.id + u64::from(point.x) + u64::from(point.y), Relaxed);
    }

    #[topic("sum")]
    async fn sum(&self) -> u64 {
        self.sum.load(Relaxed)
    }
}

#[derive(systemge::Application, Default)]
struct Caller {}

async fn send(client: &PlaneClient, messages: u64) {
    for id in 0..messages {
        assert_eq!(client.move_to(Point { id, x: 1, y: 2 }).await, Ok(1));
    }
    client.sum().await.expect("all before it were handled");
}

#[test]
fn a_message_allocates_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (client, system) = runtime.block_on(async {
        let any_port = Endpoint::tcp(([127, 0, 0, 1], 0).into());
        let system = System::new()
            .node_with("plane", Plane::default(), NodeConfig::new().listen(any_port))
            .node_with("caller", Caller::default(), NodeConfig::new())
            .start()
            .await
            .expect("two nodes");
        let [plane, caller] = &system.nodes()[..] else { unreachable!("there are two") };
        caller.connect(Endpoint::tcp(plane.addresses()[0])).await.expect("the plane listens");
        let client = PlaneClient::new(caller);
        // the buffers grow to what a burst needs
        send(&client, 50_000).await;
        (client, system)
    });
    let messages = 50_000;
    let counted = allocation_counter::measure(|| runtime.block_on(async { send(&client, messages).await }));
    assert!(
        counted.count_total < messages / 100,
        "{} allocations for {messages} messages: {counted:?}",
        counted.count_total
    );
    runtime.block_on(system.stop());
}

/// What somebody says who never comes to the end of a handshake.
fn first_words(kind: usize) -> Vec<u8> {
    const MAGIC: &[u8] = b"SYSTEMGE";
    let name = [b'a'; 64];
    let mut hello = vec![1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    hello.extend([7; 16]);
    hello.push(64);
    hello.extend(name);
    let length = u32::try_from(hello.len()).expect("a short frame").to_le_bytes();
    match kind % 4 {
        0 => Vec::new(),
        // the largest frame that a stranger may send, but for its last byte
        1 => [MAGIC, &1024u32.to_le_bytes(), &[1; 1023]].concat(),
        // who has to prove next that it knows the secret, and begins to
        2 => [MAGIC, &length, &hello, &1024u32.to_le_bytes(), &[0x0c; 1023]].concat(),
        // what is no handshake at all, and much of it
        _ => vec![b'x'; 100_000],
    }
}

#[cfg(feature = "secret")]
#[test]
fn a_stranger_makes_a_node_hold_no_more_than_8_kib() {
    use std::io::Write as _;
    use systemge::config::Secret;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut config = NodeConfig::new()
        .listen(Endpoint::tcp(([127, 0, 0, 1], 0).into()))
        .secret(Secret::new("correct horse battery staple"));
    config.limits.handshakes_per_address = 1024;
    let system = runtime.block_on(System::new().node_with("plane", Plane::default(), config).start());
    let system = system.expect("a node");
    let node = system.node("plane").expect("it is there");
    let address = node.addresses()[0];
    let listener = &node.listeners()[0];
    for kind in 0..4 {
        let count = 200;
        let mut strangers = Vec::with_capacity(count);
        let words = first_words(kind);
        let counted = allocation_counter::measure(|| {
            runtime.block_on(async {
                for number in 1..=count {
                    let mut stranger = std::net::TcpStream::connect(address).expect("the node listens");
                    stranger.set_nonblocking(true).expect("a socket");
                    // the node may have had enough before all of it is out
                    let _ = stranger.write(&words);
                    strangers.push(stranger);
                    while listener.connections() < number {
                        tokio::task::yield_now().await;
                    }
                }
                // so that everything is read that a node reads of it: nothing tells of it, since nobody counts strangers' bytes
                for _ in 0..20 {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
            });
        });
        let each = counted.bytes_max / count as u64;
        assert!(each <= 8 * 1024, "{each} bytes for each stranger of kind {kind}");
        drop(strangers);
        runtime.block_on(async {
            while listener.connections() > 0 {
                // nothing tells that a connection has ended
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        });
    }
    runtime.block_on(system.stop());
}
