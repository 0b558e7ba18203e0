//! What the WebSocket component of a node counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What the WebSocket component has counted since its node was made; never reset.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub struct WebSocketCounters {
            $($(#[$doc])* pub $name: u64,)*
        }

        /// The counters of a component.
        #[derive(Debug, Default)]
        pub(super) struct Counts {
            $(pub(super) $name: AtomicU64,)*
        }

        impl Counts {
            pub(super) fn snapshot(&self) -> WebSocketCounters {
                WebSocketCounters { $($name: self.$name.load(Relaxed),)* }
            }
        }

        impl WebSocketCounters {
            /// Every counter with its name, for those who show or export all of them.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }
    };
}

counters! {
    /// Clients that were let in.
    connected,
    /// Clients that were turned away: no place left, a page of an origin that is not allowed, a stopping node.
    refused,
    /// Messages that came from clients, heartbeats among them.
    received,
    /// Bytes of these messages.
    received_bytes,
    /// Messages that were written to clients.
    sent,
    /// Bytes of these messages.
    sent_bytes,
    /// Messages that were not queued, since the client's queue was full.
    dropped,
    /// Clients that were disconnected, since their queue was full.
    overflows,
    /// Messages that were queued for a client when its connection ended.
    unsent,
    /// Messages of clients that were dropped, since more came than `rate` allows.
    rate_limited,
    /// Messages of clients that are no messages, or whose payload does not decode.
    undecodable,
    /// Messages of clients for a topic that the application does not handle.
    unknown_topic,
    /// Messages whose handlers returned an error.
    failed,
    /// Messages whose handlers panicked.
    panicked,
    /// Runs of `on_connect` and `on_disconnect` that failed or panicked.
    failed_hooks,
    /// Clients that were disconnected for a message that was too large.
    too_large,
    /// Clients that the watchdog disconnected.
    silent,
    /// Connections that broke, or on which something else than WebSocket came.
    broken,
    /// Joins of a group that were refused, since the client was in too many.
    refused_joins,
    /// Pushes that reached nobody, since their payload cannot be written as JSON.
    unencodable,
}

/// Counts one more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
