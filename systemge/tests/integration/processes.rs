//! Two processes: what happens when one of them is killed, or told to end.
//!
//! The other process is this test binary once more: it runs the test that is ignored, which is a program of its own if
//! the environment says so.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use systemge::DialState;
use systemge::client::RequestError;
use systemge::config::{Endpoint, NodeConfig};
use systemge::prelude::*;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::support::{Caller, soon, start, until, with};

const ADDRESS: &str = "SYSTEMGE_TEST_ADDRESS";
const HANGS: &str = "SYSTEMGE_TEST_HANGS";

#[derive(systemge::Application, Default)]
struct Remote {
    go: tokio::sync::Notify,
}

#[systemge::node]
impl Remote {
    #[on_start]
    async fn start(&self, ctx: &Context) {
        if std::env::var_os(HANGS).is_some() {
            say("starting");
            std::future::pending::<()>().await;
        }
        say(&format!("listening {}", ctx.node().addresses()[0]));
    }

    #[on_stop]
    async fn stop(&self) {
        say("stopped");
    }

    #[topic("slow")]
    async fn slow(&self) -> u8 {
        say("asked");
        self.go.notified().await;
        7
    }

    /// Answered a while after it was asked, whatever happens meanwhile.
    #[topic("soonAnswered")]
    async fn soon_answered(&self) -> u8 {
        say("asked");
        tokio::time::sleep(Duration::from_millis(300)).await;
        8
    }

    #[topic("go")]
    async fn go(&self) {
        self.go.notify_one();
    }

    #[topic("pid")]
    async fn pid(&self) -> u32 {
        std::process::id()
    }
}

/// A line for the other process.
fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "\n{line}").and_then(|()| output.flush()).expect("somebody listens");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the other process of the tests of this file"]
async fn remote() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let endpoint = address.parse().expect("an endpoint");
    let config = with(|config| {
        config.listen = vec![endpoint];
        config.stop.deadline = if std::env::var_os(HANGS).is_some() {
            Duration::from_millis(100)
        } else {
            Duration::from_secs(10)
        };
    });
    System::new().node_with("remote", Remote::default(), config).run().await.expect("it runs");
    say("ended");
}

/// A process, and what it says.
struct Process {
    child: Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

impl Process {
    fn start(address: &str, hangs: bool) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this binary"));
        command.args(["--exact", "processes::remote", "--ignored", "--nocapture"]).env(ADDRESS, address);
        if hangs {
            command.env(HANGS, "yes");
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("a process");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, lines }
    }

    /// Waits for a line that begins so; returns the rest of it.
    async fn says(&mut self, beginning: &str) -> String {
        soon(async {
            loop {
                let line = self.lines.next_line().await.expect("text").expect("it says so before it ends");
                if let Some(rest) = line.strip_prefix(beginning) {
                    return rest.trim().to_owned();
                }
            }
        })
        .await
    }

    async fn address(&mut self) -> SocketAddr {
        self.says("listening").await.parse().expect("an address")
    }

    async fn signal(&self, signal: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let status = Command::new("kill").args([signal, &id]).status().await.expect("the command `kill`");
        assert!(status.success());
    }
}

/// A node of this process that dials the other one again soon.
async fn caller(address: SocketAddr) -> (systemge::Running, Node) {
    let config: NodeConfig = with(|config| {
        config.connect.push(Endpoint::tcp(address));
        config.dial.initial_delay = Duration::from_millis(5);
        config.dial.max_delay = Duration::from_millis(20);
    });
    let (system, node) = start("caller", Caller::default(), config).await;
    assert!(node.wait_for_provider("pid", Duration::from_secs(10)).await);
    (system, node)
}

#[tokio::test]
async fn requests_to_a_process_that_is_killed_end_at_once_and_it_is_found_when_it_comes_back() {
    let mut process = Process::start("tcp://127.0.0.1:0", false);
    let address = process.address().await;
    let (system, node) = caller(address).await;
    let client = RemoteClient::new(&node);
    for _ in 0..2 {
        assert_eq!(soon(client.pid()).await, Ok(process.child.id().expect("it runs")));
        let mut open: Vec<_> =
            (0..50).map(|_| client.slow().timeout(Duration::from_secs(600)).stream()).collect();
        process.says("asked").await;
        soon(process.child.kill()).await.expect("it is killed");
        for stream in &mut open {
            let outcome = soon(stream.next()).await.expect("an outcome");
            assert_eq!(outcome.result, Err(RequestError::Disconnected));
        }
        until(|| matches!(node.dialled()[0].1, DialState::Waiting(_) | DialState::Dialling)).await;
        assert_eq!(client.go().await, Ok(0));
        process = Process::start(&format!("tcp://{address}"), false);
        process.address().await;
        assert!(node.wait_for_provider("pid", Duration::from_secs(10)).await);
    }
    assert_eq!(soon(client.pid()).await, Ok(process.child.id().expect("it runs")));
    soon(process.child.kill()).await.expect("it is killed");
    system.stop().await;
}

#[tokio::test]
async fn a_process_that_is_told_to_end_answers_what_is_in_flight() {
    for signal in ["-TERM", "-INT"] {
        let mut process = Process::start("tcp://127.0.0.1:0", false);
        let (system, node) = caller(process.address().await).await;
        let client = RemoteClient::new(&node);
        let mut open = client.soon_answered().stream();
        process.says("asked").await;
        process.signal(signal).await;
        assert_eq!(soon(open.next()).await.expect("an outcome").result, Ok(8));
        process.says("stopped").await;
        process.says("ended").await;
        assert!(soon(process.child.wait()).await.expect("it ends").success());
        system.stop().await;
    }
}

#[tokio::test]
async fn a_second_signal_ends_the_wait_for_what_is_in_flight() {
    let mut process = Process::start("tcp://127.0.0.1:0", false);
    let (system, node) = caller(process.address().await).await;
    let client = RemoteClient::new(&node);
    let mut open = client.slow().timeout(Duration::from_secs(600)).stream();
    process.says("asked").await;
    process.signal("-TERM").await;
    soon(async { while client.pid().await.is_ok() {} }).await;
    process.signal("-TERM").await;
    process.says("ended").await;
    assert!(soon(process.child.wait()).await.expect("it ends").success());
    assert_eq!(soon(open.next()).await.expect("an outcome").result, Err(RequestError::Disconnected));
    system.stop().await;
}

#[tokio::test]
async fn a_process_whose_on_start_hangs_can_be_told_to_end() {
    let mut process = Process::start("tcp://127.0.0.1:0", true);
    process.says("starting").await;
    process.signal("-TERM").await;
    process.says("ended").await;
    assert!(soon(process.child.wait()).await.expect("it ends").success());
}
