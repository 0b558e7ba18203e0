//! Who may do what: hosts, origins, tokens and sessions.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ::http::header::{
    AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE,
};
use ::http::{HeaderMap, StatusCode};
use serde::Serialize;
use subtle::ConstantTimeEq as _;

use super::DashboardError;
use crate::config::{DashboardConfig, Secret};
use crate::web::Refusal;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    /// Looks, and changes nothing.
    ReadOnly,
    /// Does everything.
    Operator,
}

/// Who may do what.
pub(super) struct Access {
    /// Where it listens.
    address: SocketAddr,
    encrypted: bool,
    operator: Option<Secret>,
    read_only: Option<Secret>,
    hosts: Vec<String>,
    origins: Vec<String>,
    sessions: Mutex<Sessions>,
}

#[derive(Default)]
struct Sessions {
    open: VecDeque<Session>,
    /// Failed logins, the oldest first.
    failures: VecDeque<Instant>,
}

struct Session {
    id: String,
    role: Role,
    ends: Instant,
}

/// A configuration that would let strangers in is refused before anything is bound.
pub(super) fn check(config: &DashboardConfig, encrypted: bool) -> Result<(), DashboardError> {
    if !encrypted && !config.listen.ip().to_canonical().is_loopback() {
        return Err(DashboardError::Unencrypted(config.listen));
    }
    Ok(())
}

impl Access {
    /// Returns the token that was made, too, if one was.
    pub(super) fn new(
        config: &DashboardConfig,
        address: SocketAddr,
        encrypted: bool,
    ) -> Result<(Self, Option<Secret>), DashboardError> {
        let hosts: Vec<String> = config.hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        let exposed =
            !address.ip().to_canonical().is_loopback() || hosts.iter().any(|host| !is_loopback(host));
        let needed = config.token.is_none() && (exposed || config.read_only_token.is_some());
        let made = if needed { Some(Secret::new(random()?)) } else { None };
        let access = Self {
            address,
            encrypted,
            operator: config.token.clone().or_else(|| made.clone()),
            read_only: config.read_only_token.clone(),
            hosts,
            origins: config.origins.clone(),
            sessions: Mutex::default(),
        };
        Ok((access, made))
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether everybody has to log in.
    pub(super) const fn has_login(&self) -> bool {
        self.operator.is_some()
    }

    /// Where a browser finds the page.
    pub(super) fn url(&self) -> String {
        let scheme = if self.encrypted { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// A page of another name that leads here (DNS rebinding) gets nothing.
    pub(super) fn check_host(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        let (Some(host), None) = (host, hosts.next()) else {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "a request names its host once"));
        };
        if self.is_host(host) {
            return Ok(());
        }
        Err(Refusal::new(
            StatusCode::MISDIRECTED_REQUEST,
            "the dashboard is not served under this name; `hosts` in the section `[dashboard]` allows more",
        ))
    }

    fn is_host(&self, host: &str) -> bool {
        let Some(name) = without_port(host) else { return false };
        let name = name.to_ascii_lowercase();
        if self.hosts.iter().any(|allowed| *allowed == name || *allowed == host.to_ascii_lowercase()) {
            return true;
        }
        let own = self.address.ip().to_canonical();
        let local = own.is_loopback() || own.is_unspecified();
        match name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().map(|ip| ip.to_canonical())
        {
            // an address leads nowhere else than to itself
            Ok(ip) => ip == own || own.is_unspecified() || (local && ip.is_loopback()),
            Err(_) => local && name == "localhost",
        }
    }

    /// A page of another origin may not even ask.
    pub(super) fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let refused =
            || Refusal::new(StatusCode::FORBIDDEN, "pages of this origin may not use the dashboard");
        if let Some(origin) = headers.get(ORIGIN) {
            let host = text(headers, &HOST).unwrap_or_default();
            let origin = origin.to_str().map_err(|_| refused())?;
            // behind a proxy it is https, whatever is spoken here; where TLS is, nothing plain is of the own origin
            let plain = origin.strip_prefix("http://").filter(|_| !self.encrypted);
            let own = plain.or_else(|| origin.strip_prefix("https://"));
            let own = own.is_some_and(|name| name.eq_ignore_ascii_case(host));
            let listed = || {
                self.origins.iter().any(|allowed| allowed.trim_end_matches('/').eq_ignore_ascii_case(origin))
            };
            return if own || listed() { Ok(()) } else { Err(refused()) };
        }
        // what a browser says of itself where it sends no origin
        match headers.get(SEC_FETCH_SITE) {
            Some(site) if site != "same-origin" && site != "none" => Err(refused()),
            _ => Ok(()),
        }
    }

