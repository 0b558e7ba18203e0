//! The opening handshake (RFC 6455, 4.2) as a warp filter.
//!
//! warp has a WebSocket filter of its own, which is not used: it spawns tasks that nobody can wait for, holds a read
//! buffer of 128 KiB per client, and hides after an error what is left of the connection.

use std::sync::Arc;
use std::time::Duration;

use ::http::header::{
    ALLOW, CONNECTION, HOST, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use ::http::{HeaderMap, Method, StatusCode, Uri};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use warp::Filter as _;
use warp::path::FullPath;
use warp::reply::Response;

use super::client::{ClientId, Opening, WsClient};
use super::counters::count;
use super::hub::WebSocket;
use super::queue::QueueLimits;
use super::session::Session;
use super::table::WebSocketTopics;
use crate::config::WebSocketConfig;
use crate::text::printable;
use crate::web::{Refusal, RemoteAddress, Run, Site, WebError};

/// The WebSocket component of a node, ready to be served.
pub(crate) struct WebSocketSite {
    pub(super) config: WebSocketConfig,
    pub(super) topics: WebSocketTopics,
    pub(super) hub: WebSocket,
    places: Arc<Semaphore>,
}

impl WebSocketSite {
    /// Checks the configuration.
    pub(crate) fn new(
        config: &WebSocketConfig,
        topics: WebSocketTopics,
        hub: WebSocket,
    ) -> Result<Self, WebError> {
        if !config.path.starts_with('/')
            || config.path.contains(['?', '#'])
            || config.path.parse::<Uri>().is_err()
        {
            return Err(WebError::WebSocketPath(config.path.clone()));
        }
        for (key, value) in [
            ("websocket.clients", config.clients),
            ("websocket.handlers", config.handlers),
            ("websocket.queue.messages", config.queue.messages),
            ("websocket.message_bytes", config.message_bytes),
        ] {
            if value == 0 {
                return Err(WebError::Zero(key));
            }
        }
        let mut config = config.clone();
        config.queue.messages = config.queue.messages.min(Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(config.clients.min(Semaphore::MAX_PERMITS)));
        Ok(Self { config, topics, hub, places })
    }

    /// Opens connections at the configured path.
    pub(crate) fn filter(self, run: &Run) -> Site {
        let this = Arc::new(self);
        this.hub.hub().belongs_to(run.core.node.name());
        let run = run.clone();
        let path = this.config.path.clone();
        let here = warp::path::full()
            .and_then(move |full: FullPath| {
                let here = full.as_str() == path;
                std::future::ready(if here { Ok(()) } else { Err(warp::reject::not_found()) })
            })
            .untuple_one();
        let query = warp::query::raw().or(warp::any().map(String::new)).unify();
        here.and(warp::method())
            .and(query)
            .and(warp::header::headers_cloned())
            .and(warp::ext::get::<RemoteAddress>())
            .and(warp::ext::optional::<OnUpgrade>())
            .map(move |method: Method, query: String, headers: HeaderMap, remote: RemoteAddress, upgrade| {
                let opening = Opening::new(remote.0, &query, &headers);
                let opened = this.open(&method, &headers, opening, upgrade, &run);
                opened.unwrap_or_else(|refusal| {
                    count(&this.hub.hub().counts.refused);
                    refusal.into_response()
                })
            })
            .boxed()
    }

    /// How much may wait for a client.
    pub(super) const fn limits(&self) -> QueueLimits {
        let queue = &self.config.queue;
        QueueLimits { messages: queue.messages, bytes: queue.bytes, policy: queue.policy }
    }

    /// Checks the client's half of the handshake, starts the session, and answers with our half.
    fn open(
        self: &Arc<Self>,
        method: &Method,
        headers: &HeaderMap,
        opening: Opening,
        upgrade: Option<OnUpgrade>,
        run: &Run,
    ) -> Result<Response, Refusal> {
        let remote = opening.address;
        if !self.hub.access().allows(remote.ip()) {
            tracing::debug!(node = run.core.node.name(), client = %remote, "the address of a WebSocket client is not allowed");
            return Err(Refusal::new(StatusCode::FORBIDDEN, "your address is not allowed here"));
        }
        let key = check_handshake(method, headers)?;
        if let Some(origin) = headers.get(ORIGIN) {
            let host = text(headers, HOST).unwrap_or_default();
            if !origin.to_str().is_ok_and(|origin| is_allowed(&self.config.origins, origin, host)) {
                let origin = printable(&String::from_utf8_lossy(origin.as_bytes()));
                tracing::warn!(node = run.core.node.name(), client = %remote, origin, "a page of this origin may not open a WebSocket");
                return Err(Refusal::new(StatusCode::FORBIDDEN, "pages of this origin are not allowed here"));
            }
        }
        let busy = |detail: &str| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail);
        if run.stop.is_cancelled() {
            return Err(busy("the node stops"));
        }
        let place = self.places.clone().try_acquire_owned().map_err(|_| {
            tracing::warn!(
                node = run.core.node.name(),
                limit = self.config.clients,
                "no place for another WebSocket client"
            );
            busy("no place for another client")
        })?;
        let upgrade = upgrade
            .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "the connection cannot be upgraded"))?;
        let id = ClientId::random().map_err(|error| {
            tracing::error!(node = run.core.node.name(), %error, "the operating system gives no random numbers");
            busy("no id for another client")
        })?;
        let (client, queue) =
            WsClient::new(id, opening, self.limits(), self.config.groups_per_client, self.hub.hub());
        let session = Session { site: self.clone(), client, run: run.clone() };
        run.tracker.spawn(async move {
            let _place = place;
            let upgraded = tokio::select! {
                () = session.run.kill.cancelled() => return,
                upgraded = tokio::time::timeout(UPGRADE_TIMEOUT, upgrade) => upgraded,
            };
            match upgraded {
                Ok(Ok(upgraded)) => session.serve(TokioIo::new(upgraded), queue).await,
                Ok(Err(error)) => tracing::debug!(node = session.node(), %error, client = %remote, "a WebSocket was not opened"),
                Err(_) => tracing::debug!(node = session.node(), client = %remote, "a WebSocket was not opened in time"),
            }
        });
        let mut response = Response::default();
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
            .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the WebSocket key is not valid"))?;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        Ok(response)
    }
}

