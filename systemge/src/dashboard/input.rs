//! What a request says: its body, its query, its path.

use std::time::Duration;

use ::http::StatusCode;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::history::{MINUTES, Resolution, SECONDS};
use crate::config::Endpoint;
use crate::text::printable;
use crate::web::Refusal;

/// The bytes of a request, as they come.
pub(super) type Body = BoxStream<'static, Result<Bytes, ()>>;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    pub(super) token: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Where {
    endpoint: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Set {
    pub(super) key: String,
    pub(super) value: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    #[serde(default)]
    pub(super) arguments: Option<Value>,
}

pub(super) async fn nothing(stream: Body) -> Result<(), Refusal> {
    body::<Nothing>(stream).await.map(|_| ())
}

pub(super) async fn endpoint(stream: Body) -> Result<Endpoint, Refusal> {
    let Where { endpoint } = body(stream).await?;
    // a text all the same: what is wrong with it is not seen from the document
    endpoint.parse().map_err(|error: crate::config::EndpointError| {
        Refusal::new(StatusCode::CONFLICT, format!("`endpoint` is wrong: {error}"))
    })
}

/// The body of a request as JSON; an empty one is an empty object.
pub(super) async fn body<T: DeserializeOwned>(mut stream: Body) -> Result<T, Refusal> {
    let mut bytes = Vec::new();
    let late = |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body of the request took too long");
    while let Some(chunk) = tokio::time::timeout(BODY_TIME, stream.next()).await.map_err(late)? {
        let chunk =
            chunk.map_err(|()| Refusal::new(StatusCode::BAD_REQUEST, "the body of the request broke off"))?;
        if bytes.len() + chunk.len() > BODY_BYTES {
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the body of the request is too large"));
        }
        bytes.extend_from_slice(&chunk);
    }
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(text).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, format!("the body is not what is expected: {error}"))
    })
}

/// The parameters of a query.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn new(query: &str, known: &[&str]) -> Result<Self, Refusal> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
            .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the query is not valid"))?;
        for (position, (name, _)) in pairs.iter().enumerate() {
            let twice = pairs.iter().take(position).any(|(other, _)| other == name);
            if twice || !known.contains(&name.as_str()) {
                let known = known.join("`, `");
                let why = format!("the query has `{}`; it takes each of `{known}` once", printable(name));
                return Err(Refusal::new(StatusCode::BAD_REQUEST, why));
            }
        }
        Ok(Self(pairs))
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str, most: usize) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| (1..=most).contains(number));
        let why = || Refusal::new(StatusCode::BAD_REQUEST, format!("`{name}` is a number from 1 to {most}"));
        number.ok_or_else(why).map(Some)
    }
}

/// How much of the past is asked for, and how fine.
pub(super) fn span(query: &Query) -> Result<(Resolution, usize), Refusal> {
    let resolution = match query.text("resolution") {
        None | Some("second") => Resolution::Second,
        Some("minute") => Resolution::Minute,
        Some(_) => {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "`resolution` is `second` or `minute`"));
        }
    };
    let most = SECONDS.max(MINUTES);
    Ok((resolution, query.number("rows", most)?.unwrap_or(most)))
}

pub(super) fn decoded(segment: &str) -> Result<String, Refusal> {
    let text = percent_encoding::percent_decode_str(segment).decode_utf8();
    text.map(Into::into).map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the path is not UTF-8"))
}

/// The largest body of a request: a command with its arguments.
const BODY_BYTES: usize = 256 * 1024;
/// How long a client may pause within a body.
const BODY_TIME: Duration = Duration::from_secs(10);
