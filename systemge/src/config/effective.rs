//! What holds for a node, key by key, whoever has said it.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use humantime_serde::re::humantime::format_duration;

use super::{
    Handling, HttpConfig, LogFormat, NodeConfig, OnDialFailure, Pem, Secret, SlowClientPolicy,
    SlowPeerPolicy, TlsConfig, WebSocketConfig, WebTlsConfig,
};

/// Keys and their values as TOML has them, without those of single listeners, dialled peers and named peers: these have
/// no defaults of their own.
#[derive(Debug, Default)]
struct Keys {
    prefix: &'static str,
    all: Vec<(String, String)>,
}

impl Keys {
    fn section(&mut self, prefix: &'static str) {
        self.prefix = prefix;
    }

    fn put(&mut self, key: &str, value: String) {
        self.all.push((format!("{}{key}", self.prefix), value));
    }

    fn plain(&mut self, key: &str, value: impl Display) {
        self.put(key, value.to_string());
    }

    fn duration(&mut self, key: &str, value: Duration) {
        self.put(key, duration(value));
    }

    fn optional<T>(&mut self, key: &str, value: Option<T>, text: impl Fn(T) -> String) {
        self.put(key, value.map_or_else(|| LEFT_OUT.to_owned(), text));
    }

    fn list<T>(&mut self, key: &str, values: impl IntoIterator<Item = T>, text: impl Fn(T) -> String) {
        self.put(key, list(values, text));
    }

    fn secret(&mut self, key: &str, value: Option<&Secret>) {
        self.optional(key, value, |_| HIDDEN.to_owned());
    }
}

const LEFT_OUT: &str = "left out";
/// Stands for what nobody shall read.
const HIDDEN: &str = "***";

fn quoted(text: impl Display) -> String {
    format!("\"{}\"", super::source::shown(&text.to_string()))
}

fn path(path: &Path) -> String {
    quoted(path.display())
}

fn duration(value: Duration) -> String {
    quoted(format_duration(value))
}

fn list<T>(values: impl IntoIterator<Item = T>, text: impl Fn(T) -> String) -> String {
    format!("[{}]", values.into_iter().map(text).collect::<Vec<_>>().join(", "))
}

fn table<K: Display, V>(values: impl IntoIterator<Item = (K, V)>, text: impl Fn(V) -> String) -> String {
    let entries: Vec<String> =
        values.into_iter().map(|(key, value)| format!("{} = {}", quoted(key), text(value))).collect();
    if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}

/// Every key of a node's section, with the value that holds.
pub(crate) fn effective(node: &NodeConfig) -> Vec<(String, String)> {
    let mut keys = Keys::default();
    keys.list("listen", &node.listen, |listener| quoted(&listener.endpoint));
    keys.list("connect", &node.connect, |peer| quoted(&peer.endpoint));
    keys.optional("allow", node.allow.as_ref(), |networks| list(networks, quoted));
    keys.list("deny", &node.deny, quoted);
    keys.plain("insecure", node.insecure);
    tls(&mut keys, &node.tls);
    keys.section("");
    keys.secret("secret", node.secret.as_ref());
    keys.optional("secret_file", node.secret_file.as_deref(), path);
    keys.list("peers", node.peers.keys(), quoted);
    keys.plain("tracing", node.tracing);
    keys.put("handling", handling(node.handling));
    keys.section("requests.");
    keys.duration("timeout", node.requests.timeout);
    keys.plain("limit", node.requests.limit);
    keys.section("dial.");
    keys.duration("initial_delay", node.dial.initial_delay);
    keys.duration("max_delay", node.dial.max_delay);
    keys.plain("max_attempts", node.dial.max_attempts);
    keys.duration("timeout", node.dial.timeout);
    keys.put(
        "on_failure",
        quoted(match node.dial.on_failure {
            OnDialFailure::Continue => "continue",
            OnDialFailure::Shutdown => "shutdown",
        }),
    );
    keys.section("queue.");
    keys.plain("bytes", node.queue.bytes);
    keys.plain("messages", node.queue.messages);
    keys.put(
        "policy",
        quoted(match node.queue.policy {
            SlowPeerPolicy::Wait => "wait",
            SlowPeerPolicy::DropNewest => "drop_newest",
            SlowPeerPolicy::Disconnect => "disconnect",
        }),
    );
    keys.duration("max_wait", node.queue.max_wait);
    keys.section("keepalive.");
    keys.duration("interval", node.keepalive.interval);
    keys.duration("timeout", node.keepalive.timeout);
    keys.duration("replace_after", node.keepalive.replace_after);
    limits(&mut keys, node);
    keys.section("");
    keys.list("log_files", &node.log_files, |file| {
        let format = match file.format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        };
        format!(
            "{{ file = {}, level = {}, format = {}, max_bytes = {}, max_age = {}, keep = {} }}",
            path(&file.file),
            quoted(&file.level),
            quoted(format),
            file.max_bytes,
            duration(file.max_age),
            file.keep
        )
    });
    keys.section("stop.");
    keys.duration("deadline", node.stop.deadline);
    if let Some(config) = &node.http {
        http(&mut keys, config);
    }
    if let Some(config) = &node.websocket {
        websocket(&mut keys, config);
    }
    keys.all
}

fn handling(handling: Handling) -> String {
    quoted(match handling {
        Handling::Concurrent => "concurrent",
        Handling::Sequential => "sequential",
    })
}

