//! What a node counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Inner;
use super::handler::Completion;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What a node has counted since it was made; never reset.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)*
        }

        #[cfg(feature = "dashboard")]
        impl Counters {
            /// All of them with their names.
            pub(crate) fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }

        /// The counters of a node.
        #[derive(Debug, Default)]
        pub(crate) struct Metrics {
            $(pub(crate) $name: AtomicU64,)*
        }

        impl Metrics {
            pub(crate) fn snapshot(&self) -> Counters {
                Counters { $($name: self.$name.load(Relaxed),)* }
            }
        }

        /// What one connection has counted since it last told its node: plain numbers, since one task counts.
        #[derive(Debug, Default)]
        pub(crate) struct Tally {
            $(pub(crate) $name: u64,)*
        }

        impl Tally {
            /// Tells the node.
            pub(crate) fn settle(&mut self, node: &Inner) {
                $(
                    if self.$name > 0 {
                        node.metrics().$name.fetch_add(std::mem::take(&mut self.$name), Relaxed);
                    }
                )*
            }
        }
    };
}

counters! {
    /// Messages and requests whose handlers came to their end without an error.
    handled,
    /// Messages and requests whose handlers returned an error.
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
    /// Requests that were refused, since the node was stopping.
    refused,
    /// Requests that their callers gave up.
    cancelled,
    /// Messages handed to connections.
    sent,
    /// Messages and requests that were dropped, since a peer read too slowly.
    dropped,
    /// Bytes that waited to be sent when their connection ended.
    unsent_bytes,
    /// Responses received.
    responses,
    /// Responses that came when nobody waited for them any more.
    late,
    /// Connections that were refused, or whose handshake failed.
    refused_connections,
    /// Connections, of both directions, that ended since the peer broke the protocol or the network failed.
    broken_connections,
}

impl Tally {
    /// Counts and logs what a connection that ended leaves unsent.
    pub(crate) fn lost(&mut self, bytes: usize, node: &Inner, peer: Option<&str>) {
        tracing::warn!(node = %node.name(), peer, bytes, "a connection ended before everything was sent");
        self.unsent_bytes += bytes as u64;
        self.settle(node);
    }

    /// Counts how a call went, and logs what nobody else learns.
    pub(crate) fn completed(
        &mut self,
        node: &Inner,
        sender: Option<&str>,
        topic: &str,
        completion: Completion,
    ) {
        match completion {
            Completion::Done => self.handled += 1,
            Completion::Failed(error) => {
                self.failed += 1;
                if let Some(error) = error {
                    tracing::warn!(node = %node.name(), sender, topic, %error, "a handler failed");
                }
            }
            Completion::TimedOut(limit) => {
                self.failed += 1;
                tracing::warn!(
                    node = %node.name(), sender, topic, ?limit,
                    "a handler took longer than its time limit, and was dropped where it waited"
                );
            }
            Completion::Panicked(panic) => {
                self.panicked += 1;
                tracing::error!(node = %node.name(), sender, topic, %panic, "a handler panicked");
            }
            Completion::Unencodable(why) => {
                self.unencodable += 1;
                tracing::error!(node = %node.name(), sender, topic, %why, "a response could not be written");
            }
        }
    }
}
