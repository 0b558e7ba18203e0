//! Accepting peers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::accepted::Accepted;
use super::driver::{Driver, End};
use super::outbox::Outbox;
use crate::node::Inner;
use crate::protocol::frame::{Frame, GoodbyeCode};
use crate::protocol::session::Session;
use crate::protocol::{MAGIC, MIN_FRAME_LIMIT};
use crate::transport::{Incoming, Listener};

/// Accepts peers until `stop` is cancelled.
pub(crate) async fn serve(node: Arc<Inner>, mut listener: Box<dyn Listener>, stop: CancellationToken) {
    let limits = &node.config().limits;
    let connections = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let incoming = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // out of file descriptors, most likely: to try again at once would only burn the processor
                tracing::error!(node = %node.name(), %error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let handshake = node.handshake_permit();
        let (Ok(connection), Some(handshake)) = (connections.clone().try_acquire_owned(), handshake) else {
            let address = incoming.address();
            tracing::warn!(node = %node.name(), %address, "a connection was refused: there are too many");
            node.count_refused();
            incoming.refuse(&too_many());
            continue;
        };
        node.spawn_connection(accept(node.clone(), incoming, stop.clone(), connection, handshake));
    }
}

/// What a peer is told that is one too many: a flood must not cost more than its refusal.
fn too_many() -> Vec<u8> {
    let mut words = MAGIC.to_vec();
    let reason = "the node has as many connections as it may have";
    Frame::Goodbye { code: GoodbyeCode::TooManyConnections, reason }.write(&mut words);
    words
}

/// One connection of a peer, from its first byte to its end.
async fn accept(
    node: Arc<Inner>,
    incoming: Box<dyn Incoming>,
    stop: CancellationToken,
    connection: OwnedSemaphorePermit,
    handshake: OwnedSemaphorePermit,
) {
    // the transport's handshake and the protocol's share one time limit
    let now = crate::clock::now();
    let limit = node.config().limits.handshake_timeout;
    let address = incoming.address();
    let opened = tokio::select! {
        biased;
        () = stop.cancelled() => return,
        opened = tokio::time::timeout_at((now + limit).into(), incoming.open()) => opened,
    };
    let reason = match opened {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it was not done within {limit:?}")),
    };
    let channel = match reason {
        Ok(channel) => channel,
        Err(reason) => {
            node.count_refused();
            tracing::warn!(node = %node.name(), %address, %reason, "a handshake failed");
            return;
        }
    };
    let session = Session::accept(node.session_settings(limit), now);
    let outbox = Arc::new(Outbox::new(node.config().queue.bytes, MIN_FRAME_LIMIT, now));
    let side = Accepted::new(node.clone(), outbox.clone(), channel.remote.address, handshake);
    let driver = Driver::new(channel.stream, session, side, outbox.clone(), Vec::new(), &node.config().queue);
    let drop_handlers = node.drop_handlers();
    let mut running = std::pin::pin!(driver.run());
    let (mut stopping, mut dropping) = (false, false);
    let (end, side) = loop {
        tokio::select! {
            biased;
            ended = &mut running => break ended,
            // a peer that has been let in stays until what is in flight is done
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                node.turn_away(&outbox);
            }
            // the side drops its handlers when the task goes on, which it does now
            () = drop_handlers.cancelled(), if !dropping => dropping = true,
        }
    };
    drop(connection);
    match side.peer() {
        Some(peer) => match &end {
            End::Violation(_) | End::Network(_) => {
                node.count_broken();
                tracing::warn!(node = %node.name(), %peer, %address, reason = %end, "a peer is gone");
            }
            _ => tracing::info!(node = %node.name(), %peer, %address, reason = %end, "a peer is gone"),
        },
        None => {
            node.count_refused();
            tracing::warn!(node = %node.name(), %address, reason = %end, "a handshake failed");
        }
    }
    side.finish().await;
}
