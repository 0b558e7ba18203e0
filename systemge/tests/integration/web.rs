//! The web components of annotated applications, over real sockets.

use std::net::SocketAddr;
use std::sync::Mutex;

use futures_util::{SinkExt as _, StreamExt as _};
use systemge::config::{HttpConfig, NodeConfig, WebSocketConfig};
use systemge::http::HttpError;
use systemge::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{soon, start, until};

#[systemge::payload]
#[derive(Debug, Clone, PartialEq)]
struct Cell {
    row: u32,
    alive: bool,
}

#[derive(systemge::Application, Default)]
struct Board {
    cells: Mutex<Vec<Cell>>,
    clients: Mutex<Vec<String>>,
}

#[systemge::http(folder("/files", concat!(env!("CARGO_MANIFEST_DIR"), "/src/config")))]
impl Board {
    #[get("/cells")]
    async fn cells(&self) -> Json<Vec<Cell>> {
        Json(self.cells.lock().expect("no panic").clone())
    }

    #[post("/cells/{row}")]
    async fn put(&self, row: u32, body: Json<bool>, ctx: &Context) -> Result<StatusCode, HttpError> {
        if row > 9 {
            return Err(HttpError::not_found(format!("there is no row {row} on {}", ctx.node_name())));
        }
        self.cells.lock().expect("no panic").push(Cell { row, alive: body.0 });
        Ok(StatusCode::CREATED)
    }

    #[get("/broken")]
    async fn broken(&self) -> String {
        panic!("secret inside")
    }
}

#[systemge::websocket]
impl Board {
    #[push("hello")]
    fn hello(cells: &[Cell]);

    #[push("cell")]
    fn cell_changed(cell: &Cell);

    #[push("clients")]
    fn told(count: usize);

    #[on_connect]
    async fn joined(&self, client: &WsClient, ctx: &Context<Self>) {
        self.clients.lock().expect("no panic").push(client.id().to_string());
        ctx.websocket().hello(&self.cells.lock().expect("no panic")).to(client);
    }

    #[topic("cell")]
    async fn cell(&self, cell: Cell, ctx: &Context) -> Result<(), String> {
        if cell.row > 9 {
            return Err(format!("there is no row {}", cell.row));
        }
        ctx.websocket().cell_changed(&cell).to_all();
        Ok(())
    }

    #[on_disconnect]
    async fn left(&self, client: &WsClient) {
        self.clients.lock().expect("no panic").retain(|id| *id != client.id().to_string());
    }

    #[topic("clients")]
    async fn clients(&self, client: &WsClient, ctx: &Context) {
        let count = self.clients.lock().expect("no panic").len();
        ctx.websocket().told(count).to(client);
    }
}

fn config() -> NodeConfig {
    let mut http = HttpConfig::default();
    http.listen = ([127, 0, 0, 1], 0).into();
    // without a listener of its own: the two share one
    NodeConfig::new().http(http).websocket(WebSocketConfig::default())
}

/// One request on a connection of its own; returns the status and the whole answer.
async fn ask(address: SocketAddr, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.expect("somebody listens");
    stream.write_all(request.replace('\n', "\r\n").as_bytes()).await.expect("it is read");
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.expect("a text");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer)
}

async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    ask(address, &format!("GET {path} HTTP/1.1\nHost: localhost\nConnection: close\n\n")).await
}

async fn post(address: SocketAddr, path: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\nHost: localhost\nConnection: close\nContent-Type: application/json\n");
    ask(address, &format!("{head}Content-Length: {length}\n\n{body}")).await
}

#[tokio::test]
async fn routes_are_typed_and_mistakes_are_answered() {
    let (system, node) = start("board", Board::default(), config()).await;
    let address = node.http_address().expect("the component listens");
    assert_eq!(post(address, "/cells/3", "true").await.0, 201);
    let (status, answer) = get(address, "/cells").await;
    assert_eq!(status, 200);
    assert!(answer.ends_with(r#"[{"row":3,"alive":true}]"#), "{answer}");
    for (status, part, (got, answer)) in [
        (404, "there is no row 10 on board", post(address, "/cells/10", "true").await),
        (400, "row", post(address, "/cells/three", "true").await),
        (400, "body", post(address, "/cells/3", "maybe").await),
        (405, "allow: ", get(address, "/cells/3").await),
        (404, "Not Found", get(address, "/nothing").await),
        (200, "//! Configuration", get(address, "/files/mod.rs").await),
        (404, "Not Found", get(address, "/files/../lib.rs").await),
        (404, "Not Found", get(address, "/files/%2e%2e/lib.rs").await),
    ] {
        assert_eq!(got, status, "{answer}");
        assert!(answer.contains(part), "{answer}");
    }
    let (status, answer) = get(address, "/broken").await;
    assert_eq!(status, 500);
    assert!(answer.contains("application/problem+json") && !answer.contains("secret"), "{answer}");
    system.stop().await;
    assert!(TcpStream::connect(address).await.is_err(), "the listener is closed");
}

#[tokio::test]
async fn browsers_share_the_listener_of_the_pages() {
    let (system, node) = start("board", Board::default(), config()).await;
    let address = node.websocket_address().expect("the component listens");
    assert_eq!(node.http_address(), Some(address));
    let open = async || {
        let stream = TcpStream::connect(address).await.expect("somebody listens");
        let url = format!("ws://{address}/ws");
        let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.expect("a socket");
        let hello = soon(socket.next()).await.expect("open").expect("a frame");
        assert_eq!(hello.to_text().expect("a text"), r#"{"topic":"hello","payload":"[]"}"#);
        socket
    };
    let (mut first, mut second) = (open().await, open().await);
    let send = |text: &'static str| Message::text(text);
    first.send(send(r#"{"topic":"cell","payload":"{\"row\":4,\"alive\":false}"}"#)).await.expect("open");
    for socket in [&mut first, &mut second] {
        let frame = soon(socket.next()).await.expect("open").expect("a frame");
        let expected = r#"{"topic":"cell","payload":"{\"row\":4,\"alive\":false}"}"#;
        assert_eq!(frame.to_text().expect("a text"), expected);
    }
    first.send(send(r#"{"topic":"cell","payload":{"row":44,"alive":false}}"#)).await.expect("open");
    let frame = soon(first.next()).await.expect("open").expect("a frame");
    assert_eq!(
        frame.to_text().expect("a text"),
        r#"{"topic":"error","payload":"`cell`: there is no row 44"}"#
    );
    drop(second);
    until(|| node.context().websocket().clients().len() == 1).await;
    first.send(send(r#"{"topic":"clients"}"#)).await.expect("open");
    let frame = soon(first.next()).await.expect("open").expect("a frame");
    assert_eq!(frame.to_text().expect("a text"), r#"{"topic":"clients","payload":"1"}"#);

    let stopping = tokio::spawn(async move { system.stop().await });
    let Message::Close(Some(close)) = soon(first.next()).await.expect("open").expect("a frame") else {
        panic!("a close frame is expected")
    };
    assert_eq!(u16::from(close.code), 1001);
    drop(first);
    soon(stopping).await.expect("it stops");
}
