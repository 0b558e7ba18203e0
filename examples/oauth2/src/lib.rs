//! Logs browsers in with OAuth2: a node to reuse, [`OAuth2`], and the sample that shows it, [`Gateway`].
//!
//! A browser goes to `/login` of the node, which sends it to the provider with a fresh `state` and a PKCE challenge (RFC
//! 6749, RFC 7636); the provider sends it back to `/callback`. The node takes an answer only for a login that it began, once,
//! and only from the browser that began it, which a cookie tells. It exchanges the provider's code for a token, the token
//! for an [`Identity`], and begins a session.
//!
//! The browser gets the session as a cookie that no script can read, and goes on to the page with `?sessionId=` and a code,
//! which is valid once, for thirty seconds, and for this browser alone. A gateway to which the page gives that code has it
//! redeemed ([`SessionsClient::redeem`]), and knows whose connection it is; later connections show the cookie
//! ([`SessionsClient::session`]). When a session ends, every node that handles [`trait@SessionWatcher`] is told.
//!
//! ```no_run
//! use oauth2_login::{Config, Identity, OAuth2, Token};
//! use systemge::prelude::*;
//!
//! # #[tokio::main]
//! # async fn main() -> systemge::Result<()> {
//! let config = Config::from_file("provider.toml")?;
//! let login = OAuth2::new(config)?.handler(async |token: Token| {
//!     let user = token.get("https://provider.example/user").await?;
//!     let identity = user["id"].as_str().ok_or_else(|| Error::message("a user without an id"))?;
//!     Ok(Identity::new(identity).value("name", user["name"].as_str().unwrap_or_default()))
//! });
//! System::from_file("systemge.toml")?.node("oauth2", login).run().await
//! # }
//! ```

mod config;
mod cookies;
mod gateway;
mod logins;
mod node;
mod provider;
mod sessions;

pub use self::config::{Config, ConfigError};
pub use self::cookies::{BROWSER, SESSION};
pub use self::gateway::Gateway;
pub use self::node::OAuth2;
pub use self::provider::{ProviderError, Token};
pub use self::sessions::{
    AuthError, Authenticated, Ended, Identity, SessionId, SessionWatcher, SessionWatcherClient, Sessions,
    SessionsClient,
};
