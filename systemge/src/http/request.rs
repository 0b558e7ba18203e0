//! Requests, and what handlers take from them.

use std::fmt;
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use ::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use ::http::{HeaderMap, Method, StatusCode};
use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt as _};
use headers::HeaderMapExt as _;
use serde::de::DeserializeOwned;

use super::HttpError;
use super::routes::Parameters;
use crate::node::Inner;
use crate::text::printable;

/// A request, for handlers of routes that were added at run time; those of `#[systemge::http]` name what they want as
/// their parameters.
pub struct HttpRequest {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) remote: SocketAddr,
    pub(super) parameters: Parameters,
    pub(super) body: RequestBody,
}

/// The body of a request, as long as nobody has read it.
pub(super) struct RequestBody {
    pub(super) stream: Option<BoxStream<'static, Result<Bytes, String>>>,
    /// How many bytes are accepted.
    pub(super) limit: usize,
    /// Whether somebody waits for the client to send it, so that a timeout is the client's.
    pub(super) waits: Arc<AtomicBool>,
    /// Whose it is, for the log.
    pub(super) node: Arc<Inner>,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}

impl HttpRequest {
    /// The method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The path as it came, in percent-encoding.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The address of the client, or of the proxy before it.
    #[must_use]
    pub const fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// A parameter of the path.
    ///
    /// # Errors
    ///
    /// 400 if its text is no `T`; 500 if the path has no such parameter.
    pub fn parameter<T: FromStr>(&self, name: &str) -> Result<T, HttpError> {
        let text = self.parameters.iter().find(|(found, _)| **found == *name).map(|(_, text)| text);
        let Some(text) = text else {
            return Err(HttpError::internal(format_args!("the path has no parameter `{name}`")));
        };
        text.parse().map_err(|_| {
            let (text, kind) = (printable(text), short_name::<T>());
            HttpError::parameter("path", name, format_args!("`{name}` is `{text}`, which is no {kind}"))
                .member("expected", kind)
        })
    }

    /// A part of the request: `request.take::<Json<Move>>().await?`. The body can be taken once.
    ///
    /// # Errors
    ///
    /// The answer to a request that doesn't have it.
    pub async fn take<T: FromRequest>(&mut self) -> Result<T, HttpError> {
        T::from_request(self).await
    }

    /// The content type without its parameters, in lower case.
    fn content_type(&self) -> Option<String> {
        let content_type = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        Some(content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    fn too_large(limit: usize) -> HttpError {
        let detail = format_args!("the body of a request may have {limit} bytes");
        HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
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
        let too_large = || Self::too_large(limit);
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
                    tracing::debug!(node = self.body.node.name(), %error, "the body of a request broke off");
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
/// | type | what it is |
/// | --- | --- |
/// | [`Json<T>`], [`Form<T>`] | the body, as JSON or as what a form of a page sends |
/// | `String`, [`Body`], [`BodyStream`] | the body as text, as bytes, and piece by piece |
/// | [`Query<T>`] | the query of the URL |
/// | [`Header<T>`] | one header with its type; `Option<Header<T>>` if it may be missing |
/// | [`Headers`], [`Remote`] | all headers, the client's address |
///
/// Of those that read the body, a handler takes one; a second would find it empty.
#[diagnostic::on_unimplemented(
    message = "[SGE0511] `{Self}` cannot be taken from an HTTP request",
    label = "not a part of a request",
    note = "a handler takes parameters of its path by their names, and `Json<..>`, `Form<..>`, `Query<..>`, `Header<..>`, `Headers`, `Body`, `BodyStream`, `Remote` or `String`"
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

/// What a form of a page sends: a body such as `a=1&b=2`, as a struct.
///
/// A page of any other site can send it in the name of whoever looks at that page; where that matters, the handler
/// checks a secret of the form, or the header `origin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper that handlers take apart")]
pub struct Form<T>(pub T);

/// One header with its type, from [`headers`]; one that is missing or not valid is answered with 400.
///
/// ```
/// use systemge::http::headers::authorization::{Authorization, Bearer};
/// use systemge::http::headers::UserAgent;
/// use systemge::http::Header;
/// use systemge::prelude::*;
///
/// # #[derive(systemge::Application)]
/// # struct Gateway {}
/// #[systemge::http]
/// impl Gateway {
///     #[get("/me")]
///     async fn me(&self, token: Header<Authorization<Bearer>>, agent: Option<Header<UserAgent>>) -> String {
///         format!("{} letters", token.token().len())
///     }
/// }
/// # fn main() {}
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper that handlers take apart")]
pub struct Header<T>(pub T);

/// The body of the request piece by piece, as it comes: a stream of `Result<Bytes, HttpError>`. It ends with an error
/// where it is larger than the limit (413), or the client breaks off (400).
pub struct BodyStream {
    /// `None` once it has ended.
    stream: Option<BoxStream<'static, Result<Bytes, String>>>,
    limit: usize,
    read: usize,
    waits: Arc<AtomicBool>,
    node: Arc<Inner>,
}

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

wrappers!(Json<T> => T, Form<T> => T, Query<T> => T, Header<T> => T, Headers<> => HeaderMap, Body<> => Bytes, Remote<> => SocketAddr);

impl Headers {
    /// A header as text, if it is there and is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }
}

impl<T: DeserializeOwned> FromRequest for Json<T> {
    async fn from_request(request: &mut HttpRequest) -> Result<Self, HttpError> {
        let is_json = |kind: &String| {
            kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
        };
        if !request.content_type().as_ref().is_some_and(is_json) {
            return Err(HttpError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body must be JSON, with the header `content-type: application/json`",
            ));
        }
        let body = request.body().await?;
        let mut deserializer = serde_json::Deserializer::from_slice(&body);
        let value = serde_path_to_error::deserialize(&mut deserializer)
            .map_err(|error| undecodable("body", &error.path().to_string(), error.inner()))?;
        deserializer.end().map_err(|error| undecodable("body", ".", error))?;
        Ok(Self(value))
    }
}

impl<T: DeserializeOwned> FromRequest for Form<T> {
    async fn from_request(request: &mut HttpRequest) -> Result<Self, HttpError> {
        if request.content_type().as_deref() != Some("application/x-www-form-urlencoded") {
            return Err(HttpError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body must be a form, with the header `content-type: application/x-www-form-urlencoded`",
            ));
        }
        let body = request.body().await?;
        urlencoded(&body, "body").map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    async fn from_request(request: &mut HttpRequest) -> Result<Self, HttpError> {
        urlencoded(request.query.as_bytes(), "query").map(Self)
    }
}

fn urlencoded<T: DeserializeOwned>(text: &[u8], place: &'static str) -> Result<T, HttpError> {
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text));
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| undecodable(place, &error.path().to_string(), error.inner()))
}

