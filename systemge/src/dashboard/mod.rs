//! The dashboard: a page and an HTTP API to see and steer every node of the process, live.
//!
//! One task measures, once a second. Pages are told of the newest moment only, each as fast as it reads, so that none
//! of them can hold up anything.

mod action;
mod assets;
mod audit;
mod auth;
mod board;
mod history;
mod input;
mod measure;
mod openapi;
mod reply;
mod route;
mod settings;
mod site;
mod view;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::auth::Access;
use self::board::Board;
use crate::config::DashboardConfig;
use crate::system::Running;
use crate::web::{Secure, Tasks};

/// Why the dashboard can't start. The operator's mistake, or the machine's state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DashboardError {
    /// It would be reached from elsewhere, and everyone on the way could read the token and take it.
    #[error(
        "the dashboard would listen on {0}, which others reach, without TLS: set `certificate` and `key` in \
         `[dashboard.tls]` (feature `tls`), or listen on a loopback address such as `127.0.0.1:8081`, and reach it from \
         elsewhere through a tunnel or a proxy that speaks TLS"
    )]
    Unencrypted(SocketAddr),
    /// Its address can't be listened on: in use, not this machine's, or not allowed.
    #[error("cannot listen for the dashboard on {address}")]
    Listen {
        /// The address of the configuration.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// Its certificate or its key can't be used. The configuration's or the operator's mistake.
    #[cfg(feature = "tls")]
    #[error("in `[dashboard.tls]`")]
    Tls(#[source] crate::transport::tls::TlsError),
    /// The operating system gives no random numbers for a token.
    #[error("no token can be made: {0}")]
    Random(String),
}

/// A dashboard whose socket is bound.
pub(crate) struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    access: Access,
    connections: usize,
    secure: Secure,
}

/// A dashboard that runs.
#[derive(Debug, Clone)]
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    tracker: TaskTracker,
    stop: CancellationToken,
    kill: CancellationToken,
}

/// Checks the configuration and binds the socket; relative paths start at `folder`.
pub(crate) async fn bind(config: &DashboardConfig, folder: Option<&Path>) -> Result<Bound, DashboardError> {
    let secure = secure(config, folder)?;
    auth::check(config, secure.is_some())?;
    let failed = |source| DashboardError::Listen { address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let (access, made) = Access::new(config, address, secure.is_some())?;
    let url = access.url();
    tracing::info!(%url, login = access.has_login(), "the dashboard is open");
    if let Some(token) = made {
        // to the terminal, and not to the log, which others may read
        let _ = writeln!(io::stderr(), "dashboard: {url}\n    token: {}", token.reveal());
    }
    Ok(Bound { listener, address, access, connections: config.connections, secure })
}

/// Reads the certificate, if there is one.
#[cfg(feature = "tls")]
fn secure(config: &DashboardConfig, folder: Option<&Path>) -> Result<Secure, DashboardError> {
    let Some(tls) = &config.tls else { return Ok(None) };
    let tls = tls.of_node(&crate::config::TlsConfig::default());
    let loaded = crate::transport::tls::Credentials::load_web(&tls, folder.map(Path::to_owned));
    loaded.map(|credentials| Some(Arc::new(credentials))).map_err(DashboardError::Tls)
}

/// Without the feature there is none: a configuration that wants it has been refused.
#[cfg(not(feature = "tls"))]
fn secure(_: &DashboardConfig, _: Option<&Path>) -> Result<Secure, DashboardError> {
    Ok(None)
}

impl Bound {
    /// Starts to measure and to serve.
    pub(crate) fn serve(self, system: Running) -> Serving {
        let Self { listener, address, access, connections, secure } = self;
        let serving = Serving {
            address,
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            kill: CancellationToken::new(),
        };
        let board = Board::new(system, access);
        let tasks = Tasks {
            tracker: serving.tracker.clone(),
            stop: serving.stop.clone(),
            kill: serving.kill.clone(),
        };
        serving.tracker.spawn(board.clone().measure(serving.stop.clone()));
        let actions = board.actions.clone();
        let stop = serving.stop.clone();
        serving.tracker.spawn(async move {
            stop.cancelled().await;
            actions.close();
        });
        let site = site::filter(Arc::clone(&board), &tasks);
        #[cfg(feature = "tls")]
        if let Some(credentials) = &secure {
            serving.tracker.spawn(credentials.clone().watch("dashboard".into(), serving.stop.clone()));
        }
        serving.tracker.spawn(crate::web::accept(listener, site, connections, secure, tasks));
        serving
    }
}

impl Serving {
    /// Ends it: answers in flight are finished, pages that watch are let go.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tracker.close();
        if tokio::time::timeout(LAST_MOMENT, self.tracker.wait()).await.is_err() {
            self.kill.cancel();
            self.tracker.wait().await;
        }
    }
}

/// Milliseconds since 1970.
fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// How long answers in flight may take when the system has stopped.
const LAST_MOMENT: Duration = Duration::from_secs(2);
