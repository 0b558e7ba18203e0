//! The command line of the whole program: at a terminal, and through a pipe.
#![cfg(unix)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::pty::{OpenptyResult, openpty};
use nix::sys::termios::{LocalFlags, tcgetattr};

const SOON: Duration = Duration::from_secs(30);

/// The game on any free ports, without a dashboard.
fn config(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("{name}.toml"));
    let text = "[nodes.life]\nlisten = [\"mem://life\"]\nconnect = [\"mem://gateway\"]\n\
                [nodes.gateway]\nlisten = [\"mem://gateway\"]\nconnect = [\"mem://life\"]\n\
                http = { listen = \"127.0.0.1:0\" }\nwebsocket = { path = \"/ws\" }\n";
    fs::write(&path, text).expect("a folder for tests");
    path
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // it has ended already, if all went well
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ended(child: &mut Child) {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            assert!(status.success(), "{status}");
            return;
        }
        assert!(begun.elapsed() < SOON, "the program does not end");
        // the standard library can't wait for the end of a child with a time limit
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What comes out of the terminal, as it comes.
struct Screen {
    chunks: Receiver<String>,
    seen: String,
}

impl Screen {
    /// Waits for a text after what was waited for before; returns what came until then, and with it.
    fn until(&mut self, text: &str) -> String {
        let end = Instant::now() + SOON;
        loop {
            if let Some(place) = self.seen.find(text) {
                return self.seen.drain(..place + text.len()).collect();
            }
            match self.chunks.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(chunk) => self.seen += &chunk,
                Err(_) => panic!("no {text:?} in {:?}", self.seen),
            }
        }
    }
}

#[test]
fn a_person_types_with_completion_and_history_and_log_lines_stay_out_of_the_way() {
    let OpenptyResult { master, slave } = openpty(None, None).expect("a terminal");
    let before = tcgetattr(&slave).expect("it is one");
    let stdio = || Stdio::from(slave.try_clone().expect("a handle"));
    let child = Command::new(env!("CARGO_BIN_EXE_game-of-life"))
        .arg(config("terminal"))
        .env("TERM", "xterm")
        .env("NO_COLOR", "1")
        .env_remove("RUST_LOG")
        .stdin(stdio())
        .stdout(stdio())
        .stderr(stdio())
        .spawn()
        .expect("the program");
    let mut child = Killed(child);
    let mut keys = fs::File::from(master);
    let (sender, chunks) = channel();
    let mut output = keys.try_clone().expect("a handle");
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut bytes) {
            if sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned()).is_err() {
                return;
            }
        }
    });
    let mut screen = Screen { chunks, seen: String::new() };
    let mut press = |text: &str| keys.write_all(text.as_bytes()).expect("it reads");

    screen.until("> ");
    // both nodes have found each other
    screen.until(": connected node=life");
    press("@li\t");
    screen.until("@life ");
    press("rand\t");
    screen.until("randomize ");
    press("100\r");
    screen.until("> ");
    press("@life peers\r");
    screen.until("mem://gateway  connected to gateway");
    screen.until("> ");

    // a log line comes while somebody types: it stands above, and what was typed is shown again
    press("every 100ms @life nothing\r");
    screen.until("every 100ms  @life nothing");
    screen.until("> ");
    press("node");
    screen.until("a scheduled line failed");
    screen.until("> node");
    press("s\r");
    screen.until("gateway  running");
    press("every stop *\r");
    screen.until("no longer");
    screen.until("> ");

    // the line before the last, again
    press("\u{1b}[A\u{1b}[A\r");
    screen.until("life     running");
    screen.until("> ");
    assert!(!tcgetattr(&slave).expect("a terminal").local_flags.contains(LocalFlags::ICANON));
    press("exit\r");
    ended(&mut child.0);
    // the shell gets its terminal back as it was
    assert_eq!(tcgetattr(&slave).expect("a terminal").local_flags, before.local_flags);
}

#[test]
fn a_terminal_is_given_back_by_a_signal_too() {
    let OpenptyResult { master, slave } = openpty(None, None).expect("a terminal");
    let before = tcgetattr(&slave).expect("it is one");
    let stdio = || Stdio::from(slave.try_clone().expect("a handle"));
    let child = Command::new(env!("CARGO_BIN_EXE_game-of-life"))
        .arg(config("signal"))
        .env("TERM", "xterm")
        .stdin(stdio())
        .stdout(stdio())
        .stderr(stdio())
        .spawn()
        .expect("the program");
    let mut child = Killed(child);
    let mut output = fs::File::from(master);
    let (sender, chunks) = channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut bytes) {
            if sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned()).is_err() {
                return;
            }
        }
    });
    let mut screen = Screen { chunks, seen: String::new() };
    screen.until("> ");
    let kill = Command::new("kill").args(["-TERM", &child.0.id().to_string()]).status().expect("kill");
    assert!(kill.success());
    ended(&mut child.0);
    assert_eq!(tcgetattr(&slave).expect("a terminal").local_flags, before.local_flags);
}

#[test]
fn a_script_gets_one_answer_for_each_line() {
    let child = Command::new(env!("CARGO_BIN_EXE_game-of-life"))
        .arg(config("script"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program");
    let mut child = Killed(child);
    let lines = "@life,@gateway peerz\n@life topics x\n\n!stop\nexit\n";
    child.0.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("it reads");
    let mut answers = String::new();
    child.0.stdout.take().expect("a pipe").read_to_string(&mut answers).expect("text");
    assert_eq!(
        answers,
        "life: there is no command `peerz`; did you mean `peers`?; `help` lists what there is\n\
         gateway: there is no command `peerz`; did you mean `peers`?; `help` lists what there is\n\
         `x` is one argument too many; usage: topics\n\
         gateway: stopped\nlife: stopped\nstopping\n"
    );
    ended(&mut child.0);
}
