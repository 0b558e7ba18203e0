//! What the tests of the web components share.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{WebAddresses, WebConfig, WebParts};
use crate::application::{Application, Components};
use crate::config::NodeConfig;
use crate::context::{Core, Hold};
use crate::node::{Inner, Program};
use crate::system::Registry;

/// An application without components.
struct Nothing {}

impl Application for Nothing {
    fn __components() -> Components<Self> {
        Components::new()
    }
}

/// The context of no handler in particular.
pub(crate) fn test_core() -> Core {
    let program = Program::new(Nothing {});
    let node = Inner::new("test", NodeConfig::new(), program, &Registry::ended());
    Core {
        node,
        sender: None,
        is_proved: false,
        deadline: None,
        cancellation: None,
        trace: None,
        hold: Hold::Nothing,
    }
}

/// Web components that run until the test stops them.
pub(crate) struct Running {
    pub(crate) addresses: WebAddresses,
    pub(crate) tracker: TaskTracker,
    pub(crate) stop: CancellationToken,
    pub(crate) kill: CancellationToken,
}

impl Running {
    pub(crate) async fn start(config: WebConfig<'_>, parts: WebParts) -> Self {
        let bound = super::bind(config, parts).await.unwrap();
        let running = Self {
            addresses: bound.addresses(),
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            kill: CancellationToken::new(),
        };
        bound.serve(&test_core(), &running.tracker, &running.stop, &running.kill);
        running.tracker.close();
        running
    }

    /// Stops, and waits for all tasks.
    pub(crate) async fn stopped(&self) {
        self.stop.cancel();
        self.tracker.wait().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill.cancel();
    }
}

/// Sends bytes, and returns all that comes back until the other side closes.
pub(crate) async fn exchange(address: SocketAddr, request: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_ref()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// An answer in parts.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find_map(|(found, value)| found.eq_ignore_ascii_case(name).then_some(value))
    }
}

/// Sends a request whose connection closes after it; `more` are further header lines, each with its line end.
pub(crate) async fn request(address: SocketAddr, line: &str, more: &str, body: &str) -> Answer {
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let request =
        format!("{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{length}{more}\r\n{body}");
    Answer::parse(&exchange(address, request).await)
}
