//! Errors of handlers, with their status.

use std::any::Any;
use std::fmt::{self, Display};

use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::HttpResponse;
use crate::web::Problem;

/// Why a request is not answered as it would like: a status, and a text that the client reads.
///
/// It is an ordinary error, so `?` carries it through a `systemge::Result`, and it keeps its status on the way. An error
/// of your own gets a status where it is turned into this one, by `From`:
///
/// ```
/// use systemge::http::HttpError;
///
/// enum MoveError {
///     NotYourTurn,
///     Illegal { rule: String },
/// }
///
/// impl From<MoveError> for HttpError {
///     fn from(error: MoveError) -> Self {
///         match error {
///             MoveError::NotYourTurn => Self::conflict("it is not your turn"),
///             MoveError::Illegal { rule } => Self::bad_request("this move is not allowed")
///                 .kind("https://example.org/problems/illegal-move", "Illegal move")
///                 .member("rule", rule),
///         }
///     }
/// }
/// ```
///
/// The client reads it as problem details (RFC 9457): `type`, `title`, `status`, `detail`, `instance` (the path of the
/// request), and the members that are added.
#[derive(Debug, Clone)]
pub struct HttpError {
    status: StatusCode,
    /// What the client reads besides the status.
    problem: Box<Problem>,
    headers: Box<HeaderMap>,
    /// What is logged and never told.
    cause: Option<Box<str>>,
}

impl HttpError {
    /// An error of any status; the client reads `detail`.
    pub fn new(status: StatusCode, detail: impl Display) -> Self {
        let problem = Problem { detail: Some(detail.to_string()), ..Problem::default() };
        Self { status, problem: Box::new(problem), headers: Box::default(), cause: None }
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

    /// 500: our own mistake. The cause is logged once this is the answer, and the client reads nothing of it.
    pub fn internal(cause: impl Display) -> Self {
        let cause = Some(cause.to_string().into());
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { status, problem: Box::default(), headers: Box::default(), cause }
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
        self.problem.detail.as_deref()
    }

    /// Names the kind of the problem by a URI, and says what that kind is; without it, the kind is `about:blank`, and
    /// the title that of the status.
    #[must_use]
    pub fn kind(mut self, uri: impl Into<String>, title: impl Into<String>) -> Self {
        (self.problem.kind, self.problem.title) = (Some(uri.into()), Some(title.into()));
        self
    }

    /// Adds a member to what the client reads. Those of RFC 9457 itself stay as they are.
    #[must_use]
    pub fn member(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.problem.members.insert(name.into(), value.into());
        self
    }

    /// 400: a parameter of the request is missing or not valid.
    pub(super) fn parameter(place: &'static str, name: &str, detail: impl Display) -> Self {
        Self::bad_request(detail).member("in", place).member("parameter", name)
    }

    /// The error that a handler returned: itself, the one inside of a `systemge::Error`, or else a 500.
    pub(super) fn from_handler<E: Display + 'static>(error: &E) -> Self {
        let any: &dyn Any = error;
        let found = any
            .downcast_ref::<Self>()
            .or_else(|| any.downcast_ref::<crate::Error>().and_then(crate::Error::downcast_ref));
        found.map_or_else(|| Self::internal(error), Self::clone)
    }

    /// The answer of that node, which logs the cause.
    pub(super) fn into_response(self, node: &str) -> HttpResponse {
        if let Some(cause) = &self.cause {
            tracing::error!(node, error = crate::text::own(cause), "an HTTP handler failed");
        }
        HttpResponse::problem(self.status, *self.headers, *self.problem)
    }
}

impl Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        match &self.problem.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for HttpError {}
