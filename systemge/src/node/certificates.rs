//! What a node and its listeners show of themselves, and whom they trust.

use std::sync::Arc;

use super::Inner;
use super::lifecycle::StartError;
use crate::config::{ConnectConfig, Entry as _, TlsConfig};
use crate::transport::Transports;
use crate::transport::tls::{Credentials, TlsError};

/// The certificates of one start of a node.
pub(super) struct Certificates {
    node: Arc<Credentials>,
    /// Those of listeners that have their own, in the order of the listeners.
    listeners: Vec<Option<Arc<Credentials>>>,
}

impl Inner {
    /// Reads the certificates and keys, for every start anew. Those of the peers that are dialled are read again when
    /// they are; that they can be used is known from the start.
    pub(super) fn load_certificates(&self) -> Result<Certificates, StartError> {
        let load = |section: String, tls: &TlsConfig| {
            let loaded = Credentials::load(tls, self.folder.clone());
            let failed = |source| StartError::Tls { node: self.name().to_owned(), section, source };
            loaded.map(Arc::new).map_err(failed)
        };
        let config = self.config();
        let node = load("tls".to_owned(), &config.tls)?;
        let mut listeners = Vec::new();
        for (index, listen) in config.listen.iter().enumerate() {
            let own = listen.tls.as_ref().map(|own| own.over(&config.tls));
            listeners.push(own.map(|own| load(format!("listen[{index}].tls"), &own)).transpose()?);
        }
        for (index, connect) in config.connect.iter().enumerate() {
            if connect.tls.is_some() {
                load(format!("connect[{index}].tls"), &connect.tls_of(config))?.dialling().map_err(
                    |source| StartError::Tls {
                        node: self.name().to_owned(),
                        section: format!("connect[{index}].tls"),
                        source,
                    },
                )?;
            }
        }
        self.transports().set_credentials(node.clone());
        Ok(Certificates { node, listeners })
    }

    /// How a peer is dialled that has a `tls` of its own: with certificates that are read for every attempt, as its secret
    /// is.
    pub(crate) async fn transports_to(&self, peer: &ConnectConfig) -> Result<Transports, TlsError> {
        if peer.tls.is_none() {
            return Ok(self.transports().clone());
        }
        let tls = peer.tls_of(self.config()).into_owned();
        let folder = self.folder.clone();
        // the certificates of the operating system are many, and take their time
        let loaded = tokio::task::spawn_blocking(move || {
            let credentials = Credentials::load(&tls, folder)?;
            credentials.dialling().map(|_| credentials)
        });
        match loaded.await {
            Ok(credentials) => Ok(self.transports().with_credentials(Arc::new(credentials?))),
            Err(gone) => Err(TlsError::Unusable { key: "tls", reason: gone.to_string() }),
        }
    }
}

impl Certificates {
    /// How a listener is listened on.
    pub(super) fn transports(&self, node: &Transports, listener: usize) -> Transports {
        match self.listeners.get(listener) {
            Some(Some(own)) => node.with_credentials(own.clone()),
            _ => node.clone(),
        }
    }

    /// Each of them, to be read anew when the files change.
    pub(super) fn into_all(self) -> impl Iterator<Item = Arc<Credentials>> {
        std::iter::once(self.node).chain(self.listeners.into_iter().flatten())
    }
}
