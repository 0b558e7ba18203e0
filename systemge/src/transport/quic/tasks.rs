//! Who owns the tasks of quinn: a node that has stopped has none left, and its ports are free.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use quinn::{AsyncTimer, AsyncUdpSocket, Runtime, TokioRuntime};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of the endpoints and connections of one node.
#[derive(Clone, Default)]
pub(super) struct Tasks(Arc<Mutex<Owned>>);

#[derive(Clone, Default)]
struct Owned {
    tracker: TaskTracker,
    kill: CancellationToken,
}

impl Tasks {
    /// What quinn starts its tasks with.
    pub(super) fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::new(self.current(|owned| owned.clone()))
    }

    fn current<T>(&self, of: impl FnOnce(&mut Owned) -> T) -> T {
        // nothing that panics runs under the lock
        of(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until all of them have ended, as they do shortly after the last connection; then ends those that haven't.
    pub(super) async fn ended(&self) {
        let Owned { tracker, kill } = self.current(std::mem::take);
        tracker.close();
        if tokio::time::timeout(PATIENCE, tracker.wait()).await.is_err() {
            // all that they would still do is to tell a peer again that it is over
            kill.cancel();
            tracker.wait().await;
        }
    }
}

/// How long closed connections may take to tell their peers so.
const PATIENCE: Duration = Duration::from_millis(50);

impl fmt::Debug for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owned").finish_non_exhaustive()
    }
}

impl Runtime for Owned {
    fn new_timer(&self, at: Instant) -> Pin<Box<dyn AsyncTimer>> {
        TokioRuntime.new_timer(at)
    }

    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        let kill = self.kill.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                biased;
                () = kill.cancelled() => {}
                () = task => {}
            }
        });
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        TokioRuntime.wrap_udp_socket(socket)
    }

    fn now(&self) -> Instant {
        TokioRuntime.now()
    }
}
