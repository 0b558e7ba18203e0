//! What gateways and the node of the logins say to each other.

use std::collections::BTreeMap;
use std::fmt;

/// Who somebody is, as the provider says.
#[systemge::payload]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// What tells this user from all others of the provider.
    pub identity: String,
    /// What else is known, such as a name.
    pub values: BTreeMap<String, String>,
}

impl Identity {
    /// A user of whom nothing else is known.
    #[must_use]
    pub fn new(identity: impl Into<String>) -> Self {
        Self { identity: identity.into(), values: BTreeMap::new() }
    }

    /// Adds what else is known.
    #[must_use]
    pub fn value(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }
}

/// The number of a session. It may be shown: nobody gets in with it.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub(crate) u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A session, and whose it is.
#[systemge::payload]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authenticated {
    /// The session.
    pub session: SessionId,
    /// Whose it is.
    pub user: Identity,
}

/// Why a browser is not logged in.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The code was used already, is too old, or was never made.
    #[error("the code is not valid: it was used already, is too old, or was never made")]
    Code,
    /// The code was made for another browser; it is not valid any more.
    #[error("the code belongs to another browser")]
    Browser,
    /// There is no session, or no longer.
    #[error("nobody is logged in here")]
    NoSession,
}

/// Why a session ended.
#[systemge::payload]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// The user has logged out.
    LoggedOut,
    /// Its time is over.
    Expired,
    /// Somebody else has logged in with the same browser.
    Replaced,
    /// An operator has ended it.
    ByOperator,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LoggedOut => "you have logged out",
            Self::Expired => "the session is over; log in again",
            Self::Replaced => "somebody else has logged in with this browser",
            Self::ByOperator => "the session was ended by an operator",
        })
    }
}

/// What a gateway asks the node of the logins.
#[systemge::contract]
pub trait Sessions {
    /// Exchanges the code that a page was given for its session; `browser` is the cookie [`BROWSER`](crate::BROWSER) of the
    /// connection.
    #[topic("oauth2/redeem")]
    async fn redeem(&self, code: String, browser: Option<String>) -> Result<Authenticated, AuthError>;

    /// The session of a connection that has come with the cookie [`SESSION`](crate::SESSION).
    #[topic("oauth2/session")]
    async fn session(&self, cookie: String) -> Result<Authenticated, AuthError>;

    /// Ends a session.
    #[topic("oauth2/logout")]
    async fn logout(&self, session: SessionId) -> Result<(), AuthError>;
}

/// What a node handles that wants to know when sessions end.
#[systemge::contract]
pub trait SessionWatcher {
    /// A session has ended.
    #[topic("oauth2/ended")]
    async fn ended(&self, session: SessionId, how: Ended);
}