/// 400 that names the place and the field.
fn undecodable(place: &'static str, path: &str, error: impl fmt::Display) -> HttpError {
    let error = error.to_string();
    let error = printable(&error);
    if path == "." {
        HttpError::bad_request(format_args!("the {place} does not decode: {error}")).member("in", place)
    } else {
        let path = printable(path);
        let detail = format!("the {place} does not decode: {path}: {error}");
        HttpError::parameter(place, &path.to_string(), detail)
    }
}

impl<T: headers::Header> FromRequest for Header<T> {
    async fn from_request(request: &mut HttpRequest) -> Result<Self, HttpError> {
        let name = T::name().as_str();
        Option::<Self>::from_request(request).await?.ok_or_else(|| {
            HttpError::parameter("header", name, format_args!("the header `{name}` is missing"))
        })
    }
}

impl<T: headers::Header> FromRequest for Option<Header<T>> {
    async fn from_request(request: &mut HttpRequest) -> Result<Self, HttpError> {
        let name = T::name().as_str();
        request.headers.typed_try_get::<T>().map(|header| header.map(Header)).map_err(|_| {
            HttpError::parameter("header", name, format_args!("the header `{name}` is not valid"))
        })
    }
}

impl FromRequest for BodyStream {
    async fn from_request(request: &mut HttpRequest) -> Result<Self, HttpError> {
        Ok(Self {
            stream: request.body.stream.take(),
            limit: request.body.limit,
            read: 0,
            waits: request.body.waits.clone(),
            node: request.body.node.clone(),
        })
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, HttpError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(stream) = &mut this.stream else { return Poll::Ready(None) };
        let polled = stream.poll_next_unpin(cx);
        this.waits.store(polled.is_pending(), Ordering::Relaxed);
        let part = match ready!(polled) {
            None => None,
            Some(Ok(part)) => {
                this.read = this.read.saturating_add(part.len());
                if this.read <= this.limit {
                    return Poll::Ready(Some(Ok(part)));
                }
                Some(Err(HttpRequest::too_large(this.limit)))
            }
            Some(Err(error)) => {
                tracing::debug!(node = this.node.name(), %error, "the body of a request broke off");
                Some(Err(HttpError::bad_request("the body of the request is incomplete or malformed")))
            }
        };
        this.stream = None;
        Poll::Ready(part)
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream").field("read", &self.read).finish_non_exhaustive()
    }
}

/// The name of a type without its modules.
fn short_name<T>() -> String {
    let name = std::any::type_name::<T>();
    let head = name.split('<').next().unwrap_or(name);
    head.rsplit("::").next().unwrap_or(head).to_owned()
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
