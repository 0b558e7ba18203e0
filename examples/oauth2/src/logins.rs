//! Logins, codes and sessions: all rules, without I/O. Time comes in.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::sessions::{AuthError, Authenticated, Identity, SessionId};

/// How long what is valid, and how much of it there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) login: Duration,
    pub(crate) code: Duration,
    pub(crate) session: Duration,
    pub(crate) limit: usize,
}

/// Logins that have begun, codes that pages were given, and sessions.
#[derive(Debug)]
pub(crate) struct Logins {
    rules: Rules,
    /// By `state`.
    begun: Expiring<Begun>,
    codes: Expiring<Code>,
    sessions: BTreeMap<SessionId, Session>,
    /// By the secret in the cookie.
    secrets: HashMap<String, SessionId>,
    next: u64,
}

#[derive(Debug)]
struct Begun {
    browser: String,
    verifier: String,
}

#[derive(Debug)]
struct Code {
    browser: String,
    session: SessionId,
}

#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user: Identity,
    secret: String,
    pub(crate) begun: Instant,
    pub(crate) ends: Instant,
}

/// Why a login that comes back from the provider is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoginError {
    #[error("this login is not known here: it was made up, is over already, or took too long")]
    State,
    #[error("this login was begun in another browser")]
    Browser,
    #[error("too many are logged in; try again later")]
    Full,
}

/// What a browser gets that has logged in.
#[derive(Debug)]
pub(crate) struct LoggedIn {
    pub(crate) session: SessionId,
    /// For the cookie.
    pub(crate) secret: String,
    /// For the page.
    pub(crate) code: String,
    /// The session of somebody else with the same browser, which is over now.
    pub(crate) replaced: Option<SessionId>,
}

impl Logins {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            begun: Expiring::default(),
            codes: Expiring::default(),
            sessions: BTreeMap::new(),
            secrets: HashMap::new(),
            next: 1,
        }
    }

    /// A browser is sent to the provider.
    pub(crate) fn begin(&mut self, state: String, browser: String, verifier: String, now: Instant) {
        let Rules { login, limit, .. } = self.rules;
        self.begun.insert(state, Begun { browser, verifier }, now + login, limit);
    }

    /// A browser comes back from the provider; returns the PKCE verifier of its login. No `state` is of use twice, whoever
    /// comes with it.
    pub(crate) fn back(
        &mut self,
        state: &str,
        browser: Option<&str>,
        now: Instant,
    ) -> Result<String, LoginError> {
        let begun = self.begun.take(state, now).ok_or(LoginError::State)?;
        if browser != Some(&*begun.browser) {
            return Err(LoginError::Browser);
        }
        Ok(begun.verifier)
    }

    /// A browser has logged in; `cookie` is what it had of an earlier session. The same user goes on with that session, for
    /// a whole lifetime from now on, under a new secret; another user gets another one.
    pub(crate) fn log_in(
        &mut self,
        user: Identity,
        browser: &str,
        cookie: Option<&str>,
        secrets: [String; 2],
        now: Instant,
    ) -> Result<LoggedIn, LoginError> {
        let [secret, code] = secrets;
        let earlier = cookie.and_then(|cookie| self.find(cookie, now));
        let same = earlier.filter(|id| self.sessions[id].user.identity == user.identity);
        if same.is_none() && self.sessions.len() >= self.rules.limit {
            return Err(LoginError::Full);
        }
        let replaced = earlier.filter(|_| same.is_none());
        let ended = same.or(replaced).and_then(|id| self.remove(id));
        let begun = ended.filter(|_| same.is_some()).map_or(now, |session| session.begun);
        let session = same.unwrap_or_else(|| {
            self.next += 1;
            SessionId(self.next - 1)
        });
        self.secrets.insert(secret.clone(), session);
        let ends = now + self.rules.session;
        self.sessions.insert(session, Session { user, secret: secret.clone(), begun, ends });
        let entry = Code { browser: browser.to_owned(), session };
        self.codes.insert(code.clone(), entry, now + self.rules.code, self.rules.limit);
        Ok(LoggedIn { session, secret, code, replaced })
    }

    /// A page comes with its code, which is of no use afterwards, whoever came with it.
    pub(crate) fn redeem(
        &mut self,
        code: &str,
        browser: Option<&str>,
        now: Instant,
    ) -> Result<Authenticated, AuthError> {
        let Code { browser: own, session } = self.codes.take(code, now).ok_or(AuthError::Code)?;
        if browser != Some(&*own) {
            return Err(AuthError::Browser);
        }
        self.authenticated(session, now)
    }

    /// A connection comes with the cookie of a session.
    pub(crate) fn session(&self, cookie: &str, now: Instant) -> Result<Authenticated, AuthError> {
        self.authenticated(self.find(cookie, now).ok_or(AuthError::NoSession)?, now)
    }

    /// Ends a session; returns whether there was one.
    pub(crate) fn end(&mut self, session: SessionId) -> bool {
        self.remove(session).is_some()
    }

    /// Forgets what is over; returns the sessions among it.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<SessionId> {
        self.begun.expire(now);
        self.codes.expire(now);
        let over = |(id, session): (&SessionId, &Session)| (session.ends <= now).then_some(*id);
        let over: Vec<_> = self.sessions.iter().filter_map(over).collect();
        over.iter().for_each(|id| drop(self.remove(*id)));
        over
    }

    /// The sessions that there are.
    pub(crate) fn all(&self, now: Instant) -> impl Iterator<Item = (SessionId, &Session)> {
        self.sessions
            .iter()
            .filter(move |(_, session)| session.ends > now)
            .map(|(id, session)| (*id, session))
    }

    fn find(&self, cookie: &str, now: Instant) -> Option<SessionId> {
        let id = *self.secrets.get(cookie)?;
        (self.sessions.get(&id)?.ends > now).then_some(id)
    }

    fn authenticated(&self, id: SessionId, now: Instant) -> Result<Authenticated, AuthError> {
        let session = self.sessions.get(&id).filter(|session| session.ends > now);
        let user = session.ok_or(AuthError::NoSession)?.user.clone();
        Ok(Authenticated { session: id, user })
    }

    fn remove(&mut self, id: SessionId) -> Option<Session> {
        let session = self.sessions.remove(&id)?;
        self.secrets.remove(&session.secret);
        Some(session)
    }
}

