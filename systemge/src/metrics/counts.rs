//! Counters: what one thread adds and others read.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::{Deserialize, Serialize};

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    #[inline]
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    /// Adds one; returns how many there were before.
    pub(crate) fn one(&self) -> u64 {
        self.0.fetch_add(1, Relaxed)
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Numbers that belong together, each with its name.
macro_rules! numbers {
    ($(#[$doc:meta])* $numbers:ident { $($(#[$field_doc:meta])* $field:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(default)]
        #[non_exhaustive]
        pub struct $numbers {
            $($(#[$field_doc])* pub $field: u64,)*
        }

        impl $numbers {
            /// The numbers and their names, in the order of the fields.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                [$((stringify!($field), self.$field)),*].into_iter()
            }
        }
    };
}

/// The same, with the counters that they are read from.
macro_rules! counted {
    ($(#[$doc:meta])* $numbers:ident, $counts:ident { $($(#[$field_doc:meta])* $field:ident),* $(,)? }) => {
        numbers! { $(#[$doc])* $numbers { $($(#[$field_doc])* $field,)* } }

        impl $numbers {
            /// All of them together.
            #[must_use]
            pub fn total(&self) -> u64 {
                self.iter().map(|(_, count)| count).sum()
            }
        }

        #[derive(Debug, Default)]
        pub(crate) struct $counts {
            $(pub(crate) $field: Count,)*
        }

        impl $counts {
            pub(crate) fn snapshot(&self) -> $numbers {
                $numbers { $($field: self.$field.get(),)* }
            }
        }
    };
}

counted! {
    /// How the messages and requests ended that a node received for one topic. Those whose handlers still run are in
    /// none of these.
    HandlerOutcomes, HandlerCounts {
        /// The handler came to its end without an error.
        success,
        /// The handler returned an error.
        failed,
        /// The handler panicked.
        panicked,
        /// The handler took longer than its own `timeout`, and was dropped where it waited.
        timed_out,
        /// The handler was not done by the deadline of a stop, and was dropped where it waited.
        ended,
        /// The payload did not decode.
        undecodable,
        /// The response could not be written, or is larger than the caller accepts.
        unencodable,
        /// The handler did not run, since the node was about to stop.
        refused,
        /// The handler did not run, since the peer may not send that topic.
        forbidden,
        /// The handler did not run, since the payload is larger than the node accepts.
        too_large,
    }
}

counted! {
    /// How the requests ended that a node sent for one topic, each asked node counted by itself. Those that still wait
    /// are in none of these.
    RequestOutcomes, RequestCounts {
        /// A response.
        success,
        /// The handler's own error.
        failed,
        /// The handler panicked.
        panicked,
        /// The node refused: it was about to stop, had too much to do, no longer handles the topic, or does not allow it.
        refused,
        /// The node could not read the payload.
        undecodable,
        /// The node could not write its response.
        unencodable,
        /// The handler was ended before it was done.
        ended,
        /// This node could not read the response.
        unreadable,
        /// The connection was lost first.
        disconnected,
        /// No response came in time.
        timed_out,
        /// The caller dropped its future first.
        given_up,
    }
}

counted! {
    /// Messages and requests that were not sent to a peer that read too slowly.
    Dropped, DropCounts {
        /// Its queue was full, and the node's policy is `drop_newest`.
        queue_full,
        /// Its queue was full, and it was disconnected, since the node's policy is `disconnect`.
        disconnect,
    }
}

counted! {
    /// Requests that the HTTP component has answered, by the class of their status.
    HttpResponses, HttpCounts {
        /// 100 to 199.
        informational,
        /// 200 to 299.
        success,
        /// 300 to 399.
        redirection,
        /// 400 to 499.
        client_error,
        /// 500 to 599.
        server_error,
    }
}

impl HttpCounts {
    /// Counts a response.
    #[cfg(feature = "http")]
    pub(crate) fn answered(&self, status: u16) {
        let count = match status {
            ..200 => &self.informational,
            200..300 => &self.success,
            300..400 => &self.redirection,
            400..500 => &self.client_error,
            500.. => &self.server_error,
        };
        count.add(1);
    }
}

numbers! {
    /// What a node has counted since it was made, all topics and peers together; never reset.
    Counters {
        /// Messages and requests whose handlers came to their end without an error.
        handled,
        /// Messages and requests whose handlers returned an error, or were dropped since they took too long.
        failed,
        /// Messages and requests whose handlers panicked.
        panicked,
        /// Runs of `on_start` and `on_stop` that failed, panicked, or were not done by the deadline.
        failed_hooks,
        /// Commands that failed or panicked.
        failed_commands,
        /// Tasks of the application that panicked.
        panicked_tasks,
        /// Messages and requests whose payload did not decode.
        undecodable,
        /// Responses that could not be written.
        unencodable,
        /// Messages and requests for a topic that this node does not handle.
        unknown_topic,
        /// Messages and requests whose handlers did not run, since the node refused them.
        refused,
        /// Messages and requests that their peers may not send.
        forbidden,
        /// Topics that their peers may not announce.
        forbidden_announcements,
        /// Messages and requests whose payload is larger than the node accepts.
        too_large,
        /// Requests that their callers gave up.
        cancelled,
        /// Messages and requests handed to connections.
        sent,
        /// Messages and requests that were dropped, since a peer read too slowly.
        dropped,
        /// Bytes that waited to be sent when their connection ended.
        unsent_bytes,
        /// Responses received that somebody waited for.
        responses,
        /// Responses that came when nobody waited for them any more.
        late,
        /// Connections that were refused, or whose handshake failed.
        refused_connections,
        /// Connections, of both directions, that ended since the peer broke the protocol or the network failed.
        broken_connections,
        /// Attempts to dial a peer that failed.
        failed_dials,
    }
}

/// What belongs to no topic and to no peer that is kept.
#[derive(Debug, Default)]
pub(crate) struct NodeCounts {
    pub(crate) failed_hooks: Count,
    pub(crate) failed_commands: Count,
    pub(crate) panicked_tasks: Count,
    pub(crate) unknown_topic: Count,
    pub(crate) forbidden_announcements: Count,
    pub(crate) cancelled: Count,
    pub(crate) dropped: Count,
    pub(crate) unsent_bytes: Count,
    pub(crate) late: Count,
    pub(crate) broken_connections: Count,
    pub(crate) failed_dials: Count,
}

impl RequestOutcomes {
    /// Those whose outcome a response brought.
    pub(crate) fn answered(&self) -> u64 {
        self.total() - self.disconnected - self.timed_out - self.given_up
    }
}
