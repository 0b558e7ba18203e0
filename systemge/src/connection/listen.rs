//! Accepting peers.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::accepted::Accepted;
use super::driver::{Driver, End};
use super::outbox::Outbox;
use crate::access::RefusalReason;
use crate::node::{Inner, Listener, Place};
use crate::protocol::frame::{Frame, GoodbyeCode, Violation};
use crate::protocol::session::Session;
use crate::protocol::{MAGIC, MIN_FRAME_LIMIT};
use crate::transport::{self, Address, Incoming};

/// Accepts peers until `stop` is cancelled.
pub(crate) async fn serve(
    node: Arc<Inner>,
    listener: Listener,
    mut socket: Box<dyn transport::Listener>,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = socket.accept() => accepted,
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
        let address = incoming.address();
        match listener.enter(address.ip()) {
            Ok(place) => {
                let accepted = accept(node.clone(), listener.clone(), incoming, stop.clone(), place);
                node.spawn_connection(accepted);
            }
            Err(why) => {
                let (code, reason) = refusal(why);
                node.count_refused(why, &address, reason);
                incoming.refuse(&last_words(code, reason));
            }
        }
    }
}

/// What somebody is told who is not let in.
const fn refusal(why: RefusalReason) -> (GoodbyeCode, &'static str) {
    match why {
        RefusalReason::Denied => (GoodbyeCode::Denied, "the address may not connect"),
        RefusalReason::Handshakes => {
            (GoodbyeCode::TooManyConnections, "the node has as many handshakes as it may have")
        }
        RefusalReason::HandshakesOfAddress => (
            GoodbyeCode::TooManyConnections,
            "the node has as many handshakes from this address as it may have",
        ),
        _ => (GoodbyeCode::TooManyConnections, "the node has as many connections as it may have"),
    }
}

/// A flood must not cost more than its refusal: nothing is read before these words.
fn last_words(code: GoodbyeCode, reason: &str) -> Vec<u8> {
    let mut words = MAGIC.to_vec();
    Frame::Goodbye { code, reason }.write(&mut words);
    words
}

/// One connection of a peer, from its first byte to its end.
async fn accept(
    node: Arc<Inner>,
    listener: Listener,
    incoming: Box<dyn Incoming>,
    stop: CancellationToken,
    place: Place,
) {
    let Place { connection, handshake } = place;
    // the transport's handshake and the protocol's share one time limit
    let now = crate::clock::now();
    let limit = listener.limits().handshake_timeout;
    let address = incoming.address();
    let opened = tokio::select! {
        biased;
        () = stop.cancelled() => return,
        opened = tokio::time::timeout_at((now + limit).into(), incoming.open()) => opened,
    };
    let channel = match opened {
        Ok(Ok(channel)) => channel,
        Ok(Err(error)) => {
            node.count_refused(RefusalReason::Network, &address, &error.to_string());
            return;
        }
        Err(_) => {
            node.count_refused(
                RefusalReason::Timeout,
                &address,
                &format!("it was not done within {limit:?}"),
            );
            return;
        }
    };
    let session = Session::accept(node.session_settings(listener.limits(), limit), now);
    let outbox = Arc::new(Outbox::new((&node.config().queue).into(), MIN_FRAME_LIMIT, now));
    let side = Accepted::new(node.clone(), outbox.clone(), listener.clone(), channel.remote, handshake);
    let driver = Driver::new(
        (channel.stream, channel.opened),
        session,
        side,
        outbox.clone(),
        Vec::new(),
        &node.config().queue,
    );
    let drop_handlers = node.drop_handlers();
    let mut running = std::pin::pin!(Box::new(driver).run());
    let mut denied = std::pin::pin!(denied(&listener, &address));
    let (mut stopping, mut dropping, mut leaving) = (false, false, false);
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
            // the lists have changed since it came
            () = &mut denied, if !leaving => {
                leaving = true;
                let (code, reason) = refusal(RefusalReason::Denied);
                outbox.close(code, reason);
            }
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
        None => node.count_refused(why_refused(&end), &address, &end.to_string()),
    }
    side.finish().await;
}

/// Waits until an address may not connect any more; for ever, if there is none to look at.
async fn denied(listener: &Listener, address: &Address) {
    match address.ip() {
        Some(address) => listener.access().denied(address).await,
        None => std::future::pending().await,
    }
}

/// Why a connection ended before the peer was let in.
const fn why_refused(end: &End) -> RefusalReason {
    match end {
        End::Violation(Violation::HandshakeTimeout) => RefusalReason::Timeout,
        End::Goodbye { .. } | End::Closed | End::Network(_) => RefusalReason::Network,
        End::Ours { code: GoodbyeCode::NameTaken, .. } => RefusalReason::NameTaken,
        End::Ours { code: GoodbyeCode::Stopping, .. } => RefusalReason::Stopping,
        End::Ours { code: GoodbyeCode::Denied, .. } => RefusalReason::Denied,
        End::Violation(Violation::Unproven) | End::Ours { code: GoodbyeCode::Unproven, .. } => {
            RefusalReason::Unproven
        }
        End::Violation(_) | End::Ours { .. } => RefusalReason::Violation,
    }
}
