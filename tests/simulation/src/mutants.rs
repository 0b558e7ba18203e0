//! Mistakes that somebody might make in the logic that ships, one at a time, to see whether the simulation notices.
//!
//! The shipped code knows nothing of them: each is a replacement of text, applied to a copy of the tree. A copy holds
//! all of them, each behind a switch, so that one build serves for all.

use std::io;
use std::path::Path;

/// A mistake that somebody might make.
#[derive(Debug, Clone, Copy)]
pub struct Mutant {
    /// What is wrong then.
    pub name: &'static str,
    /// The file, within `systemge/src`.
    pub file: &'static str,
    /// Statements or an expression that stand in it exactly once.
    pub from: &'static str,
    /// What stands there instead.
    pub to: &'static str,
}

/// The environment variable that switches a mutant on, by its place in [`MUTANTS`].
pub const SWITCH: &str = "SYSTEMGE_MUTANT";

/// All mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a stale connection is not replaced",
        file: "node/incoming.rs",
        from: "!matches!(tokio::time::timeout(limit, sign_of_life).await, Ok(Ok(())))",
        to: "let _ = tokio::time::timeout(limit, sign_of_life).await; false",
    },
    Mutant {
        name: "a response is accepted twice",
        file: "connection/dialled.rs",
        from: "waiting.complete(RawOutcome::Response { status, encoding, payload })",
        to: "waiting.complete(RawOutcome::Response { status, encoding, payload });
             waiting.complete(RawOutcome::Response { status, encoding, payload })",
    },
    Mutant {
        name: "a late response is taken for that of another request",
        file: "protocol/pending.rs",
        from: "place.generation != (token >> 32) as u32",
        to: "false",
    },
    Mutant {
        name: "the outcome of a lost peer is forgotten",
        file: "connection/outbox/mod.rs",
        from: "lost.push(waiting);",
        to: "drop(waiting);",
    },
    Mutant {
        name: "the backoff is reset too early",
        file: "connection/dial.rs",
        from: "held.is_some_and(|held| held >= config.initial_delay)",
        to: "held.is_some()",
    },
    Mutant {
        name: "a withdrawn topic is still used",
        file: "connection/dialled.rs",
        from: "peer.withdraw(&topics);",
        to: "drop(topics);",
    },
    Mutant {
        name: "changes of the announcement are not told",
        file: "node/incoming.rs",
        from: "outbox.tell(&frame);",
        to: "",
    },
    Mutant {
        name: "a goodbye does not count as an answer",
        file: "connection/outbox/mod.rs",
        from: "RawOutcome::Stopped",
        to: "RawOutcome::Disconnected { unsent: false }",
    },
    Mutant {
        name: "the bound of a queue is ignored",
        file: "connection/outbox/mod.rs",
        from: "self.has_room(capacity)",
        to: "true",
    },
    Mutant {
        name: "what may have been handled is asked again after the connection is lost",
        file: "client/exchange.rs",
        from: "(Err(RequestError::Disconnected), unsent)",
        to: "(Err(RequestError::Disconnected), true)",
    },
    Mutant {
        name: "the order of sequential handling is broken",
        file: "connection/accepted.rs",
        from: "if !self.running.is_empty() {
            return Poll::Pending;
        }",
        to: "",
    },
    Mutant {
        name: "a turn is never given back",
        file: "connection/accepted.rs",
        from: "self.turn = None;",
        to: "",
    },
    Mutant {
        name: "the deadline of a request is not applied",
        file: "protocol/pending.rs",
        from: "self.tick_after(deadline).max(self.swept)",
        to: "self.tick_after(deadline).max(self.swept) + 100_000",
    },
    Mutant {
        name: "a silent peer is never taken for gone",
        file: "protocol/session.rs",
        from: "Err(Violation::Silent(self.liveness.timeout()))",
        to: "Ok(now + self.settings.keepalive_timeout)",
    },
    Mutant {
        name: "a ping is not answered",
        file: "protocol/session.rs",
        from: "Frame::Pong(nonce).write(out);",
        to: "",
    },
    Mutant {
        name: "senders that wait for room are not woken",
        file: "connection/outbox/mod.rs",
        from: "state.full_since = None;
            state.wake_senders();",
        to: "state.full_since = None;",
    },
];

/// Puts all mutants into the copy of the library at `systemge`, each behind its switch.
///
/// # Errors
///
/// If a file can't be read or written, or if a mutant's place isn't there exactly once: somebody has changed the code,
/// and the table has to follow.
pub fn inject(systemge: &Path) -> io::Result<()> {
    for (place, Mutant { name, file, from, to }) in MUTANTS.iter().enumerate() {
        let path = systemge.join("src").join(file);
        let text = std::fs::read_to_string(&path)?;
        let found = text.matches(from).count();
        if found != 1 {
            return Err(io::Error::other(format!(
                "the mutant `{name}` has {found} places in {file}: the table in tests/simulation/src/mutants.rs has \
                 to follow the code"
            )));
        }
        let both = format!("{{ if crate::mutant({place}) {{ {to} }} else {{ {from} }} }}");
        std::fs::write(&path, text.replace(from, &both))?;
    }
    let path = systemge.join("src/lib.rs");
    let mut text = std::fs::read_to_string(&path)?;
    text.push_str(&format!(
        "
/// Whether a mutant is switched on.
fn mutant(place: usize) -> bool {{
    static WHICH: std::sync::OnceLock<Option<usize>> = std::sync::OnceLock::new();
    *WHICH.get_or_init(|| std::env::var({SWITCH:?}).ok()?.parse().ok()) == Some(place)
}}
"
    ));
    std::fs::write(&path, text)
}

/// Copies a folder, but for what was built in it.
///
/// # Errors
///
/// If something can't be read or written.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            if entry.file_name() != "target" {
                copy(&source, &target)?;
            }
        } else {
            std::fs::copy(&source, &target)?;
        }
    }
    Ok(())
}
