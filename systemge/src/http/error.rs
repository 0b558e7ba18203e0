//! Errors of handlers, with their status.

use std::any::Any;
use std::fmt::{self, Display};

use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::HttpResponse;

/// Why a request is not answered as it would like: a status, and a text that the client reads.
///
/// It is an ordinary error, so `?` carries it through a `systemge::Result`, and it keeps its status on the way.
#[derive(Debug, Clone)]
pub struct HttpError {
    status: StatusCode,
    /// What the client reads besides the status.
    detail: Option<String>,
    headers: Box<HeaderMap>,
}

impl HttpError {
    /// An error of any status; the client reads `detail`.
    pub fn new(status: StatusCode, detail: impl Display) -> Self {
        Self { status, detail: Some(detail.to_string()), headers: Box::default() }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(detail: impl Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 401: the client must say who it is.
    pub fn unauthorized(detail: impl Display) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    /// 403: the client may not do this.
    pub fn forbidden(detail: impl Display) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 404: there is no such thing.
    pub fn not_found(detail: impl Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 409: the request contradicts the present state.
    pub fn conflict(detail: impl Display) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 500: our own mistake. The cause is logged, and the client reads nothing of it.
    pub fn internal(cause: impl Display) -> Self {
        tracing::error!(error = crate::text::own(&cause.to_string()), "an HTTP handler failed");
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, detail: None, headers: Box::default() }
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// What the client reads besides the status.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The error that a handler returned: itself, the one inside of a `systemge::Error`, or else a 500.
    pub(super) fn from_handler<E: Display + 'static>(error: &E) -> Self {
        let any: &dyn Any = error;
        let found = any
            .downcast_ref::<Self>()
            .or_else(|| any.downcast_ref::<crate::Error>().and_then(crate::Error::downcast_ref));
        found.map_or_else(|| Self::internal(error), Self::clone)
    }

    pub(super) fn into_response(self) -> HttpResponse {
        let mut response = HttpResponse::from(crate::web::problem(self.status, self.detail.as_deref()));
        response.headers_mut().extend(*self.headers);
        response
    }
}

impl Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for HttpError {}
