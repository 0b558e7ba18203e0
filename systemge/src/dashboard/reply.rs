//! What the dashboard answers.

use ::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_FRAME_OPTIONS,
};
use ::http::{Method, StatusCode};
use bytes::Bytes;
use serde::Serialize;
use warp::reply::Response;

use crate::web::Refusal;

/// Refuses a method that the path doesn't take.
pub(super) fn allowed(method: &Method, methods: &[Method]) -> Result<(), Refusal> {
    if methods.contains(method) {
        return Ok(());
    }
    let names = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("this path takes {names}"));
    Err(match HeaderValue::from_str(&names) {
        Ok(names) => refusal.with(ALLOW, names),
        Err(_) => refusal,
    })
}

pub(super) fn encoded(value: &impl Serialize) -> Bytes {
    // our own structs, whose keys are texts
    serde_json::to_vec(value).map(Bytes::from).unwrap_or_else(|_| Bytes::from_static(b"null"))
}

pub(super) fn raw_json(bytes: Bytes) -> Response {
    let mut response = Response::new(bytes.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

pub(super) fn json_response(status: StatusCode, value: &impl Serialize) -> Response {
    let mut response = raw_json(encoded(value));
    *response.status_mut() = status;
    response
}

/// Adds the headers that every answer of the dashboard has: nothing of it is kept, framed, or mixed with what others
/// serve, and the page runs its own scripts and no others.
pub(super) fn hardened(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// `require-trusted-types-for`: even our own scripts can't turn text into HTML.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      manifest-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";
