//! What a node shows of itself and whom it trusts, as TLS wants it; read anew when the files change.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use rustls::client::Resumption;
#[cfg(feature = "http")]
use rustls::pki_types::CertificateDer;
use rustls::pki_types::UnixTime;
use rustls::server::{NoServerSessionStorage, ParsedCertificate};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CertificateError, ClientConfig, RootCertStore, ServerConfig};
use tokio_util::sync::CancellationToken;

use super::material::{Material, TlsError};
use super::{crypto, trust};
use crate::config::{Pem, TlsConfig};

/// What the two sides of a connection of nodes agree to speak.
pub(crate) const ALPN: &[u8] = b"systemge/1";

/// What clients of the web speak.
#[cfg(feature = "_web")]
pub(crate) const HTTP2: &[u8] = b"h2";
#[cfg(feature = "_web")]
const HTTP1: &[u8] = b"http/1.1";

/// What a node shows of itself and whom it trusts.
pub(crate) struct Credentials {
    config: TlsConfig,
    /// Where relative paths start.
    folder: Option<PathBuf>,
    /// What is spoken inside of TLS.
    alpn: &'static [&'static [u8]],
    current: ArcSwap<Loaded>,
}

/// The same as TLS wants it.
pub(crate) struct Loaded {
    material: Material,
    /// The certificate that is shown, and the same with its key.
    #[cfg(feature = "http")]
    shown: Option<CertificateDer<'static>>,
    own: Option<Arc<SingleCertAndKey>>,
    roots: RootCertStore,
    server: Option<Arc<ServerConfig>>,
    /// Made when it is first needed: a node that doesn't dial need not read the operating system's CAs.
    client: OnceLock<Result<Arc<ClientConfig>, TlsError>>,
}

impl Credentials {
    /// Reads everything that nodes need among each other, and says what is wrong with it.
    pub(crate) fn load(config: &TlsConfig, folder: Option<PathBuf>) -> Result<Self, TlsError> {
        Self::speaking(&[ALPN], config, folder)
    }

    /// Reads what a component towards browsers needs.
    #[cfg(feature = "_web")]
    pub(crate) fn load_web(config: &TlsConfig, folder: Option<PathBuf>) -> Result<Self, TlsError> {
        Self::speaking(&[HTTP2, HTTP1], config, folder)
    }

