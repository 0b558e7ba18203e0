//! The accept loop, and the connections that it accepts.

use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::http::Request;
use ::http::header::{HOST, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
#[cfg(feature = "tls")]
use hyper::server::conn::http2;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
#[cfg(feature = "tls")]
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::patient::Patient;
use super::{RemoteAddress, Secure, Tasks, WebError, refusal};
use crate::config::HttpConfig;
use crate::error::panic_text;
#[cfg(feature = "tls")]
use crate::transport::tls::{Credentials, HTTP2, explained};

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
    secure: Secure,
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
                tracker.spawn(connection(
                    stream,
                    remote,
                    permit,
                    site.clone(),
                    limits,
                    secure.clone(),
                    run.clone(),
                ));
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
    secure: Secure,
    run: Tasks,
) {
    // answers are small and written whole; there is nothing to win from waiting for more
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, %remote, "cannot switch off Nagle's algorithm");
    }
    #[cfg(feature = "tls")]
    if let Some(credentials) = secure {
        let opened = tokio::select! {
            biased;
            () = run.kill.cancelled() => return,
            () = run.stop.cancelled() => return,
            opened = tokio::time::timeout(limits.header_timeout, secured(stream, &credentials)) => opened,
        };
        match opened {
            Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(HTTP2) => {
                serve_http2(stream, remote, site, limits, run).await;
            }
            Ok(Ok(stream)) => serve_http1(stream, remote, site, limits, run).await,
            Ok(Err(error)) => tracing::debug!(%error, %remote, "a TLS handshake failed"),
            Err(_) => tracing::debug!(%remote, "a TLS handshake took too long"),
        }
        return;
    }
    #[cfg(not(feature = "tls"))]
    let _ = secure;
    serve_http1(stream, remote, site, limits, run).await;
}

/// The TLS handshake. A client that speaks plain HTTP is told so, as far as that takes no time.
#[cfg(feature = "tls")]
async fn secured(stream: TcpStream, credentials: &Credentials) -> io::Result<TlsStream<TcpStream>> {
    let mut first = [0; 1];
    stream.peek(&mut first).await?;
    if first[0].is_ascii_uppercase() {
        crate::transport::last_words(&stream, PLAIN_REQUEST);
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the client speaks plain HTTP"));
    }
    let config = credentials.accepting().ok_or(io::ErrorKind::NotConnected)?;
    TlsAcceptor::from(config).accept(stream).await.map_err(explained)
}

/// What a client gets that speaks plain HTTP where TLS is spoken.
#[cfg(feature = "tls")]
const PLAIN_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n\
content-length: 35\r\n\r\nThis port speaks HTTPS: https://...\n";

/// What a request runs through.
fn service(
    site: BoxedFilter<(Response,)>,
    remote: SocketAddr,
    asked: Arc<AtomicBool>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response,
    Error = std::convert::Infallible,
    Future = impl Future<Output = Result<Response, std::convert::Infallible>> + Send + 'static,
> {
    let site = TowerToHyperService::new(warp::service(site));
    service_fn(move |mut request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        prepare(&mut request, remote);
        // `CONNECT host:port` and the like; warp would panic on them
        let pathless = request.uri().path_and_query().is_none();
        let answer = if pathless { None } else { Some(site.call(request)) };
        async move {
            let Some(answer) = answer else { return Ok(refusal::pathless()) };
            // handlers are caught where they run; this is for filters of the application's own
            AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|panic| {
                tracing::error!(
                    panic = crate::text::own(&panic_text(&*panic)),
                    "a filter of the HTTP component panicked"
                );
                Ok(refusal::panicked())
            })
        }
    })
}

/// Serves a connection to its end, or until the node has stopped.
macro_rules! serve {
    ($connection:expr, $asked:expr, $remote:expr, $run:expr) => {
        let mut connection = pin!($connection);
        let result = tokio::select! {
            biased;
            () = $run.kill.cancelled() => return,
            result = connection.as_mut() => result,
            () = $run.stop.cancelled() => {
                if !$asked.load(Ordering::Relaxed) {
                    // hyper would wait for a first request here, until its head is late
                    return;
                }
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    biased;
                    () = $run.kill.cancelled() => return,
                    result = connection => result,
                }
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, remote = %$remote, "an HTTP connection ended early");
        }
    };
}

async fn serve_http1(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    remote: SocketAddr,
    site: BoxedFilter<(Response,)>,
    limits: Limits,
    run: Tasks,
) {
    let asked = Arc::new(AtomicBool::new(false));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(
            TokioIo::new(Patient::new(stream, limits.write_timeout)),
            service(site, remote, asked.clone()),
        )
        .with_upgrades();
    serve!(connection, asked, remote, run);
}

#[cfg(feature = "tls")]
async fn serve_http2(
    stream: TlsStream<TcpStream>,
    remote: SocketAddr,
    site: BoxedFilter<(Response,)>,
    limits: Limits,
    run: Tasks,
) {
    let asked = Arc::new(AtomicBool::new(false));
    let connection = http2::Builder::new(run.clone())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES as u32)
        .max_send_buf_size(HEAD_BYTES)
        // a client that is gone doesn't keep its place
        .keep_alive_interval(limits.header_timeout)
        .keep_alive_timeout(limits.header_timeout)
        .serve_connection(
            TokioIo::new(Patient::new(stream, limits.write_timeout)),
            service(site, remote, asked.clone()),
        );
    serve!(connection, asked, remote, run);
}

/// hyper starts a task for each request over HTTP/2: they belong to the node, too.
#[cfg(feature = "tls")]
impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, task: F) {
        let kill = self.kill.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                biased;
                () = kill.cancelled() => {}
                () = task => {}
            }
        });
    }
}

/// Adds what the sites want to know of a request, and takes away what they would misread.
fn prepare(request: &mut Request<Incoming>, remote: SocketAddr) {
    request.extensions_mut().insert(RemoteAddress(remote));
    // RFC 9113, 8.3.1: what HTTP/1.1 says in `Host`, HTTP/2 says in the target
    if !request.headers().contains_key(HOST)
        && let Some(host) = request.uri().authority()
        && let Ok(host) = host.as_str().parse()
    {
        request.headers_mut().insert(HOST, host);
    }
    // RFC 9110, 13.1.3: who sends both wants the entity tag to decide
    if request.headers().contains_key(IF_NONE_MATCH) {
        request.headers_mut().remove(IF_MODIFIED_SINCE);
    }
}

/// How long the accept loop waits after a failure, so that it doesn't spin while file descriptors are short.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How many requests of one connection run at the same time over HTTP/2.
#[cfg(feature = "tls")]
const STREAMS: u32 = 128;
/// The largest head of a request, in bytes; also how much of a body hyper reads ahead.
const HEAD_BYTES: usize = 64 * 1024;
