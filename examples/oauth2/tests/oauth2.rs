//! Logins at a stand-in of a provider, by a browser without its page, and attacks on them. `tests/browser` has a real
//! provider and a real browser.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use oauth2_login::{Config, Gateway, Identity, OAuth2, Token};
use samples::{Browser, SOON, Shipped, eventually, every_form};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use systemge::config::{HttpConfig, NodeConfig};
use systemge::http::{Form, Headers, HttpError, Query, Redirect};
use systemge::prelude::*;
use systemge::{Running, System};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const SAMPLE: &str = env!("CARGO_MANIFEST_DIR");
/// The port of the local provider.
const PROVIDER: u16 = 9090;

/// A provider that logs in whoever the query's `login_hint` names, and checks what a provider has to check.
#[derive(systemge::Application, Default)]
struct Provider {
    /// By code: the PKCE challenge and the user.
    codes: Mutex<HashMap<String, (String, String)>>,
}

type Parameters = HashMap<String, String>;

#[systemge::http]
impl Provider {
    #[get("/auth")]
    async fn authorize(&self, query: Query<Parameters>) -> Result<Redirect, HttpError> {
        let get = |name: &str| {
            query.get(name).cloned().ok_or_else(|| HttpError::bad_request(format!("there is no {name}")))
        };
        let (redirect, state) = (get("redirect_uri")?, get("state")?);
        assert_eq!((get("response_type")?, get("code_challenge_method")?), ("code".into(), "S256".into()));
        assert_eq!((get("client_id")?, get("scope")?), ("systemge".into(), "openid profile".into()));
        let user = get("login_hint").unwrap_or_else(|_| "ada".to_owned());
        if user == "nobody" {
            return Ok(Redirect::see_other(format!("{redirect}?error=access_denied&state={state}")));
        }
        let mut codes = self.codes.lock().expect("no panic");
        let code = format!("code-{}", codes.len());
        codes.insert(code.clone(), (get("code_challenge")?, user));
        Ok(Redirect::see_other(format!("{redirect}?code={code}&state={state}")))
    }

    #[post("/token")]
    async fn token(&self, form: Form<Parameters>) -> (StatusCode, Json<Value>) {
        let known = self.codes.lock().expect("no panic").remove(&form["code"]);
        let digest = Sha256::digest(form["code_verifier"].as_bytes());
        match known {
            Some((challenge, user)) if challenge == BASE64_URL_SAFE_NO_PAD.encode(digest) => {
                let token = json!({ "access_token": format!("token-{user}"), "token_type": "Bearer" });
                (StatusCode::OK, Json(token))
            }
            _ => (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))),
        }
    }

    #[get("/me")]
    async fn me(&self, headers: Headers) -> Result<Json<Value>, HttpError> {
        let user = headers.text("authorization").and_then(|value| value.strip_prefix("Bearer token-"));
        let user = user.ok_or_else(|| HttpError::unauthorized("no token"))?;
        Ok(Json(json!({ "sub": user, "name": format!("{user} of Test"), "secret": "not asked for" })))
    }
}

/// The sample with a provider.
struct Place {
    shipped: Shipped,
    system: Running,
}

impl Place {
    async fn new(change: impl FnOnce(&mut Config)) -> Self {
        Self::with(change, |login| login).await
    }

    async fn with(change: impl FnOnce(&mut Config), build: impl FnOnce(OAuth2) -> OAuth2) -> Self {
        let shipped = Shipped::new(SAMPLE);
        let mut config = Config::from_file(shipped.folder().join("provider.toml")).expect("no mistakes");
        change(&mut config);
        let login = build(OAuth2::new(config).expect("no mistakes"));
        let system = System::from_config(shipped.config())
            .node("oauth2", login)
            .node("gateway", Gateway::default())
            .node_with("provider", Provider::default(), provider(&shipped))
            .start()
            .await
            .expect("the nodes start");
        for (node, topic) in [("gateway", "oauth2/redeem"), ("oauth2", "oauth2/ended")] {
            let node = system.node(node).expect("it is there");
            assert!(node.wait_for_provider(topic, SOON).await, "{topic}");
        }
        Self { shipped, system }
    }

