//! Certificates and keys, as they stand in files.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::crypto;
use crate::config::Pem;

/// Why a node has no use for its certificates or keys. The configuration's or the operator's mistake.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file can't be read.
    #[error("the file `{}` of `{key}` can't be read", path.display())]
    Unreadable {
        /// The key of the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: Arc<std::io::Error>,
    },
    /// A file of a key can be read or changed by everyone on the machine.
    #[error("everyone on this machine can read or change the key `{}`: `chmod 600` it, and think of a new one", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// There is no certificate or key in the PEM text.
    #[error("`{key}` has no {what} in it: {reason}")]
    NotPem {
        /// The key of the configuration.
        key: &'static str,
        /// What it should have.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The key belongs to another certificate.
    #[error("`key` is not the key of `certificate`, but of another one")]
    KeyMismatch,
    /// The certificate or the key is of a kind that can't be used.
    #[error("`{key}` can't be used: {reason}")]
    Unusable {
        /// The key of the configuration.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// There is nobody whom the node could trust.
    #[error(
        "there is no CA that this node could trust: set `ca` or `fingerprints`, or give the operating system its CAs{reason}"
    )]
    NoTrust {
        /// What the operating system's store says.
        reason: String,
    },
}

impl TlsError {
    fn alone(key: &'static str, missing: &str) -> Self {
        Self::Unusable { key, reason: format!("there is no `{missing}` that belongs to it") }
    }

    /// The key of `[nodes.NAME.tls]` that it is about.
    pub(crate) const fn key(&self) -> &'static str {
        match self {
            Self::Unreadable { key, .. } | Self::NotPem { key, .. } | Self::Unusable { key, .. } => key,
            Self::Exposed { .. } | Self::KeyMismatch => "key",
            Self::NoTrust { .. } => "ca",
        }
    }
}

/// The largest PEM file that is read, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// What the files have, as it was read at one moment.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Material {
    pub(super) certificate: Option<Vec<u8>>,
    pub(super) key: Option<Vec<u8>>,
    pub(super) ca: Vec<Vec<u8>>,
}

impl Material {
    /// Reads what the keys of the configuration name; relative paths start at the folder.
    pub(super) fn read(
        certificate: Option<&Pem>,
        key: Option<&Pem>,
        ca: &[Pem],
        folder: Option<&Path>,
    ) -> Result<Self, TlsError> {
        Ok(Self {
            certificate: certificate.map(|pem| bytes("certificate", pem, folder)).transpose()?,
            key: key.map(|pem| bytes("key", pem, folder)).transpose()?,
            ca: ca.iter().map(|pem| bytes("ca", pem, folder)).collect::<Result<_, _>>()?,
        })
    }

    /// The certificate with its key, if there are both.
    pub(super) fn certified(&self) -> Result<Option<CertifiedKey>, TlsError> {
        let (certificate, key) = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => (certificate, key),
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(TlsError::alone("certificate", "key")),
            (None, Some(_)) => return Err(TlsError::alone("key", "certificate")),
        };
        let chain = certificates("certificate", certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| TlsError::NotPem {
            key: "key",
            what: "private key",
            reason: error.to_string(),
        })?;
        CertifiedKey::from_der(chain, key, &crypto::provider()).map(Some).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::KeyMismatch,
            rustls::Error::InvalidCertificate(_) => {
                TlsError::Unusable { key: "certificate", reason: error.to_string() }
            }
            other => TlsError::Unusable { key: "key", reason: other.to_string() },
        })
    }

    /// The CAs.
    pub(super) fn roots(&self) -> Result<RootCertStore, TlsError> {
        let mut roots = RootCertStore::empty();
        for ca in &self.ca {
            for certificate in certificates("ca", ca)? {
                let added = roots.add(certificate);
                added.map_err(|error| TlsError::Unusable { key: "ca", reason: error.to_string() })?;
            }
        }
        Ok(roots)
    }
}

fn certificates(key: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let not_pem = |reason: String| TlsError::NotPem { key, what: "certificate", reason };
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| not_pem(error.to_string()))?;
    if all.is_empty() {
        Err(not_pem("there is no `-----BEGIN CERTIFICATE-----`".to_owned()))
    } else {
        Ok(all)
    }
}

fn bytes(key: &'static str, pem: &Pem, folder: Option<&Path>) -> Result<Vec<u8>, TlsError> {
    let path = match pem {
        Pem::Text(text) => return Ok(text.clone().into_bytes()),
        Pem::File(path) => folder.map_or_else(|| path.clone(), |folder| folder.join(path)),
    };
    let unreadable = |source| TlsError::Unreadable { key, path: path.clone(), source: Arc::new(source) };
    let file = File::open(&path).map_err(unreadable)?;
    if key == "key" {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // a group may have it: that is how services get at keys
            if file.metadata().map_err(unreadable)?.permissions().mode() & 0o006 != 0 {
                return Err(TlsError::Exposed { path });
            }
        }
    }
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}
