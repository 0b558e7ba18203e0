//! Lines from standard input.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

use tokio::sync::mpsc;

use super::Running;
use super::command_line::{LONGEST_LINE, execute};

/// Reads commands from standard input until it ends or the system does. The end of input ends only the reading: a
/// service has no standard input, and runs nevertheless.
pub(super) async fn read_commands(system: Running) {
    let interactive = std::io::stdin().is_terminal();
    let mut lines = lines();
    loop {
        if interactive {
            show("> ");
        }
        let line = tokio::select! {
            () = system.finished() => return,
            line = lines.recv() => line,
        };
        let Some(line) = line else { return };
        let answer = match execute(&system, &line).await {
            Ok(answer) => answer,
            Err(error) => crate::error::chain(&error),
        };
        if !answer.is_empty() {
            show(&format!("{answer}\n"));
        }
    }
}

/// The lines of standard input, read by a thread of its own.
///
/// The thread belongs to nobody on purpose: a read from a terminal can't be interrupted, and neither the runtime nor
/// the end of the program must wait for it. It ends with the program, with the input, or with the receiver.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        loop {
            let mut line = Vec::new();
            match input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "standard input can't be read");
                    return;
                }
            }
            let line = String::from_utf8_lossy(&line).into_owned();
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Writes to standard output; nobody reads it, if that fails.
fn show(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}
