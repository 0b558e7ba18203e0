//! What is configured: what can be changed while a node runs, and where every value comes from.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::access::{AccessRules, parse_network};
use crate::config::{
    HttpConfig, HttpsRedirectConfig, NodeConfig, WebSocketConfig, WebTlsConfig, Written, effective,
};
use crate::node::Node;

/// Something that can be changed while a node runs.
#[derive(Debug, Serialize)]
pub(super) struct Setting {
    key: String,
    value: String,
    /// What the program and its configuration said.
    configured: String,
    /// `duration`, `count` or `networks`.
    kind: &'static str,
    help: &'static str,
}

/// A value of the configuration, whoever has said it.
#[derive(Debug, Serialize)]
pub(super) struct Value {
    key: String,
    value: String,
    /// `default`, `file`, `environment`, `code`, or `runtime` for what was changed while the node runs.
    from: &'static str,
    /// `systemge.toml:12`, or the name of a variable; empty for the others.
    place: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Settings {
    settings: Vec<Setting>,
    /// Every key with the value that holds, and where that comes from.
    configuration: Vec<Value>,
}

/// A key whose value is a duration or a count.
struct Simple {
    key: &'static str,
    help: &'static str,
    field: fn(&mut NodeConfig) -> Field<'_>,
}

enum Field<'c> {
    Duration(&'c mut Duration),
    Count(&'c mut usize),
}

const SIMPLE: [Simple; 5] = [
    Simple {
        key: "requests.timeout",
        help: "How long a request waits for responses.",
        field: |config| Field::Duration(&mut config.requests.timeout),
    },
    Simple {
        key: "requests.limit",
        help: "After how many responses a request ends that asks for more than one; 0: when every asked node has had its say.",
        field: |config| Field::Count(&mut config.requests.limit),
    },
    Simple {
        key: "limits.handlers",
        help: "How many handlers of the node may be waiting at the same time.",
        field: |config| Field::Count(&mut config.limits.handlers),
    },
    Simple {
        key: "limits.handlers_per_connection",
        help: "How many handlers of one connection may be waiting at the same time; beyond it the connection is not read.",
        field: |config| Field::Count(&mut config.limits.handlers_per_connection),
    },
    Simple {
        key: "stop.deadline",
        help: "How long handlers and tasks may take to finish, before they are dropped.",
        field: |config| Field::Duration(&mut config.stop.deadline),
    },
];

impl Field<'_> {
    fn text(&self) -> String {
        match self {
            Self::Duration(duration) => format!("{duration:?}"),
            Self::Count(count) => count.to_string(),
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Duration(_) => "duration",
            Self::Count(_) => "count",
        }
    }

    fn set(&mut self, text: &str) -> Result<(), String> {
        match self {
            Self::Duration(duration) => {
                **duration = crate::config::parse_duration(text)
                    .ok_or("takes a duration with its unit, such as \"250ms\", \"10s\" or \"5m\"")?;
            }
            Self::Count(count) => **count = text.parse().map_err(|_| "takes a whole number")?,
        }
        Ok(())
    }
}

impl Settings {
    pub(super) fn of(node: &Node, config: &crate::config::SystemConfig) -> Self {
        let inner = node.inner();
        let (mut now, mut configured) = (inner.config().clone(), inner.config().clone());
        inner.settings().apply(&mut now);
        let mut settings = Vec::new();
        for simple in &SIMPLE {
            let value = (simple.field)(&mut now);
            settings.push(Setting {
                key: simple.key.to_owned(),
                value: value.text(),
                kind: value.kind(),
                configured: (simple.field)(&mut configured).text(),
                help: simple.help,
            });
        }
        for (index, listener) in node.listeners().iter().enumerate() {
            let rules = listener.access().rules();
            let configured = &inner.config().listen[index];
            let before = configured.access(inner.config());
            for (name, value, before, help) in [
                (
                    "allow",
                    allowed(&rules),
                    allowed(&before),
                    "Who may connect to this listener; empty: everyone who is not denied.",
                ),
                (
                    "deny",
                    networks(&rules.deny),
                    networks(&before.deny),
                    "Who may not connect to this listener.",
                ),
            ] {
                let key = format!("listen[{index}].{name}");
                settings.push(Setting { key, value, configured: before, kind: "networks", help });
            }
        }
        let written = config.written(&["nodes", node.name()]);
        Self { settings, configuration: configuration(inner.config(), &now, written) }
    }
}

/// Every key with its value; `now` is what holds after changes at run time.
fn configuration(configured: &NodeConfig, now: &NodeConfig, mut written: Vec<Written>) -> Vec<Value> {
    // the sections that are there, with nothing in them
    let mut defaults = NodeConfig::new();
    defaults.http = configured.http.as_ref().map(|http| HttpConfig {
        tls: http.tls.as_ref().map(|_| WebTlsConfig::default()),
        https_redirect: http.https_redirect.as_ref().map(|_| HttpsRedirectConfig::default()),
        ..HttpConfig::default()
    });
    defaults.websocket = configured.websocket.as_ref().map(|websocket| WebSocketConfig {
        tls: websocket.tls.as_ref().map(|_| WebTlsConfig::default()),
        ..WebSocketConfig::default()
    });
    let defaults: BTreeMap<String, String> = effective(&defaults).into_iter().collect();
    let before: BTreeMap<String, String> = effective(configured).into_iter().collect();
    let mut values = Vec::new();
    for (key, value) in effective(now) {
        // what is written inside of a key stands for it
        let inside = |written: &Written| {
            written.key.strip_prefix(&*key).is_some_and(|rest| rest.starts_with(['.', '[']))
        };
        if before.get(&key) != Some(&value) {
            written.retain(|written| written.key != key);
            values.push(Value { key, value, from: "runtime", place: String::new() });
        } else if let Some(place) = written.iter().position(|written| written.key == key) {
            values.push(Value::of(written.remove(place)));
        } else if written.iter().any(inside) {
            let (of_key, others): (Vec<_>, Vec<_>) = written.into_iter().partition(inside);
            written = others;
            values.extend(of_key.into_iter().map(Value::of));
        } else {
            let from = if defaults.get(&key) == Some(&value) { "default" } else { "code" };
            values.push(Value { key, value, from, place: String::new() });
        }
    }
    values.extend(written.into_iter().map(Value::of));
    values
}

impl Value {
    fn of(written: Written) -> Self {
        let Written { key, value, source, from_environment } = written;
        let from = if from_environment { "environment" } else { "file" };
        Self { key, value, from, place: source }
    }
}

fn allowed(rules: &AccessRules) -> String {
    rules.allow.as_deref().map(networks).unwrap_or_default()
}

fn networks(list: &[ipnet::IpNet]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Changes a setting; says what is wrong with the value otherwise.
pub(super) fn change(node: &Node, key: &str, value: &str) -> Result<String, String> {
    let inner = node.inner();
    let value = value.trim();
    if let Some(simple) = SIMPLE.iter().find(|simple| simple.key == key) {
        let mut config = inner.config().clone();
        inner.settings().apply(&mut config);
        (simple.field)(&mut config).set(value).map_err(|why| format!("`{key}` {why}"))?;
        inner.settings().change(node.name(), &config).map_err(|error| error.to_string())?;
        return Ok(format!("{key} is {}", (simple.field)(&mut config).text()));
    }
    let listener = key.strip_prefix("listen[").and_then(|rest| rest.split_once("]."));
    let listeners = node.listeners();
    let found = listener.and_then(|(index, name)| Some((listeners.get(index.parse::<usize>().ok()?)?, name)));
    let Some((listener, name @ ("allow" | "deny"))) = found else {
        return Err(format!(
            "`{}` is nothing that can be changed while the node runs",
            crate::text::printable(key)
        ));
    };
    let list = value.split([',', ' ']).filter(|word| !word.is_empty()).map(parse_network);
    let list = list.collect::<Result<Vec<_>, _>>().map_err(|error| format!("`{key}`: {error}"))?;
    let rules = listener.access().rules();
    let AccessRules { allow, deny } = (*rules).clone();
    listener.access().set(if name == "allow" {
        AccessRules::new((!list.is_empty()).then_some(list), deny)
    } else {
        AccessRules::new(allow, list)
    });
    Ok(format!("{key} is {}", if value.is_empty() { "empty" } else { value }))
}
