//! The node of the logins.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::header::{CACHE_CONTROL, HeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE};
use systemge::http::{Headers, HttpError, HttpResponse, Query};
use systemge::prelude::*;
use tokio::time::Instant;

use crate::config::{Config, ConfigError};
use crate::cookies::{self, BROWSER, SESSION};
use crate::logins::{LoggedIn, LoginError, Logins, Rules};
use crate::provider::{Provider, ProviderError, Token, Way, random};
use crate::sessions::{
    AuthError, Authenticated, Ended, Identity, SessionId, SessionWatcher, SessionWatcherClient, Sessions,
};

/// How often it is looked for sessions that are over.
const SWEEP: Duration = Duration::from_secs(1);

/// The node of the logins: an application whose HTTP component logs browsers in, and whose topics tell gateways who they are.
/// See the [crate](crate) for how.
///
/// Routes: `GET /login` and `GET /callback`. Topics: [`trait@Sessions`]; whoever handles [`trait@SessionWatcher`] is dialled by
/// configuration. Commands: `sessions` and `endSession`.
#[derive(systemge::Application)]
#[application(handles(Sessions), calls(SessionWatcher))]
pub struct OAuth2 {
    config: Config,
    provider: Provider,
    handler: Handler,
    logins: Arc<Mutex<Logins>>,
}

/// What turns a token into an identity.
type Handler = Box<dyn Fn(Token) -> BoxFuture<'static, Result<Identity>> + Send + Sync>;

/// What the provider sends a browser back with.
#[derive(serde::Deserialize)]
struct Answer {
    state: String,
    code: Option<String>,
    error: Option<String>,
}

