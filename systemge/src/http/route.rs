//! One route: its method, path and limits, and what is counted of it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::http::header::{HeaderValue, RETRY_AFTER};
use ::http::{Method, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::HttpError;
use super::routes::Handler;
use crate::config::Rate;
use crate::protocol::bucket::Bucket;

/// A method and a path, and what requests to it may take. Without limits of its own, those of the configuration hold.
///
/// ```
/// use std::time::Duration;
///
/// use systemge::http::Route;
///
/// let route = Route::post("/pictures/{name}")
///     .body(16 * 1024 * 1024)
///     .timeout(Duration::from_secs(60))
///     .concurrency(4)
///     .rate(20, Duration::from_secs(1));
/// ```
#[derive(Debug, Clone)]
pub struct Route {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<usize>,
    pub(super) timeout: Option<Duration>,
    pub(super) concurrency: Option<usize>,
    pub(super) rate: Rate,
}

macro_rules! methods {
    ($($name:ident $method:ident),* $(,)?) => {$(
        #[doc = concat!("A route for `", stringify!($method), "`.")]
        pub fn $name(path: impl Into<String>) -> Self {
            Self::new(Method::$method, path)
        }
    )*};
}

impl Route {
    /// A route; `{name}` as a whole segment of the path is a parameter.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            body: None,
            timeout: None,
            concurrency: None,
            rate: Rate::UNLIMITED,
        }
    }

    methods!(get GET, post POST, put PUT, delete DELETE, patch PATCH);

    /// How many bytes the body of a request may have; more is answered with 413.
    #[must_use]
    pub const fn body(mut self, bytes: usize) -> Self {
        self.body = Some(bytes);
        self
    }

    /// How long a client may take to send the body, and the handler to answer. A late client gets a 408; a late handler
    /// is dropped, and its client gets a 503.
    #[must_use]
    pub const fn timeout(mut self, time: Duration) -> Self {
        self.timeout = Some(time);
        self
    }

    /// How many requests may be handled at the same time; one more gets a 503 at once.
    #[must_use]
    pub const fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = Some(requests);
        self
    }

    /// How many requests of all clients together may come in a time; so many at once, which are refilled evenly. One
    /// more gets a 429.
    #[must_use]
    pub const fn rate(mut self, requests: u32, per: Duration) -> Self {
        self.rate = Rate { count: requests, per };
        self
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// Why a route can't be added. The caller's mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteError {
    /// The path is none.
    #[error("the route `{path}` cannot be: {why}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is such a route already.
    #[error("two routes answer `{method} {path}`; the other is `{other}`")]
    Taken {
        /// The method.
        method: Method,
        /// The path.
        path: String,
        /// The path as the other route has it.
        other: String,
    },
}

/// A handler at the end of a path.
pub(super) struct Endpoint {
    pub(super) route: Route,
    /// The parameters in the order of the path.
    pub(super) names: Vec<Arc<str>>,
    pub(super) handler: Handler,
    places: Option<Arc<Semaphore>>,
    bucket: Option<Mutex<Bucket>>,
    pub(super) counts: Counts,
}

impl Endpoint {
    pub(super) fn new(route: Route, names: Vec<Arc<str>>, handler: Handler) -> Self {
        let places =
            route.concurrency.map(|places| Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))));
        let bucket = Bucket::new(route.rate, crate::clock::now()).map(Mutex::new);
        Self { route, names, handler, places, bucket, counts: Counts::default() }
    }

    /// Lets a request in, or says why not. Its place is free again when the permit is dropped.
    pub(super) fn admit(&self) -> Result<Option<OwnedSemaphorePermit>, HttpError> {
        let later = |status: StatusCode, detail: &str, wait: Duration| {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            HttpError::new(status, detail).header(RETRY_AFTER, HeaderValue::from(seconds.max(1)))
        };
        if let Some(bucket) = &self.bucket {
            let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
            if !bucket.take(crate::clock::now()) {
                let wait = bucket.wait();
                return Err(later(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too many requests come for this path",
                    wait,
                ));
            }
        }
        let Some(places) = &self.places else { return Ok(None) };
        places.clone().try_acquire_owned().map(Some).map_err(|_| {
            let detail = "too many requests for this path are being handled";
            later(StatusCode::SERVICE_UNAVAILABLE, detail, Duration::ZERO)
        })
    }
}

/// How many requests were answered, by the class of the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StatusCounts {
    /// 1xx.
    pub informational: u64,
    /// 2xx.
    pub success: u64,
    /// 3xx.
    pub redirection: u64,
    /// 4xx: the client's mistake.
    pub client_error: u64,
    /// 5xx: our own mistake, or too much to do.
    pub server_error: u64,
}

impl StatusCounts {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.informational + self.success + self.redirection + self.client_error + self.server_error
    }
}

/// The counters behind [`StatusCounts`].
#[derive(Debug, Default)]
pub(super) struct Counts([AtomicU64; 5]);

impl Counts {
    pub(super) fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.0[class].fetch_add(1, Relaxed);
    }

    pub(super) fn snapshot(&self) -> StatusCounts {
        let [informational, success, redirection, client_error, server_error] =
            self.0.each_ref().map(|counter| counter.load(Relaxed));
        StatusCounts { informational, success, redirection, client_error, server_error }
    }
}
