//! Texts that nobody shall read in a log.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A text that is shown to nobody: its `Debug` form is `***`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it is long enough to be shared by nodes, and not to be found by trying.
    pub(super) fn is_long_enough(&self) -> bool {
        self.0.len() >= SHORTEST
    }

    /// The secret that stands in the configuration, or in its file; a relative path starts at `folder`.
    pub(crate) fn load(
        secret: Option<&Self>,
        file: Option<&Path>,
        folder: Option<&Path>,
    ) -> Result<Option<Self>, SecretError> {
        match (secret, file) {
            (Some(secret), _) => Ok(Some(secret.clone())),
            (None, None) => Ok(None),
            (None, Some(path)) => {
                let path = folder.map_or_else(|| path.to_owned(), |folder| folder.join(path));
                Self::read(path).map(Some)
            }
        }
    }

    fn read(path: PathBuf) -> Result<Self, SecretError> {
        let text = read(&path).map_err(|source| SecretError::Unreadable { path: path.clone(), source })?;
        let Some(text) = text else { return Err(SecretError::Exposed { path }) };
        // editors and `echo` end a file with a new line
        let secret = Self::new(text.trim_end_matches(['\r', '\n']));
        if secret.is_long_enough() { Ok(secret) } else { Err(SecretError::TooShort { path }) }
    }
}

/// The text of a file; `None` if everyone may read or change it.
fn read(path: &Path) -> io::Result<Option<String>> {
    let file = File::open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if file.metadata()?.permissions().mode() & 0o007 != 0 {
            return Ok(None);
        }
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// The shortest secret that nodes share, in bytes.
pub(super) const SHORTEST: usize = 16;
/// How much of a file is read, in bytes.
const LONGEST: u64 = 64 * 1024;

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Why a node has no use for the file of a secret. The operator's mistake.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// It can't be read.
    #[error("the secret `{}` can't be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Everyone on the machine can read or change it.
    #[error("everyone on this machine can read or change the secret `{}`: `chmod 600` it, and think of a new one", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// It is so short that it could be found by trying.
    #[error("the secret `{}` has less than {SHORTEST} bytes: `openssl rand -base64 32` makes a good one", path.display())]
    TooShort {
        /// The file.
        path: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let config = super::super::NodeConfig::new().secret(Secret::new("correct horse battery staple"));
        assert!(!format!("{config:?}").contains("horse"));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_of_a_secret_must_be_private_and_long_enough() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("systemge-secret-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let check = |text: &str, mode: u32, expected: Result<&str, &str>| {
            let path = folder.join("secret");
            std::fs::write(&path, text).expect("a file");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("our file");
            let loaded = Secret::load(None, Some(Path::new("secret")), Some(&folder));
            match (loaded, expected) {
                (Ok(Some(secret)), Ok(expected)) => assert_eq!(secret, Secret::new(expected)),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (loaded, expected) => panic!("{loaded:?}, expected {expected:?}"),
            }
        };
        check("correct horse battery staple\n", 0o600, Ok("correct horse battery staple"));
        check("correct horse battery staple\r\n", 0o640, Ok("correct horse battery staple"));
        check("correct horse battery staple", 0o644, Err("chmod 600"));
        check("correct horse battery staple", 0o602, Err("chmod 600"));
        check("horse\n", 0o600, Err("less than 16 bytes"));
        let missing = Secret::load(None, Some(Path::new("nothing")), Some(&folder));
        assert!(matches!(missing, Err(SecretError::Unreadable { .. })));
        std::fs::remove_dir_all(&folder).expect("our folder");
    }
}
