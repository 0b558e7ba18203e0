//! The accept loop, and the connections that it accepts.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::http::Request;
use ::http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::patient::Patient;
use super::{RemoteAddress, Tasks, WebError, refusal};
use crate::config::HttpConfig;

/// What a client may take of a listener.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    connections: usize,
    header_timeout: Duration,
    /// After how much time without progress a write is given up.
    write_timeout: Duration,
}

impl Limits {
    pub(super) fn of(config: &HttpConfig) -> Result<Self, WebError> {
        if config.connections == 0 {
            return Err(WebError::Zero("http.connections"));
        }
        if config.header_timeout.is_zero() {
            return Err(WebError::Zero("http.header_timeout"));
        }
        if config.request_timeout.is_zero() {
            return Err(WebError::Zero("http.request_timeout"));
        }
        Ok(Self {
            connections: config.connections.min(Semaphore::MAX_PERMITS),
            header_timeout: config.header_timeout,
            write_timeout: config.request_timeout,
        })
    }
}

#[cfg(feature = "dashboard")]
impl Limits {
    /// Those of a listener with the defaults of the HTTP component.
    pub(super) fn with_connections(connections: usize) -> Self {
        let HttpConfig { header_timeout, request_timeout, .. } = HttpConfig::default();
        let connections = connections.min(Semaphore::MAX_PERMITS);
        Self { connections, header_timeout, write_timeout: request_timeout }
    }
}

/// Accepts connections until the node stops. A client beyond the limit waits in the backlog of the socket.
pub(super) async fn accept(
    listener: TcpListener,
    site: BoxedFilter<(Response,)>,
    limits: Limits,
    run: Tasks,
) {
    let permits = Arc::new(Semaphore::new(limits.connections));
    let Tasks { tracker, stop, kill } = &run;
    loop {
        let accepted = async {
            let permit = permits.clone().acquire_owned().await.map_err(io::Error::other)?;
            let (stream, remote) = listener.accept().await?;
            Ok::<_, io::Error>((permit, stream, remote))
        };
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = kill.cancelled() => return,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((permit, stream, remote)) => {
                tracker.spawn(connection(stream, remote, permit, site.clone(), limits, run.clone()));
            }
            Err(error) => {
                // out of file descriptors, or a client that left before it was accepted: the listener itself is fine
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = kill.cancelled() => return,
                    () = tokio::time::sleep(ACCEPT_PAUSE) => {}
                }
            }
        }
    }
}

/// Serves one connection until the client leaves, an upgrade takes it over, or the node stops.
async fn connection(
    stream: TcpStream,
    remote: SocketAddr,
    _permit: OwnedSemaphorePermit,
    site: BoxedFilter<(Response,)>,
    limits: Limits,
    run: Tasks,
) {
    // answers are small and written whole; there is nothing to win from waiting for more
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, %remote, "cannot switch off Nagle's algorithm");
    }
    let asked = Arc::new(AtomicBool::new(false));
    let site = TowerToHyperService::new(warp::service(site));
    let service = service_fn({
        let asked = asked.clone();
        move |mut request: Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            prepare(&mut request, remote);
            // `CONNECT host:port` and the like; warp would panic on them
            let pathless = request.uri().path_and_query().is_none();
            let answer = if pathless { None } else { Some(site.call(request)) };
            async move {
                match answer {
                    Some(answer) => answer.await,
                    None => Ok(refusal::pathless()),
                }
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(Patient::new(stream, limits.write_timeout)), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        biased;
        () = run.kill.cancelled() => return,
        result = connection.as_mut() => result,
        () = run.stop.cancelled() => {
            if !asked.load(Ordering::Relaxed) {
                // hyper would wait for a first request here, until its head is late
                return;
            }
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                biased;
                () = run.kill.cancelled() => return,
                result = connection => result,
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, %remote, "an HTTP connection ended early");
    }
}

/// Adds what the sites want to know of a request, and takes away what they would misread.
fn prepare(request: &mut Request<Incoming>, remote: SocketAddr) {
    request.extensions_mut().insert(RemoteAddress(remote));
    // RFC 9110, 13.1.3: who sends both wants the entity tag to decide
    if request.headers().contains_key(IF_NONE_MATCH) {
        request.headers_mut().remove(IF_MODIFIED_SINCE);
    }
}

/// How long the accept loop waits after a failure, so that it doesn't spin while file descriptors are short.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The largest head of a request, in bytes; also how much of a body hyper reads ahead.
const HEAD_BYTES: usize = 64 * 1024;