/// Checks that a request opens a WebSocket; returns its key.
fn check_handshake<'h>(method: &Method, headers: &'h HeaderMap) -> Result<&'h str, Refusal> {
    if *method != Method::GET {
        let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "a WebSocket is opened with GET");
        return Err(refusal.with(ALLOW, HeaderValue::from_static("GET")));
    }
    let names = |header: HeaderName, wanted: &str| {
        let values = headers.get_all(header).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(wanted))
    };
    let upgrade = names(CONNECTION, "upgrade") && names(UPGRADE, "websocket");
    if !upgrade || text(headers, SEC_WEBSOCKET_VERSION) != Some("13") {
        let refusal = Refusal::new(StatusCode::UPGRADE_REQUIRED, "this path is a WebSocket of version 13");
        return Err(refusal
            .with(UPGRADE, HeaderValue::from_static("websocket"))
            .with(CONNECTION, HeaderValue::from_static("upgrade"))
            .with(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")));
    }
    // 16 bytes in base64
    text(headers, SEC_WEBSOCKET_KEY)
        .filter(|key| key.len() == 24 && key.ends_with("=="))
        .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "the WebSocket key is not valid"))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a page of an origin may open a WebSocket under the host that it opened.
fn is_allowed(allowed: &[String], origin: &str, host: &str) -> bool {
    if !allowed.is_empty() {
        let same = |allowed: &String| allowed.trim_end_matches('/').eq_ignore_ascii_case(origin);
        return allowed.iter().any(|allowed| allowed == "*" || same(allowed));
    }
    let Ok(origin) = origin.parse::<Uri>() else { return false };
    if !matches!(origin.scheme_str(), Some("http" | "https")) {
        return false;
    }
    let Some(page) = origin.host() else { return false };
    let same = || {
        host.parse::<Uri>().is_ok_and(|host| host.host().is_some_and(|host| host.eq_ignore_ascii_case(page)))
    };
    is_loopback(page) || same()
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// How long hyper may take to hand over a connection, which is about as long as it takes to write our half of the
/// handshake.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_same_host_and_of_loopback_hosts_are_allowed_by_default() {
        let check = |origin: &str, host: &str, expected: bool| {
            assert_eq!(is_allowed(&[], origin, host), expected, "{origin} at {host}");
        };
        check("http://localhost:5173", "example.org", true);
        check("http://127.0.0.1:8080", "127.0.0.1:8080", true);
        check("http://[::1]:8080", "[::1]:1", true);
        check("https://example.org", "example.org:443", true);
        check("https://EXAMPLE.org", "example.org", true);
        check("https://example.org", "other.example.org", false);
        check("https://evil.org", "example.org", false);
        check("https://localhost.evil.org", "example.org", false);
        check("https://127.0.0.1.evil.org", "example.org", false);
        check("null", "example.org", false);
        check("null", "null", false);
        check("file://", "", false);
        check("", "", false);
    }

    #[test]
    fn a_list_of_origins_takes_the_place_of_the_default() {
        let allowed = ["https://example.org".to_owned(), "http://a.org:1/".to_owned()];
        assert!(is_allowed(&allowed, "https://example.org", "x"));
        assert!(is_allowed(&allowed, "http://a.org:1", "x"));
        assert!(!is_allowed(&allowed, "http://a.org:2", "x"));
        assert!(!is_allowed(&allowed, "http://localhost", "x"));
        assert!(is_allowed(&["*".to_owned()], "null", "x"));
    }
}
