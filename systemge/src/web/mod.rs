//! What the HTTP and the WebSocket component share: listeners, connections, and the filter that a request runs through.
//!
//! Both components are warp filters. Requests reach them through hyper, under an accept loop of our own, since the
//! node owns every task and every socket and decides when they end.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::Filter as _;

use crate::config::{HttpConfig, WebSocketConfig, WebTlsConfig};
use crate::context::Core;

mod listener;
mod patient;
mod refusal;
#[cfg(test)]
pub(crate) mod testing;

use self::listener::Limits;
#[cfg(feature = "http")]
pub(crate) use self::refusal::Problem;
pub(crate) use self::refusal::{Refusal, Site};

/// What an application gives to its web components; a part that it lacks is `None`.
#[derive(Default)]
pub(crate) struct WebParts {
    /// The HTTP component; it lives as long as the node, across its restarts.
    #[cfg(feature = "http")]
    pub(crate) http: crate::http::Http,
    /// Whether the application has `#[systemge::http]`.
    #[cfg(feature = "http")]
    pub(crate) has_http: bool,
    /// The topics and hooks of `#[systemge::websocket]`.
    #[cfg(feature = "websocket")]
    pub(crate) topics: Option<crate::websocket::WebSocketTopics>,
    /// The handle that contexts push through; it lives as long as the node, across its restarts.
    #[cfg(feature = "websocket")]
    pub(crate) hub: crate::websocket::WebSocket,
}

/// How the web components are configured.
#[derive(Clone, Copy, Default)]
pub(crate) struct WebConfig<'a> {
    pub(crate) http: Option<&'a HttpConfig>,
    #[cfg_attr(
        not(feature = "websocket"),
        expect(dead_code, reason = "there is no such component in this build")
    )]
    pub(crate) websocket: Option<&'a WebSocketConfig>,
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only the HTTP component has folders"))]
    /// Where relative paths of the configuration start; the working directory if there is none.
    pub(crate) folder: Option<&'a Path>,
    /// What the node shows, for components that have no certificate of their own.
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<&'a crate::config::TlsConfig>,
}

/// What a listener shows that speaks TLS; `None` for one that is plain.
#[cfg(feature = "tls")]
pub(crate) type Secure = Option<std::sync::Arc<crate::transport::tls::Credentials>>;
#[cfg(not(feature = "tls"))]
pub(crate) type Secure = Option<std::sync::Arc<std::convert::Infallible>>;

impl WebConfig<'_> {
    /// Reads the certificate of a component that speaks TLS.
    #[cfg(feature = "tls")]
    fn secure(&self, component: &'static str, tls: Option<&WebTlsConfig>) -> Result<Secure, WebError> {
        let Some(tls) = tls else { return Ok(None) };
        let none = crate::config::TlsConfig::default();
        let tls = tls.of_node(self.tls.unwrap_or(&none));
        let loaded = crate::transport::tls::Credentials::load_web(&tls, self.folder.map(Path::to_owned));
        let credentials = loaded.map_err(|source| WebError::Tls { component, source })?;
        Ok(Some(std::sync::Arc::new(credentials)))
    }

    /// Without the feature there is none: a configuration that wants it has been refused.
    #[cfg(not(feature = "tls"))]
    fn secure(&self, _: &'static str, _: Option<&WebTlsConfig>) -> Result<Secure, WebError> {
        Ok(None)
    }
}

