//! What `tls://`, `quic://`, HTTPS and WSS need, as far as the configuration itself shows it.

use super::super::tree::{Path, Segment};
use super::super::{
    ConnectConfig, Endpoint, Entry, HttpConfig, HttpsRedirectConfig, ListenConfig, NodeConfig, TlsConfig,
    TlsOverrides, WebTlsConfig,
};
use super::Checks;

impl Checks<'_> {
    /// What the node and its listeners and peers have for `tls://` and `quic://`.
    pub(super) fn tls(&mut self, node: &NodeConfig) {
        let tls = &node.tls;
        self.pair_of_files(&["tls"], tls.certificate.is_some(), tls.key.is_some());
        if wants_anybody(tls) {
            let paths = vec![self.path(&["tls", "mutual"])];
            self.wants_anybody(paths);
        }
        self.not_too_long(&["tls", "reload"], tls.reload);
        for (index, listen) in node.listen.iter().enumerate() {
            self.has_feature("listen", index, &listen.endpoint);
            self.listens_with(index, listen, node);
        }
        for (index, connect) in node.connect.iter().enumerate() {
            self.has_feature("connect", index, &connect.endpoint);
            self.connects_with(index, connect, node);
        }
    }

    /// What a listener shows, and whom it trusts.
    fn listens_with(&mut self, index: usize, listen: &ListenConfig, node: &NodeConfig) {
        let endpoint = &listen.endpoint;
        let tls = listen.tls_of(node);
        if endpoint.scheme().is_secure() && tls.certificate.is_none() && tls.key.is_none() {
            let section = Path(&self.path(&["tls"])).to_string();
            let message = format!("is `{endpoint}`, but the node has no certificate to show there");
            let paths = vec![self.place("listen", index)];
            self.push(paths, &message, Some(format!("set `certificate` and `key` in `[{section}]`")));
        }
        let Some(own) = &listen.tls else { return };
        self.overrides("listen", index, endpoint, own);
        if !endpoint.scheme().is_secure() {
            return;
        }
        self.entry("listen", index, |check| {
            for (key, is_set) in
                [("server_name", own.server_name.is_some()), ("system_roots", own.system_roots.is_some())]
            {
                if is_set {
                    check.say(
                        &["tls", key],
                        "has no use on a listener: it is about nodes that are dialled, in `connect`",
                    );
                }
            }
            if wants_anybody(&tls) && !wants_anybody(&node.tls) {
                let paths = vec![check.path(&["tls", "mutual"]), check.path(&["tls"])];
                check.wants_anybody(paths);
            }
        });
    }

    /// What is shown to a peer that is dialled, and what is trusted of it.
    fn connects_with(&mut self, index: usize, connect: &ConnectConfig, node: &NodeConfig) {
        let Some(own) = &connect.tls else { return };
        self.overrides("connect", index, &connect.endpoint, own);
        if !connect.endpoint.scheme().is_secure() {
            return;
        }
        let tls = connect.tls_of(node);
        if tls.ca.is_empty() && tls.fingerprints.is_empty() && tls.system_roots == Some(false) {
            self.entry("connect", index, |check| {
                let paths = vec![
                    check.path(&["tls", "system_roots"]),
                    check.path(&["tls", "ca"]),
                    check.path(&["tls", "fingerprints"]),
                    check.path(&["tls"]),
                ];
                let help = "set `ca` or `fingerprints`, or `system_roots = true`".to_owned();
                check.push(paths, "leaves nobody whom the node could trust there", Some(help));
            });
        }
    }

    /// What is true of a `tls` in an entry of either list.
    fn overrides(&mut self, list: &str, index: usize, endpoint: &Endpoint, own: &TlsOverrides) {
        self.entry(list, index, |check| {
            if !endpoint.scheme().is_secure() {
                let message =
                    format!("has no use: `{endpoint}` is not encrypted, only `tls://` and `quic://` are");
                check.say(&["tls"], &message);
            }
            check.pair_of_files(&["tls"], own.certificate.is_some(), own.key.is_some());
        });
    }

    /// HTTPS and WSS.
    pub(super) fn web_tls(&mut self, node: &NodeConfig) {
        let http = node.http.as_ref().and_then(|http| http.tls.as_ref());
        let websocket = node.websocket.as_ref().and_then(|websocket| websocket.tls.as_ref());
        for (component, web) in [("http", http), ("websocket", websocket)] {
            let Some(web) = web else { continue };
            self.web_certificate(&[component, "tls"], web, node.tls.certificate.is_some());
        }
        if let Some(http) = &node.http
            && let Some(redirect) = &http.https_redirect
        {
            self.https_redirect(http, redirect);
        }
        if node
            .websocket
            .as_ref()
            .is_some_and(|websocket| websocket.tls.is_some() && websocket.listen.is_none())
        {
            self.say(
                &["websocket", "tls"],
                "is for a listener of its own: a shared one is as `http.tls` says",
            );
        }
    }

    /// The certificate of a component towards browsers, which may be that of the node, if there is one.
    pub(super) fn web_certificate(&mut self, section: &[&str], web: &WebTlsConfig, node_has_one: bool) {
        self.pair_of_files(section, web.certificate.is_some(), web.key.is_some());
        if cfg!(not(feature = "tls")) {
            self.say(section, "needs the feature `tls` of systemge: this build lacks it");
        } else if web.certificate.is_none() && web.key.is_none() && !node_has_one {
            let paths = vec![self.path(section)];
            let help = if section.len() > 1 {
                "set `certificate` and `key` here, or in the node's `tls`"
            } else {
                "set `certificate` and `key` here"
            };
            self.push(paths, "has no certificate to show", Some(help.to_owned()));
        }
    }

    fn https_redirect(&mut self, http: &HttpConfig, redirect: &HttpsRedirectConfig) {
        if http.tls.is_none() {
            let paths = vec![self.path(&["http", "https_redirect"])];
            let help = format!("add the section `[{}]`", Path(&self.path(&["http", "tls"])));
            self.push(paths, "leads to HTTPS, which this component does not speak", Some(help));
        }
        if redirect.listen == http.listen && redirect.listen.port() != 0 {
            self.say(&["http", "https_redirect", "listen"], "is where HTTPS listens already");
        }
        if redirect.port == Some(0) {
            self.say(&["http", "https_redirect", "port"], "is no port that a client could open");
        }
    }

    /// A certificate and its key, which are of no use without each other.
    pub(super) fn pair_of_files(&mut self, section: &[&str], has_certificate: bool, has_key: bool) {
        let (there, missing) = match (has_certificate, has_key) {
            (true, false) => ("certificate", "key"),
            (false, true) => ("key", "certificate"),
            _ => return,
        };
        let keys: Vec<&str> = section.iter().copied().chain([there]).collect();
        self.say(&keys, &format!("has no use without the `{missing}` that belongs to it"));
    }

    fn wants_anybody(&mut self, paths: Vec<Vec<Segment>>) {
        let help = "set `ca` to the CA of this system's nodes, or `fingerprints` to those of its certificates; \
                    the CAs of the operating system would let in everyone who can buy a certificate";
        self.push(paths, "wants certificates of peers, but nothing says which", Some(help.to_owned()));
    }

    /// Whether this build speaks what the endpoint wants.
    fn has_feature(&mut self, list: &str, index: usize, endpoint: &Endpoint) {
        if let Some(feature) = endpoint.scheme().missing_feature() {
            let message = format!(
                "is `{endpoint}`, which needs the feature `{feature}` of systemge: this build lacks it"
            );
            let paths = vec![self.place(list, index)];
            self.push(paths, &message, None);
        }
    }

    /// An entry of a list.
    fn place(&self, list: &str, index: usize) -> Vec<Segment> {
        let mut path = self.path(&[list]);
        path.push(index.into());
        path
    }
}

/// Whether peers have to show a certificate, and there is none that would be accepted.
fn wants_anybody(tls: &TlsConfig) -> bool {
    tls.mutual && tls.ca.is_empty() && tls.fingerprints.is_empty()
}
