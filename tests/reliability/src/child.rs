//! Other processes: this program once more, as one node that is told to end, or killed.

use std::io::Write as _;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use systemge::config::{Endpoint, NodeConfig};
use systemge::prelude::*;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::held::Held;

/// What makes this program a node.
pub const FLAG: &str = "--node";

/// How long anything may take that another process is expected to do.
const SOON: Duration = Duration::from_secs(20);

/// A node that tells its parent what happens to it.
#[derive(Debug, systemge::Application, Default)]
pub struct Remote {
    /// Whether `on_start` never comes to its end.
    hangs: bool,
    go: tokio::sync::Notify,
}

#[systemge::node]
impl Remote {
    #[on_start]
    async fn start(&self, ctx: &Context) {
        if self.hangs {
            say("starting");
            std::future::pending::<()>().await;
        }
        for address in ctx.node().addresses() {
            say(&format!("listening {address}"));
        }
    }

    #[on_stop]
    async fn stop(&self) {
        say("stopped");
    }

    /// Answered when a message `go` comes.
    #[topic("slow")]
    pub async fn slow(&self) -> u8 {
        say("asked");
        self.go.notified().await;
        7
    }

    /// Answered a while after it was asked, whatever happens meanwhile.
    #[topic("soonAnswered")]
    pub async fn soon_answered(&self) -> u8 {
        say("asked");
        tokio::time::sleep(Duration::from_millis(300)).await;
        8
    }

    /// Lets one `slow` be answered.
    #[topic("go")]
    pub async fn go(&self) {
        self.go.notify_one();
    }

    /// Takes 0 to 19 ms, and answers with what only this number gives.
    #[topic("work")]
    pub async fn work(&self, number: u64) -> u64 {
        tokio::time::sleep(Duration::from_millis(number % 20)).await;
        number.rotate_left(7) ^ 0x5EED
    }

    /// Takes 200 ms, whatever it is given.
    #[topic("sink")]
    pub async fn sink(&self, _load: Vec<u8>) {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    /// Takes no time.
    #[topic("hear")]
    pub async fn hear(&self, _load: Vec<u8>) {}

    /// Which process this is.
    #[topic("pid")]
    pub async fn pid(&self) -> u32 {
        std::process::id()
    }
}

/// A line for the parent; one that is gone has no use for it.
fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

/// The manner of a node whose `on_start` never comes to its end.
const HANGS: &str = "hangs";
/// The manner of a node that lets everybody take as long as they like for a handshake.
const PATIENT: &str = "patient";

/// Runs a node until it is told to end: its name, its endpoint, how long a stop may take, and its manner.
pub fn run(arguments: &[String]) -> ExitCode {
    let [name, endpoint, deadline, manner] = arguments else { return ExitCode::FAILURE };
    let (Ok(endpoint), Ok(deadline)) = (endpoint.parse::<Endpoint>(), deadline.parse()) else {
        return ExitCode::FAILURE;
    };
    let mut config = NodeConfig::new().listen(endpoint);
    config.stop.deadline = Duration::from_millis(deadline);
    if manner == PATIENT {
        config.limits.handshakes = 65_536;
        config.limits.handshakes_per_address = 65_536;
        config.limits.connections = 65_536;
        config.limits.handshake_timeout = Duration::from_secs(3600);
    }
    // refused handshakes are no use to whoever reads the figures
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let remote = Remote { hangs: manner == HANGS, ..Remote::default() };
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() else {
        return ExitCode::FAILURE;
    };
    match runtime.block_on(System::new().node_with(name, remote, config).run()) {
        Ok(()) => {
            say("ended");
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&format!("failed {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Another process with a node `Remote`, killed when it is dropped.
#[derive(Debug)]
pub struct Remotely {
    /// The process.
    pub child: Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

impl Remotely {
    /// Starts it; it listens at `endpoint`. `program` is this crate's binary.
    ///
    /// # Errors
    ///
    /// If the program can't be started.
    pub fn start(program: impl AsRef<Path>, name: &str, endpoint: &Endpoint) -> std::io::Result<Self> {
        Self::with(program.as_ref(), [name, &endpoint.to_string(), "10000", ""])
    }

    /// Starts one whose `on_start` never comes to its end, and whose stop may take 100 ms.
    ///
    /// # Errors
    ///
    /// If the program can't be started.
    pub fn hanging(program: impl AsRef<Path>) -> std::io::Result<Self> {
        Self::with(program.as_ref(), ["remote", "tcp://127.0.0.1:0", "100", HANGS])
    }

    /// Starts one that lets everybody take as long as they like for a handshake, as many as there are.
    ///
    /// # Errors
    ///
    /// If the program can't be started.
    pub fn patient(program: impl AsRef<Path>) -> std::io::Result<Self> {
        Self::with(program.as_ref(), ["remote", "tcp://127.0.0.1:0", "10000", PATIENT])
    }

    /// What the process holds.
    #[must_use]
    pub fn held(&self) -> Held {
        self.child.id().map(Held::of).unwrap_or_default()
    }

    fn with(program: &Path, arguments: [&str; 4]) -> std::io::Result<Self> {
        let mut child = Command::new(program)
            .arg(FLAG)
            .args(arguments)
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
        Ok(Self { child, lines: BufReader::new(output).lines() })
    }

    /// Waits for a line that begins so; returns the rest of it.
    ///
    /// # Errors
    ///
    /// If the process ends first, or says nothing of the kind for 20 s.
    pub async fn says(&mut self, beginning: &str) -> std::io::Result<String> {
        let line = async {
            while let Some(line) = self.lines.next_line().await? {
                if let Some(rest) = line.strip_prefix(beginning) {
                    return Ok(rest.trim().to_owned());
                }
            }
            Err(std::io::ErrorKind::UnexpectedEof.into())
        };
        tokio::time::timeout(SOON, line).await?
    }

    /// Sends it a signal, such as `-TERM`.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub async fn signal(&self, signal: &str) -> std::io::Result<()> {
        let id = self.child.id().ok_or(std::io::ErrorKind::NotFound)?.to_string();
        let status = Command::new("kill").args([signal, &id]).status().await?;
        if status.success() { Ok(()) } else { Err(std::io::ErrorKind::NotFound.into()) }
    }

    /// Ends it, with `kill -9` or by asking it to, and starts it again in the same place.
    ///
    /// # Errors
    ///
    /// If it doesn't end within 20 s, or doesn't listen again.
    pub async fn again(
        &mut self,
        program: &Path,
        name: &str,
        endpoint: &Endpoint,
        kill: bool,
    ) -> std::io::Result<()> {
        if kill {
            self.child.start_kill()?;
        } else {
            self.signal("-TERM").await?;
        }
        tokio::time::timeout(SOON, self.child.wait()).await??;
        *self = Self::start(program, name, endpoint)?;
        self.endpoint().await?;
        Ok(())
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// If it ends before it listens, or takes longer than 20 s.
    pub async fn endpoint(&mut self) -> std::io::Result<Endpoint> {
        let address = self.says("listening").await?.parse().map_err(std::io::Error::other)?;
        Ok(Endpoint::tcp(address))
    }
}