impl OAuth2 {
    /// The node of a provider. Who a user is it asks at `user_url`.
    ///
    /// # Errors
    ///
    /// If secrets would travel in the open.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let rules = Rules {
            login: config.login_lifetime,
            code: config.code_lifetime,
            session: config.session_lifetime,
            limit: config.limit,
        };
        let asked = config.clone();
        let handler: Handler = Box::new(move |token| Box::pin(ask(token, asked.clone())));
        let provider = Provider::new(&config);
        Ok(Self { config, provider, handler, logins: Arc::new(Mutex::new(Logins::new(rules))) })
    }

    /// Sets what turns a token into an identity and values, instead of asking at `user_url`. If it fails, the browser is
    /// told that nobody is logged in, and the reason is logged.
    #[must_use]
    pub fn handler<F>(self, handler: impl Fn(Token) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Identity>> + Send + 'static,
    {
        Self { handler: Box::new(move |token| Box::pin(handler(token))), ..self }
    }

    fn logins(&self) -> MutexGuard<'_, Logins> {
        lock(&self.logins)
    }

    /// Exchanges the provider's code, and begins a session.
    async fn log_in(
        &self,
        code: String,
        verifier: String,
        browser: &str,
        cookie: Option<&str>,
        ctx: &Context<Self>,
    ) -> Result<LoggedIn> {
        let token = self.provider.token(code, verifier).await?;
        let user = (self.handler)(token).await?;
        let secrets = [random(), random()];
        let logged_in = self.logins().log_in(user, browser, cookie, secrets, Instant::now())?;
        if let Some(replaced) = logged_in.replaced {
            tell(ctx, replaced, Ended::Replaced).await;
        }
        Ok(logged_in)
    }

    /// Sends a browser on to a place, with cookies; nobody keeps that, or tells other sites of it.
    fn on_to(place: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Result<HttpResponse, HttpError> {
        let place =
            HeaderValue::from_str(place).map_err(|_| HttpError::internal("a place that is no header"))?;
        let mut response = HttpResponse::new(StatusCode::SEE_OTHER)
            .header(LOCATION, place)
            .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
            .header(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        for cookie in cookies {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        Ok(response)
    }

    /// The cookie that tells a browser from others for as long as its logins and codes may live.
    fn browser_cookie(&self, browser: &str) -> Result<HeaderValue, HttpError> {
        let lifetime = self.config.login_lifetime + self.config.code_lifetime;
        cookies::write(BROWSER, browser, lifetime.max(Duration::from_secs(1)))
    }
}

#[systemge::http]
impl OAuth2 {
    /// Sends a browser to the provider.
    #[get("/login")]
    async fn login(&self, headers: Headers) -> Result<HttpResponse, HttpError> {
        let Way { url, state, verifier } = self.provider.way();
        // two logins of one browser at the same time have one cookie
        let browser = cookies::read(&headers, BROWSER).filter(|value| is_ours(value));
        let browser = browser.map_or_else(random, str::to_owned);
        let cookie = self.browser_cookie(&browser)?;
        self.logins().begin(state, browser, verifier, Instant::now());
        Self::on_to(&url, [cookie])
    }

    /// A browser comes back from the provider.
    #[get("/callback")]
    async fn callback(
        &self,
        answer: Query<Answer>,
        headers: Headers,
        ctx: &Context<Self>,
    ) -> Result<HttpResponse, HttpError> {
        let Answer { state, code, error } = answer.0;
        let browser = cookies::read(&headers, BROWSER);
        let back = self.logins().back(&state, browser, Instant::now());
        let verifier = back.map_err(|error| {
            tracing::warn!(%error, "a login is refused");
            HttpError::forbidden(error)
        })?;
        let failed = |how: &str| Self::on_to(&format!("{}?loginFailed={how}", self.config.page), []);
        let (Some(browser), Some(code)) = (browser, code) else {
            // what the provider says is not ours to repeat
            let denied = error.as_deref() == Some("access_denied");
            return failed(if denied { "denied" } else { "provider" });
        };
        let cookie = cookies::read(&headers, SESSION);
        match self.log_in(code, verifier, browser, cookie, ctx).await {
            Ok(LoggedIn { session, secret, code, .. }) => {
                tracing::info!(%session, "logged in");
                let session = cookies::write(SESSION, &secret, self.config.session_lifetime)?;
                // the session itself is in the cookie alone, since addresses are kept and passed on
                let page = format!("{}?sessionId={code}", self.config.page);
                Self::on_to(&page, [session, self.browser_cookie(browser)?])
            }
            Err(error) => {
                tracing::warn!(%error, "a login has failed");
                let full = matches!(error.downcast_ref(), Some(LoginError::Full));
                failed(if full { "full" } else { "provider" })
            }
        }
    }
}

#[systemge::node]
impl Sessions for OAuth2 {
    async fn redeem(&self, code: String, browser: Option<String>) -> Result<Authenticated, AuthError> {
        self.logins().redeem(&code, browser.as_deref(), Instant::now())
    }

    async fn session(&self, cookie: String) -> Result<Authenticated, AuthError> {
        self.logins().session(&cookie, Instant::now())
    }

    async fn logout(&self, session: SessionId, ctx: &Context<Self>) -> Result<(), AuthError> {
        self.end(session, Ended::LoggedOut, ctx).await.then_some(()).ok_or(AuthError::NoSession)
    }
}

#[systemge::node]
impl OAuth2 {
    /// Sessions end in time, also those that nobody asks for.
    #[on_start]
    async fn sweep(&self, ctx: &Context<Self>) {
        let (own, logins) = (ctx.clone(), self.logins.clone());
        ctx.spawn(async move {
            loop {
                tokio::time::sleep(SWEEP).await;
                let over = lock(&logins).expire(Instant::now());
                for session in over {
                    tell(&own, session, Ended::Expired).await;
                }
            }
        });
    }
}

#[systemge::commands]
impl OAuth2 {
    /// Lists the sessions: number, user, age and the time that is left.
    #[command("sessions")]
    fn sessions(&self) -> String {
        let now = Instant::now();
        let line = |(id, session): (SessionId, &crate::logins::Session)| {
            let [age, left] = [now - session.begun, session.ends - now].map(|time| time.as_secs());
            format!("{id}: {:?}, for {age} s, {left} s left", session.user.identity)
        };
        self.logins().all(now).map(line).collect::<Vec<_>>().join("\n")
    }

    /// Ends a session.
    #[command("endSession")]
    async fn end_session(&self, number: u64, ctx: &Context<Self>) -> Result<&'static str> {
        match self.end(SessionId(number), Ended::ByOperator, ctx).await {
            true => Ok("it has ended"),
            false => Err(Error::message(format!("there is no session {number}"))),
        }
    }
}

impl OAuth2 {
    /// Ends a session, and tells who wants to know; returns whether there was one.
    async fn end(&self, session: SessionId, how: Ended, ctx: &Context<Self>) -> bool {
        let ended = self.logins().end(session);
        if ended {
            tell(ctx, session, how).await;
        }
        ended
    }
}

fn lock(logins: &Mutex<Logins>) -> MutexGuard<'_, Logins> {
    logins.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells the nodes that watch.
async fn tell(ctx: &Context<OAuth2>, session: SessionId, how: Ended) {
    if let Err(error) = SessionWatcherClient::new(ctx).ended(session, how).await {
        tracing::warn!(%error, %session, "not every node is told that a session has ended");
    }
}

/// Asks the provider who the user is.
async fn ask(token: Token, config: Config) -> Result<Identity> {
    let user = token.get(config.user_url.as_str()).await?;
    let text = |name: &str| match &user[name] {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    };
    let identity = text(&config.identity).ok_or_else(|| {
        ProviderError::Refused(format!("its answer about the user has no `{}`", config.identity))
    })?;
    let values = config.values.iter().filter_map(|name| Some((name.clone(), text(name)?)));
    Ok(values.fold(Identity::new(identity), |user, (name, value)| user.value(name, value)))
}

/// Whether a value looks like one of ours, so that no other text gets into a cookie.
fn is_ours(value: &str) -> bool {
    value.len() == 43 && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
