//! The HTTP component: typed routes and static folders.
//!
//! A handler of `#[systemge::http]` names what it takes from a request as its parameters, and returns what it
//! answers: [`FromRequest`] and [`Respond`] list what there is. Whatever goes wrong is answered with problem details
//! as JSON (RFC 9457), under the status that [`HttpError`] carries.
//!
//! - A parameter of the path that does not parse, a query or a body that does not decode: 400.
//! - No such path: 404. The path, but not for this method: 405. `GET` routes answer `HEAD`, too.
//! - A body larger than `http.body_bytes`: 413. JSON without its content type: 415.
//! - A body that takes longer than `http.request_timeout`: 408. A handler that does: 503, and it is dropped.
//! - A handler that panics, or fails with anything but an [`HttpError`]: 500; the text goes to the log only.
//!
//! A handler is dropped, too, when its client leaves; what must not be left half done belongs into a task of its own.

mod error;
mod folder;
mod request;
mod response;
mod routes;
mod site;
#[cfg(test)]
mod tests;

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

pub use self::error::HttpError;
#[doc(hidden)]
pub use self::request::HttpRequest;
pub use self::request::{Body, FromRequest, Headers, Json, Query, Remote};
pub use self::response::{Html, HttpResponse, Respond};
#[doc(hidden)]
pub use self::routes::RouteTable;
pub(crate) use self::routes::Routes;
pub(crate) use self::site::HttpSite;
pub use crate::web::WebError;