    fn speaking(
        alpn: &'static [&'static [u8]],
        config: &TlsConfig,
        folder: Option<PathBuf>,
    ) -> Result<Self, TlsError> {
        let mut this =
            Self { config: config.clone(), folder, alpn, current: ArcSwap::from_pointee(Loaded::nothing()) };
        let loaded = this.build(this.read()?)?;
        this.current = ArcSwap::from_pointee(loaded);
        Ok(this)
    }

    pub(crate) const fn config(&self) -> &TlsConfig {
        &self.config
    }

    fn read(&self) -> Result<Material, TlsError> {
        let TlsConfig { certificate, key, ca, .. } = &self.config;
        Material::read(certificate.as_ref(), key.as_ref(), ca, self.folder.as_deref())
    }

    fn build(&self, material: Material) -> Result<Loaded, TlsError> {
        let roots = material.roots()?;
        let certified = material.certified()?;
        if let Some(certified) = &certified {
            warn_if_out_of_date(certified, &roots);
        }
        #[cfg(feature = "http")]
        let shown = certified.as_ref().and_then(|certified| certified.cert.first().cloned());
        let own = certified.map(|certified| Arc::new(SingleCertAndKey::from(certified)));
        let server = own.as_ref().map(|own| self.server(own.clone(), &roots)).transpose()?;
        Ok(Loaded {
            material,
            #[cfg(feature = "http")]
            shown,
            own,
            roots,
            server,
            client: OnceLock::new(),
        })
    }

    fn server(
        &self,
        own: Arc<SingleCertAndKey>,
        roots: &RootCertStore,
    ) -> Result<Arc<ServerConfig>, TlsError> {
        let unusable = |reason: String| TlsError::Unusable { key: "certificate", reason };
        let builder = ServerConfig::builder_with_provider(crypto::provider())
            .with_protocol_versions(crypto::versions(self.config.tls12))
            .map_err(|error| unusable(error.to_string()))?;
        let builder = if self.config.mutual {
            let trust = trust::of_clients(roots.clone(), self.config.fingerprints.clone());
            builder.with_client_cert_verifier(Arc::new(trust.map_err(unusable)?))
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_cert_resolver(own);
        config.alpn_protocols = self.alpn.iter().map(|protocol| protocol.to_vec()).collect();
        if self.alpn.contains(&ALPN) {
            // connections of nodes are few and long: each is verified anew, and nothing is kept for a next one
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(Arc::new(config))
    }

    fn client(&self, loaded: &Loaded) -> Result<Arc<ClientConfig>, TlsError> {
        let unusable = |reason: String| TlsError::Unusable { key: "ca", reason };
        let mut roots = loaded.roots.clone();
        let TlsConfig { fingerprints, system_roots, .. } = &self.config;
        if system_roots.unwrap_or_else(|| roots.is_empty() && fingerprints.is_empty()) {
            let system = rustls_native_certs::load_native_certs();
            let (added, _) = roots.add_parsable_certificates(system.certs);
            if added == 0 {
                let reason = system.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
                return Err(TlsError::NoTrust { reason });
            }
        }
        let trust = trust::of_servers(roots, fingerprints.clone()).map_err(unusable)?;
        let builder = ClientConfig::builder_with_provider(crypto::provider())
            .with_protocol_versions(crypto::versions(self.config.tls12))
            .map_err(|error| unusable(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(trust));
        let mut config = match &loaded.own {
            Some(own) => builder.with_client_cert_resolver(own.clone()),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }

    /// Whether the certificate that is shown is one for that host: a name or an address.
    #[cfg(feature = "http")]
    pub(crate) fn is_for_host(&self, host: &str) -> bool {
        self.current.load().shown.as_ref().is_some_and(|shown| super::is_for_host(shown, host))
    }

    /// For connections of others, if there is a certificate to show.
    pub(crate) fn accepting(&self) -> Option<Arc<ServerConfig>> {
        self.current.load().server.clone()
    }

    /// For connections to others.
    pub(crate) fn dialling(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let current = self.current.load();
        current.client.get_or_init(|| self.client(&current)).clone()
    }

    /// Reads the files anew; returns whether they have changed. What is wrong leaves everything as it is.
    pub(crate) fn reload(&self) -> Result<bool, TlsError> {
        let material = self.read()?;
        if material == self.current.load().material {
            return Ok(false);
        }
        self.current.store(Arc::new(self.build(material)?));
        Ok(true)
    }

    /// Looks at the files again and again, until `stop` is cancelled.
    pub(crate) async fn watch(self: Arc<Self>, node: Arc<str>, stop: CancellationToken) {
        let TlsConfig { certificate, key, ca, reload, .. } = &self.config;
        let files = certificate.iter().chain(key).chain(ca).filter(|pem| matches!(pem, Pem::File(_)));
        if reload.is_zero() || files.count() == 0 {
            return;
        }
        // the same mistake is worth a line once, not each time that the files are looked at
        let mut last_mistake = None;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(*reload) => {}
            }
            let this = self.clone();
            let Ok(reloaded) = tokio::task::spawn_blocking(move || this.reload()).await else { return };
            let mistake = match reloaded {
                Ok(changed) => {
                    if changed {
                        tracing::info!(%node, "certificates were read anew; connections from now on use them");
                    }
                    None
                }
                Err(error) => Some(crate::error::chain(&error)),
            };
            if let Some(reason) = &mistake
                && last_mistake != mistake
            {
                tracing::error!(%node, %reason, "certificates can't be read anew; those from before stay in use");
            }
            last_mistake = mistake;
        }
    }
}

impl Loaded {
    fn nothing() -> Self {
        Self {
            material: Material::default(),
            #[cfg(feature = "http")]
            shown: None,
            own: None,
            roots: RootCertStore::empty(),
            server: None,
            client: OnceLock::new(),
        }
    }
}

/// Says so if the own certificate is not valid now: peers will refuse it, and their logs are elsewhere.
fn warn_if_out_of_date(own: &CertifiedKey, roots: &RootCertStore) {
    let Some((end_entity, between)) = own.cert.split_first() else { return };
    let Ok(parsed) = ParsedCertificate::try_from(end_entity) else { return };
    let checked = rustls::client::verify_server_cert_signed_by_trust_anchor(
        &parsed,
        roots,
        between,
        UnixTime::now(),
        crypto::provider().signature_verification_algorithms.all,
    );
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    if let Err(rustls::Error::InvalidCertificate(
        reason @ (Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }),
    )) = checked
    {
        tracing::warn!(%reason, "the node's own certificate is not valid now: peers will refuse it");
    }
}
