//! How a handler learns that nobody waits for its response any more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

/// Whether somebody still waits for the response of one call.
///
/// It belongs to the place where calls run and to the context that a call gets there, and both are used again for the
/// next call: a handler that doesn't look at it costs a look at a reference count.
#[derive(Debug, Default)]
pub(crate) struct Cancellation {
    cancelled: AtomicBool,
    changed: Notify,
    /// That of the handler, if this is the one of the layers around it.
    inner: OnceLock<Arc<Self>>,
}

/// How many references to a cancellation there are if no handler has kept a clone of its context: that of the place
/// where calls run, and that of the context.
const OWN: usize = 2;

impl Cancellation {
    /// Gets ready for the next call; makes a new one if somebody has kept the last call's.
    pub(crate) fn next(place: &mut Option<Arc<Self>>, context: &mut Option<Arc<Self>>) {
        match context {
            // nobody else could make more references of these
            Some(last) if Arc::strong_count(last) == OWN => {
                if last.is_cancelled() {
                    last.cancelled.store(false, Ordering::Release);
                }
            }
            _ => *place = Some(context.insert(Arc::default()).clone()),
        }
    }

    /// The call is over: who has kept a clone of its context learns it.
    pub(crate) fn over(self: &Arc<Self>) {
        if Arc::strong_count(self) > OWN {
            self.cancel();
        }
    }

    /// Nobody waits any more.
    pub(crate) fn cancel(&self) {
        if !self.cancelled.swap(true, Ordering::AcqRel) {
            self.changed.notify_waiters();
            if let Some(inner) = self.inner.get() {
                inner.cancel();
            }
        }
    }

    /// From now on `inner` is cancelled with this one.
    pub(crate) fn pass_on(&self, inner: Arc<Self>) {
        let inner = self.inner.get_or_init(|| inner);
        if self.is_cancelled() {
            inner.cancel();
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Waits until nobody waits any more.
    pub(crate) async fn cancelled(&self) {
        // a future that exists when the others are woken is woken, too, even if nobody has polled it yet
        let changed = self.changed.notified();
        if !self.is_cancelled() {
            changed.await;
        }
    }
}
