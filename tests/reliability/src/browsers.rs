//! Thousands of browsers, and pushes to all of them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reliability::figures::{Figures, Scale};
use reliability::held::Held;
use systemge::Error;
use systemge::config::{NodeConfig, WebSocketConfig};
use systemge::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const CLAIM: &str = "5,000 WebSocket clients cost less than 48 KiB of memory each, the sockets of the clients \
                                in the same process included, and every push to all of them reaches every one.";

/// The node whose clients they are.
#[derive(Debug, systemge::Application, Default)]
struct Gateway {}

#[systemge::websocket]
impl Gateway {
    #[push("news")]
    fn news(text: &str);
}

/// How many bytes of text a push has.
const TEXT_BYTES: usize = 1000;
/// How many file descriptors the process needs beside two for each client.
const SPARE: usize = 200;
/// How long anything may take that is expected to happen.
const SOON: Duration = Duration::from_secs(30);

pub(crate) async fn run(scale: Scale, figures: &mut Figures) {
    if let Err(error) = broadcast(scale.pick(500, 5_000), scale.pick(5, 20), figures).await {
        figures.check("the proof", error, "runs", false);
    }
}

async fn broadcast(count: usize, pushes: usize, figures: &mut Figures) -> Result<()> {
    let needed = 2 * count + SPARE;
    let limit = rlimit::increase_nofile_limit(u64::MAX)?;
    if limit < needed as u64 {
        return Err(Error::message(format!("this needs {needed} file descriptors, not {limit}")));
    }
    let mut websocket = WebSocketConfig::default();
    websocket.listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let config = NodeConfig::new().websocket(websocket);
    let running = System::new().node_with("gateway", Gateway::default(), config).start().await?;
    let node = running.nodes().first().cloned().ok_or_else(|| Error::message("no such node"))?;
    let address = node.websocket_address().ok_or_else(|| Error::message("it does not listen"))?;
    let before = Held::now();
    let mut clients = Vec::with_capacity(count);
    for _ in 0..count {
        clients.push(open(address).await?);
    }
    while node.websocket().client_count() < count {
        tokio::task::yield_now().await;
    }
    let idle = Held::now();
    let text = "a".repeat(TEXT_BYTES);
    let mut times = Vec::new();
    let (mut reached, mut read) = (0, 0);
    for _ in 0..pushes {
        let began = Instant::now();
        reached += node.websocket().news(&text).to_all();
        for client in &mut clients {
            tokio::time::timeout(SOON, frame(client, TEXT_BYTES)).await.map_err(|_| Error::message("late"))??;
            read += 1;
        }
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let after = Held::now();
    let expected = count * pushes;
    // a client may have read a message before its connection's task comes to count it
    let counted = async {
        while node.websocket().counters().sent < expected as u64 {
            tokio::task::yield_now().await;
        }
    };
    // what is still missing then is seen in the figure
    let _ = tokio::time::timeout(SOON, counted).await;
    let counters = node.websocket().counters();
    figures.check("messages queued", reached, expected, reached == expected);
    figures.check("messages read", read, expected, read == expected);
    figures.check("messages counted as sent", counters.sent, expected, counters.sent == expected as u64);
    figures.check("dropped", counters.dropped + counters.overflows, 0, counters.dropped + counters.overflows == 0);
    let each = |held: Held| held.memory.saturating_sub(before.memory) as f64 / count as f64;
    figures.note("memory of a client that is idle", format!("{:.1} KiB", each(idle)));
    let most = each(after);
    figures.check("memory of a client after the pushes", format!("{most:.1} KiB"), "48 KiB", most < 48.0);
    figures.note("a push is read by all after (median)", format!("{:?}", times[times.len() / 2]));
    drop(clients);
    running.stop().await;
    Ok(())
}

/// A client that is connected.
async fn open(address: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!(
        "GET /ws HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(tokio::time::timeout(SOON, stream.read_u8()).await.map_err(|_| Error::message("no answer"))??);
    }
    if answer.starts_with(b"HTTP/1.1 101") { Ok(stream) } else { Err(Error::message("no WebSocket is opened")) }
}

/// Reads a frame whose payload has that text in it (RFC 6455, 5.2).
async fn frame(stream: &mut TcpStream, text: usize) -> Result<()> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    if head[0] != 0x81 || head[1] != 126 || length < text {
        return Err(Error::message(format!("no frame of a push: {head:?}")));
    }
    let mut payload = [0; 2 * TEXT_BYTES];
    stream.read_exact(&mut payload[..length]).await?;
    Ok(())
}
