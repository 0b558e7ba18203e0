//! The secrets that a node shares with others.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::{NodeConfig, Secret, SecretError};

/// The secrets that a node shares with others, as they were when it started.
#[derive(Default)]
pub(crate) struct Secrets {
    /// With whoever has none of its own.
    node: Option<Secret>,
    /// With whoever dials a listener, in the order of the listeners.
    listeners: Vec<Option<Secret>>,
    /// With single peers.
    peers: BTreeMap<String, Secret>,
}

impl Secrets {
    /// Reads all of them; relative paths start at `folder`.
    pub(super) fn load(config: &NodeConfig, folder: Option<&Path>) -> Result<Self, SecretError> {
        let listeners = config.listen.iter();
        let mut secrets = Self {
            node: Secret::load(config.secret.as_ref(), config.secret_file.as_deref(), folder)?,
            listeners: listeners
                .map(|listen| Secret::load(listen.secret.as_ref(), listen.secret_file.as_deref(), folder))
                .collect::<Result<_, _>>()?,
            peers: BTreeMap::new(),
        };
        for (name, peer) in &config.peers {
            let secret = Secret::load(peer.secret.as_ref(), peer.secret_file.as_deref(), folder)?;
            secrets.peers.extend(secret.map(|secret| (name.clone(), secret)));
        }
        Ok(secrets)
    }

    /// What a node of that name has to know that dials a listener: what is closest to it goes first.
    pub(crate) fn accepting(&self, listener: usize, peer: &str) -> Option<&Secret> {
        let of_listener = || self.listeners.get(listener).and_then(Option::as_ref);
        self.peers.get(peer).or_else(of_listener).or(self.node.as_ref())
    }

    /// What a node of that name has to know that was dialled, unless the connection has a secret of its own.
    pub(crate) fn dialling(&self, peer: &str) -> Option<&Secret> {
        self.peers.get(peer).or(self.node.as_ref())
    }
}
