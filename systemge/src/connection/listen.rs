//! Accepting peers.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::accepted::Accepted;
use super::driver::{Driver, End};
use super::outbox::Outbox;
use crate::config::Endpoint;
use crate::node::Inner;
use crate::protocol::frame::{Frame, GoodbyeCode};
use crate::protocol::session::Session;
use crate::protocol::{MAGIC, MIN_FRAME_LIMIT};

/// A socket that listens and does not yet accept.
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds the socket of an endpoint: the first of its addresses that can be had.
    pub(crate) async fn bind(endpoint: &Endpoint) -> std::io::Result<Self> {
        let socket = TcpListener::bind((endpoint.host(), endpoint.port())).await?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Where it listens; the port is the real one if the endpoint said 0.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Accepts peers until `stop` is cancelled.
pub(crate) async fn serve(node: Arc<Inner>, listener: Listener, stop: CancellationToken) {
    let limits = &node.config().limits;
    let connections = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.socket.accept() => accepted,
        };
        let (stream, address) = match accepted {
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
            tracing::warn!(node = %node.name(), %address, "a connection was refused: there are too many");
            node.count_refused();
            say_too_many(&stream);
            continue;
        };
        node.spawn_connection(accept(node.clone(), stream, address, stop.clone(), connection, handshake));
    }
}

/// Tells a peer why it is not let in, as far as that takes no time: a flood must not cost more than its refusal.
fn say_too_many(stream: &TcpStream) {
    let mut words = MAGIC.to_vec();
    let reason = "the node has as many connections as it may have";
    Frame::Goodbye { code: GoodbyeCode::TooManyConnections, reason }.write(&mut words);
    let socket = SockRef::from(stream);
    // what the peer has said already is read and left, lest a reset overtakes the goodbye; the socket never blocks, and
    // a peer that doesn't get this has lost nothing but the reason
    let _ = (&*socket).write(&words);
    let _ = socket.shutdown(Shutdown::Write);
    let _ = (&*socket).read(&mut [0; 1024]);
}

/// One connection of a peer, from its first byte to its end.
async fn accept(
    node: Arc<Inner>,
    stream: TcpStream,
    address: SocketAddr,
    stop: CancellationToken,
    connection: OwnedSemaphorePermit,
    handshake: OwnedSemaphorePermit,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(node = %node.name(), %address, %error, "a connection was gone before it began");
        return;
    }
    let now = Instant::now();
    let settings = node.session_settings(node.config().limits.handshake_timeout);
    let session = Session::accept(settings, now);
    let outbox = Arc::new(Outbox::new(node.config().queue.bytes, MIN_FRAME_LIMIT, now));
    let side = Accepted::new(node.clone(), outbox.clone(), address, handshake);
    let driver =
        Driver::new(Box::new(stream), session, side, outbox.clone(), Vec::new(), &node.config().queue);
    let drop_handlers = node.drop_handlers();
    let mut running = std::pin::pin!(driver.run());
    let (mut stopping, mut dropping) = (false, false);
    let (end, side) = loop {
        tokio::select! {
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
