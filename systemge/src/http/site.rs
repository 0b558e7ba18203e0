//! The HTTP component as a warp filter.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::http::header::{ALLOW, CONNECTION, HeaderValue};
use ::http::{Method, StatusCode};
use bytes::{Buf, Bytes};
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use tokio::time::Instant;
use tracing::{Instrument as _, Span};
use warp::Filter as _;
use warp::path::FullPath;
use warp::reject::Rejection;
use warp::reply::Response;

use super::folder::{Folder, Served};
use super::request::RequestBody;
use super::route::Endpoint;
use super::routes::Found;
use super::{Http, HttpError, HttpRequest, HttpResponse, Redirect, Respond};
use crate::config::HttpConfig;
use crate::context::Core;
use crate::error::panic_text;
use crate::text::printable;
use crate::trace::TraceContext;
use crate::web::{Refusal, RemoteAddress, Run, Site, WebError};

/// The HTTP component of a node, ready to be served.
pub(crate) struct HttpSite {
    http: Http,
    folders: Vec<Folder>,
    limits: Limits,
}

/// What answered a request, for the counters.
enum By {
    Route(Arc<Endpoint>),
    Folder,
    Nothing,
}

impl HttpSite {
    /// Checks the routes, and that the folders are there.
    pub(crate) async fn open(config: &HttpConfig, base: Option<&Path>, http: Http) -> Result<Self, WebError> {
        let declared = &http.shared().declared;
        if let Some(mistake) = &declared.mistake {
            return Err(WebError::Route(mistake.clone()));
        }
        let mut folders: Vec<Folder> = Vec::new();
        let configured = config.folders.iter();
        for (prefix, folder) in
            declared.folders.iter().map(|(prefix, folder)| (prefix, folder)).chain(configured)
        {
            let folder = Folder::open(prefix, folder, base, &config.cache_control).await?;
            if folders.iter().any(|other| other.prefix() == folder.prefix()) {
                return Err(WebError::Route(format!("two folders are served at `{prefix}`")));
            }
            folders.push(folder);
        }
        // the longest prefix goes first
        folders.sort_by_key(|folder| std::cmp::Reverse(folder.prefix().len()));
        for (path, place) in &config.redirects {
            if !http.redirect(path.as_str(), Redirect::temporary(place.as_str())) {
                return Err(WebError::Route(format!("`{path}` is no path that could lead elsewhere")));
            }
        }
        Ok(Self { http, folders, limits: Limits::of(config) })
    }

    /// Routes first, then folders, then filters of the application's own.
    pub(crate) fn filter(self, run: &Run) -> Site {
        let this = Arc::new(self);
        let core = run.core.clone();
        let filters: Vec<Site> =
            this.http.shared().declared.filters.iter().map(|filter| filter(core.clone())).collect();
        let query = warp::query::raw().or(warp::any().map(String::new)).unify();
        let access = this.clone();
        let node = core.node.clone();
        let allowed = warp::ext::get::<RemoteAddress>()
            .and_then(move |remote| std::future::ready(access.http.admit(node.name(), remote)))
            .untuple_one();
        let mut site: Site = warp::method()
            .and(warp::path::full())
            .and(query)
            .and(warp::header::headers_cloned())
            .and(warp::ext::get::<RemoteAddress>())
            .and(warp::body::stream().map(boxed))
            .and_then(move |method, path: FullPath, query, headers, remote: RemoteAddress, body| {
                let request = HttpRequest {
                    method,
                    path: path.as_str().to_owned(),
                    query,
                    headers,
                    remote: remote.0,
                    parameters: Vec::new(),
                    body: RequestBody {
                        stream: Some(body),
                        limit: 0,
                        waits: Arc::default(),
                        node: core.node.clone(),
                    },
                };
                this.clone().answer(core.clone(), request)
            })
            .boxed();
        for filter in filters {
            site = site.or(filter).unify().boxed();
        }
        allowed.and(site).boxed()
    }

    async fn answer(self: Arc<Self>, core: Core, request: HttpRequest) -> Result<Response, Rejection> {
        let (method, path) = (request.method.clone(), request.path.clone());
        let headers = request.headers.clone();
        let node = core.node.clone();
        let (by, response) = self.respond(core, request).await;
        let Some(mut response) = response else {
            self.http.shared().unmatched.count(StatusCode::NOT_FOUND);
            return Err(warp::reject::not_found());
        };
        if let Some(file) = response.as_file().cloned() {
            let found = file.serve(node.name(), &method, &headers).await;
            let mut found = found.unwrap_or_else(|error| error.into_response(node.name()));
            // what the handler has said goes before what the file says
            for (name, value) in response.headers() {
                found.headers_mut().insert(name.clone(), value.clone());
            }
            response = found;
        }
        let shared = self.http.shared();
        match &by {
            By::Route(endpoint) => {
                endpoint.counts.count(response.status());
                node.metrics().http().answered(response.status().as_u16());
            }
            By::Folder => shared.folders.count(response.status()),
            By::Nothing => shared.unmatched.count(response.status()),
        }
        if response.status().is_server_error() {
            let (method, path) = (printable(method.as_str()), printable(&path));
            let status = response.status().as_u16();
            tracing::warn!(node = node.name(), method, path, status, "an HTTP request failed");
        }
        Ok(response.into_warp())
    }

