//! The cryptography behind TLS and QUIC: the one place that says whose it is.

use std::sync::{Arc, OnceLock};

use rustls::crypto::{CryptoProvider, ring};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion};

use crate::config::Fingerprint;

/// ring's, and never that which some other crate has made the process's default.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(ring::default_provider())).clone()
}

/// The versions of TLS that are spoken.
pub(crate) fn versions(tls12: bool) -> &'static [&'static SupportedProtocolVersion] {
    use rustls::version::{TLS12, TLS13};
    static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    if tls12 { &BOTH } else { &BOTH[..1] }
}

/// The fingerprint of a certificate.
pub(crate) fn fingerprint(certificate: &[u8]) -> Fingerprint {
    let suite = ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let mut bytes = [0; 32];
    if let SupportedCipherSuite::Tls13(suite) = suite {
        // its hash is SHA-256, as its name says
        bytes.copy_from_slice(suite.common.hash_provider.hash(certificate).as_ref());
    }
    Fingerprint(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_sha_256() {
        // FIPS 180-2, appendix B.1
        let expected = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(fingerprint(b"abc").to_string(), expected);
    }
}