    /// What a page of another origin can't send without being asked first: JSON, and a header of our own.
    pub(super) fn check_write(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let kind = text(headers, &CONTENT_TYPE).unwrap_or_default();
        if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body is JSON, and says so: `content-type: application/json`",
            ));
        }
        if text(headers, &WRITE_HEADER) != Some("1") {
            let why = format!("whoever changes something sends the header `{WRITE_HEADER}: 1`");
            return Err(Refusal::new(StatusCode::FORBIDDEN, why));
        }
        Ok(())
    }

    /// What the sender of a request may do.
    pub(super) fn role(&self, headers: &HeaderMap) -> Result<Role, Refusal> {
        if !self.has_login() {
            return Ok(Role::Operator);
        }
        if let Some(given) = text(headers, &AUTHORIZATION) {
            let token = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            return self.check_token(token.map(|(_, token)| token.trim()).unwrap_or_default());
        }
        let name = self.cookie_name();
        let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let mut ids = cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('=').filter(|(found, _)| *found == name))
            .map(|(_, id)| id);
        ids.find_map(|id| self.session(id)).ok_or_else(|| unknown("log in with a token"))
    }

    fn session(&self, id: &str) -> Option<Role> {
        let now = Instant::now();
        let sessions = self.sessions();
        let session = sessions.open.iter().find(|session| same(&session.id, id))?;
        (session.ends > now).then_some(session.role)
    }

    /// What the holder of a token may do. Guesses are slowed down.
    pub(super) fn check_token(&self, token: &str) -> Result<Role, Refusal> {
        let is = |wanted: &Option<Secret>| wanted.as_ref().is_some_and(|wanted| same(wanted.reveal(), token));
        // both are looked at, whatever the first says
        let (operator, read_only) = (is(&self.operator), is(&self.read_only));
        let now = Instant::now();
        let mut sessions = self.sessions();
        let failures = &mut sessions.failures;
        while failures.front().is_some_and(|failure| now.duration_since(*failure) > GUESS_WINDOW) {
            failures.pop_front();
        }
        if operator {
            return Ok(Role::Operator);
        }
        if read_only {
            return Ok(Role::ReadOnly);
        }
        if failures.len() >= GUESSES {
            let wait = HeaderValue::from(GUESS_WINDOW.as_secs());
            let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens; wait a minute");
            return Err(refusal.with(RETRY_AFTER, wait));
        }
        failures.push_back(now);
        Err(unknown("this is not the token"))
    }

    /// Opens a session; returns the cookie that stands for it.
    pub(super) fn log_in(&self, role: Role) -> Result<HeaderValue, Refusal> {
        let failed = |_| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no session can be opened now");
        let id = random().map_err(failed)?;
        let now = Instant::now();
        let mut sessions = self.sessions();
        sessions.open.retain(|session| session.ends > now);
        if sessions.open.len() >= MOST_SESSIONS {
            sessions.open.pop_front();
        }
        let cookie = self.cookie(&id, SESSION.as_secs());
        sessions.open.push_back(Session { id, role, ends: now + SESSION });
        HeaderValue::from_str(&cookie)
            .map_err(|_| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no session can be opened now"))
    }

    /// Ends the sessions that the sender's cookies name; returns the cookie that takes the place of theirs.
    pub(super) fn log_out(&self, headers: &HeaderMap) -> HeaderValue {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let ids: Vec<&str> = cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('=').map(|(_, id)| id))
            .collect();
        self.sessions().open.retain(|session| !ids.iter().any(|id| same(&session.id, id)));
        HeaderValue::from_str(&self.cookie("", 0)).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    fn cookie(&self, id: &str, seconds: u64) -> String {
        let secure = if self.encrypted { "; Secure" } else { "" };
        let name = self.cookie_name();
        format!("{name}={id}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
    }

    /// Cookies don't tell ports apart, so that the name has to: two dashboards of one host are two.
    fn cookie_name(&self) -> String {
        format!("systemge-dashboard-{}", self.address.port())
    }
}

fn unknown(why: &str) -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, why)
        .with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"systemge dashboard\""))
}

