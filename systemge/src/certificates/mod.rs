//! Certificates for the nodes of a system, without another tool (feature `certificates`).
//!
//! An [`Authority`] signs the certificates of nodes; whoever has its certificate can tell that they are genuine. The
//! command `systemge cert` does the same with files.
//!
//! ```
//! use systemge::certificates::Authority;
//! use systemge::config::{Endpoint, NodeConfig, TlsConfig};
//!
//! # fn main() -> Result<(), systemge::certificates::CertificateError> {
//! let authority = Authority::new("my system")?;
//! let life = authority.node("life").host("10.0.0.2").issue()?;
//! let tls = TlsConfig::new().certificate(life.certificate(), life.key()).ca(authority.certificate()).mutual();
//! let config = NodeConfig::new().listen("tls://10.0.0.2:60001".parse::<Endpoint>().expect("an endpoint")).tls(tls);
//! assert!(config.check("life").is_ok());
//! # Ok(())
//! # }
//! ```

mod files;

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::pki_types::{CertificateDer, DnsName};

pub use self::files::FileError;
use crate::config::Fingerprint;

/// Why a certificate can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A name can't stand in a certificate. The caller's mistake.
    #[error(
        "`{0}` can't stand in a certificate: a name there is made of parts with dots between, each of letters, digits, `-` and \
         `_`, not beginning or ending with `-`, and the last one not of digits alone; a host has neither a scheme nor a port"
    )]
    Name(String),
    /// The certificate or the key of an authority is none. The caller's mistake.
    #[error("the authority can't be read: {0}")]
    Authority(String),
    /// The key can't be made or used.
    #[error("the certificate can't be made: {0}")]
    Failed(String),
}

fn failed(error: impl ToString) -> CertificateError {
    CertificateError::Failed(error.to_string())
}

/// How long the certificate of an authority is valid: ten years.
const AUTHORITY_VALIDITY: Duration = Duration::from_secs(10 * 365 * DAY);
/// How long the certificate of a node is valid, unless said otherwise: a year.
const NODE_VALIDITY: Duration = Duration::from_secs(365 * DAY);
/// How far the clocks of two machines may differ.
const CLOCK_SKEW: Duration = Duration::from_secs(3600);
/// In seconds.
const DAY: u64 = 24 * 60 * 60;

/// Who signs the certificates of nodes: a CA.
pub struct Authority {
    own: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new one, valid for ten years; its name is for people, and gets a part that no other one has.
    ///
    /// # Errors
    ///
    /// If the operating system has no random numbers for its key.
    pub fn new(name: &str) -> Result<Self, CertificateError> {
        let key = KeyPair::generate().map_err(failed)?;
        // two of the same name would be taken for each other, and errors would speak of signatures
        let print = crate::transport::tls::fingerprint(key.public_key_raw()).to_string();
        let print = print.rsplit(':').next().and_then(|print| print.get(..12)).unwrap_or_default();
        let mut parameters = parameters(&format!("{name} {print}"), now(), AUTHORITY_VALIDITY);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = parameters.self_signed(&key).map_err(failed)?;
        let own = Certificate::of(&certificate, &key);
        Ok(Self { own, issuer: Issuer::new(parameters, key) })
    }

    /// One that was made before, from its certificate and key as PEM.
    ///
    /// # Errors
    ///
    /// If they are none. Whether they belong together shows when a node's certificate is verified.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, CertificateError> {
        let unreadable = |error: rcgen::Error| CertificateError::Authority(error.to_string());
        let pair = KeyPair::from_pem(key).map_err(unreadable)?;
        let issuer = Issuer::from_ca_cert_pem(certificate, pair).map_err(unreadable)?;
        use rustls::pki_types::pem::PemObject as _;
        let der = CertificateDer::from_pem_slice(certificate.as_bytes())
            .map_err(|error| CertificateError::Authority(error.to_string()))?;
        let fingerprint = crate::transport::tls::fingerprint(&der);
        let own = Certificate { certificate: certificate.to_owned(), key: key.to_owned(), fingerprint };
        Ok(Self { own, issuer })
    }

    /// Its certificate as PEM: what `tls.ca` takes.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.own.certificate
    }

    /// Its own certificate and key.
    #[must_use]
    pub const fn own(&self) -> &Certificate {
        &self.own
    }

    /// A certificate for the node of that name, about to be issued.
    pub fn node(&self, name: &str) -> NodeCertificate<'_> {
        NodeCertificate {
            authority: self,
            name: name.to_owned(),
            hosts: Vec::new(),
            validity: NODE_VALIDITY,
            expired_for: None,
        }
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("own", &self.own).finish_non_exhaustive()
    }
}

/// A certificate for a node, about to be issued.
#[derive(Debug)]
#[must_use = "nothing is made until it is issued"]
pub struct NodeCertificate<'a> {
    authority: &'a Authority,
    name: String,
    hosts: Vec<String>,
    validity: Duration,
    expired_for: Option<Duration>,
}

impl NodeCertificate<'_> {
    /// Adds a host by which the node is dialled: a name or an address. Without any, it is one for the loopback interface.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// Sets for how long it is valid from now on. Default: a year.
    pub const fn valid_for(mut self, validity: Duration) -> Self {
        self.validity = validity;
        self
    }

    /// Makes it one that expired so long ago, for tests of what happens then.
    pub const fn expired_for(mut self, time: Duration) -> Self {
        self.expired_for = Some(time);
        self
    }

    /// Makes a key, and has the certificate signed.
    ///
    /// # Errors
    ///
    /// If a name can't stand in a certificate, or there are no random numbers for the key.
    pub fn issue(self) -> Result<Certificate, CertificateError> {
        let key = KeyPair::generate().map_err(failed)?;
        let begin = match self.expired_for {
            Some(time) => now().saturating_sub(time + self.validity),
            None => now(),
        };
        let mut parameters = parameters(&self.name, begin, self.validity + CLOCK_SKEW);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        parameters.use_authority_key_identifier_extension = true;
        let loopback = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let hosts = if self.hosts.is_empty() { &loopback[..] } else { &self.hosts[..] };
        parameters.subject_alt_names.push(dns(&self.name)?);
        for host in hosts.iter().filter(|host| **host != self.name) {
            let name = match host.parse::<IpAddr>() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => dns(host)?,
            };
            parameters.subject_alt_names.push(name);
        }
        let certificate = parameters.signed_by(&key, &self.authority.issuer).map_err(failed)?;
        Ok(Certificate::of(&certificate, &key))
    }
}

/// A certificate and its key.
#[derive(Clone)]
pub struct Certificate {
    certificate: String,
    key: String,
    fingerprint: Fingerprint,
}

impl Certificate {
    fn of(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        Self {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            fingerprint: crate::transport::tls::fingerprint(certificate.der()),
        }
    }

    /// The certificate as PEM: what `tls.certificate` takes.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Its key as PEM: what `tls.key` takes.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What `tls.fingerprints` takes.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// A certificate for so long a time that begins that long after 1970.
fn parameters(name: &str, begin: Duration, validity: Duration) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    parameters.not_before = epoch + begin;
    parameters.not_after = epoch + begin + validity;
    parameters
}

/// Shortly before now, as the time since 1970: the clocks of two machines differ.
fn now() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(CLOCK_SKEW)
}

/// A name as one of a certificate.
fn dns(name: &str) -> Result<SanType, CertificateError> {
    let wrong = || CertificateError::Name(name.to_owned());
    DnsName::try_from(name).map_err(|_| wrong())?;
    Ok(SanType::DnsName(name.try_into().map_err(|_| wrong())?))
}
