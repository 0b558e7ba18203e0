//! Which provider, and how long what is valid.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use oauth2::ClientSecret;
use oauth2::url::{Host, Url};

/// Which provider logs in, and how long what is valid.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The name by which the provider knows this system.
    pub client_id: String,
    /// The file of the secret that proves it to the provider, relative to this one. Default: left out, for a public client,
    /// whom PKCE protects.
    pub client_secret_file: Option<PathBuf>,
    /// Where browsers log in.
    pub authorize_url: Url,
    /// Where a code becomes a token.
    pub token_url: Url,
    /// Where a token becomes a user, unless [`OAuth2::handler`](crate::OAuth2::handler) asks elsewhere.
    pub user_url: Url,
    /// Where the provider sends browsers back to: `/callback` of the node, as they reach it.
    pub redirect_url: Url,
    /// What the provider is asked for. Default: `[]`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The member of the provider's answer that tells users apart. Default: `"sub"`, that of OpenID Connect.
    #[serde(default = "sub")]
    pub identity: String,
    /// The members of the provider's answer that are kept besides. Default: `[]`.
    #[serde(default)]
    pub values: Vec<String>,
    /// Where browsers go once they are logged in, a path. Default: `"/"`.
    #[serde(default = "root")]
    pub page: String,
    /// How long a session lasts after the last login. Default: `"1h"`.
    #[serde(default = "hour", with = "humantime_serde")]
    pub session_lifetime: Duration,
    /// How long a user may take at the provider. Default: `"10m"`.
    #[serde(default = "ten_minutes", with = "humantime_serde")]
    pub login_lifetime: Duration,
    /// How long the code is valid that the page gets. Default: `"30s"`.
    #[serde(default = "half_minute", with = "humantime_serde")]
    pub code_lifetime: Duration,
    /// How many sessions there may be, and how many logins that have begun. Default: `100000`; beyond it nobody new is
    /// logged in, and the oldest logins that have begun are forgotten.
    #[serde(default = "many")]
    pub limit: usize,
    /// The secret itself.
    #[serde(skip)]
    pub client_secret: Option<ClientSecret>,
}

/// Why a configuration can't be used. The operator's mistake.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file can't be read.
    #[error("`{}` can't be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// What is in the file is no configuration.
    #[error("`{}` has a mistake", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where, and which.
        source: Box<toml::de::Error>,
    },
    /// A URL would have secrets travel in the open.
    #[error("`{key}` is `{url}`, but it has to be https, or http on this machine")]
    Insecure {
        /// The key.
        key: &'static str,
        /// The URL.
        url: Url,
    },
    /// The page is no path.
    #[error("`page` is `{0}`, but it has to be a path such as `/`")]
    Page(String),
}

impl Config {
    /// Reads a configuration in TOML.
    ///
    /// # Errors
    ///
    /// If it can't be read or used.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let read = |path: &Path| {
            std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Read { path: path.to_owned(), source })
        };
        let mut config: Self = toml::from_str(&read(path)?)
            .map_err(|source| ConfigError::Parse { path: path.to_owned(), source: Box::new(source) })?;
        if let Some(file) = &config.client_secret_file {
            let secret = read(&path.with_file_name("").join(file))?;
            config.client_secret = Some(ClientSecret::new(secret.trim().to_owned()));
        }
        config.check()?;
        Ok(config)
    }

    /// Says what can't be used.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        for (key, url) in [
            ("authorize_url", &self.authorize_url),
            ("token_url", &self.token_url),
            ("user_url", &self.user_url),
            ("redirect_url", &self.redirect_url),
        ] {
            if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(url)) {
                return Err(ConfigError::Insecure { key, url: url.clone() });
            }
        }
        // `//host` would be another site
        if !self.page.starts_with('/') || self.page.starts_with("//") || self.page.contains(['\\', '?', '#'])
        {
            return Err(ConfigError::Page(self.page.clone()));
        }
        Ok(())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

fn sub() -> String {
    "sub".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

const fn hour() -> Duration {
    Duration::from_secs(3600)
}

const fn ten_minutes() -> Duration {
    Duration::from_secs(600)
}

const fn half_minute() -> Duration {
    Duration::from_secs(30)
}

const fn many() -> usize {
    100_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: (&str, &str)) -> Result<(), String> {
        let text = include_str!("../provider.toml").replace(change.0, change.1);
        let config: Config = toml::from_str(&text).map_err(|error| error.to_string())?;
        config.check().map_err(|error| error.to_string())
    }

    #[test]
    fn secrets_do_not_travel_in_the_open_and_mistakes_are_said() {
        assert_eq!(read(("", "")), Ok(()));
        for (from, to, part) in [
            ("http://127.0.0.1:9090/token", "http://provider.example/token", "`token_url` is"),
            ("http://127.0.0.1:8080/callback", "ftp://127.0.0.1/callback", "`redirect_url` is"),
            ("client_id", "cleint_id", "cleint_id"),
            ("scopes", "page = \"//evil.example\"\nscopes", "`page` is"),
        ] {
            let error = read((from, to)).expect_err(to);
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(read(("http://127.0.0.1:9090/token", "https://provider.example/token")), Ok(()));
    }

    #[test]
    fn what_is_shipped_has_no_mistakes() {
        for text in [include_str!("../google.toml"), include_str!("../discord.toml")] {
            let config: Config = toml::from_str(text).expect("a configuration");
            config.check().expect("https");
        }
    }
}