/// Whether two texts are equal, in a time that tells nothing of where they differ.
fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// 256 bits that nobody guesses, in hexadecimal digits.
fn random() -> Result<String, DashboardError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| DashboardError::Random(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The name in `name:port`, `1.2.3.4:port`, `[::1]:port`.
fn without_port(host: &str) -> Option<&str> {
    let end = if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
    let (name, port) = host.split_at(end);
    let plain = port.is_empty()
        || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|digit| digit.is_ascii_digit()));
    (plain && !name.is_empty()).then_some(name)
}

fn is_loopback(host: &str) -> bool {
    let Some(name) = without_port(host) else { return false };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// What requests carry that change something. A page of another origin can't set it without asking first, and we
/// answer no such question.
pub(super) const WRITE_HEADER: HeaderName = HeaderName::from_static("x-systemge-dashboard");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SESSION: Duration = Duration::from_secs(12 * 60 * 60);
const MOST_SESSIONS: usize = 256;
/// How many wrong tokens are answered within the window.
const GUESSES: usize = 10;
const GUESS_WINDOW: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn access(listen: &str, change: impl FnOnce(&mut DashboardConfig)) -> Access {
        let mut config = DashboardConfig { listen: listen.parse().unwrap(), ..Default::default() };
        change(&mut config);
        Access::new(&config, config.listen, false).unwrap().0
    }

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn only_known_hosts_are_served() {
        let check = |listen: &str, host: &str, expected: bool| {
            let access = access(listen, |config| config.hosts = vec!["dash.example.org".to_owned()]);
            let checked = access.check_host(&headers(&[("host", host)]));
            assert_eq!(checked.is_ok(), expected, "{host} at {listen}");
        };
        for host in
            ["127.0.0.1:8081", "localhost:8081", "LOCALHOST", "[::1]:8081", "localhost:9999", "127.0.0.2"]
        {
            check("127.0.0.1:8081", host, true);
        }
        check("127.0.0.1:8081", "Dash.Example.org", true);
        for host in [
            "evil.org",
            "localhost.evil.org",
            "127.0.0.1.evil.org",
            "192.168.0.1",
            "",
            ":80",
            "[::1",
            "a@localhost",
        ] {
            check("127.0.0.1:8081", host, false);
        }
        check("192.168.0.1:8081", "192.168.0.1:8081", true);
        check("192.168.0.1:8081", "localhost:8081", false);
        check("0.0.0.0:8081", "10.1.2.3:8081", true);
        check("0.0.0.0:8081", "evil.org", false);
        let twice = headers(&[("host", "localhost"), ("host", "localhost")]);
        let mut twice = twice;
        twice.append(HOST, HeaderValue::from_static("evil.org"));
        assert!(access("127.0.0.1:1", |_| ()).check_host(&twice).is_err());
    }

    #[test]
    fn only_pages_of_the_same_origin_may_ask() {
        let access =
            access("127.0.0.1:8081", |config| config.origins = vec!["https://ops.example.org/".to_owned()]);
        let check = |list: &[(&'static str, &str)], expected: bool| {
            assert_eq!(access.check_origin(&headers(list)).is_ok(), expected, "{list:?}");
        };
        let host = ("host", "127.0.0.1:8081");
        check(&[host], true);
        check(&[host, ("origin", "http://127.0.0.1:8081")], true);
        check(&[host, ("origin", "https://ops.example.org")], true);
        check(&[host, ("origin", "http://127.0.0.1:8080")], false);
        check(&[host, ("origin", "http://localhost:8081")], false);
        check(&[host, ("origin", "null")], false);
        check(&[host, ("origin", "file://")], false);
        check(&[host, ("origin", "http://evil.org")], false);
        check(&[host, ("sec-fetch-site", "same-origin")], true);
        check(&[host, ("sec-fetch-site", "none")], true);
        check(&[host, ("sec-fetch-site", "cross-site")], false);
        check(&[host, ("sec-fetch-site", "same-site")], false);
    }

    #[test]
    fn over_tls_a_page_that_came_in_plain_is_another_origin() {
        let config = DashboardConfig { listen: "192.168.0.1:8081".parse().unwrap(), ..Default::default() };
        let (access, made) = Access::new(&config, config.listen, true).unwrap();
        assert!(made.is_some() && access.has_login(), "a token is made");
        let host = ("host", "192.168.0.1:8081");
        let check = |origin: &str| access.check_origin(&headers(&[host, ("origin", origin)])).is_ok();
        assert!(check("https://192.168.0.1:8081"));
        assert!(!check("http://192.168.0.1:8081"));
        let cookie = access.log_in(Role::Operator).unwrap();
        assert!(cookie.to_str().unwrap().contains("; Secure"), "{cookie:?}");
    }

    #[test]
    fn a_loopback_address_asks_for_a_token_only_where_it_is_reached_from_elsewhere() {
        let login = |change: fn(&mut DashboardConfig)| access("127.0.0.1:1", change).has_login();
        assert!(!login(|_| ()));
        assert!(!login(|config| config.hosts = vec!["localhost:1".to_owned()]));
        assert!(login(|config| config.hosts = vec!["dash.example.org".to_owned()]));
        assert!(login(|config| config.token = Some("0123456789abcdef".into())));
        assert!(login(|config| config.read_only_token = Some("0123456789abcdef".into())));
    }

    #[test]
    fn tokens_and_sessions_have_roles() {
        let access = access("127.0.0.1:1", |config| {
            config.token = Some("operator-operator".into());
            config.read_only_token = Some("read-only-read-only".into());
        });
        let bearer = |token: &str| access.role(&headers(&[("authorization", &format!("Bearer {token}"))]));
        assert_eq!(bearer("operator-operator").ok(), Some(Role::Operator));
        assert_eq!(bearer("read-only-read-only").ok(), Some(Role::ReadOnly));
        assert!(bearer("operator-operato").is_err());
        assert!(access.role(&headers(&[])).is_err());
        assert!(access.role(&headers(&[("authorization", "Basic operator-operator")])).is_err());

        let cookie = access.log_in(Role::ReadOnly).unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
        let pair = cookie.split(';').next().unwrap();
        let with = headers(&[("cookie", &format!("a=b; {pair}"))]);
        assert_eq!(access.role(&with).ok(), Some(Role::ReadOnly));
        access.log_out(&with);
        assert!(access.role(&with).is_err());
    }

    #[test]
    fn guessing_a_token_ends_soon_and_the_right_one_still_works() {
        let access = access("127.0.0.1:1", |config| config.token = Some("operator-operator".into()));
        let status =
            |token: &str| access.check_token(token).err().map(|refusal| refusal.into_response().status());
        for _ in 0..GUESSES {
            assert_eq!(status("wrong"), Some(StatusCode::UNAUTHORIZED));
        }
        assert_eq!(status("wrong"), Some(StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(status("operator-operator"), None, "a stranger can't lock the operator out");
    }
}
