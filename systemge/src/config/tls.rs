//! What a node shows of itself, and whom it trusts, on `tls://` and `quic://`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use super::units;

/// What a node shows of itself, and whom it trusts, on `tls://` and `quic://`: `[nodes.NAME.tls]` (feature `tls`).
///
/// ```toml
/// [nodes.life]
/// listen = ["tls://0.0.0.0:60001"]
///
/// [nodes.life.tls]
/// certificate = "life.pem"
/// key = "life.key"
/// ca = "ca.pem"
/// mutual = true
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TlsConfig {
    /// The node's certificate, and those between it and its CA: a PEM file, or PEM itself. Needed to listen.
    /// Default: left out.
    pub certificate: Option<Pem>,
    /// The key of the certificate: a PEM file that not everyone may read, or PEM itself. Default: left out.
    pub key: Option<Pem>,
    /// The CAs whose certificates are trusted: PEM files, or PEM itself; one, or a list. Default: none.
    #[serde(deserialize_with = "one_or_many")]
    pub ca: Vec<Pem>,
    /// Certificates that are trusted as they are, whoever has signed them and whatever names and dates they have, by
    /// their SHA-256 fingerprints; one, or a list. Default: none.
    #[serde(deserialize_with = "one_or_many")]
    pub fingerprints: Vec<Fingerprint>,
    /// Whether the nodes that are dialled may also have certificates of a CA that the operating system trusts. Default:
    /// left out, which is `true` as long as neither `ca` nor `fingerprints` says whom to trust instead.
    pub system_roots: Option<bool>,
    /// Whether a peer has to show a certificate, too, of a CA in `ca` or with one of the `fingerprints`. Default: `false`.
    pub mutual: bool,
    /// Whether, under `mutual`, a peer's name has to be among the DNS names of its certificate, so that no node takes
    /// the name of another one. Default: `true`.
    pub name_from_certificate: bool,
    /// The name that the certificates of dialled nodes have to have. Default: left out, which is the host of the
    /// endpoint.
    pub server_name: Option<String>,
    /// Whether TLS 1.2 is spoken with peers that don't speak 1.3. Default: `false`. QUIC is always TLS 1.3.
    pub tls12: bool,
    /// How often the files are looked at; changed ones are used for connections from then on. Default: `"10s"`;
    /// `"0s"` looks never again.
    #[serde(deserialize_with = "units::duration")]
    pub reload: Duration,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            certificate: None,
            key: None,
            ca: Vec::new(),
            fingerprints: Vec::new(),
            system_roots: None,
            mutual: false,
            name_from_certificate: true,
            server_name: None,
            tls12: false,
            reload: Duration::from_secs(10),
        }
    }
}

impl TlsConfig {
    /// The defaults: no certificate, and the operating system's trust.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the node's certificate and its key.
    #[must_use]
    pub fn certificate(mut self, certificate: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        self.certificate = Some(certificate.into());
        self.key = Some(key.into());
        self
    }

    /// Adds a CA whose certificates are trusted.
    #[must_use]
    pub fn ca(mut self, ca: impl Into<Pem>) -> Self {
        self.ca.push(ca.into());
        self
    }

    /// Adds a certificate that is trusted as it is.
    #[must_use]
    pub fn fingerprint(mut self, fingerprint: Fingerprint) -> Self {
        self.fingerprints.push(fingerprint);
        self
    }

    /// Peers have to show a certificate, too.
    #[must_use]
    pub const fn mutual(mut self) -> Self {
        self.mutual = true;
        self
    }
}

/// What one listener or one dialled peer has of its own, where `[nodes.NAME.tls]` does not fit it: `tls` in an entry of
/// `listen` or `connect`.
///
/// ```toml
/// [nodes.gateway]
/// listen = [
///     "tls://10.0.0.2:60001",
///     { endpoint = "tls://203.0.113.7:60001", tls = { ca = "partners.pem", mutual = true } },
/// ]
///
/// [nodes.gateway.tls]
/// certificate = "gateway.pem"
/// key = "gateway.key"
/// ca = "ca.pem"
/// ```
///
/// What is left out is as the node has it. `certificate` and `key` belong together, and so do `ca` and `fingerprints`: an
/// entry that has one of them has nothing of the node's in the place of the other.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TlsOverrides {
    /// The certificate that is shown here, and those between it and its CA: a PEM file, or PEM itself. Default: left out,
    /// which is that of the node.
    pub certificate: Option<Pem>,
    /// The key of the certificate: a PEM file that not everyone may read, or PEM itself. Default: left out, which is that
    /// of the node.
    pub key: Option<Pem>,
    /// The CAs whose certificates are trusted here; one, or a list. Default: left out, which is those of the node, or none
    /// where `fingerprints` is there.
    #[serde(deserialize_with = "optional_one_or_many")]
    pub ca: Option<Vec<Pem>>,
    /// Certificates that are trusted here as they are; one, or a list. Default: left out, which is those of the node, or
    /// none where `ca` is there.
    #[serde(deserialize_with = "optional_one_or_many")]
    pub fingerprints: Option<Vec<Fingerprint>>,
    /// Whether the node that is dialled may also have a certificate of a CA that the operating system trusts; only in
    /// `connect`. Default: left out, which is as the node has it; where `ca` or `fingerprints` is there, `false`.
    pub system_roots: Option<bool>,
    /// Whether a peer has to show a certificate here, too. Default: left out, which is as the node has it.
    pub mutual: Option<bool>,
    /// Whether, under `mutual`, a peer's name has to be among the DNS names of its certificate. Default: left out, which is
    /// as the node has it.
    pub name_from_certificate: Option<bool>,
    /// The name that the certificate of the dialled node has to have; only in `connect`. Default: left out, which is as the
    /// node has it.
    pub server_name: Option<String>,
    /// Whether TLS 1.2 is spoken here with peers that don't speak 1.3. Default: left out, which is as the node has it.
    pub tls12: Option<bool>,
}

