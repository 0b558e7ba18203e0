//! The HTTP component as a warp filter.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::http::header::{ALLOW, CONNECTION, HeaderValue};
use ::http::{HeaderMap, Method, StatusCode};
use bytes::{Buf, Bytes};
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use tokio::time::Instant;
use warp::Filter as _;
use warp::path::FullPath;
use warp::reject::Rejection;
use warp::reply::Response;

use super::folder::Folder;
use super::request::RequestBody;
use super::routes::{Found, Handler, Routes};
use super::{HttpError, HttpRequest, HttpResponse};
use crate::config::HttpConfig;
use crate::context::Core;
use crate::error::panic_text;
use crate::text::printable;
use crate::web::{Refusal, RemoteAddress, Run, Site, WebError};

/// The HTTP component of a node, ready to be served.
pub(crate) struct HttpSite {
    routes: Routes,
    folders: Vec<Folder>,
    body_bytes: usize,
    request_timeout: Duration,
}

impl HttpSite {
    /// Checks the routes, and that the folders are there.
    pub(crate) async fn open(
        config: &HttpConfig,
        base: Option<&Path>,
        mut routes: Routes,
    ) -> Result<Self, WebError> {
        if let Some(mistake) = routes.mistake.take() {
            return Err(WebError::Route(mistake));
        }
        let mut folders: Vec<Folder> = Vec::new();
        let configured = config.folders.iter().map(|(prefix, folder)| (prefix.clone(), folder.clone()));
        for (prefix, folder) in routes.folders.drain(..).chain(configured) {
            let folder = Folder::open(&prefix, &folder, base).await?;
            if folders.iter().any(|other| other.prefix() == folder.prefix()) {
                return Err(WebError::Route(format!("two folders are served at `{prefix}`")));
            }
            folders.push(folder);
        }
        // the longest prefix goes first
        folders.sort_by_key(|folder| std::cmp::Reverse(folder.prefix().len()));
        let Limits { body_bytes, request_timeout } = Limits::of(config);
        Ok(Self { routes, folders, body_bytes, request_timeout })
    }

    /// Routes first, then folders.
    pub(crate) fn filter(mut self, run: &Run) -> Site {
        let folders: Vec<Site> = self.folders.drain(..).map(Folder::filter).collect();
        let this = Arc::new(self);
        let core = run.core.clone();
        let query = warp::query::raw().or(warp::any().map(String::new)).unify();
        let mut site: Site = warp::method()
            .and(warp::path::full())
            .and(query)
            .and(warp::header::headers_cloned())
            .and(warp::ext::get::<RemoteAddress>())
            .and(warp::body::stream().map(boxed))
            .and_then(move |method, path, query, headers, remote, body| {
                let request = Request { method, path, query, headers, remote, body };
                this.clone().answer(core.clone(), request)
            })
            .boxed();
        for folder in folders {
            site = site.or(folder).unify().boxed();
        }
        site
    }

    async fn answer(self: Arc<Self>, core: Core, request: Request) -> Result<Response, Rejection> {
        let Request { method, path, query, headers, remote, body } = request;
        let node = core.node.clone();
        let response = match self.routes.find(&method, path.as_str()) {
            Err(error) => error.into_response(),
            Ok(Found::Nothing) => return Err(warp::reject::not_found()),
            Ok(Found::OtherMethods(methods)) => return Err(other_methods(&method, &methods).reject()),
            Ok(Found::Handler(handler, parameters)) => {
                let waits = Arc::new(AtomicBool::new(false));
                let request = HttpRequest {
                    query,
                    headers,
                    remote: remote.0,
                    parameters,
                    body: RequestBody { stream: Some(body), limit: self.body_bytes, waits: waits.clone() },
                };
                let response = self.run(&handler, core, request, &waits).await;
                if response.status().is_server_error() {
                    tracing::warn!(
                        method = printable(method.as_str()),
                        path = printable(path.as_str()),
                        status = response.status().as_u16(),
                        "an HTTP request failed"
                    );
                }
                response
            }
        };
        node.metrics().http().answered(response.status().as_u16());
        Ok(response.into_inner().map(Into::into))
    }

    async fn run(
        &self,
        handler: &Handler,
        mut core: Core,
        request: HttpRequest,
        waits: &AtomicBool,
    ) -> HttpResponse {
        let deadline = Instant::now() + self.request_timeout;
        core.deadline = Some(deadline.into_std());
        // the handler runs user code before its future exists, too
        let handled = AssertUnwindSafe(async { handler(core, request).await }).catch_unwind();
        match tokio::time::timeout_at(deadline, handled).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(error))) => error.into_response(),
            Ok(Err(panic)) => {
                let panic = panic_text(&*panic);
                HttpError::internal(format_args!("it panicked: {panic}")).into_response()
            }
            Err(_) if waits.load(Ordering::Relaxed) => {
                // the rest of the body may still come, and must not be taken for a request
                HttpError::new(StatusCode::REQUEST_TIMEOUT, "the body of the request took too long")
                    .header(CONNECTION, HeaderValue::from_static("close"))
                    .into_response()
            }
            Err(_) => {
                HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "the handler took too long").into_response()
            }
        }
    }
}

/// A request as warp takes it apart.
struct Request {
    method: Method,
    path: FullPath,
    query: String,
    headers: HeaderMap,
    remote: RemoteAddress,
    body: BoxStream<'static, Result<Bytes, String>>,
}

/// What a request may take.
struct Limits {
    body_bytes: usize,
    request_timeout: Duration,
}

impl Limits {
    fn of(config: &HttpConfig) -> Self {
        // a deadline must be a time that the clock can show
        Self { body_bytes: config.body_bytes, request_timeout: config.request_timeout.min(LONGEST_TIMEOUT) }
    }
}

const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

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
