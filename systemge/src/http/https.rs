//! The plain listener beside HTTPS, which leads there and serves nothing.

use std::sync::Arc;

use ::http::header::{CACHE_CONTROL, HOST, HeaderValue, LOCATION};
use ::http::uri::{Authority, PathAndQuery};
use ::http::{HeaderMap, StatusCode};
use warp::Filter as _;
use warp::path::FullPath;
use warp::reject::Rejection;
use warp::reply::Response;

use super::Http;
use crate::transport::tls::Credentials;
use crate::web::{Refusal, RemoteAddress, Run, Site};

/// Leads every request to the same path of the HTTPS listener, under a name that its certificate has: the client says
/// which one it opened, and whoever says another one must not lead it elsewhere.
pub(crate) struct HttpsRedirect {
    pub(crate) http: Http,
    /// What the HTTPS listener shows.
    pub(crate) credentials: Arc<Credentials>,
    /// The port of HTTPS, as clients see it.
    pub(crate) port: u16,
}

impl HttpsRedirect {
    pub(crate) fn filter(self, run: &Run) -> Site {
        let this = Arc::new(self);
        let core = run.core.clone();
        let query = warp::query::raw().or(warp::any().map(String::new)).unify();
        warp::path::full()
            .and(query)
            .and(warp::header::headers_cloned())
            .and(warp::ext::get::<RemoteAddress>())
            .and_then(move |path: FullPath, query: String, headers: HeaderMap, remote| {
                std::future::ready(this.answer(core.node.name(), &path, &query, &headers, remote))
            })
            .boxed()
    }

    fn answer(
        &self,
        node: &str,
        path: &FullPath,
        query: &str,
        headers: &HeaderMap,
        remote: RemoteAddress,
    ) -> Result<Response, Rejection> {
        self.http.admit(node, remote)?;
        let place = self.place(path.as_str(), query, headers).map_err(|refusal| {
            self.http.shared().refused.count(refusal.status());
            refusal.reject()
        })?;
        self.http.shared().unmatched.count(StatusCode::PERMANENT_REDIRECT);
        let mut response = Response::default();
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        response.headers_mut().insert(LOCATION, place);
        // a name that moves to another machine must not lead here for ever
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
        Ok(response)
    }

    /// Where a request is led.
    fn place(&self, path: &str, query: &str, headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "a request names its host once"));
        };
        let authority = Authority::try_from(host.as_bytes()).ok().filter(|host| !host.as_str().contains('@'));
        let Some(authority) = authority else {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "the header `host` names no host"));
        };
        let host = authority.host();
        if !self.credentials.is_for_host(host.trim_start_matches('[').trim_end_matches(']')) {
            return Err(Refusal::new(
                StatusCode::MISDIRECTED_REQUEST,
                "no certificate here is one for this host; open it by another name, by https://",
            ));
        }
        let path = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let port = if self.port == HTTPS { String::new() } else { format!(":{}", self.port) };
        // what a request has as its path is one, and stays behind the host
        let place = PathAndQuery::try_from(path.as_str())
            .ok()
            .filter(|path| path.as_str().starts_with('/'))
            .and_then(|path| HeaderValue::try_from(format!("https://{host}{port}{path}")).ok());
        place.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "the target of the request is not a path"))
    }
}

/// The port that nobody needs to name.
const HTTPS: u16 = 443;