    fn visitor(&self) -> Visitor {
        Visitor::new(&self.shipped)
    }

    async fn command(&self, name: &str, arguments: &[&str]) -> String {
        let node = self.system.node("oauth2").expect("it is there");
        node.command(name, arguments.iter().copied()).await.unwrap_or_else(|error| error.to_string())
    }
}

fn provider(shipped: &Shipped) -> NodeConfig {
    let mut http = HttpConfig::default();
    http.listen = (Ipv4Addr::LOCALHOST, shipped.port(PROVIDER)).into();
    NodeConfig::new().http(http)
}

/// A browser that follows no redirection by itself.
#[derive(Clone)]
struct Visitor {
    http: SocketAddr,
    websocket: SocketAddr,
    cookies: HashMap<String, String>,
}

/// What a visitor is answered.
#[derive(Debug)]
struct Answer {
    status: u16,
    location: String,
}

impl Visitor {
    fn new(shipped: &Shipped) -> Self {
        let web = shipped.web();
        Self { http: web.http, websocket: web.websocket, cookies: HashMap::new() }
    }

    fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Gets a URL, or a path of the node of the logins.
    async fn get(&mut self, url: &str) -> Answer {
        self.try_get(url).await.expect("an answer")
    }

    async fn try_get(&mut self, url: &str) -> std::io::Result<Answer> {
        let absolute =
            if url.starts_with('/') { format!("http://{}{url}", self.http) } else { url.to_owned() };
        let rest = absolute.strip_prefix("http://").expect("a URL");
        let (host, path) = rest.split_at(rest.find('/').expect("a path"));
        let mut stream = TcpStream::connect(host).await?;
        let own = self.http.to_string() == host;
        let cookie = if own { format!("cookie: {}\r\n", self.cookie()) } else { String::new() };
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{cookie}connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        tokio::time::timeout(SOON, stream.read_to_string(&mut answer)).await.expect("an answer in time")?;
        let mut location = String::new();
        for line in answer.lines().take_while(|line| !line.is_empty()) {
            let Some((name, value)) = line.split_once(": ") else { continue };
            match name.to_lowercase().as_str() {
                "location" => location = value.to_owned(),
                "set-cookie" => {
                    for attribute in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/;", "; Max-Age="] {
                        assert!(value.contains(attribute), "{value}");
                    }
                    let (name, value) =
                        value.split_once(';').and_then(|(pair, _)| pair.split_once('=')).expect("a pair");
                    assert!(name.starts_with("__Host-"), "{name}");
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
                _ => {}
            }
        }
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Ok(Answer { status, location })
    }

    /// Goes to the provider as somebody; returns the address that it sends back to.
    async fn ask_provider(&mut self, user: &str) -> String {
        let login = self.get("/login").await;
        assert_eq!(login.status, 303);
        let back = self.get(&format!("{}&login_hint={user}", login.location)).await.location;
        assert!(back.starts_with(&format!("http://{}/callback?", self.http)), "{back}");
        back
    }

    /// Logs in; returns the code that the page gets.
    async fn log_in(&mut self, user: &str) -> String {
        let back = self.ask_provider(user).await;
        let answer = self.get(&back).await;
        assert_eq!(answer.status, 303);
        answer.location.strip_prefix("/?sessionId=").expect("the page and a code").to_owned()
    }

    /// Opens the page's socket.
    async fn socket(&self) -> Browser {
        let mut browser = Browser::reach(self.websocket, Some(&self.cookie())).await.expect("a socket");
        browser.text("welcome").await;
        browser
    }
}

/// Shows a code, or nothing; returns the answer's topic and payload.
async fn attempt(browser: &mut Browser, code: &str) -> (String, String) {
    browser.send("authAttempt", code).await;
    browser.next().await.expect("an answer")
}

async fn succeeds(browser: &mut Browser, code: &str) -> Value {
    let (topic, payload) = attempt(browser, code).await;
    assert_eq!(topic, "authSuccess", "{payload}");
    serde_json::from_str(&payload).expect("JSON")
}

