//! Responses, and what handlers return for them.

use std::fmt::Display;

use ::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use ::http::{Response, StatusCode};
use bytes::Bytes;
use serde::Serialize;

use super::{HttpError, Json};

/// A response: status, headers and body.
#[derive(Debug, Default)]
pub struct HttpResponse(Response<Bytes>);

impl HttpResponse {
    /// A response without headers and body.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = status;
        Self(response)
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers_mut().insert(name, value);
        self
    }

    /// Sets the body; the length goes into the headers by itself, the content type does not.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        *self.0.body_mut() = body.into();
        self
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// The headers, to be changed.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        self.0.headers_mut()
    }

    fn typed(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self::new(StatusCode::OK).header(CONTENT_TYPE, HeaderValue::from_static(content_type)).body(body)
    }

    pub(super) fn into_inner(self) -> Response<Bytes> {
        self.0
    }
}

impl From<Response<Bytes>> for HttpResponse {
    fn from(response: Response<Bytes>) -> Self {
        Self(response)
    }
}

/// What a handler of `#[systemge::http]` may return.
///
/// | type | response |
/// | --- | --- |
/// | `()` | 204 |
/// | [`StatusCode`] | that status, without a body |
/// | `String`, `&'static str` | 200, text |
/// | [`Html<T>`] | 200, HTML |
/// | [`Json<T>`] | 200, JSON |
/// | `(StatusCode, T)` | what `T` responds, under that status |
/// | `Option<T>` | what `T` responds, or 404 |
/// | `Result<T, E>` | what `T` responds, or the error |
/// | [`HttpResponse`] | itself |
///
/// An error that is an [`HttpError`], or a `systemge::Error` with one inside, goes out with its status and text. Any
/// other error is our own mistake for all that the client needs to know: it is answered with a 500, and its text is
/// logged.
#[diagnostic::on_unimplemented(
    message = "[SGE0512] `{Self}` cannot be the response of an HTTP handler",
    label = "not a response",
    note = "return `Json<..>`, a `StatusCode`, a `String`, `Html<..>`, `()`, an `HttpResponse`, or an `Option`, `Result` or `(StatusCode, ..)` of these"
)]
pub trait Respond {
    /// The response.
    ///
    /// # Errors
    ///
    /// What is answered instead.
    fn respond(self) -> Result<HttpResponse, HttpError>;
}

/// HTML: the body of a response.
///
/// It is sent as it is; whatever comes from a user has to be escaped before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper that handlers build")]
pub struct Html<T>(pub T);

impl Respond for HttpResponse {
    fn respond(self) -> Result<HttpResponse, HttpError> {
        Ok(self)
    }
}

impl Respond for () {
    fn respond(self) -> Result<HttpResponse, HttpError> {
        Ok(HttpResponse::new(StatusCode::NO_CONTENT))
    }
}

impl Respond for StatusCode {
    fn respond(self) -> Result<HttpResponse, HttpError> {
        Ok(HttpResponse::new(self))
    }
}

impl Respond for String {
    fn respond(self) -> Result<HttpResponse, HttpError> {
        Ok(HttpResponse::typed("text/plain; charset=utf-8", self))
    }
}

impl Respond for &'static str {
    fn respond(self) -> Result<HttpResponse, HttpError> {
        Ok(HttpResponse::typed("text/plain; charset=utf-8", self))
    }
}

impl<T: Into<Bytes>> Respond for Html<T> {
    fn respond(self) -> Result<HttpResponse, HttpError> {
        Ok(HttpResponse::typed("text/html; charset=utf-8", self.0))
    }
}

impl<T: Serialize> Respond for Json<T> {
    fn respond(self) -> Result<HttpResponse, HttpError> {
        let body = serde_json::to_vec(&self.0)
            .map_err(|error| HttpError::internal(format_args!("the response does not encode: {error}")))?;
        Ok(HttpResponse::typed("application/json", body))
    }
}

impl<T: Respond> Respond for (StatusCode, T) {
    fn respond(self) -> Result<HttpResponse, HttpError> {
        let mut response = self.1.respond()?;
        *response.0.status_mut() = self.0;
        Ok(response)
    }
}

impl<T: Respond> Respond for Option<T> {
    fn respond(self) -> Result<HttpResponse, HttpError> {
        self.map_or_else(|| Err(HttpError::not_found("there is no such thing")), Respond::respond)
    }
}

impl<T: Respond, E: Display + 'static> Respond for Result<T, E> {
    fn respond(self) -> Result<HttpResponse, HttpError> {
        self.map_or_else(|error| Err(HttpError::from_handler(&error)), Respond::respond)
    }
}
