//! What is asked of the provider, over HTTP that follows no redirections, takes no endless answers and waits for a while only.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, CsrfToken, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _, TokenUrl,
};
use rustls::{ClientConfig, RootCertStore};

use crate::config::Config;

/// How long the provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How large an answer may be.
const ANSWER_BYTES: usize = 256 * 1024;

/// Why the provider gave no usable answer. Its mistake, or the network's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// It is not reached, or answers nonsense.
    #[error("the provider does not answer: {0}")]
    Unreachable(String),
    /// It takes too long.
    #[error("the provider does not answer in time")]
    Slow,
    /// It refuses.
    #[error("the provider refuses: {0}")]
    Refused(String),
}

/// The provider, as its clients see it.
#[derive(Debug)]
pub(crate) struct Provider {
    client: BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>,
    scopes: Vec<Scope>,
    http: Http,
}

/// Where a browser is sent to log in, and what has to be known when it comes back.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) url: String,
    pub(crate) state: String,
    pub(crate) verifier: String,
}

/// What the provider gave for a login: what asks it about the user.
#[derive(Clone, Debug)]
pub struct Token {
    token: oauth2::AccessToken,
    http: Http,
}

impl Provider {
    pub(crate) fn new(config: &Config) -> Self {
        let mut client = BasicClient::new(ClientId::new(config.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(config.authorize_url.clone()))
            .set_token_uri(TokenUrl::from_url(config.token_url.clone()))
            .set_redirect_uri(RedirectUrl::from_url(config.redirect_url.clone()));
        if let Some(secret) = config.client_secret.clone() {
            client = client.set_client_secret(secret);
        }
        let scopes = config.scopes.iter().cloned().map(Scope::new).collect();
        Self { client, scopes, http: Http::new() }
    }

    /// The way to the provider for one login: a `state` and a PKCE challenge that no other login has.
    pub(crate) fn way(&self) -> Way {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let request = self.client.authorize_url(|| CsrfToken::new(random()));
        let (url, state) =
            request.add_scopes(self.scopes.iter().cloned()).set_pkce_challenge(challenge).url();
        Way { url: url.into(), state: state.into_secret(), verifier: verifier.into_secret() }
    }

    /// Exchanges the provider's code for a token.
    pub(crate) async fn token(&self, code: String, verifier: String) -> Result<Token, ProviderError> {
        let send = |request: HttpRequest| self.http.send(request);
        let exchange = self
            .client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier));
        match exchange.request_async(&send).await {
            Ok(answer) => Ok(Token { token: answer.access_token().clone(), http: self.http.clone() }),
            Err(oauth2::RequestTokenError::ServerResponse(refusal)) => {
                Err(ProviderError::Refused(refusal.to_string()))
            }
            Err(oauth2::RequestTokenError::Request(error)) => Err(error),
            Err(error) => Err(ProviderError::Unreachable(error.to_string())),
        }
    }
}

impl Token {
    /// The token, for whoever sends it along himself. It is a secret.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.token.secret()
    }

    /// Asks for JSON, with the token as the one that may.
    ///
    /// # Errors
    ///
    /// If there is no answer within ten seconds, if it is not 200, or if it is no JSON of up to 256 KiB.
    pub async fn get(&self, url: &str) -> Result<serde_json::Value, ProviderError> {
        let request = http::Request::get(url)
            .header(http::header::AUTHORIZATION, format!("Bearer {}", self.secret()))
            .header(http::header::ACCEPT, "application/json")
            // some providers want one
            .header(http::header::USER_AGENT, concat!("systemge/", env!("CARGO_PKG_VERSION")))
            .body(Vec::new());
        let request = request.map_err(|error| ProviderError::Unreachable(error.to_string()))?;
        let response = self.http.send(request).await?;
        if response.status() != http::StatusCode::OK {
            return Err(ProviderError::Refused(response.status().to_string()));
        }
        serde_json::from_slice(response.body()).map_err(|error| ProviderError::Unreachable(error.to_string()))
    }
}

/// The HTTP client.
#[derive(Clone, Debug)]
struct Http(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Http {
    fn new() -> Self {
        // without any root every certificate is refused, which is said then
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks these versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        // what may be plain is decided by the configuration's check
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    fn send(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpResponse, ProviderError>> + Send + 'static {
        let client = self.0.clone();
        async move {
            let answered = async {
                let response = client.request(request.map(Full::from)).await;
                let (parts, body) = response.map_err(|error| unreachable(&error))?.into_parts();
                let body = Limited::new(body, ANSWER_BYTES).collect().await;
                let body = body.map_err(|error| ProviderError::Unreachable(error.to_string()))?;
                Ok(HttpResponse::from_parts(parts, body.to_bytes().to_vec()))
            };
            tokio::time::timeout(PATIENCE, answered).await.unwrap_or(Err(ProviderError::Slow))
        }
    }
}

/// An error and what caused it, in one line.
fn unreachable(error: &dyn std::error::Error) -> ProviderError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    ProviderError::Unreachable(text)
}

/// A name that nobody guesses: 256 random bits.
pub(crate) fn random() -> String {
    CsrfToken::new_random_len(32).into_secret()
}