async fn fails(browser: &mut Browser, code: &str, part: &str) {
    let (topic, payload) = attempt(browser, code).await;
    assert_eq!(topic, "authFailure", "{payload}");
    assert!(payload.contains(part), "{payload}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_logs_in_is_known_by_the_code_then_by_the_cookie_until_the_logout() {
    let place = Place::new(|_| {}).await;
    let mut ada = place.visitor();
    fails(&mut ada.socket().await, "", "nobody is logged in").await;
    let code = ada.log_in("ada").await;
    let mut page = ada.socket().await;
    let who = succeeds(&mut page, &code).await;
    assert_eq!(who["user"], json!({ "identity": "ada", "values": { "name": "ada of Test" } }));
    let mut second = ada.socket().await;
    assert_eq!(succeeds(&mut second, "").await, who);
    let mut stranger = place.visitor().socket().await;
    fails(&mut stranger, "", "nobody is logged in").await;

    let listed = place.command("sessions", &[]).await;
    assert!(listed.starts_with(&format!("{}: \"ada\"", who["session"])), "{listed}");
    assert!(!listed.contains(&code) && ada.cookies.values().all(|value| !listed.contains(value)));

    second.send("logoutAttempt", "").await;
    for socket in [&mut page, &mut second] {
        assert_eq!(socket.text("logoutSuccess").await, "you have logged out");
    }
    fails(&mut second, "", "nobody is logged in").await;
    second.send("logoutAttempt", "").await;
    assert!(second.text("logoutFailure").await.contains("nobody is logged in"));
    assert_eq!(place.command("sessions", &[]).await, "");

    // an operator can end a session, too
    let code = ada.log_in("ada").await;
    let who = succeeds(&mut page, &code).await;
    assert_eq!(place.command("endSession", &[&who["session"].to_string()]).await, "it has ended");
    assert!(page.text("logoutSuccess").await.contains("an operator"));
    assert!(place.command("endSession", &["99"]).await.contains("no session 99"));
    place.system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_replayed_and_foreign_answers_of_the_provider_are_refused() {
    let place = Place::new(|_| {}).await;
    let (mut ada, mut eve) = (place.visitor(), place.visitor());
    let back = ada.ask_provider("ada").await;
    let (path, state) = back.rsplit_once("state=").expect("a state");
    let forged = ada.get(&format!("{path}state={}", "x".repeat(state.len()))).await;
    assert_eq!((forged.status, forged.location.as_str()), (403, ""));
    assert_eq!(ada.get(&back).await.status, 303);
    assert_eq!(ada.get(&back).await.status, 403, "replayed");

    // Eve has Ada open the address that ends Eve's login: Ada would be Eve without knowing it
    let of_eve = eve.ask_provider("eve").await;
    assert_eq!(ada.get(&of_eve).await.status, 403, "begun in another browser");
    assert_eq!(eve.get(&of_eve).await.status, 403, "of no use any more");

    // Eve puts Ada's code of the provider into a login of her own: PKCE
    let of_ada = ada.ask_provider("ada").await;
    let of_eve = eve.ask_provider("eve").await;
    let code = |address: &str| address.split(['?', '&']).nth(1).expect("a code").to_owned();
    let injected = of_eve.replace(&code(&of_eve), &code(&of_ada));
    assert_eq!(eve.get(&injected).await.location, "/?loginFailed=provider");

    assert_eq!(eve.get("/callback?code=1").await.status, 400, "without a state");
    assert_eq!(place.command("sessions", &[]).await.lines().count(), 1);
    place.system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_once_and_in_its_own_browser() {
    let place = Place::new(|_| {}).await;
    let (mut ada, mut eve) = (place.visitor(), place.visitor());
    let code = ada.log_in("ada").await;
    succeeds(&mut ada.socket().await, &code).await;
    fails(&mut ada.socket().await, &code, "used already").await;
    fails(&mut ada.socket().await, &"x".repeat(43), "never made").await;

    // who finds Ada's code has no use of it, and Ada can't be given Eve's
    let code = ada.log_in("ada").await;
    eve.log_in("eve").await;
    fails(&mut eve.socket().await, &code, "another browser").await;
    fails(&mut ada.socket().await, &code, "used already").await;
    let of_eve = eve.log_in("eve").await;
    fails(&mut ada.socket().await, &of_eve, "another browser").await;
    // both are who they were
    assert_eq!(succeeds(&mut ada.socket().await, "").await["user"]["identity"], "ada");
    assert_eq!(succeeds(&mut eve.socket().await, "").await["user"]["identity"], "eve");
    place.system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_is_refused_and_sessions_end_by_themselves() {
    const SHORT: Duration = Duration::from_millis(50);
    let place = Place::new(|config| {
        config.code_lifetime = SHORT;
        config.session_lifetime = Duration::from_secs(3);
    })
    .await;
    let mut ada = place.visitor();
    let code = ada.log_in("ada").await;
    tokio::time::sleep(SHORT).await;
    fails(&mut ada.socket().await, &code, "too old").await;
    // on a slow machine the session may be over before anybody looks at it
    let mut page = eventually(async || {
        ada.log_in("ada").await;
        let mut page = ada.socket().await;
        (attempt(&mut page, "").await.0 == "authSuccess").then_some(page)
    })
    .await;
    assert!(page.text("logoutSuccess").await.contains("the session is over"));
    fails(&mut page, "", "nobody is logged in").await;
    place.system.stop().await;

    let place = Place::new(|config| config.login_lifetime = SHORT).await;
    let mut ada = place.visitor();
    let back = ada.ask_provider("ada").await;
    tokio::time::sleep(SHORT).await;
    assert_eq!(ada.get(&back).await.status, 403);
    place.system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_login_refreshes_the_session_of_the_same_user_and_ends_that_of_another() {
    let place = Place::new(|_| {}).await;
    let mut ada = place.visitor();
    ada.log_in("ada").await;
    let before = ada.clone();
    let mut page = before.socket().await;
    let who = succeeds(&mut page, "").await;
    ada.log_in("ada").await;
    assert_eq!(succeeds(&mut ada.socket().await, "").await, who, "the same session");
    fails(&mut before.socket().await, "", "nobody is logged in").await;
    ada.log_in("bob").await;
    assert!(page.text("logoutSuccess").await.contains("somebody else"));
    assert_eq!(succeeds(&mut ada.socket().await, "").await["user"]["identity"], "bob");
    place.system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handler_says_who_a_token_is_and_what_fails_is_said_to_the_page() {
    let place = Place::with(
        |_| {},
        |login| {
            login.handler(async |token: Token| match token.secret() {
                "token-eve" => Err(Error::message("nobody lets Eve in")),
                secret => Ok(Identity::new(secret).value("rank", "captain")),
            })
        },
    )
    .await;
    let mut ada = place.visitor();
    let code = ada.log_in("ada").await;
    let who = succeeds(&mut ada.socket().await, &code).await;
    assert_eq!(who["user"], json!({ "identity": "token-ada", "values": { "rank": "captain" } }));
    for (user, how) in [("eve", "provider"), ("nobody", "denied")] {
        let back = ada.ask_provider(user).await;
        assert_eq!(ada.get(&back).await.location, format!("/?loginFailed={how}"));
    }
    // who was logged in still is
    assert_eq!(succeeds(&mut ada.socket().await, "").await, who);
    place.system.node("provider").expect("it is there").stop().await;
    let back = ada.get("/login").await.location;
    assert!(ada.try_get(&back).await.is_err(), "the provider is gone");
    place.system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_in_every_form() {
    every_form(env!("CARGO_BIN_EXE_oauth2-login"), SAMPLE, async |shipped, _| {
        let system = System::new().node_with("provider", Provider::default(), provider(shipped));
        let system = system.start().await.expect("the provider starts");
        let who = eventually(async || {
            let mut ada = Visitor::new(shipped);
            ada.try_get("/login").await.ok()?;
            Browser::reach(ada.websocket, None).await?;
            let code = ada.log_in("ada").await;
            let (topic, payload) = attempt(&mut ada.socket().await, &code).await;
            // the gateway may not have found the node of the logins yet
            (topic == "authSuccess").then_some(payload)
        })
        .await;
        assert!(who.contains("ada of Test"), "{who}");
        system.stop().await;
    })
    .await;
}
