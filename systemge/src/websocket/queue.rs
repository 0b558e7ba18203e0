//! What waits to be sent to one client, bounded in messages and in bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::config::SlowClientPolicy;

/// How much may wait for one client, and what happens beyond it.
#[derive(Debug, Clone, Copy)]
pub(super) struct QueueLimits {
    pub(super) messages: usize,
    /// One message may go beyond it, so that any message can be sent.
    pub(super) bytes: usize,
    pub(super) policy: SlowClientPolicy,
}

/// The end of a queue where messages are put in.
pub(super) struct Sender {
    queue: mpsc::Sender<Utf8Bytes>,
    /// The bytes that wait; shared with the receiver.
    waiting: Arc<AtomicUsize>,
    limit: usize,
}

/// The end of a queue where messages are taken out.
pub(super) struct Receiver {
    queue: mpsc::Receiver<Utf8Bytes>,
    waiting: Arc<AtomicUsize>,
}

/// Why a message was not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotQueued {
    Full,
    Closed,
}

pub(super) fn queue(limits: QueueLimits) -> (Sender, Receiver) {
    let (sender, receiver) = mpsc::channel(limits.messages);
    let waiting = Arc::new(AtomicUsize::new(0));
    (
        Sender { queue: sender, waiting: waiting.clone(), limit: limits.bytes },
        Receiver { queue: receiver, waiting },
    )
}

impl Sender {
    pub(super) fn put(&self, frame: Utf8Bytes) -> Result<(), NotQueued> {
        let size = frame.len();
        let before = self.waiting.fetch_add(size, Relaxed);
        let queued = if before > 0 && before.saturating_add(size) > self.limit {
            Err(NotQueued::Full)
        } else {
            self.queue.try_send(frame).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => NotQueued::Full,
                mpsc::error::TrySendError::Closed(_) => NotQueued::Closed,
            })
        };
        if queued.is_err() {
            self.waiting.fetch_sub(size, Relaxed);
        }
        queued
    }
}

impl Receiver {
    /// The next message; `None` once nobody can put any more in. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<Utf8Bytes> {
        let frame = self.queue.recv().await;
        self.taken(frame)
    }

    /// The next message, if there is one.
    pub(super) fn try_next(&mut self) -> Option<Utf8Bytes> {
        let frame = self.queue.try_recv().ok();
        self.taken(frame)
    }

    fn taken(&self, frame: Option<Utf8Bytes>) -> Option<Utf8Bytes> {
        if let Some(frame) = &frame {
            self.waiting.fetch_sub(frame.len(), Relaxed);
        }
        frame
    }

    /// Lets nothing more in, and returns how many messages are left.
    pub(super) fn close(&mut self) -> usize {
        self.queue.close();
        self.queue.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_full_by_messages_or_by_bytes_but_takes_any_message_alone() {
        let limits = QueueLimits { messages: 3, bytes: 10, policy: SlowClientPolicy::Disconnect };
        let (sender, mut receiver) = queue(limits);
        let put = |bytes: usize| sender.put("a".repeat(bytes).into());
        assert_eq!(put(100), Ok(()), "alone");
        assert_eq!(put(1), Err(NotQueued::Full));
        assert_eq!(receiver.try_next().map(|frame| frame.len()), Some(100));
        assert_eq!((put(5), put(5), put(1)), (Ok(()), Ok(()), Err(NotQueued::Full)));
        assert!(receiver.try_next().is_some());
        assert_eq!((put(2), put(2), put(1)), (Ok(()), Ok(()), Err(NotQueued::Full)), "3 messages");
        assert_eq!(receiver.close(), 3);
        assert!(receiver.try_next().is_some());
        assert_eq!(put(1), Err(NotQueued::Closed));
    }
}
