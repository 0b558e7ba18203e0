//! What a configuration was read from, key by key, for people who want to know where a value comes from.

use super::SystemConfig;
use super::tree::{Kind, Origin, Path, Segment, Value};

/// A key that is set, by the file or by a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// Without the section that was asked for: `requests.timeout`.
    pub(crate) key: String,
    /// As it is written; `***` for what nobody shall read.
    pub(crate) value: String,
    /// `systemge.toml:12`, or the name of a variable.
    pub(crate) source: String,
    /// Which of the two.
    pub(crate) from_environment: bool,
}

impl SystemConfig {
    /// What is written in a section and those inside it, in the order of the file.
    pub(crate) fn written(&self, section: &[&str]) -> Vec<Written> {
        let Some((source, root)) = self.origin.source() else { return Vec::new() };
        let path: Vec<Segment> = section.iter().map(|key| Segment::from(*key)).collect();
        let mut written = Vec::new();
        let place = |origin: &Origin| match origin {
            Origin::Text(range) => format!("{}:{}", source.name, source.line_and_column(range.start).0),
            Origin::Variable(name) => name.to_string(),
        };
        if let Some(value) = root.at(&path) {
            collect(value, &mut Vec::new(), &place, &mut written);
        }
        written
    }
}

fn collect(
    value: &Value,
    path: &mut Vec<Segment>,
    place: &impl Fn(&Origin) -> String,
    written: &mut Vec<Written>,
) {
    let entries = match &value.kind {
        Kind::Table(entries) => entries,
        Kind::Variable { toml: Some(inner), .. } if matches!(inner.kind, Kind::Table(_)) => {
            return collect(inner, path, place, written);
        }
        _ => {
            let is_secret = matches!(path.last(), Some(Segment::Key(key)) if SECRET.iter().any(|word| key.contains(word)));
            let value_text = if is_secret { "***".to_owned() } else { text(value) };
            let key = Path(path).to_string();
            let from_environment = matches!(value.origin, Origin::Variable(_));
            written.push(Written { key, value: value_text, source: place(&value.origin), from_environment });
            return;
        }
    };
    for entry in entries {
        path.push(Segment::Key(entry.key.clone()));
        collect(&entry.value, path, place, written);
        path.pop();
    }
}

/// A value as TOML would have it.
fn text(value: &Value) -> String {
    match &value.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Integer(value) => value.to_string(),
        Kind::Float(value) => value.to_string(),
        // PEM in the place of a file may be a key
        Kind::Text(value) if value.contains("-----BEGIN") => "***".to_owned(),
        Kind::Text(value) => format!("{:?}", super::source::shown(value)),
        Kind::Other(what) => what.clone(),
        Kind::List(values) => format!("[{}]", values.iter().map(text).collect::<Vec<_>>().join(", ")),
        Kind::Table(entries) => {
            let secret = |key: &str| SECRET.iter().any(|word| key.contains(word));
            let entry = |entry: &super::tree::Entry| {
                let value = if secret(&entry.key) { "***".to_owned() } else { text(&entry.value) };
                format!("{} = {value}", super::source::shown(&entry.key))
            };
            format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Kind::Variable { toml: Some(value), .. } => text(value),
        Kind::Variable { text, toml: None } => format!("{:?}", super::source::shown(text)),
        Kind::Reported | Kind::Probe => String::new(),
    }
}

/// What the names of keys have in them whose values nobody shall read.
const SECRET: [&str; 4] = ["token", "secret", "password", "key"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_found_with_its_line_and_without_its_secrets() {
        let text = "[dashboard]\ntoken = \"0123456789abcdef\"\n\n[nodes.life]\nlisten = [\"tcp://127.0.0.1:0\"]\n\n[nodes.life.requests]\ntimeout = \"3s\"\n";
        let config = SystemConfig::from_toml(text, "a.toml").unwrap();
        let written = |key: &str, value: &str, line: u32| Written {
            key: key.to_owned(),
            value: value.to_owned(),
            source: format!("a.toml:{line}"),
            from_environment: false,
        };
        assert_eq!(
            config.written(&["nodes", "life"]),
            [written("listen", "[\"tcp://127.0.0.1:0\"]", 5), written("requests.timeout", "\"3s\"", 8)]
        );
        assert_eq!(config.written(&["dashboard"]), [written("token", "***", 2)]);
        assert!(config.written(&["nodes", "other"]).is_empty());
        assert!(SystemConfig::default().written(&["nodes"]).is_empty());
    }
}
