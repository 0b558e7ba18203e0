//! Answers to requests that nothing serves, as problem details (RFC 9457).

use std::convert::Infallible;

use ::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use ::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use warp::Filter as _;
use warp::filters::BoxedFilter;
use warp::reject::{Reject, Rejection};
use warp::reply::Response;

/// What answers requests; it rejects those that are not its own.
pub(crate) type Site = BoxedFilter<(Response,)>;

/// Why a request is not served: an answer, unless another site serves it.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    status: StatusCode,
    detail: String,
    headers: Box<HeaderMap>,
}

impl Reject for Refusal {}

impl Refusal {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), headers: Box::default() }
    }

    /// Adds a header to the answer.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// As warp carries it.
    #[cfg(feature = "http")]
    pub(crate) fn reject(self) -> Rejection {
        warp::reject::custom(self)
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = problem(self.status, Some(&self.detail)).map(Into::into);
        response.headers_mut().extend(*self.headers);
        response
    }
}

/// Problem details as JSON; the type of the problem is `about:blank`, so the title is that of the status.
pub(crate) fn problem(status: StatusCode, detail: Option<&str>) -> ::http::Response<Bytes> {
    let title = status.canonical_reason().unwrap_or("Error");
    let mut body = serde_json::json!({ "title": title, "status": status.as_u16() });
    if let (Some(detail), Some(body)) = (detail, body.as_object_mut()) {
        body.insert("detail".to_owned(), detail.into());
    }
    let mut response = ::http::Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// Answers what a site rejects, too, and adds the headers that every answer has.
pub(crate) fn complete(site: Site) -> BoxedFilter<(Response,)> {
    site.recover(|rejection: Rejection| async move { Ok::<_, Infallible>(answer(&rejection)) })
        .unify()
        .map(hardened)
        .boxed()
}

/// The answer to a request whose target is no path.
pub(super) fn pathless() -> Response {
    hardened(Refusal::new(StatusCode::BAD_REQUEST, "the target of the request is not a path").into_response())
}

/// Adds the headers that every answer has.
fn hardened(mut response: Response) -> Response {
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
    // what is left are warp's own rejections, all of them about a file that can't be opened or a header that it
    // can't read
    tracing::debug!(rejection = crate::text::quoting(&format!("{rejection:?}")), "a request was rejected");
    if rejection.find::<warp::reject::InvalidHeader>().is_some() {
        return Refusal::new(StatusCode::BAD_REQUEST, "a header of the request is not valid").into_response();
    }
    problem(StatusCode::INTERNAL_SERVER_ERROR, None).map(Into::into)
}
