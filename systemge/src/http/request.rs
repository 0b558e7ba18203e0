//! Requests, and what handlers take from them.

use std::fmt;
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use ::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use serde::de::DeserializeOwned;

use super::HttpError;
use crate::text::printable;

/// A request as the generated code takes it apart.
#[doc(hidden)]
pub struct HttpRequest {
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) remote: SocketAddr,
    /// The parameters of the path, decoded.
    pub(super) parameters: Vec<(&'static str, String)>,
    pub(super) body: RequestBody,
}

/// The body of a request, as long as nobody has read it.
pub(super) struct RequestBody {
    pub(super) stream: Option<BoxStream<'static, Result<Bytes, String>>>,
    /// How many bytes are accepted.
    pub(super) limit: usize,
    /// Whether somebody waits for the client to send it, so that a timeout is the client's.
    pub(super) waits: Arc<AtomicBool>,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("query", &self.query)
            .field("remote", &self.remote)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

impl HttpRequest {
    /// A parameter of the path.
    ///
    /// # Errors
    ///
    /// 400 if its text is no `T`.
    pub fn parameter<T: FromStr>(&mut self, name: &'static str) -> Result<T, HttpError> {
        let text = self.parameters.iter().find(|(found, _)| *found == name).map(|(_, text)| text);
        let Some(text) = text else {
            return Err(HttpError::internal(format_args!("the path has no parameter `{name}`")));
        };
        text.parse().map_err(|_| {
            HttpError::bad_request(format_args!("`{}` is not a valid `{name}`", printable(text)))
        })
    }

