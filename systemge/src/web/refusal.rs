//! Answers to requests that nothing serves, as problem details (RFC 9457).

use std::convert::Infallible;

use ::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use ::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use warp::Filter as _;
use warp::filters::BoxedFilter;
use warp::path::FullPath;
use warp::reject::{Reject, Rejection};
use warp::reply::Response;

/// What answers requests; it rejects those that are not its own.
pub(crate) type Site = BoxedFilter<(Response,)>;

/// Why a request is not served: an answer, unless another site serves it.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    status: StatusCode,
    problem: Problem,
    headers: Box<HeaderMap>,
}

impl Reject for Refusal {}

impl Refusal {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let problem = Problem { detail: Some(detail.into()), ..Problem::default() };
        Self { status, problem, headers: Box::default() }
    }

    /// Adds a header to the answer.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The status of the answer.
    #[cfg(all(feature = "http", feature = "tls"))]
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// As warp carries it.
    #[cfg(feature = "http")]
    pub(crate) fn reject(self) -> Rejection {
        warp::reject::custom(self)
    }

    /// Its parts: status, headers and the problem.
    #[cfg(feature = "http")]
    pub(crate) fn into_parts(self) -> (StatusCode, HeaderMap, Problem) {
        (self.status, *self.headers, self.problem)
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self.status;
        *response.headers_mut() = *self.headers;
        response.extensions_mut().insert(self.problem);
        response
    }
}

/// Problem details, but for the status and the instance, which the response and the request have. It travels in the
/// extensions of a response until it is [`complete`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Problem {
    /// A URI that names the kind of the problem; `about:blank` if there is none.
    pub(crate) kind: Option<String>,
    /// What the kind means; that of the status if there is none.
    pub(crate) title: Option<String>,
    /// What went wrong this time.
    pub(crate) detail: Option<String>,
    /// More members.
    pub(crate) members: Map<String, Value>,
}

impl Problem {
    /// As JSON. The five members of RFC 9457 go before others of their names.
    fn json(self, status: StatusCode, instance: Option<&str>) -> Value {
        let mut body = self.members;
        let title = || status.canonical_reason().unwrap_or("Error").to_owned();
        body.insert("type".to_owned(), self.kind.unwrap_or_else(|| "about:blank".to_owned()).into());
        body.insert("title".to_owned(), self.title.unwrap_or_else(title).into());
        body.insert("status".to_owned(), status.as_u16().into());
        for (key, value) in [("detail", self.detail.as_deref()), ("instance", instance)] {
            match value {
                Some(value) => body.insert(key.to_owned(), value.into()),
                None => body.remove(key),
            };
        }
        body.into()
    }
}

/// Answers what a site rejects, too, and adds what every answer has.
pub(crate) fn complete(site: Site) -> BoxedFilter<(Response,)> {
    let answered =
        site.recover(|rejection: Rejection| async move { Ok::<_, Infallible>(answer(&rejection)) }).unify();
    warp::path::full()
        .and(answered)
        .map(|path: FullPath, response| finished(response, Some(path.as_str())))
        .boxed()
}

/// The answer to a request whose target is no path.
pub(super) fn pathless() -> Response {
    let refusal = Refusal::new(StatusCode::BAD_REQUEST, "the target of the request is not a path");
    finished(refusal.into_response(), None)
}

/// The answer to a request on which a filter panicked. What it said is ours alone.
pub(super) fn panicked() -> Response {
    finished(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the server has failed").into_response(), None)
}

/// Writes a problem into the body, and adds the headers that every answer has.
fn finished(mut response: Response, path: Option<&str>) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let json = problem.json(response.status(), path).to_string();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        *response.body_mut() = json.into();
    }
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn answer(rejection: &Rejection) -> Response {
    if let Some(refusal) = rejection.find::<Refusal>() {
        return refusal.clone().into_response();
    }
    if rejection.is_not_found() {
        return Refusal::new(StatusCode::NOT_FOUND, "nothing is served under this path").into_response();
    }
    // what is left are warp's own rejections, by filters of the application
    tracing::debug!(rejection = crate::text::quoting(&format!("{rejection:?}")), "a request was rejected");
    let (status, detail) = if rejection.find::<warp::reject::MethodNotAllowed>().is_some() {
        (StatusCode::METHOD_NOT_ALLOWED, "this path is not for that method")
    } else if rejection.find::<warp::reject::PayloadTooLarge>().is_some() {
        (StatusCode::PAYLOAD_TOO_LARGE, "the body of the request is too large")
    } else if rejection.find::<warp::reject::LengthRequired>().is_some() {
        (StatusCode::LENGTH_REQUIRED, "the request has no length")
    } else if rejection.find::<warp::reject::UnsupportedMediaType>().is_some() {
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body of the request has another content type")
    } else if rejection.find::<warp::reject::InvalidHeader>().is_some()
        || rejection.find::<warp::reject::MissingHeader>().is_some()
        || rejection.find::<warp::reject::InvalidQuery>().is_some()
        || rejection.find::<warp::filters::body::BodyDeserializeError>().is_some()
    {
        (StatusCode::BAD_REQUEST, "a part of the request is missing or not valid")
    } else {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response.extensions_mut().insert(Problem::default());
        return response;
    };
    Refusal::new(status, detail).into_response()
}
