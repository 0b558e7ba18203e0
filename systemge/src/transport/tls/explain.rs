//! What goes wrong in TLS, in words that say whose doing it is and what helps.

use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::time::{Duration, SystemTime};

use humantime_serde::re::humantime;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

use crate::text::printable;

/// Says what went wrong; errors that are not of TLS stay as they are.
pub(crate) fn explained(error: io::Error) -> io::Error {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match tls {
        Some(tls) => io::Error::new(ErrorKind::InvalidData, explain(tls)),
        None if error.kind() == ErrorKind::UnexpectedEof => io::Error::new(
            ErrorKind::UnexpectedEof,
            "the peer closed the connection in the middle of the TLS handshake",
        ),
        None => error,
    }
}

/// What went wrong, whose doing it is, and what helps.
pub(crate) fn explain(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(certificate) => of_certificate(certificate),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::NoCertificatesPresented => {
            "the peer has shown no certificate, but this node wants one (`tls.mutual`): \
                                           the peer needs `tls.certificate` and `tls.key`"
                .to_owned()
        }
        Error::InvalidMessage(_) => {
            "the peer does not speak TLS: its endpoint may be a `tcp://` one".to_owned()
        }
        Error::NoApplicationProtocol => NOT_SYSTEMGE.to_owned(),
        Error::PeerIncompatible(
            PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled,
        ) => "no common version of TLS: the peer does not speak TLS 1.3 (`tls.tls12 = true` allows 1.2)"
            .to_owned(),
        other => format!("the TLS handshake failed: {other}"),
    }
}

/// The same over QUIC, which keeps of an error of this side only the alert and a text.
#[cfg(feature = "quic")]
pub(crate) fn explain_own(alert: Option<AlertDescription>, reason: &str) -> String {
    match alert {
        Some(AlertDescription::UnknownCA) => of_certificate(&CertificateError::UnknownIssuer),
        Some(AlertDescription::DecryptError) => of_certificate(&CertificateError::BadSignature),
        Some(AlertDescription::CertificateRequired) => explain(&Error::NoCertificatesPresented),
        Some(AlertDescription::NoApplicationProtocol) => NOT_SYSTEMGE.to_owned(),
        // the text is rustls's, with what the certificate says escaped
        Some(AlertDescription::CertificateExpired) => format!("the peer needs a new certificate: {reason}"),
        Some(AlertDescription::BadCertificate | AlertDescription::CertificateUnknown) => {
            format!(
                "the peer's certificate is not trusted ({reason}): see `tls.server_name` and `tls.fingerprints`"
            )
        }
        _ => format!("the handshake failed: {reason}"),
    }
}

/// The other side speaks TLS, but something else in it.
pub(crate) const NOT_SYSTEMGE: &str = "the peer speaks TLS, but not systemge in it (ALPN `systemge/1`)";

fn of_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired => {
            "the peer's certificate has expired: the peer needs a new one".to_owned()
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the peer's certificate expired on {}: the peer needs a new one", date(*not_after))
        }
        CertificateError::NotValidYet => {
            "the peer's certificate is not valid yet: compare the clocks".to_owned()
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("the peer's certificate is valid from {} on only: compare the clocks", date(*not_before))
        }
        CertificateError::UnknownIssuer => {
            "no CA that this node trusts has signed the peer's certificate: add its CA to `tls.ca`, \
             or the certificate to `tls.fingerprints`"
                .to_owned()
        }
        CertificateError::BadSignature => {
            "the peer's certificate names a CA that this node trusts as its signer, but was signed by another one of that \
             name: compare `tls.ca` with the peer's CA"
                .to_owned()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let mut names = String::new();
            for name in presented {
                // `DnsName("life")`: what is in the quotes
                let name = name.split('"').nth(1).unwrap_or(name);
                let _ = write!(names, "{}{}", if names.is_empty() { "" } else { ", " }, printable(name));
            }
            let names = if names.is_empty() { "nobody".to_owned() } else { names };
            format!(
                "the peer's certificate is one for {names}, not for {}: dial it by such a name, set `tls.server_name`, \
                 or give the peer a certificate for that name",
                expected.to_str()
            )
        }
        CertificateError::NotValidForName => {
            "the peer's certificate is one for other names: set `tls.server_name`, or dial it by such a name"
                .to_owned()
        }
        CertificateError::Other(other) => format!("the peer's certificate is not trusted: {other}"),
        other => format!("the peer's certificate is not trusted: {other}"),
    }
}

fn of_alert(alert: AlertDescription) -> String {
    let refused = "the peer refuses this node's certificate";
    match alert {
        AlertDescription::CertificateExpired => {
            format!("{refused}: it has expired, or is not valid yet: this node needs a new one, or a clock is wrong")
        }
        AlertDescription::UnknownCA => {
            format!("{refused}: no CA that the peer trusts has signed it: this node's CA belongs into the peer's `tls.ca`")
        }
        AlertDescription::DecryptError => {
            format!("{refused}: it was signed by another CA than that of the same name which the peer trusts")
        }
        AlertDescription::BadCertificate => {
            format!(
                "{refused}: it is not for the name by which the peer dials this node, as the peer's log says: this node \
                 needs one for that name, or the peer `tls.server_name`"
            )
        }
        AlertDescription::CertificateUnknown => {
            format!(
                "{refused}: it is not among the peer's `tls.fingerprints`, or not the one of this node's key: the peer's \
                 log says which"
            )
        }
        AlertDescription::CertificateRequired => {
            "the peer wants a certificate of this node, which has none: set `tls.certificate` and `tls.key`".to_owned()
        }
        AlertDescription::AccessDenied => {
            "the peer turned this node away before the handshake: it lets nobody in from this address, or has too many \
             connections"
                .to_owned()
        }
        AlertDescription::NoApplicationProtocol => NOT_SYSTEMGE.to_owned(),
        AlertDescription::ProtocolVersion => {
            "no common version of TLS: the peer does not speak TLS 1.3 (`tls.tls12 = true` allows 1.2)".to_owned()
        }
        other => format!("the peer ended the TLS handshake: {other:?}"),
    }
}

fn date(time: UnixTime) -> String {
    if time.as_secs() >= YEAR_10000 {
        return "a day in a far future".to_owned();
    }
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(time.as_secs()))
        .to_string()
}

/// What humantime doesn't write, in seconds since 1970.
const YEAR_10000: u64 = 253_402_300_800;
