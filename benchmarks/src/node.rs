//! The same through systemge: annotated handlers and the generated, typed client.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use systemge::config::{Endpoint, NodeConfig};
use systemge::{Node, System};

use crate::workload::{Message, Peer};

#[derive(systemge::Application, Default)]
struct Server {
    received: AtomicU64,
}

#[systemge::node]
impl Server {
    #[topic("message")]
    async fn message(&self, message: Message) {
        std::hint::black_box(message);
        self.received.fetch_add(1, Relaxed);
    }

    #[topic("request")]
    async fn request(&self, message: Message) -> Message {
        message
    }

    #[topic("received")]
    async fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }
}

#[derive(systemge::Application, Default)]
struct Caller {}

pub async fn serve() {
    let endpoint = Endpoint::tcp(([127, 0, 0, 1], 0).into());
    let config = NodeConfig::new().listen(endpoint);
    let system = System::new().node_with("server", Server::default(), config).start().await.expect("a node");
    println!("{}", system.nodes()[0].addresses()[0].port());
    system.finished().await;
}

pub struct Connection {
    client: ServerClient,
    _node: Node,
}

pub async fn connect(port: u16) -> Connection {
    let system = System::new()
        .node_with("caller", Caller::default(), NodeConfig::new())
        .start()
        .await
        .expect("a node");
    let node = system.nodes()[0].clone();
    node.connect(Endpoint::tcp(([127, 0, 0, 1], port).into())).await.expect("a connection");
    Connection { client: ServerClient::new(&node), _node: node }
}

impl Peer for Connection {
    async fn send(&self, message: Message) {
        assert_eq!(self.client.message(message).await, Ok(1));
    }

    async fn request(&self, message: Message) -> Message {
        self.client.request(message).await.expect("an answer")
    }

    async fn received(&self) -> u64 {
        self.client.received().await.expect("an answer")
    }
}