    /// The whole body; a second call finds it empty.
    ///
    /// # Errors
    ///
    /// 413 if it is larger than the limit, 400 if the client breaks off.
    async fn body(&mut self) -> Result<Bytes, HttpError> {
        let Some(mut stream) = self.body.stream.take() else {
            return Ok(Bytes::new());
        };
        let limit = self.body.limit;
        let too_large = || {
            let detail = format_args!("the body of a request may have {limit} bytes");
            HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        };
        let announced =
            self.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        self.body.waits.store(true, Ordering::Relaxed);
        let read = if announced.is_some_and(|length: u64| length > limit as u64) {
            if !self.headers.contains_key(EXPECT) {
                discard(&mut stream).await;
            }
            Err(too_large())
        } else {
            collect(&mut stream, limit).await.map_err(|failure| match failure {
                BodyFailure::TooLarge => too_large(),
                BodyFailure::Broken(error) => {
                    tracing::debug!(%error, "the body of a request broke off");
                    HttpError::bad_request("the body of the request is incomplete or malformed")
                }
            })
        };
        self.body.waits.store(false, Ordering::Relaxed);
        read
    }
}

enum BodyFailure {
    TooLarge,
    Broken(String),
}

async fn collect(
    stream: &mut BoxStream<'static, Result<Bytes, String>>,
    limit: usize,
) -> Result<Bytes, BodyFailure> {
    let mut body = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(BodyFailure::Broken)?;
        if chunk.len() > limit - body.len() {
            discard(stream).await;
            return Err(BodyFailure::TooLarge);
        }
        if body.is_empty() && stream.size_hint().1 == Some(0) {
            return Ok(chunk);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Reads on for a while: a connection that is closed while bytes are on their way is reset, and many clients then
/// never see the answer that was sent before.
async fn discard(stream: &mut BoxStream<'static, Result<Bytes, String>>) {
    let mut left = DISCARDED_BYTES;
    while let Some(Ok(chunk)) = stream.next().await {
        let Some(rest) = left.checked_sub(chunk.len()) else { return };
        left = rest;
    }
}

/// How many bytes of a body are read to no end before the connection is closed all the same.
const DISCARDED_BYTES: usize = 1024 * 1024;

/// What a handler of `#[systemge::http]` may take as a parameter, besides the parameters of the path.
///
/// [`Json`], [`Query`], [`Headers`], [`Body`], [`Remote`], and `String` for a body that is text. Of those that read
/// the body, a handler takes one; a second would find it empty.
#[diagnostic::on_unimplemented(
    message = "[SGE0511] `{Self}` cannot be taken from an HTTP request",
    label = "not a part of a request",
    note = "a handler takes parameters of its path by their names, and `Json<..>`, `Query<..>`, `Headers`, `Body`, `Remote` or `String`"
)]
pub trait FromRequest: Sized {
    /// Takes the value from the request.
    ///
    /// # Errors
    ///
    /// The answer to a request that doesn't have it.
    fn from_request(request: &mut HttpRequest) -> impl Future<Output = Result<Self, HttpError>> + Send;
}

/// JSON: the body of a request, or of a response.
///
/// A request needs the content type `application/json` (or one that ends in `+json`), else it is answered with 415:
/// that is what keeps pages of other origins from sending it with a browser's help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper that handlers take apart")]
pub struct Json<T>(pub T);

/// The query of the URL, `?a=1&b=2`, as a struct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper that handlers take apart")]
pub struct Query<T>(pub T);

/// The headers of the request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper that handlers take apart")]
pub struct Headers(pub HeaderMap);

/// The body of the request as it came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper that handlers take apart")]
pub struct Body(pub Bytes);

/// The address of the client, or of the proxy before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper that handlers take apart")]
pub struct Remote(pub SocketAddr);

macro_rules! wrappers {
    ($($name:ident<$($parameter:ident)?> => $inner:ty),* $(,)?) => {$(
        impl<$($parameter)?> Deref for $name<$($parameter)?> {
            type Target = $inner;

            fn deref(&self) -> &$inner {
                &self.0
            }
        }

        impl<$($parameter)?> DerefMut for $name<$($parameter)?> {
            fn deref_mut(&mut self) -> &mut $inner {
                &mut self.0
            }
        }
    )*};
}

wrappers!(Json<T> => T, Query<T> => T, Headers<> => HeaderMap, Body<> => Bytes, Remote<> => SocketAddr);

impl Headers {
    /// A header as text, if it is there and is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }
}

impl<T: DeserializeOwned> FromRequest for Json<T> {
    async fn from_request(request: &mut HttpRequest) -> Result<Self, HttpError> {
        let content_type = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(is_json) {
            return Err(HttpError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body must be JSON, with the header `content-type: application/json`",
            ));
        }
        let body = request.body().await?;
        let mut deserializer = serde_json::Deserializer::from_slice(&body);
        let value = serde_path_to_error::deserialize(&mut deserializer)
            .map_err(|error| HttpError::bad_request(format_args!("the body does not decode: {error}")))?;
        deserializer
            .end()
            .map_err(|error| HttpError::bad_request(format_args!("the body does not decode: {error}")))?;
        Ok(Self(value))
    }
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    async fn from_request(request: &mut HttpRequest) -> Result<Self, HttpError> {
        serde_urlencoded::from_str(&request.query)
            .map(Self)
            .map_err(|error| HttpError::bad_request(format_args!("the query does not decode: {error}")))
    }
}

impl FromRequest for Headers {
    async fn from_request(request: &mut HttpRequest) -> Result<Self, HttpError> {
        Ok(Self(request.headers.clone()))
    }
}

impl FromRequest for Remote {
    async fn from_request(request: &mut HttpRequest) -> Result<Self, HttpError> {
        Ok(Self(request.remote))
    }
}

impl FromRequest for Body {
    async fn from_request(request: &mut HttpRequest) -> Result<Self, HttpError> {
        request.body().await.map(Self)
    }
}

impl FromRequest for String {
    async fn from_request(request: &mut HttpRequest) -> Result<Self, HttpError> {
        let body = request.body().await?;
        Self::from_utf8(body.into()).map_err(|_| HttpError::bad_request("the body is not UTF-8"))
    }
}
