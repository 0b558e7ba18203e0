//! Responses, and what handlers return for them.

use std::fmt::{self, Display};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use ::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use ::http::{Response, StatusCode};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;
use warp::reply::Reply as _;

use super::{File, HttpError, Json};
use crate::web::{Problem, Refusal};

/// A response: status, headers and body.
#[derive(Debug, Default)]
pub struct HttpResponse(Response<Content>);

/// The body of a response, before it is known who asks.
#[derive(Default)]
pub(super) enum Content {
    #[default]
    Nothing,
    Bytes(Bytes),
    Stream(BoxStream<'static, Result<Bytes, BoxError>>),
    File(File),
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl HttpResponse {
    /// A response without headers and body.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        let mut response = Response::new(Content::Nothing);
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
        *self.0.body_mut() = Content::Bytes(body.into());
        self
    }

    /// Sets a body that is sent while it is made; the content type does not go into the headers by itself.
    ///
    /// The next part is asked for when the client has read so much that there is room for it. A part that is an error
    /// breaks the connection off, since the status has long been sent. A node that stops waits for the end of the
    /// stream, at most for `stop.deadline`; one that has no end watches `ctx.stopping()`.
    ///
    /// ```
    /// use futures_util::stream;
    /// use systemge::http::{HttpResponse, StatusCode};
    ///
    /// let lines = stream::iter(1..4).map(|number| Ok::<_, std::io::Error>(format!("{number}\n")));
    /// let response = HttpResponse::new(StatusCode::OK).stream(lines);
    /// # use futures_util::StreamExt as _;
    /// ```
    #[must_use]
    pub fn stream<S, B, E>(mut self, stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes>,
        E: Into<BoxError>,
    {
        let parts = stream.map(|part| part.map(Into::into).map_err(Into::into));
        *self.0.body_mut() = Content::Stream(parts.boxed());
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

    pub(super) fn problem(status: StatusCode, headers: HeaderMap, problem: Problem) -> Self {
        let mut response = Self::new(status);
        *response.0.headers_mut() = headers;
        response.0.extensions_mut().insert(problem);
        response
    }

    /// A file, for the time when it is known what the client has of it.
    pub(super) fn as_file(&self) -> Option<&File> {
        match self.0.body() {
            Content::File(file) => Some(file),
            _ => None,
        }
    }

    /// As warp carries it.
    pub(super) fn into_warp(self) -> warp::reply::Response {
        self.0.map(|content| match content {
            Content::Nothing | Content::File(_) => Bytes::new().into(),
            Content::Bytes(bytes) => bytes.into(),
            Content::Stream(parts) => {
                warp::reply::stream(Shared(Mutex::new(parts))).into_response().into_body()
            }
        })
    }
}

impl From<Refusal> for HttpResponse {
    fn from(refusal: Refusal) -> Self {
        let (status, headers, problem) = refusal.into_parts();
        Self::problem(status, headers, problem)
    }
}

impl From<Response<Bytes>> for HttpResponse {
    fn from(response: Response<Bytes>) -> Self {
        Self(response.map(Content::Bytes))
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Stream(_) => f.write_str("a stream"),
            Self::File(file) => file.fmt(f),
        }
    }
}

/// A stream that is `Sync`, as warp wants it, since nobody can poll it through a shared reference.
struct Shared(Mutex<BoxStream<'static, Result<Bytes, BoxError>>>);

impl Stream for Shared {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(cx)
    }
}

/// What a handler of `#[systemge::http]` may return.
///
/// | type | response |
/// | --- | --- |
/// | `()` | 204 |
/// | [`StatusCode`] | that status, without a body |
/// | `String`, `&'static str` | 200, text |
/// | `Bytes` | 200, `application/octet-stream` |
/// | [`Html<T>`] | 200, HTML |
/// | [`Json<T>`] | 200, JSON |
/// | `(StatusCode, T)` | what `T` responds, under that status |
/// | `Option<T>` | what `T` responds, or 404 |
/// | `Result<T, E>` | what `T` responds, or the error |
/// | [`Redirect`] | a redirection |
/// | [`File`] | a file, with ranges and what caches ask for |
/// | [`HttpResponse`] | itself: any status, headers and body, also one that is a stream |
///
/// An error that is an [`HttpError`], or a `systemge::Error` with one inside, goes out with its status and text. Any
/// other error is our own mistake for all that the client needs to know: it is answered with a 500, and its text is
/// logged.
#[diagnostic::on_unimplemented(
    message = "[SGE0512] `{Self}` cannot be the response of an HTTP handler",
    label = "not a response",
    note = "return `Json<..>`, a `StatusCode`, a `String`, `Html<..>`, `()`, a `Redirect`, a `File`, an `HttpResponse`, or an `Option`, `Result` or `(StatusCode, ..)` of these"
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

/// Sends the client to another place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    status: StatusCode,
    location: String,
}

impl Redirect {
    /// 303: what was asked for is done, and the client looks at the other place with GET.
    pub fn see_other(location: impl Into<String>) -> Self {
        Self { status: StatusCode::SEE_OTHER, location: location.into() }
    }

    /// 307: the client sends the same request there, this time.
    pub fn temporary(location: impl Into<String>) -> Self {
        Self { status: StatusCode::TEMPORARY_REDIRECT, location: location.into() }
    }

    /// 308: the client sends the same request there, now and always.
    pub fn permanent(location: impl Into<String>) -> Self {
        Self { status: StatusCode::PERMANENT_REDIRECT, location: location.into() }
    }
}

impl Respond for Redirect {
    /// # Errors
    ///
    /// 500 if the place can't stand in a header.
    fn respond(self) -> Result<HttpResponse, HttpError> {
        let location = HeaderValue::from_str(&self.location)
            .map_err(|_| HttpError::internal(format_args!("`{:?}` is no place to go to", self.location)))?;
        Ok(HttpResponse::new(self.status).header(LOCATION, location))
    }
}

impl Respond for File {
    fn respond(self) -> Result<HttpResponse, HttpError> {
        let mut response = HttpResponse::new(StatusCode::OK);
        *response.0.body_mut() = Content::File(self);
        Ok(response)
    }
}

impl Respond for Bytes {
    fn respond(self) -> Result<HttpResponse, HttpError> {
        Ok(HttpResponse::typed("application/octet-stream", self))
    }
}

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
