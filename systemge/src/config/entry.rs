//! What entries of `listen` and `connect` have in common.

use std::borrow::Cow;

use super::{ConnectConfig, Endpoint, ListenConfig, NodeConfig, Scheme, Secret, TlsConfig, TlsOverrides};

/// An entry of `listen` or `connect`.
pub(crate) trait Entry {
    /// Where it listens, or whom it dials.
    fn endpoint(&self) -> &Endpoint;

    /// What it has of its own for TLS.
    fn own_tls(&self) -> Option<&TlsOverrides>;

    /// Whether it has a secret of its own.
    fn has_own_secret(&self) -> bool;

    /// What is shown there, and who is trusted.
    fn tls_of<'a>(&self, node: &'a NodeConfig) -> Cow<'a, TlsConfig> {
        self.own_tls().map_or(Cow::Borrowed(&node.tls), |own| Cow::Owned(own.over(&node.tls)))
    }

    /// Whether the certificate of a peer has to be one for a node of its name. A server's is otherwise one for its host
    /// alone.
    fn names_nodes(&self, node: &NodeConfig) -> bool {
        let own = self.own_tls();
        let mutual = own.and_then(|own| own.mutual).unwrap_or(node.tls.mutual);
        let from_certificate = own.and_then(|own| own.name_from_certificate);
        mutual && from_certificate.unwrap_or(node.tls.name_from_certificate)
    }

    /// Whether a peer has to prove its name there.
    fn knows_names(&self, node: &NodeConfig) -> bool {
        self.has_own_secret()
            || node.has_secret()
            || match self.endpoint().scheme() {
                Scheme::Tcp => false,
                Scheme::Memory => true,
                Scheme::Tls | Scheme::Quic => self.names_nodes(node),
            }
    }
}

macro_rules! entry {
    ($config:ty) => {
        impl $config {
            /// Sets the largest frame that is accepted there, in bytes.
            #[must_use]
            pub const fn frame_bytes(mut self, bytes: u32) -> Self {
                self.frame_bytes = Some(bytes);
                self
            }

            /// Sets the secret that both sides of a connection there must know.
            #[must_use]
            pub fn secret(mut self, secret: Secret) -> Self {
                self.secret = Some(secret);
                self
            }

            /// Sets what is shown there and who is trusted, where it is not what the node has.
            #[must_use]
            pub fn tls(mut self, tls: TlsOverrides) -> Self {
                self.tls = Some(tls);
                self
            }
        }

        impl Entry for $config {
            fn endpoint(&self) -> &Endpoint {
                &self.endpoint
            }

            fn own_tls(&self) -> Option<&TlsOverrides> {
                self.tls.as_ref()
            }

            fn has_own_secret(&self) -> bool {
                self.secret.is_some() || self.secret_file.is_some()
            }
        }
    };
}

entry!(ListenConfig);
entry!(ConnectConfig);