/// Why the web components of a node can't start. The configuration's or the operator's mistake.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebError {
    /// The application has routes, but the node's configuration has no section for them.
    #[error("the application serves HTTP, but the node has no section `http`, not even an empty one")]
    HttpNotConfigured,
    /// The application has WebSocket topics, but the node's configuration has no section for them.
    #[error(
        "the application serves WebSocket clients, but the node has no section `websocket`, not even an empty one"
    )]
    WebSocketNotConfigured,
    /// The WebSocket component shares a listener that is not there.
    #[error(
        "`websocket.listen` is left out, which shares the listener of the HTTP component, but the node has no section `http`"
    )]
    NothingToShare,
    /// The path of the WebSocket component is none.
    #[error("`websocket.path` is `{0}`; a path starts with `/` and has no `?`, `#` or space")]
    WebSocketPath(String),
    /// A limit is zero where that would lock everyone out.
    #[error("`{0}` is 0, so that nobody could ever connect")]
    Zero(&'static str),
    /// An address can't be listened on: in use, not this machine's, or not allowed.
    #[error("cannot listen for {component} on {address}")]
    Listen {
        /// The component: `HTTP` or `WebSocket`.
        component: &'static str,
        /// The address of the configuration.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// A folder that is to be served is not there, or is no folder.
    #[error("cannot serve the folder `{}` at `{prefix}`", folder.display())]
    Folder {
        /// The URL prefix.
        prefix: String,
        /// The folder, from where the configuration's paths start.
        folder: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The certificate or the key of a component can't be used.
    #[cfg(feature = "tls")]
    #[error("the `tls` of the {component} component")]
    Tls {
        /// The component: `HTTP` or `WebSocket`.
        component: &'static str,
        /// What is wrong.
        source: crate::transport::tls::TlsError,
    },
    /// A route or a URL prefix is not valid, or stands there twice.
    #[error("{0}")]
    Route(String),
}

/// Web components whose sockets are bound, and which wait for [`BoundWeb::serve`].
#[derive(Default)]
pub(crate) struct BoundWeb {
    listeners: Vec<Bound>,
}

/// Where the web components of a node listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct WebAddresses {
    pub(crate) http: Option<SocketAddr>,
    /// The same as `http` where the listener is shared.
    pub(crate) websocket: Option<SocketAddr>,
    /// The plain listener that leads to HTTPS.
    #[cfg(all(feature = "http", feature = "tls"))]
    pub(crate) https_redirect: Option<SocketAddr>,
}

/// A listener and what it serves.
struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
    secure: Secure,
    #[cfg(feature = "http")]
    http: Option<crate::http::HttpSite>,
    #[cfg(feature = "websocket")]
    websocket: Option<crate::websocket::WebSocketSite>,
    #[cfg(all(feature = "http", feature = "tls"))]
    https_redirect: Option<crate::http::HttpsRedirect>,
}

impl Bound {
    async fn new(
        component: &'static str,
        address: SocketAddr,
        limits: Limits,
        secure: Secure,
    ) -> Result<Self, WebError> {
        let failed = |source| WebError::Listen { component, address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            address,
            limits,
            secure,
            #[cfg(feature = "http")]
            http: None,
            #[cfg(feature = "websocket")]
            websocket: None,
            #[cfg(all(feature = "http", feature = "tls"))]
            https_redirect: None,
        })
    }

    /// The plain listener that leads to this one.
    #[cfg(all(feature = "http", feature = "tls"))]
    async fn https_redirect(
        &self,
        config: &HttpConfig,
        http: crate::http::Http,
    ) -> Result<Option<Self>, WebError> {
        let (Some(redirect), Some(credentials)) = (&config.https_redirect, &self.secure) else {
            return Ok(None);
        };
        let limits = Limits::of(config)?;
        let mut bound = Self::new("HTTP", redirect.listen, limits, None).await?;
        bound.https_redirect = Some(crate::http::HttpsRedirect {
            http,
            credentials: credentials.clone(),
            port: redirect.port.unwrap_or_else(|| self.address.port()),
        });
        Ok(Some(bound))
    }
}

/// Checks the configuration and the folders, and binds every socket of the web components.
pub(crate) async fn bind(config: WebConfig<'_>, parts: WebParts) -> Result<BoundWeb, WebError> {
    let mut listeners = Vec::new();
    let http_config = config.http;
    #[cfg(feature = "http")]
    {
        #[cfg(feature = "tls")]
        let handle = parts.http.clone();
        let site = match http_config {
            None if parts.has_http => return Err(WebError::HttpNotConfigured),
            None => None,
            Some(http) => Some(crate::http::HttpSite::open(http, config.folder, parts.http).await?),
        };
        if let (Some(site), Some(http)) = (site, http_config) {
            let mut bound =
                Bound::new("HTTP", http.listen, Limits::of(http)?, config.secure("HTTP", http.tls.as_ref())?)
                    .await?;
            bound.http = Some(site);
            #[cfg(feature = "tls")]
            let redirect = bound.https_redirect(http, handle).await?;
            listeners.push(bound);
            #[cfg(feature = "tls")]
            listeners.extend(redirect);
        }
    }
    #[cfg(feature = "websocket")]
    match (parts.topics, config.websocket) {
        (None, _) => {}
        (Some(_), None) => return Err(WebError::WebSocketNotConfigured),
        (Some(topics), Some(websocket)) => {
            let site = crate::websocket::WebSocketSite::new(websocket, topics, parts.hub)?;
            match (websocket.listen, http_config) {
                (Some(address), _) => {
                    let limits = Limits::of(&HttpConfig::default())?;
                    let mut bound = Bound::new(
                        "WebSocket",
                        address,
                        limits,
                        config.secure("WebSocket", websocket.tls.as_ref())?,
                    )
                    .await?;
                    bound.websocket = Some(site);
                    listeners.push(bound);
                }
                (None, None) => return Err(WebError::NothingToShare),
                (None, Some(http)) => {
                    if listeners.is_empty() {
                        listeners.push(
                            Bound::new(
                                "HTTP",
                                http.listen,
                                Limits::of(http)?,
                                config.secure("HTTP", http.tls.as_ref())?,
                            )
                            .await?,
                        );
                    }
                    if let Some(bound) = listeners.first_mut() {
                        bound.websocket = Some(site);
                    }
                }
            }
        }
    }
    Ok(BoundWeb { listeners })
}