impl TlsOverrides {
    /// Everything as the node has it.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            certificate: None,
            key: None,
            ca: None,
            fingerprints: None,
            system_roots: None,
            mutual: None,
            name_from_certificate: None,
            server_name: None,
            tls12: None,
        }
    }

    /// Sets the certificate that is shown here, and its key.
    #[must_use]
    pub fn certificate(mut self, certificate: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        self.certificate = Some(certificate.into());
        self.key = Some(key.into());
        self
    }

    /// Adds a CA whose certificates are trusted here; those of the node are not.
    #[must_use]
    pub fn ca(mut self, ca: impl Into<Pem>) -> Self {
        self.ca.get_or_insert_default().push(ca.into());
        self
    }

    /// Adds a certificate that is trusted here as it is; those of the node are not.
    #[must_use]
    pub fn fingerprint(mut self, fingerprint: Fingerprint) -> Self {
        self.fingerprints.get_or_insert_default().push(fingerprint);
        self
    }

    /// Sets whether peers have to show a certificate here, too.
    #[must_use]
    pub const fn mutual(mut self, mutual: bool) -> Self {
        self.mutual = Some(mutual);
        self
    }

    /// Sets the name that the certificate of the dialled node has to have.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// What the node has, with this in the place of what it says.
    pub(crate) fn over(&self, node: &TlsConfig) -> TlsConfig {
        let mut tls = node.clone();
        if self.certificate.is_some() || self.key.is_some() {
            (tls.certificate, tls.key) = (self.certificate.clone(), self.key.clone());
        }
        if self.ca.is_some() || self.fingerprints.is_some() {
            tls.ca = self.ca.clone().unwrap_or_default();
            tls.fingerprints = self.fingerprints.clone().unwrap_or_default();
            tls.system_roots = None;
        }
        tls.system_roots = self.system_roots.or(tls.system_roots);
        tls.mutual = self.mutual.unwrap_or(tls.mutual);
        tls.name_from_certificate = self.name_from_certificate.unwrap_or(tls.name_from_certificate);
        tls.server_name = self.server_name.clone().or(tls.server_name);
        tls.tls12 = self.tls12.unwrap_or(tls.tls12);
        tls
    }
}

/// TLS of a component towards browsers: `[nodes.NAME.http.tls]`, `[nodes.NAME.websocket.tls]` (feature `tls`). Without that
/// section the component is plain; an empty one takes the certificate of the node.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct WebTlsConfig {
    /// The certificate, and those between it and its CA: a PEM file, or PEM itself. Default: left out, which is that of
    /// the node.
    pub certificate: Option<Pem>,
    /// The key of the certificate: a PEM file that not everyone may read, or PEM itself. Default: left out, which is that
    /// of the node.
    pub key: Option<Pem>,
    /// Whether TLS 1.2 is spoken with clients that don't speak 1.3. Default: `true`.
    pub tls12: bool,
}

impl Default for WebTlsConfig {
    fn default() -> Self {
        Self { certificate: None, key: None, tls12: true }
    }
}

#[cfg(all(feature = "tls", feature = "_web"))]
impl WebTlsConfig {
    /// With what the node has where this says nothing.
    pub(crate) fn of_node(&self, node: &TlsConfig) -> TlsConfig {
        let own = self.certificate.is_some();
        TlsConfig {
            certificate: if own { self.certificate.clone() } else { node.certificate.clone() },
            key: if own { self.key.clone() } else { node.key.clone() },
            tls12: self.tls12,
            reload: node.reload,
            ..TlsConfig::default()
        }
    }
}

/// Certificates or a key as PEM: in a file, or as text.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pem {
    /// A file; a relative path starts at the folder of the configuration file.
    File(PathBuf),
    /// The text itself.
    Text(String),
}

/// What every PEM text has.
const BEGIN: &str = "-----BEGIN ";

