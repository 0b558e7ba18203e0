//! The HTTP component: typed routes, static folders, and whatever a handler sends.
//!
//! A handler of [`#[systemge::http]`](macro@crate::http) names what it takes from a request as its parameters, and
//! returns what it answers: [`FromRequest`] and [`Respond`] list what there is. Routes can come and go at run time
//! ([`Http`]). Whatever goes wrong is answered with problem details as JSON (RFC 9457), under the status that
//! [`HttpError`] carries.
//!
//! - A parameter of the path that does not parse, a query, a header or a body that does not decode: 400, and the problem
//!   names the `parameter`, and in which part of the request it is.
//! - No such path: 404. The path, but not for this method: 405 with `Allow`. `GET` routes answer `HEAD`, too, and every
//!   route answers `OPTIONS` with `Allow`.
//! - A body larger than `http.body_bytes`: 413. JSON or a form without its content type: 415.
//! - A body that takes longer than `http.request_timeout`: 408. A handler that does: 503, and it is dropped.
//! - A handler that panics, or fails with anything but an [`HttpError`]: 500; the text goes to the log only.
//! - More requests than the limits of a route allow ([`Route`]): 429 or 503, with `Retry-After`.
//! - A client whose address may not ask ([`Http::access`]): 403.
//!
//! A handler is dropped, too, when its client leaves; what must not be left half done belongs into a task of its own.

mod error;
mod file;
mod folder;
mod handle;
#[cfg(feature = "tls")]
mod https;
mod request;
mod response;
mod route;
mod routes;
mod site;
#[cfg(test)]
mod tests;

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
pub use bytes::Bytes;
/// Typed headers, for [`Header`].
pub use headers;
/// The library whose filters `#[systemge::http(filter(..))]` takes.
pub use warp;

pub use self::error::HttpError;
pub use self::file::File;
pub use self::handle::{Http, HttpCounters, RouteInfo};
#[cfg(feature = "tls")]
pub(crate) use self::https::HttpsRedirect;
pub use self::request::{
    Body, BodyStream, Form, FromRequest, Header, Headers, HttpRequest, Json, Query, Remote,
};
pub use self::response::{Html, HttpResponse, Redirect, Respond};
pub use self::route::{Route, RouteError, StatusCounts};
pub(crate) use self::routes::Declared;
#[doc(hidden)]
pub use self::routes::RouteTable;
pub(crate) use self::site::HttpSite;
pub use crate::web::WebError;
