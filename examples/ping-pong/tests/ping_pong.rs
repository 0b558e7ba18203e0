//! The two nodes play, in one system over real TCP.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ping_pong::{Ping, PingClient, Pong, PongClient};
use systemge::System;
use systemge::config::{Endpoint, NodeConfig};

fn listening() -> NodeConfig {
    NodeConfig::new().listen("tcp://127.0.0.1:0".parse::<Endpoint>().expect("an endpoint"))
}

#[tokio::test]
async fn a_ping_is_answered_by_a_pong() {
    let system = System::new()
        .node_with("pong", Pong::default(), listening())
        .node_with("ping", Ping::default(), listening())
        .start()
        .await
        .expect("the nodes start");
    let [pong, ping] = &system.nodes()[..] else { unreachable!("there are two") };
    pong.connect(Endpoint::tcp(ping.addresses()[0])).await.expect("pong dials ping");
    ping.connect(Endpoint::tcp(pong.addresses()[0])).await.expect("ping dials pong");

    let answer = PongClient::new(ping).ping_pong("ping".to_owned()).await;
    assert_eq!(answer.as_deref(), Ok("pong"));

    let counted = async {
        while PingClient::new(pong).pongs().await.expect("ping counts") == 0 {
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(PongClient::new(ping).ping().await, Ok(1));
    tokio::time::timeout(Duration::from_secs(10), counted).await.expect("the pong arrives");
    system.stop().await;
}

#[test]
fn the_configurations_have_no_mistakes() {
    for file in ["systemge.toml", "ping.toml", "pong.toml"] {
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        if let Err(error) = systemge::config::SystemConfig::from_file(path) {
            panic!("{error}");
        }
    }
}

/// A process that runs one of the nodes; killed when the test is over.
struct Process {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Process {
    fn start(config: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ping-pong"))
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines }
    }

    /// Waits for a line that holds a text.
    fn wait_for(&self, text: &str) {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(20)).expect("a line in time");
            if line.contains(text) {
                return;
            }
        }
    }
}

#[cfg(unix)]
impl Process {
    /// Asks the program to end, which it must do in an orderly way.
    fn terminate(mut self) {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(kill.expect("the command `kill`").success());
        let status = self.child.wait().expect("the program ends");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn two_processes_play_and_find_each_other_again() {
    // both listeners are held at once, lest they get the same port
    let held = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    let [ping, pong] = held.map(|listener| listener.local_addr().expect("an address").port());
    let folder = std::env::temp_dir().join(format!("systemge-ping-pong-{ping}-{pong}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let config = |name: &str, own: u16, other: u16| {
        let path = folder.join(format!("{name}.toml"));
        let text = format!(
            "[system]\nrun = [\"{name}\"]\n[nodes.{name}]\nlisten = [\"tcp://127.0.0.1:{own}\"]\n\
             connect = [\"tcp://127.0.0.1:{other}\"]\n[nodes.{name}.dial]\nmax_delay = \"200ms\"\n"
        );
        std::fs::write(&path, text).expect("a file");
        path
    };
    let (ping_config, pong_config) = (config("ping", ping, pong), config("pong", pong, ping));

    let asking = Process::start(&ping_config);
    let answering = Process::start(&pong_config);
    asking.wait_for("was answered `pong`");
    asking.wait_for("got `pong`");
    drop(answering);
    asking.wait_for("no connected node handles `pingPong`");
    let _answering = Process::start(&pong_config);
    asking.wait_for("was answered `pong`");
    asking.wait_for("got `pong`");
    #[cfg(unix)]
    asking.terminate();
    std::fs::remove_dir_all(&folder).expect("the folder can go");
}
