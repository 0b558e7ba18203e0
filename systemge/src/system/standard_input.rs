//! Lines from standard input.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

use tokio::sync::mpsc;

use super::Running;
use super::command_line::execute;

/// The longest line that is read from standard input, in bytes.
pub(super) const LONGEST_LINE: u64 = 64 * 1024;

/// Reads commands from standard input until it ends or the system does. The end of input ends only the reading: a
/// service has no standard input, and runs nevertheless. At a terminal, where a person ends it, it ends the system.
pub(super) async fn read_commands(system: Running) {
    let interactive = std::io::stdin().is_terminal();
    if interactive && std::io::stdout().is_terminal() && super::terminal::read_commands(&system).await {
        return;
    }
    let mut lines = lines();
    loop {
        if interactive {
            write("> ");
        }
        let line = tokio::select! {
            () = system.finished() => return,
            line = lines.recv() => line,
        };
        let Some(line) = line else { return };
        show(&answer(&system, &line).await);
    }
}

/// What there is to show for a line.
pub(super) async fn answer(system: &Running, line: &str) -> String {
    tokio::select! {
        // the answer to `exit` is shown, too
        biased;
        answer = execute(system, line) => answer.unwrap_or_else(|error| crate::error::chain(&error)),
        // a line that doesn't end must not keep the system from ending
        () = system.finished() => "the system ends before the line was carried out".to_owned(),
    }
}

/// The lines of standard input, read by a thread of its own.
///
/// The thread belongs to nobody on purpose: a read can't be interrupted, and neither the runtime nor the end of the
/// program must wait for it. It ends with the program, with the input, or with the receiver.
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

/// Shows an answer; nothing, if there is none.
pub(super) fn show(answer: &str) {
    if !answer.is_empty() {
        write(&format!("{}\n", answer.trim_end_matches('\n')));
    }
}

/// Writes to standard output; nobody reads it, if that fails.
fn write(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}
