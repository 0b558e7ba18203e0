//! What nodes write into the log, as tests read it.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// The fields of every log line.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

/// As long as it is there, the log lines of this thread are read.
pub(crate) struct Reading {
    _second: Dispatch,
    _guard: DefaultGuard,
}

impl Log {
    /// Reads the log lines of this thread from now on.
    pub(crate) fn read() -> (Self, Reading) {
        let log = Self::default();
        // as long as there is one subscriber only, `tracing` asks that of the thread that comes by a line first whether
        // anybody wants it, and remembers that: the thread of another test would say no
        let second = Dispatch::new(Self::default());
        let guard = tracing::subscriber::set_default(log.clone());
        (log, Reading { _second: second, _guard: guard })
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.0.lock().expect("no panic").clone()
    }

    pub(crate) fn has(&self, part: &str) -> bool {
        self.texts().iter().any(|text| text.contains(part))
    }
}

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let mut text = String::new();
        write!(text, "{field}={value:?}").expect("a text takes everything");
        self.0.lock().expect("no panic").push(text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.lock().expect("no panic").push(format!("{field}={value}"));
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("systemge")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
