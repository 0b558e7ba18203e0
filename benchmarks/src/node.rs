//! The same through systemge: annotated handlers and the generated, typed client.

use systemge::config::{Endpoint, NodeConfig};
use systemge::{Node, System};

use crate::meter;
use crate::workload::{Blob, CONNECTIONS, Message, Peer, Stop, Workload};

#[derive(systemge::Application, Default)]
struct Server {}

#[systemge::node]
impl Server {
    #[topic("message")]
    async fn message(&self, message: Message) {
        meter::handled(message);
    }

    #[topic("large")]
    async fn large(&self, blob: Blob) {
        meter::handled(blob);
    }

    #[topic("request")]
    async fn request(&self, message: Message) -> Message {
        message
    }
}

#[derive(systemge::Application, Default)]
struct Caller {}

fn endpoint(port: u16) -> Endpoint {
    Endpoint::tcp(([127, 0, 0, 1], port).into())
}

pub async fn serve(workload: Workload) {
    let mut system = System::new();
    for number in 0..workload.responders() {
        let config = NodeConfig::new().listen(endpoint(0));
        system = system.node_with(format!("server-{number}"), Server::default(), config);
    }
    let system = system.start().await.expect("the nodes");
    let ports: Vec<u16> = system.nodes().iter().map(|node| node.addresses()[0].port()).collect();
    meter::ready(&ports);
    system.finished().await;
}

pub struct Connections {
    client: ServerClient,
    _nodes: Vec<Node>,
}

pub async fn connect(workload: Workload, ports: &[u16]) -> Connections {
    let callers = if workload == Workload::Idle { CONNECTIONS } else { 1 };
    let mut system = System::new();
    for number in 0..callers {
        system = system.node_with(format!("caller-{number}"), Caller::default(), NodeConfig::new());
    }
    let system = system.start().await.expect("the nodes");
    let nodes = system.nodes();
    for node in &nodes {
        for port in ports {
            node.connect(endpoint(*port)).await.expect("a connection");
        }
        if workload == Workload::Idle {
            ServerClient::new(node).request(Message::new(0)).await.expect("an answer");
        }
    }
    Connections { client: ServerClient::new(&nodes[0]), _nodes: nodes }
}

impl Peer for Connections {
    async fn send(&self, stop: Stop) -> u64 {
        let mut sent = 0;
        while !stop.is_over() {
            assert_eq!(self.client.message(Message::new(sent)).await, Ok(1));
            sent += 1;
        }
        sent
    }

    async fn send_large(&self, stop: Stop) -> u64 {
        let (blob, mut sent) = (Blob::new(), 0);
        while !stop.is_over() {
            assert_eq!(self.client.large(blob.clone()).await, Ok(1));
            sent += 1;
        }
        sent
    }

    async fn request(&self, message: Message) -> Message {
        self.client.request(message).await.expect("an answer")
    }

    async fn request_all(&self, message: Message) -> usize {
        let outcomes = self.client.request(message).all().await.expect("nodes to ask");
        outcomes.iter().filter(|outcome| outcome.result.is_ok()).count()
    }
}