fn limits(keys: &mut Keys, node: &NodeConfig) {
    let limits = &node.limits;
    keys.section("limits.");
    keys.plain("frame_bytes", limits.frame_bytes);
    keys.optional("payload_bytes", limits.payload_bytes, |bytes| bytes.to_string());
    keys.plain("name_bytes", limits.name_bytes);
    keys.plain("topic_bytes", limits.topic_bytes);
    keys.plain("connections", limits.connections);
    keys.plain("handshakes", limits.handshakes);
    keys.plain("handshakes_per_address", limits.handshakes_per_address);
    keys.duration("handshake_timeout", limits.handshake_timeout);
    keys.plain("topics", limits.topics);
    keys.plain("handlers_per_connection", limits.handlers_per_connection);
    keys.plain("handlers", limits.handlers);
}

/// A file, or PEM, which nobody shall read here.
fn pem(pem: &Pem) -> String {
    match pem {
        Pem::File(file) => path(file),
        Pem::Text(_) => HIDDEN.to_owned(),
    }
}

fn tls(keys: &mut Keys, tls: &TlsConfig) {
    keys.section("tls.");
    keys.optional("certificate", tls.certificate.as_ref(), pem);
    keys.optional("key", tls.key.as_ref(), pem);
    keys.list("ca", &tls.ca, pem);
    keys.list("fingerprints", &tls.fingerprints, quoted);
    keys.optional("system_roots", tls.system_roots, |roots| roots.to_string());
    keys.plain("mutual", tls.mutual);
    keys.plain("name_from_certificate", tls.name_from_certificate);
    keys.optional("server_name", tls.server_name.as_ref(), quoted);
    keys.plain("tls12", tls.tls12);
    keys.duration("reload", tls.reload);
}

fn web_tls(keys: &mut Keys, tls: Option<&WebTlsConfig>) {
    let Some(tls) = tls else { return };
    keys.optional("tls.certificate", tls.certificate.as_ref(), pem);
    keys.optional("tls.key", tls.key.as_ref(), pem);
    keys.plain("tls.tls12", tls.tls12);
}

fn http(keys: &mut Keys, http: &HttpConfig) {
    keys.section("http.");
    keys.put("listen", quoted(http.listen));
    keys.plain("body_bytes", http.body_bytes);
    keys.plain("connections", http.connections);
    keys.duration("header_timeout", http.header_timeout);
    keys.duration("request_timeout", http.request_timeout);
    web_tls(keys, http.tls.as_ref());
    if let Some(redirect) = &http.https_redirect {
        keys.put("https_redirect.listen", quoted(redirect.listen));
        keys.optional("https_redirect.port", redirect.port, |port| port.to_string());
    }
    keys.put("folders", table(&http.folders, |folder| path(folder)));
    keys.put("cache_control", quoted(&http.cache_control));
    keys.put("redirects", table(&http.redirects, quoted));
    keys.optional("allow", http.allow.as_ref(), |networks| list(networks, quoted));
    keys.list("deny", &http.deny, quoted);
}

fn websocket(keys: &mut Keys, websocket: &WebSocketConfig) {
    keys.section("websocket.");
    keys.optional("listen", websocket.listen, quoted);
    web_tls(keys, websocket.tls.as_ref());
    keys.put("path", quoted(&websocket.path));
    keys.list("origins", &websocket.origins, quoted);
    keys.optional("allow", websocket.allow.as_ref(), |networks| list(networks, quoted));
    keys.list("deny", &websocket.deny, quoted);
    keys.plain("clients", websocket.clients);
    keys.plain("message_bytes", websocket.message_bytes);
    keys.put("handling", handling(websocket.handling));
    keys.plain("handlers", websocket.handlers);
    keys.put("rate", quoted(websocket.rate));
    keys.plain("queue.messages", websocket.queue.messages);
    keys.plain("queue.bytes", websocket.queue.bytes);
    keys.put(
        "queue.policy",
        quoted(match websocket.queue.policy {
            SlowClientPolicy::Disconnect => "disconnect",
            SlowClientPolicy::DropNewest => "drop_newest",
        }),
    );
    keys.plain("groups_per_client", websocket.groups_per_client);
    keys.duration("watchdog", websocket.watchdog);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::HttpsRedirectConfig;

    #[test]
    fn every_key_of_a_node_is_shown_with_its_value() {
        let tls = || Some(WebTlsConfig::default());
        let redirect = HttpsRedirectConfig { listen: ([127, 0, 0, 1], 0).into(), port: None };
        let node = NodeConfig::new()
            .http(HttpConfig { tls: tls(), https_redirect: Some(redirect), ..HttpConfig::default() })
            .websocket(WebSocketConfig { tls: tls(), ..WebSocketConfig::default() });
        let shown: BTreeSet<String> = effective(&node).into_iter().map(|(key, _)| key).collect();
        let all = crate::config::schema::keys();
        let known: BTreeSet<String> = all
            .iter()
            .filter_map(|key| key.strip_prefix("nodes.NAME."))
            .filter(|key| !key.contains("[]") && !key.contains("NAME"))
            // sections are no values
            .filter(|key| {
                let inside = format!("nodes.NAME.{key}.");
                !all.iter()
                    .any(|other| other.strip_prefix(&inside).is_some_and(|inner| !inner.starts_with("NAME")))
            })
            .map(str::to_owned)
            .collect();
        assert_eq!(shown, known);
    }

    #[test]
    fn values_look_as_they_are_written() {
        let mut node = NodeConfig::new().secret(Secret::new("correct horse battery staple"));
        node.requests.timeout = Duration::from_millis(1500);
        let shown = effective(&node);
        let value = |key: &str| {
            shown.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str()).expect("the key")
        };
        assert_eq!(value("requests.timeout"), "\"1s 500ms\"");
        assert_eq!(value("queue.policy"), "\"wait\"");
        assert_eq!(value("limits.payload_bytes"), "left out");
        assert_eq!(value("secret"), "***");
        assert_eq!(value("listen"), "[]");
    }
}
