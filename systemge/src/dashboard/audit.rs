//! Who did what, when, and how it went: kept in memory, and written to the log.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;

use super::auth::Role;
use super::now_ms;

/// Who asks for something.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Who {
    pub(super) role: Role,
    pub(super) address: SocketAddr,
}

/// How an action went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Running,
    Done,
    Failed,
    /// It was not even tried: who asked may not.
    Refused,
}

/// One action.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Entry {
    pub(super) id: u64,
    /// Milliseconds since 1970.
    pub(super) time: u64,
    #[serde(flatten)]
    pub(super) who: Who,
    /// What was done: `start`, `command` and so on.
    pub(super) action: &'static str,
    /// To which node; empty for what concerns none.
    pub(super) node: String,
    /// With what: a command and its arguments, an endpoint, a setting.
    pub(super) detail: String,
    pub(super) outcome: Outcome,
    /// What came of it, or why it failed.
    pub(super) result: String,
    /// Milliseconds that it took so far.
    pub(super) took: u64,
    #[serde(skip)]
    began: Option<Instant>,
}

/// The last actions.
#[derive(Default)]
pub(super) struct Audit(Mutex<Log>);

#[derive(Default)]
struct Log {
    entries: VecDeque<Entry>,
    /// How often it has changed.
    version: u64,
    last: u64,
}

impl Audit {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An action begins; returns its number.
    pub(super) fn begin(&self, who: Who, action: &'static str, node: &str, detail: &str) -> u64 {
        self.add(who, action, node, detail, Outcome::Running, "")
    }

    /// Somebody wanted what they may not.
    pub(super) fn refused(&self, who: Who, action: &'static str, node: &str, why: &str) {
        self.add(who, action, node, "", Outcome::Refused, why);
    }

    fn add(
        &self,
        who: Who,
        action: &'static str,
        node: &str,
        detail: &str,
        outcome: Outcome,
        why: &str,
    ) -> u64 {
        let mut log = self.log();
        log.last += 1;
        log.version += 1;
        let id = log.last;
        if log.entries.len() >= KEPT {
            log.entries.pop_front();
        }
        log.entries.push_back(Entry {
            id,
            time: now_ms(),
            who,
            action,
            node: cut(node, LONGEST_DETAIL),
            detail: cut(detail, LONGEST_DETAIL),
            outcome,
            result: cut(why, LONGEST_RESULT),
            took: 0,
            began: Some(Instant::now()),
        });
        drop(log);
        // `?` escapes what a client has sent
        tracing::info!(
            target: "systemge::audit",
            id, who = %who.address, role = ?who.role, action, node = ?cut(node, 128), detail = ?cut(detail, 512), outcome = ?outcome,
            "dashboard"
        );
        id
    }

    /// An action is over; returns it as it is now known.
    pub(super) fn end(&self, id: u64, result: Result<String, String>) -> Option<Entry> {
        let (outcome, text) = match result {
            Ok(text) => (Outcome::Done, text),
            Err(text) => (Outcome::Failed, text),
        };
        let mut log = self.log();
        log.version += 1;
        let entry = log.entries.iter_mut().find(|entry| entry.id == id)?;
        entry.outcome = outcome;
        entry.result = cut(&text, LONGEST_RESULT);
        entry.took = entry.began.map_or(0, |began| began.elapsed().as_millis() as u64);
        let entry = entry.clone();
        drop(log);
        tracing::info!(
            target: "systemge::audit",
            id, who = %entry.who.address, role = ?entry.who.role, action = entry.action, node = ?entry.node, outcome = ?outcome,
            result = ?cut(&text, 512), milliseconds = entry.took, "dashboard"
        );
        Some(entry)
    }

    /// The action of that number, if it is not forgotten yet.
    pub(super) fn entry(&self, id: u64) -> Option<Entry> {
        self.log().entries.iter().find(|entry| entry.id == id).cloned()
    }

    /// The last actions, the newest first.
    pub(super) fn entries(&self, node: Option<&str>, most: usize) -> Vec<Entry> {
        let log = self.log();
        let wanted = |entry: &&Entry| node.is_none_or(|node| entry.node == node);
        log.entries.iter().rev().filter(wanted).take(most).cloned().collect()
    }

    /// Changes whenever an entry does.
    pub(super) fn version(&self) -> u64 {
        self.log().version
    }
}

/// The beginning of a text, at most so many bytes.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// How many actions are kept.
pub(super) const KEPT: usize = 1000;
const LONGEST_DETAIL: usize = 2 * 1024;
/// The longest result of an action that is kept and shown, in bytes.
pub(super) const LONGEST_RESULT: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn who() -> Who {
        Who { role: Role::Operator, address: ([127, 0, 0, 1], 1).into() }
    }

    #[test]
    fn the_log_keeps_the_last_actions_and_no_more() {
        let audit = Audit::default();
        for index in 0..KEPT as u64 + 10 {
            let id = audit.begin(who(), "start", &format!("node-{index}"), "");
            assert_eq!(id, index + 1);
        }
        let entries = audit.entries(None, usize::MAX);
        assert_eq!(entries.len(), KEPT);
        assert_eq!(entries[0].node, format!("node-{}", KEPT + 9));
        assert!(audit.end(1, Ok(String::new())).is_none(), "the first is forgotten");
        assert_eq!(audit.entries(Some("node-500"), 10).len(), 1);
    }

    #[test]
    fn an_action_has_a_result_of_a_bounded_length() {
        let audit = Audit::default();
        let id = audit.begin(who(), "command", "a", &"ä".repeat(LONGEST_DETAIL));
        let before = audit.version();
        let entry = audit.end(id, Err("ä".repeat(LONGEST_RESULT))).unwrap();
        assert_eq!(entry.outcome, Outcome::Failed);
        assert!(entry.result.len() <= LONGEST_RESULT + 3 && entry.detail.len() <= LONGEST_DETAIL + 3);
        assert!(audit.version() > before);
    }
}
