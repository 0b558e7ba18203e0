//! The node that is sent to.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The node that is sent to.
#[derive(systemge::Application, Debug, Default)]
pub struct Receiver {
    received: AtomicU64,
}

#[systemge::node]
impl Receiver {
    /// Takes a message.
    #[topic("message")]
    pub fn message(&self, _number: u64) {
        self.received.fetch_add(1, Relaxed);
    }

    /// Answers a request with what it was sent.
    #[topic("request")]
    pub fn request(&self, number: u64) -> u64 {
        number
    }

    /// How many messages have come.
    #[topic("received")]
    pub fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }
}