impl BoundWeb {
    /// Where the components listen.
    pub(crate) fn addresses(&self) -> WebAddresses {
        let mut addresses = WebAddresses::default();
        for bound in &self.listeners {
            #[cfg(feature = "http")]
            if bound.http.is_some() {
                addresses.http = Some(bound.address);
            }
            #[cfg(feature = "websocket")]
            if bound.websocket.is_some() {
                addresses.websocket = Some(bound.address);
            }
            #[cfg(all(feature = "http", feature = "tls"))]
            if bound.https_redirect.is_some() {
                addresses.https_redirect = Some(bound.address);
            }
        }
        addresses
    }

    /// Starts to accept clients, in tasks of `tracker`.
    ///
    /// When `stop` is cancelled, nobody is accepted any more, requests in flight are finished, and WebSocket clients
    /// get a Close with code 1001; then all tasks end. When `kill` is cancelled, all tasks end at once: handlers are
    /// dropped where they wait, and hooks that have not begun don't run.
    pub(crate) fn serve(
        self,
        core: &Core,
        tracker: &TaskTracker,
        stop: &CancellationToken,
        kill: &CancellationToken,
    ) {
        let run =
            Run { core: core.clone(), tracker: tracker.clone(), stop: stop.clone(), kill: kill.clone() };
        for bound in self.listeners {
            let mut site: Site = warp::any().and_then(async || Err(warp::reject::not_found())).boxed();
            #[cfg(feature = "websocket")]
            if let Some(websocket) = bound.websocket {
                site = site.or(websocket.filter(&run)).unify().boxed();
            }
            #[cfg(feature = "http")]
            if let Some(http) = bound.http {
                site = site.or(http.filter(&run)).unify().boxed();
            }
            #[cfg(all(feature = "http", feature = "tls"))]
            if let Some(redirect) = bound.https_redirect {
                site = redirect.filter(&run);
            }
            let site = refusal::complete(site);
            #[cfg(feature = "tls")]
            if let Some(credentials) = &bound.secure {
                tracker.spawn(credentials.clone().watch(core.node.name().into(), stop.clone()));
            }
            tracker.spawn(listener::accept(bound.listener, site, bound.limits, bound.secure, run.tasks()));
        }
    }
}

/// What every task of the web components needs.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) core: Core,
    pub(crate) tracker: TaskTracker,
    pub(crate) stop: CancellationToken,
    pub(crate) kill: CancellationToken,
}

impl Run {
    fn tasks(&self) -> Tasks {
        Tasks { tracker: self.tracker.clone(), stop: self.stop.clone(), kill: self.kill.clone() }
    }
}

/// Who owns the tasks of a listener, and what ends them.
#[derive(Clone)]
pub(crate) struct Tasks {
    pub(crate) tracker: TaskTracker,
    pub(crate) stop: CancellationToken,
    pub(crate) kill: CancellationToken,
}

/// Serves a site that belongs to no node; see [`BoundWeb::serve`] for how it ends.
#[cfg(feature = "dashboard")]
pub(crate) async fn accept(
    listener: TcpListener,
    site: Site,
    connections: usize,
    secure: Secure,
    tasks: Tasks,
) {
    let limits = Limits::with_connections(connections);
    listener::accept(listener, refusal::complete(site), limits, secure, tasks).await;
}

/// The client's address, as the accept loop puts it into the extensions of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RemoteAddress(pub(crate) SocketAddr);