impl From<&str> for Pem {
    /// Text that has `-----BEGIN` is PEM, all other text the path of a file.
    fn from(text: &str) -> Self {
        if text.contains(BEGIN) { Self::Text(text.to_owned()) } else { Self::File(text.into()) }
    }
}

impl From<String> for Pem {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<PathBuf> for Pem {
    fn from(file: PathBuf) -> Self {
        Self::File(file)
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.fmt(f),
            // a key must not get into a log
            Self::Text(_) => f.write_str("PEM"),
        }
    }
}

impl<'de> Deserialize<'de> for Pem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(units::Text {
            expected: "the path of a PEM file, or PEM itself",
            parse: |text| Some(text.into()),
        })
    }
}

/// The SHA-256 fingerprint of a certificate: 64 hexadecimal digits, with or without colons and a `sha256:` before them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text is no fingerprint. The caller's or the configuration's mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a fingerprint is `sha256:` and 64 hexadecimal digits, as `openssl x509 -noout -fingerprint -sha256` shows it"
)]
#[non_exhaustive]
pub struct FingerprintError;

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let digits = match text.get(..7) {
            Some(prefix) if prefix.eq_ignore_ascii_case("sha256:") => &text[7..],
            _ => text,
        };
        let mut digits = digits.bytes().filter(|byte| *byte != b':');
        let mut digit =
            || digits.next().and_then(|digit| char::from(digit).to_digit(16)).ok_or(FingerprintError);
        let mut bytes = [0; 32];
        for byte in &mut bytes {
            // two digits are less than 256
            *byte = u8::try_from(digit()? * 16 + digit()?).map_err(|_| FingerprintError)?;
        }
        if digits.next().is_some() { Err(FingerprintError) } else { Ok(Self(bytes)) }
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(units::Text {
            expected: "the SHA-256 fingerprint of a certificate: `sha256:` and 64 hexadecimal digits",
            parse: |text| text.parse().ok(),
        })
    }
}

/// One value as a text, or a list of them.
fn one_or_many<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct OneOrMany<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text, or a list of texts")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<T>, E> {
            T::deserialize(serde::de::value::StrDeserializer::new(text)).map(|one| vec![one])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut many = Vec::new();
            while let Some(one) = list.next_element()? {
                many.push(one);
            }
            Ok(many)
        }
    }
    deserializer.deserialize_any(OneOrMany(std::marker::PhantomData))
}

/// The same, or nothing.
fn optional_one_or_many<'de, T, D>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct Inside<T>(Vec<T>);
    impl<'de, T: Deserialize<'de>> Deserialize<'de> for Inside<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            one_or_many(deserializer).map(Self)
        }
    }
    Ok(Option::<Inside<T>>::deserialize(deserializer)?.map(|inside| inside.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_tools_write_it() {
        let plain = "00ff".repeat(16);
        let with_colons = vec!["00:FF"; 16].join(":");
        for text in [&plain, &with_colons, &format!("sha256:{plain}"), &format!("SHA256:{with_colons}")] {
            let fingerprint: Fingerprint = text.parse().expect(text);
            assert_eq!(fingerprint.to_string(), format!("sha256:{plain}"));
        }
        for text in ["", "sha256:", &plain[1..], &format!("{plain}0"), &plain.replace('f', "g"), "sha1:00"] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError), "{text}");
        }
    }

    #[test]
    fn an_entry_has_what_it_says_and_the_rest_of_its_node() {
        let mut node = TlsConfig::new().certificate("node.pem", "node.key").ca("ca.pem").mutual();
        node.system_roots = Some(true);
        assert_eq!(TlsOverrides::new().over(&node), node);

        let other = TlsOverrides::new().certificate("other.pem", "other.key").over(&node);
        assert_eq!((other.certificate, other.key), (Some("other.pem".into()), Some("other.key".into())));
        assert_eq!((&other.ca, other.mutual), (&node.ca, true));

        let mut half = TlsOverrides::new();
        half.certificate = Some("other.pem".into());
        assert_eq!(half.over(&node).key, None, "the key of another certificate is of no use");

        let trusting = TlsOverrides::new().ca("partners.pem").mutual(false).over(&node);
        assert_eq!((trusting.ca, trusting.system_roots), (vec!["partners.pem".into()], None));
        assert!(!trusting.mutual);

        let pinning = TlsOverrides::new().fingerprint(Fingerprint([7; 32])).over(&node);
        assert_eq!((pinning.ca, pinning.fingerprints), (vec![], vec![Fingerprint([7; 32])]));
    }

    #[test]
    fn a_key_is_not_shown() {
        let text = format!("{BEGIN}PRIVATE KEY-----\nsecret\n");
        let config = TlsConfig::new().certificate("life.pem", text.as_str());
        assert!(!format!("{config:?}").contains("secret"));
        assert_eq!(config.certificate, Some(Pem::File("life.pem".into())));
        assert_eq!(config.key, Some(Pem::Text(text)));
    }
}