    /// The response, and what it comes from; `None` if there is nothing under the path.
    async fn respond(&self, core: Core, mut request: HttpRequest) -> (By, Option<HttpResponse>) {
        let found = self.http.shared().routes.load().find(&request.method, &request.path);
        let methods = match found {
            Err(error) => return (By::Nothing, Some(error.into_response(core.node.name()))),
            Ok(Found::Endpoint(endpoint, parameters)) => {
                request.parameters = parameters;
                let response = self.run(&endpoint, core, request).await;
                return (By::Route(endpoint), Some(response));
            }
            Ok(Found::OtherMethods(methods)) => Some(methods),
            Ok(Found::Nothing) => None,
        };
        let (method, path) = (&request.method, request.path.as_str());
        let node = &core.node;
        if methods.is_none() || *method == Method::GET || *method == Method::HEAD {
            for folder in &self.folders {
                match folder.find(path, method).await {
                    Some(Served::File(file)) => {
                        let response = Respond::respond(file);
                        let response = response.unwrap_or_else(|error| error.into_response(node.name()));
                        return (By::Folder, Some(response));
                    }
                    Some(Served::Refused(_)) if *method == Method::OPTIONS => {
                        return (By::Folder, Some(options(&[Method::GET, Method::HEAD, Method::OPTIONS])));
                    }
                    Some(Served::Refused(refusal)) => return (By::Folder, Some(refusal.into())),
                    None => {}
                }
            }
        }
        match methods {
            Some(methods) if *method == Method::OPTIONS => (By::Nothing, Some(options(&methods))),
            Some(methods) => (By::Nothing, Some(other_methods(method, &methods).into())),
            None => (By::Nothing, None),
        }
    }

    async fn run(&self, endpoint: &Endpoint, mut core: Core, mut request: HttpRequest) -> HttpResponse {
        let _place = match endpoint.admit() {
            Ok(place) => place,
            Err(error) => return error.into_response(core.node.name()),
        };
        request.body.limit = endpoint.route.body.unwrap_or(self.limits.body_bytes);
        let waits = request.body.waits.clone();
        let timeout = endpoint.route.timeout.unwrap_or(self.limits.request_timeout).min(LONGEST_TIMEOUT);
        let deadline = Instant::now() + timeout;
        core.deadline = Some(deadline.into_std());
        let node = core.node.clone();
        let span = traced(endpoint, &mut core, &request);
        // the handler runs user code before its future exists, too
        let handled = AssertUnwindSafe(async { (endpoint.handler)(core, request).await }).catch_unwind();
        let handled = tokio::time::timeout_at(deadline, handled.instrument(span.clone())).await;
        let outcome = match handled {
            Ok(Ok(handled)) => handled,
            Ok(Err(panic)) => {
                let panic = panic_text(&*panic);
                Err(HttpError::internal(format_args!("it panicked: {panic}")))
            }
            Err(_) if waits.load(Ordering::Relaxed) => {
                // the rest of the body may still come, and must not be taken for a request
                let late =
                    HttpError::new(StatusCode::REQUEST_TIMEOUT, "the body of the request took too long");
                Err(late.header(CONNECTION, HeaderValue::from_static("close")))
            }
            Err(_) => Err(HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "the handler took too long")),
        };
        let response = outcome.unwrap_or_else(|error| span.in_scope(|| error.into_response(node.name())));
        span.record("status", response.status().as_u16());
        response
    }
}

/// The span of a request, if the node traces: a part of the trace that the request names, if it does. One that nobody can
/// read is left out, as the standard says.
fn traced(endpoint: &Endpoint, core: &mut Core, request: &HttpRequest) -> Span {
    if !core.node.config().tracing {
        return Span::none();
    }
    let parent = request.headers.get("traceparent").and_then(|parent| parent.to_str().ok());
    let parent: Option<TraceContext> = parent.and_then(|parent| parent.parse().ok());
    let (method, route) = (&endpoint.route.method, &endpoint.route.path);
    let (span, trace) = crate::trace::http(core.node.name(), method.as_str(), route, parent.as_ref());
    core.trace = Some(Arc::new(trace));
    span
}

/// What a request may take.
struct Limits {
    body_bytes: usize,
    request_timeout: Duration,
}

impl Limits {
    fn of(config: &HttpConfig) -> Self {
        Self { body_bytes: config.body_bytes, request_timeout: config.request_timeout }
    }
}

/// A deadline must be a time that the clock can show.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The answer to `OPTIONS`.
fn options(methods: &[Method]) -> HttpResponse {
    let methods = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let response = HttpResponse::new(StatusCode::NO_CONTENT);
    match HeaderValue::from_str(&methods) {
        Ok(methods) => response.header(ALLOW, methods),
        Err(_) => response,
    }
}

/// 405 with the methods that there are.
pub(super) fn other_methods(method: &Method, allowed: &[Method]) -> Refusal {
    let allowed = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let detail = format!("this path has no `{}`, only {allowed}", printable(method.as_str()));
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, detail);
    match HeaderValue::from_str(&allowed) {
        Ok(allowed) => refusal.with(ALLOW, allowed),
        Err(_) => refusal,
    }
}

fn boxed<S, B>(stream: S) -> BoxStream<'static, Result<Bytes, String>>
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf,
{
    stream
        .map(|chunk| {
            chunk.map(|mut chunk| chunk.copy_to_bytes(chunk.remaining())).map_err(|error| error.to_string())
        })
        .boxed()
}
