//! How a call ended, as layers see it.

use std::time::Duration;

use crate::node::Completion;

/// How a call ended; only [`Next`](super::Next) makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a layer returns how the call ended"]
pub struct Outcome {
    kind: OutcomeKind,
    reason: Option<String>,
    took: Duration,
}

/// In which way a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutcomeKind {
    /// The handler came to its end without an error.
    Success,
    /// The handler returned an error.
    Failed,
    /// The handler panicked.
    Panicked,
    /// The handler took longer than its own `timeout`.
    TimedOut,
    /// The payload did not decode.
    Undecodable,
    /// The response could not be written, or is larger than the caller accepts.
    Unencodable,
    /// A layer further in refused the call.
    Refused,
}

impl OutcomeKind {
    /// The word that stands in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed_out",
            Self::Undecodable => "undecodable",
            Self::Unencodable => "unencodable",
            Self::Refused => "refused",
        }
    }
}

impl Outcome {
    pub(crate) fn new(completion: &Completion, took: Duration) -> Self {
        let (kind, reason) = match completion {
            Completion::Done => (OutcomeKind::Success, None),
            Completion::Failed(error) => (OutcomeKind::Failed, error.clone()),
            Completion::Panicked(panic) => (OutcomeKind::Panicked, Some(panic.clone())),
            // a call that is ended from without has no layers any more
            Completion::TimedOut(_) | Completion::Ended => (OutcomeKind::TimedOut, None),
            Completion::Undecodable(why) => (OutcomeKind::Undecodable, Some(why.clone())),
            Completion::Unencodable(why) => (OutcomeKind::Unencodable, Some(why.clone())),
            Completion::NotAllowed(why) | Completion::Overloaded(why) => {
                (OutcomeKind::Refused, Some(why.clone()))
            }
        };
        Self { kind, reason, took }
    }

    /// In which way the call ended.
    #[must_use]
    pub const fn kind(&self) -> OutcomeKind {
        self.kind
    }

    /// Why, as far as there is a text: that of a panic, of a refusal, of the error of a message's handler. The error of
    /// a request's handler goes to its caller, and has none here.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// How long the handler took, with all that it waited for; zero if it did not run.
    #[must_use]
    pub const fn took(&self) -> Duration {
        self.took
    }
}