/// Values by names that nobody guesses, each of which can be taken once and in time.
#[derive(Debug)]
struct Expiring<T> {
    values: HashMap<String, (T, Instant)>,
    /// The names in the order in which their time is over, also of those that were taken.
    order: VecDeque<(String, Instant)>,
}

impl<T> Default for Expiring<T> {
    fn default() -> Self {
        Self { values: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Expiring<T> {
    /// Puts a value in; if there are too many, the oldest is forgotten.
    fn insert(&mut self, name: String, value: T, until: Instant, limit: usize) {
        while self.order.len() >= limit.max(1) {
            let oldest = self.order.pop_front();
            oldest.and_then(|(name, _)| self.values.remove(&name));
        }
        self.order.push_back((name.clone(), until));
        self.values.insert(name, (value, until));
    }

    fn take(&mut self, name: &str, now: Instant) -> Option<T> {
        let (value, until) = self.values.remove(name)?;
        (until > now).then_some(value)
    }

    fn expire(&mut self, now: Instant) {
        while let Some((name, _)) = self.order.pop_front_if(|(_, until)| *until <= now) {
            self.values.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        login: Duration::from_secs(600),
        code: Duration::from_secs(30),
        session: Duration::from_secs(3600),
        limit: 3,
    };

    fn logins() -> (Logins, Instant) {
        (Logins::new(RULES), Instant::now())
    }

    fn begin(logins: &mut Logins, state: &str, now: Instant) {
        logins.begin(state.to_owned(), "ours".to_owned(), format!("verifier of {state}"), now);
    }

    fn log_in(logins: &mut Logins, user: &str, cookie: Option<&str>, name: &str, now: Instant) -> LoggedIn {
        let secrets = [format!("secret {name}"), format!("code {name}")];
        logins.log_in(Identity::new(user), "ours", cookie, secrets, now).expect("there is room")
    }

    #[test]
    fn a_state_is_good_once_in_time_and_in_its_own_browser() {
        let (mut logins, now) = logins();
        let long = RULES.login;
        for state in ["good", "late", "foreign"] {
            begin(&mut logins, state, now);
        }
        assert_eq!(logins.back("forged", Some("ours"), now), Err(LoginError::State));
        assert_eq!(logins.back("good", Some("ours"), now), Ok("verifier of good".to_owned()));
        assert_eq!(logins.back("good", Some("ours"), now), Err(LoginError::State));
        assert_eq!(logins.back("foreign", Some("theirs"), now), Err(LoginError::Browser));
        assert_eq!(logins.back("foreign", Some("ours"), now), Err(LoginError::State));
        assert_eq!(logins.back("late", Some("ours"), now + long), Err(LoginError::State));
        begin(&mut logins, "bare", now);
        assert_eq!(logins.back("bare", None, now), Err(LoginError::Browser));
    }

    #[test]
    fn a_code_is_good_once_for_thirty_seconds_and_in_its_own_browser() {
        let (mut logins, now) = logins();
        let last = now + RULES.code - Duration::from_millis(1);
        let first = log_in(&mut logins, "ada", None, "1", now);
        let in_time = logins.redeem(&first.code, Some("ours"), last).expect("it is good");
        assert_eq!((in_time.session, in_time.user.identity.as_str()), (first.session, "ada"));
        assert_eq!(logins.redeem(&first.code, Some("ours"), last), Err(AuthError::Code));
        let second = log_in(&mut logins, "ada", Some(&first.secret), "2", now);
        assert_eq!(logins.redeem(&second.code, Some("ours"), now + RULES.code), Err(AuthError::Code));
        let third = log_in(&mut logins, "ada", Some(&second.secret), "3", now);
        assert_eq!(logins.redeem(&third.code, Some("theirs"), now), Err(AuthError::Browser));
        assert_eq!(logins.redeem(&third.code, Some("ours"), now), Err(AuthError::Code));
        assert_eq!(logins.redeem("forged", Some("ours"), now), Err(AuthError::Code));
    }

    #[test]
    fn a_new_login_refreshes_the_session_under_a_new_secret() {
        let (mut logins, now) = logins();
        let first = log_in(&mut logins, "ada", None, "1", now);
        let later = now + RULES.session / 2;
        let again = log_in(&mut logins, "ada", Some(&first.secret), "2", later);
        assert_eq!((again.session, again.replaced), (first.session, None));
        assert_eq!(logins.session(&first.secret, later), Err(AuthError::NoSession));
        let long_after_the_first = now + RULES.session;
        assert!(logins.session(&again.secret, long_after_the_first).is_ok());
        // another user of the same browser takes it over
        let eve = log_in(&mut logins, "eve", Some(&again.secret), "3", later);
        assert_eq!(eve.replaced, Some(first.session));
        assert_eq!(logins.session(&again.secret, later), Err(AuthError::NoSession));
        // the same user in another browser has a session of its own
        let other = log_in(&mut logins, "eve", None, "4", later);
        assert_ne!(other.session, eve.session);
        assert_eq!(logins.all(later).count(), 2);
    }

    #[test]
    fn sessions_end_by_logout_and_by_time() {
        let (mut logins, now) = logins();
        let first = log_in(&mut logins, "ada", None, "1", now);
        let second = log_in(&mut logins, "bob", None, "2", now);
        assert!(logins.end(first.session));
        assert!(!logins.end(first.session));
        assert_eq!(logins.session(&first.secret, now), Err(AuthError::NoSession));
        // a code is no way back into a session that is over
        assert_eq!(logins.redeem(&first.code, Some("ours"), now), Err(AuthError::NoSession));
        let end = now + RULES.session;
        assert_eq!(logins.session(&second.secret, end), Err(AuthError::NoSession));
        assert_eq!(logins.expire(end), [second.session]);
        assert_eq!(logins.expire(end), []);
        assert!(logins.secrets.is_empty() && logins.codes.values.is_empty() && logins.begun.order.is_empty());
    }

    #[test]
    fn whoever_floods_it_makes_it_hold_no_more_than_its_limit() {
        let (mut logins, now) = logins();
        for number in 0..10 {
            begin(&mut logins, &number.to_string(), now);
        }
        assert_eq!((logins.begun.values.len(), logins.begun.order.len()), (3, 3));
        assert!(logins.back("9", Some("ours"), now).is_ok());
        for number in 0..3 {
            log_in(&mut logins, &number.to_string(), None, &number.to_string(), now);
        }
        let secrets = ["a".to_owned(), "b".to_owned()];
        let full = logins.log_in(Identity::new("4"), "ours", None, secrets, now);
        assert_eq!(full.expect_err("it is full"), LoginError::Full);
        // who is there already can log in again
        log_in(&mut logins, "0", Some("secret 0"), "again", now);
    }
}
