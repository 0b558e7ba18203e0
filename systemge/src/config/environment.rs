//! Environment variables that override keys: `SYSTEMGE__NODES__LIFE__REQUESTS__TIMEOUT=3s`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use super::deserialize::Shape;
use super::error::Finding;
use super::from_toml;
use super::nearest::{did_you_mean, listed};
use super::schema::shape_at;
use super::source::{Source, shown};
use super::tree::{Entry, Kind, Origin, Path, Segment, Value};

/// What the name of every overriding variable starts with.
const PREFIX: &str = "SYSTEMGE__";

/// Puts the variables into the tree, sections before what is inside them, and says what is wrong with them.
pub(super) fn apply(
    root: &mut Value,
    variables: impl Iterator<Item = (OsString, OsString)>,
    source: &Source,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found: Vec<(Vec<Segment>, Arc<str>, String)> = Vec::new();
    for (name, text) in variables {
        let name = name.to_string_lossy();
        let Some(rest) = strip_prefix(&name) else { continue };
        let origin = Origin::Variable(shown(&name).into());
        let wrong = |finding: Finding| finding.at(source, Some(&origin));
        let Ok(text) = text.into_string() else {
            findings.push(wrong(Finding::new("its value is not UTF-8")));
            continue;
        };
        match resolve(root, rest) {
            Ok(path) => found.push((path, shown(&name).into(), text)),
            Err(finding) => findings.push(wrong(finding)),
        }
    }

    // The environment has no order; with one of our own, the same variables always give the same result.
    found.sort_by(|a, b| (a.0.len(), &a.1).cmp(&(b.0.len(), &b.1)));
    let mut set: BTreeMap<String, Arc<str>> = BTreeMap::new();
    for (path, name, text) in found {
        let origin = Origin::Variable(name.clone());
        let key = Path(&path).to_string();
        if let Some(other) = set.get(&key) {
            let message = format!("`{key}` is set by the environment variable `{other}`, too");
            findings.push(Finding::new(message).at(source, Some(&origin)));
            continue;
        }
        put(root, &path, text, &origin);
        set.insert(key, name);
    }
    findings
}

fn strip_prefix(name: &str) -> Option<&str> {
    let start = name.get(..PREFIX.len())?;
    start.eq_ignore_ascii_case(PREFIX).then(|| &name[PREFIX.len()..])
}

/// The path that a name stands for.
fn resolve(root: &Value, mut rest: &str) -> Result<Vec<Segment>, Finding> {
    let mut path = Vec::new();
    while !rest.is_empty() || path.is_empty() {
        let (is_section, candidates): (bool, Vec<&str>) = match shape_at(&path) {
            Some(Shape::Section(fields)) => (true, fields.to_vec()),
            Some(Shape::Map) => (false, keys_of(root, &path)),
            Some(Shape::Leaf | Shape::List) | None => {
                return Err(Finding::new(format!("`{}` has no keys inside", Path(&path))));
            }
        };
        let matching = candidates.iter().filter_map(|key| after(rest, key).map(|after| (*key, after)));
        let best = matching.clone().map(|(_, after)| after.len()).min();
        let best: Vec<(&str, &str)> = matching.filter(|(_, after)| Some(after.len()) == best).collect();
        match best.as_slice() {
            [(key, after)] => {
                path.push(Segment::from(*key));
                rest = after;
            }
            [] => {
                let word = rest.split("__").next().unwrap_or(rest).to_lowercase();
                let meant = did_you_mean(&word, candidates.iter().copied());
                let word = shown(&word);
                let (message, help) = match (is_section, path.as_slice()) {
                    (true, []) => (format!("a configuration has no key `{word}`{meant}"), "its keys are"),
                    (true, path) => (format!("`{}` has no key `{word}`{meant}", Path(path)), "its keys are"),
                    (false, path) => {
                        (format!("`{}` of this configuration has no `{word}`{meant}", Path(path)), "it has")
                    }
                };
                return Err(Finding::new(message).with_help(Some(format!("{help} {}", listed(candidates)))));
            }
            several => {
                let several = listed(several.iter().map(|(key, _)| *key));
                let message = format!("its name stands for {several} alike; set the key in the file instead");
                return Err(Finding::new(message));
            }
        }
    }
    Ok(path)
}

/// What is left of the name after the key, if the name starts with it.
fn after<'a>(name: &'a str, key: &str) -> Option<&'a str> {
    let start = name.get(..key.len())?;
    let same = |(a, b): (u8, u8)| {
        a.eq_ignore_ascii_case(&b) || (a == b'_' && !b.is_ascii_alphanumeric() && b.is_ascii())
    };
    if !start.bytes().zip(key.bytes()).all(same) {
        return None;
    }
    match &name[key.len()..] {
        "" => Some(""),
        rest => rest.strip_prefix("__").filter(|rest| !rest.is_empty()),
    }
}

fn keys_of<'a>(root: &'a Value, path: &[Segment]) -> Vec<&'a str> {
    match root.at(path) {
        Some(Value { kind: Kind::Table(entries), .. }) => {
            entries.iter().map(|entry| entry.key.as_str()).collect()
        }
        _ => Vec::new(),
    }
}

/// Puts the text at the path, and creates the sections on the way. Where a value stands in the way, it is left: it
/// is a mistake of its own.
fn put(root: &mut Value, path: &[Segment], text: String, origin: &Origin) {
    let toml = from_toml::value(&text, origin).map(Box::new);
    let mut value = Some(Value { kind: Kind::Variable { text, toml }, origin: origin.clone() });
    let mut place = root;
    for (position, segment) in path.iter().enumerate() {
        let Segment::Key(key) = segment else { return };
        // A section that another variable set as a whole becomes a table like any other.
        if let Kind::Variable { toml, .. } = &mut place.kind
            && let Some(section) = toml.take()
        {
            *place = *section;
        }
        if matches!(place.kind, Kind::Null) {
            *place = Value::table(origin.clone());
        }
        let Kind::Table(entries) = &mut place.kind else { return };
        let index = entries.iter().position(|entry| entry.key == *key).unwrap_or_else(|| {
            let value = Value::table(origin.clone());
            entries.push(Entry { key: key.clone(), key_origin: origin.clone(), value });
            entries.len() - 1
        });
        place = &mut entries[index].value;
        if position + 1 == path.len()
            && let Some(value) = value.take()
        {
            *place = value;
            return;
        }
    }
}
