//! Which certificates are accepted.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
};

use super::crypto;
use crate::config::Fingerprint;

/// A certificate that is none of those that are trusted as they are.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not among the trusted `fingerprints`")]
pub(super) struct NotPinned(Fingerprint);

/// A peer that shows a certificate and signs with another key.
#[derive(Debug, thiserror::Error)]
#[error(
    "the peer signs with another key than that of its certificate: compare its `tls.certificate` and `tls.key`"
)]
pub(super) struct NotItsKey;

/// The signature of a handshake is wrong. rustls says the same of a certificate that another CA has signed.
fn not_its_key(error: Error) -> Error {
    match error {
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            CertificateError::Other(OtherError(Arc::new(NotItsKey))).into()
        }
        other => other,
    }
}

/// Accepts certificates with certain fingerprints, and those of certain CAs.
#[derive(Debug)]
pub(super) struct Trust<V: ?Sized> {
    pins: Vec<Fingerprint>,
    /// What is asked about certificates with other fingerprints.
    authorities: Option<Arc<V>>,
}

impl<V: ?Sized> Trust<V> {
    fn is_pinned(&self, certificate: &CertificateDer<'_>) -> bool {
        !self.pins.is_empty() && self.pins.contains(&crypto::fingerprint(certificate))
    }

    fn not_pinned(certificate: &CertificateDer<'_>) -> Error {
        let error = NotPinned(crypto::fingerprint(certificate));
        CertificateError::Other(OtherError(Arc::new(error))).into()
    }
}

/// What nodes accept that dial.
pub(super) fn of_servers(
    roots: RootCertStore,
    pins: Vec<Fingerprint>,
) -> Result<Trust<dyn ServerCertVerifier>, String> {
    let authorities = if roots.is_empty() {
        None
    } else {
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), crypto::provider());
        let verifier: Arc<dyn ServerCertVerifier> = verifier.build().map_err(|error| error.to_string())?;
        Some(verifier)
    };
    Ok(Trust { pins, authorities })
}

/// What nodes accept that are dialled.
pub(super) fn of_clients(
    roots: RootCertStore,
    pins: Vec<Fingerprint>,
) -> Result<Trust<dyn ClientCertVerifier>, String> {
    let authorities = if roots.is_empty() {
        None
    } else {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto::provider());
        Some(verifier.build().map_err(|error| error.to_string())?)
    };
    Ok(Trust { pins, authorities })
}

/// How signatures are verified is the same on both sides, in two traits, and for both versions.
macro_rules! signatures {
    ($($verify:ident),*) => {
        $(fn $verify(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &crypto::provider().signature_verification_algorithms;
            $verify(message, certificate, signed, algorithms).map_err(not_its_key)
        })*

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            crypto::provider().signature_verification_algorithms.supported_schemes()
        }
    };
}

impl ServerCertVerifier for Trust<dyn ServerCertVerifier> {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.is_pinned(end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        match &self.authorities {
            Some(authorities) => {
                authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            None => Err(Self::not_pinned(end_entity)),
        }
    }

    signatures!(verify_tls12_signature, verify_tls13_signature);
}

impl ClientCertVerifier for Trust<dyn ClientCertVerifier> {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // a hint would keep away those whose certificate is trusted by its fingerprint
        match &self.authorities {
            Some(authorities) if self.pins.is_empty() => authorities.root_hint_subjects(),
            _ => &[],
        }
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.is_pinned(end_entity) {
            return Ok(ClientCertVerified::assertion());
        }
        match &self.authorities {
            Some(authorities) => authorities.verify_client_cert(end_entity, intermediates, now),
            None => Err(Self::not_pinned(end_entity)),
        }
    }

    signatures!(verify_tls12_signature, verify_tls13_signature);
}
