//! The cookies, which no script can read, and which travel encrypted or within the machine only.

use std::time::Duration;

use http::HeaderValue;
use systemge::http::{Headers, HttpError};

/// The cookie that tells one browser from another while it logs in. Its prefix keeps other hosts from setting it.
pub const BROWSER: &str = "__Host-oauth2-browser";
/// The cookie of a session.
pub const SESSION: &str = "__Host-oauth2-session";

/// A cookie of the request.
pub(crate) fn read<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    let headers = headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    headers.flat_map(|value| value.split(';')).find_map(|pair| {
        let (found, value) = pair.split_once('=')?;
        (found.trim() == name).then(|| value.trim())
    })
}

/// A cookie to set. `Lax`: the provider, another site, sends the browser back, and the cookie has to come along.
pub(crate) fn write(name: &str, value: &str, lifetime: Duration) -> Result<HeaderValue, HttpError> {
    let seconds = lifetime.as_secs();
    let text = format!("{name}={value}; Max-Age={seconds}; Path=/; HttpOnly; Secure; SameSite=Lax");
    HeaderValue::from_str(&text).map_err(|_| HttpError::internal("a cookie that is no header"))
}
