//! Walks the paths of a message, so that their instructions can be counted; see `instructions.rs`.
//!
//! `paths PATH COUNT` runs so many messages or requests between two nodes of one process, on one thread, through a
//! connection within memory.

use systemge::config::{Endpoint, NodeConfig};
use systemge::{Node, System};

/// 65 bytes in postcard.
#[systemge::payload]
#[derive(Debug, Clone, PartialEq, Eq)]
struct Message {
    id: u64,
    x: u32,
    y: u32,
    text: String,
}

/// The same without an allocation.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Point {
    id: u64,
    x: u32,
    y: u32,
}

#[derive(systemge::Application, Default)]
struct Server {}

#[systemge::node]
impl Server {
    #[topic("point")]
    async fn point(&self, point: Point) {
        std::hint::black_box(point);
    }

    #[topic("message")]
    async fn message(&self, message: Message) {
        std::hint::black_box(message);
    }

    #[topic("request")]
    async fn request(&self, message: Message) -> Message {
        message
    }
}

#[derive(systemge::Application, Default)]
struct Caller {}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, count] = arguments.as_slice() else { panic!("paths PATH COUNT") };
    let count: u64 = count.parse().expect("a count");
    let endpoint: Endpoint = "mem://server".parse().expect("an endpoint");
    let system = System::new()
        .node_with("server", Server::default(), NodeConfig::new().listen(endpoint.clone()))
        .node_with("caller", Caller::default(), NodeConfig::new())
        .start()
        .await
        .expect("two nodes");
    let caller: &Node = &system.nodes()[1];
    caller.connect(endpoint).await.expect("a connection");
    let client = ServerClient::new(caller);
    let text = "forty-four letters that stand for some text.";
    let message = |id| Message { id: 1 << 63 | id, x: 0xDEAD_BEEF, y: 0xCAFE_F00D, text: text.to_owned() };
    match path.as_str() {
        "point" => {
            for id in 0..count {
                let point = Point { id: 1 << 63 | id, x: 0xDEAD_BEEF, y: 0xCAFE_F00D };
                assert_eq!(client.point(point).await, Ok(1));
            }
            client.request(message(0)).await.expect("an answer");
        }
        "message" => {
            for id in 0..count {
                assert_eq!(client.message(message(id)).await, Ok(1));
            }
            client.request(message(0)).await.expect("an answer");
        }
        "request" => {
            for id in 0..count {
                client.request(message(id)).await.expect("an answer");
            }
        }
        "requests" => {
            let client = &client;
            let batch = 256;
            for batch_number in 0..count / batch {
                let requests = (0..batch).map(|id| client.request(message(batch_number * batch + id)));
                let requests = requests.map(std::future::IntoFuture::into_future);
                for answer in futures_util::future::join_all(requests).await {
                    answer.expect("an answer");
                }
            }
        }
        other => panic!("there is no path `{other}`"),
    }
}
