//! Log lines that strangers can cause.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lets one log line of a kind pass in a while, so that strangers can't fill a log. What is left out is counted.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    left_out: u64,
}

/// How long it is quiet after a line.
const PAUSE: Duration = Duration::from_secs(1);

impl Quiet {
    /// Whether a line may be written now; if so, how many were left out since the last.
    pub(crate) fn pass(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last.is_some_and(|last| now.saturating_duration_since(last) < PAUSE) {
            state.left_out += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_in_a_while_passes_and_says_what_was_left_out() {
        let quiet = Quiet::default();
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        assert_eq!(quiet.pass(at(0)), Some(0));
        assert_eq!(quiet.pass(at(10)), None);
        assert_eq!(quiet.pass(at(999)), None);
        assert_eq!(quiet.pass(at(1000)), Some(2));
        assert_eq!(quiet.pass(at(5000)), Some(0));
    }
}
