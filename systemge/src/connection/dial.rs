//! Dialling a peer, again and again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::dialled::Dialled;
use super::driver::{Driver, End};
use super::outbox::Outbox;
use crate::config::{ConnectConfig, OnDialFailure, Secret};
use crate::node::Inner;
use crate::protocol::MIN_FRAME_LIMIT;
use crate::protocol::backoff::Backoff;
use crate::protocol::session::Session;

/// How a dialled endpoint stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DialState {
    /// An attempt is under way.
    Dialling,
    /// Connected to the node of that name.
    Connected(Arc<str>),
    /// The last attempt failed for that reason; there will be another.
    Waiting(String),
    /// The node gave up, for that reason.
    GaveUp(String),
    /// Nobody wants it any more.
    Ended,
}

/// Sets the state of a dialled endpoint.
#[derive(Debug, Clone)]
pub(super) struct DialWatch {
    state: Arc<watch::Sender<DialState>>,
    retry: RetryAt,
}

/// When the next attempt is, where one is waited for.
type RetryAt = Arc<Mutex<Option<Instant>>>;

impl DialWatch {
    fn retry_at(&self, at: Option<Instant>) {
        *self.retry.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    pub(super) fn set(&self, state: DialState) {
        self.state.send_replace(state);
    }
}

/// The handle of an endpoint that is dialled.
#[derive(Debug, Clone)]
pub(crate) struct DialHandle {
    pub(crate) stop: CancellationToken,
    pub(crate) state: watch::Receiver<DialState>,
    #[cfg_attr(not(feature = "dashboard"), expect(dead_code, reason = "only the dashboard shows it"))]
    retry: RetryAt,
}

impl DialHandle {
    /// How long it takes to the next attempt; `None` unless one is waited for.
    #[cfg(feature = "dashboard")]
    pub(crate) fn retry_in(&self) -> Option<Duration> {
        let at = *self.retry.lock().unwrap_or_else(PoisonError::into_inner);
        Some(at?.saturating_duration_since(crate::clock::now()))
    }
}

/// Keeps a node connected to an endpoint, in a task of its own, until the handle's token is cancelled. Begins when
/// `last`, which nobody wants any more, has ended: the peer would else see the same node twice.
pub(crate) fn dial(node: &Arc<Inner>, peer: ConnectConfig, last: Option<DialHandle>) -> DialHandle {
    let stop = CancellationToken::new();
    let (sender, state) = watch::channel(DialState::Dialling);
    let retry = RetryAt::default();
    let handle = DialHandle { stop: stop.clone(), state, retry: retry.clone() };
    let watch = DialWatch { state: Arc::new(sender), retry };
    let node_of_task = node.clone();
    node.spawn_connection(async move {
        if let Some(mut last) = last {
            // its own time limit for last words ends it; its sender is gone if its task was dropped
            let over = |state: &DialState| matches!(state, DialState::Ended | DialState::GaveUp(_));
            let _ = last.state.wait_for(over).await;
        }
        keep_connected(&node_of_task, &peer, stop, &watch).await;
        node_of_task.dial_ended(&peer.endpoint);
    });
    handle
}

async fn keep_connected(node: &Arc<Inner>, peer: &ConnectConfig, stop: CancellationToken, watch: &DialWatch) {
    let endpoint = &peer.endpoint;
    let config = &node.config().dial;
    let mut backoff = Backoff::new(config.initial_delay, config.max_delay);
    while !stop.is_cancelled() {
        watch.retry_at(None);
        watch.set(DialState::Dialling);
        let end = attempt(node, peer, &stop, watch).await;
        if stop.is_cancelled() {
            break;
        }
        let (held, reason) = match end {
            Ok((held, end)) => (held, end.to_string()),
            Err(reason) => (None, reason),
        };
        if held.is_none() {
            node.metrics().counts().failed_dials.add(1);
        }
        // a peer that lets us in and throws us out at once has not recovered
        let delay = if held.is_some_and(|held| held >= config.initial_delay) {
            backoff.lost(fastrand::u64(..))
        } else {
            backoff.failed(fastrand::u64(..))
        };
        if config.max_attempts > 0 && backoff.failures() >= config.max_attempts {
            tracing::error!(node = %node.name(), %endpoint, %reason, attempts = backoff.failures(), "gave up on a peer");
            watch.set(DialState::GaveUp(reason));
            if config.on_failure == OnDialFailure::Shutdown {
                node.request_stop(format!("the peer {endpoint} can't be reached"));
            }
            return;
        }
        // the first failures are worth a look; a peer that stays away is not worth a line per attempt
        if held.is_some() || backoff.failures() <= 3 {
            tracing::warn!(node = %node.name(), %endpoint, %reason, retry_in = ?delay, "not connected");
        } else {
            tracing::debug!(node = %node.name(), %endpoint, %reason, retry_in = ?delay, "not connected");
        }
        watch.set(DialState::Waiting(reason));
        watch.retry_at(Some(crate::clock::now() + delay));
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = tokio::time::sleep(delay) => {}
        }
    }
    watch.set(DialState::Ended);
}

/// One connection, from the first packet to its end; returns how long it held after the handshake, too.
async fn attempt(
    node: &Arc<Inner>,
    peer: &ConnectConfig,
    stop: &CancellationToken,
    watch: &DialWatch,
) -> Result<(Option<Duration>, End), String> {
    let endpoint = &peer.endpoint;
    // read for every attempt: whoever mends the file need not start the node anew
    let secret = Secret::load(peer.secret.as_ref(), peer.secret_file.as_deref(), node.folder());
    let secret = secret.map_err(|error| crate::error::chain(&error))?;
    #[cfg(feature = "tls")]
    let transports = node.transports_to(peer).await.map_err(|error| crate::error::chain(&error))?;
    #[cfg(not(feature = "tls"))]
    let transports = node.transports();
    // to connect and the handshake share one time limit
    let now = crate::clock::now();
    let timeout = node.config().dial.timeout;
    let connect = transports.of(endpoint).dial(node.name(), endpoint);
    let channel = tokio::select! {
        biased;
        () = stop.cancelled() => return Err("no longer wanted".to_owned()),
        channel = tokio::time::timeout_at((now + timeout).into(), connect) => channel,
    };
    let channel = match channel {
        Ok(Ok(channel)) => channel,
        Ok(Err(error)) => return Err(crate::text::own(&error.to_string())),
        Err(_) => return Err(format!("no answer within {timeout:?}")),
    };
    let mut output = Vec::new();
    let settings = node.session_settings(&peer.limits(&node.config().limits), timeout);
    let session = Session::dial(settings, node.name(), node.instance(), now, &mut output);
    let outbox = Arc::new(Outbox::new((&node.config().queue).into(), MIN_FRAME_LIMIT, now));
    let side = Dialled::new(node.clone(), outbox.clone(), peer, channel.remote, secret, watch.clone());
    let driver = Driver::new(
        (channel.stream, channel.opened),
        session,
        side,
        outbox.clone(),
        output,
        &node.config().queue,
    );
    let mut running = std::pin::pin!(Box::new(driver).run());
    let (end, side) = tokio::select! {
        biased;
        ended = &mut running => ended,
        () = stop.cancelled() => {
            let (code, reason) = node.farewell();
            outbox.close(code, reason);
            running.await
        }
    };
    if matches!(end, End::Violation(_)) || (side.held().is_some() && matches!(end, End::Network(_))) {
        node.count_broken();
    }
    Ok((side.held(), end))
}
