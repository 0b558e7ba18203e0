//! From a file or a text to a checked configuration, or to everything that is wrong with it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{self, Path};
use std::sync::Arc;

use serde::Deserialize as _;

use super::deserialize::Reader;
use super::error::{ConfigError, Finding, MOST_FINDINGS};
use super::nearest::{did_you_mean, listed};
use super::source::{Source, shown};
use super::tree::{self, Origin, Segment, Value};
use super::validate::{self, Problem};
use super::{NodeConfig, SystemConfig, environment, from_json, from_toml};

impl SystemConfig {
    /// Reads a `.toml` or `.json` file, with the environment variables that override it, and checks it.
    ///
    /// A variable is named after the path of its key, with two underscores between the steps:
    /// `SYSTEMGE__NODES__LIFE__REQUESTS__TIMEOUT=3s` sets `timeout` in `[nodes.life.requests]`. Upper and lower
    /// case are the same, and `_` stands for `-` and `.` in the names of nodes. Its value is written as in TOML, where
    /// texts need no quotes.
    ///
    /// # Errors
    ///
    /// Every mistake in the file and in the variables, each with its place.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        file(path.as_ref(), std::env::vars_os())
    }

    /// Reads TOML and checks it; `source_name` is what messages call the text.
    ///
    /// Environment variables have no influence here.
    ///
    /// # Errors
    ///
    /// Every mistake in the text, each with its place.
    pub fn from_toml(text: &str, source_name: &str) -> Result<Self, ConfigError> {
        self::text(Language::Toml, source_name, text.to_owned(), std::iter::empty())
    }

    /// Reads JSON and checks it; `source_name` is what messages call the text. The keys are those of TOML.
    ///
    /// Environment variables have no influence here.
    ///
    /// # Errors
    ///
    /// Every mistake in the text, each with its place.
    pub fn from_json(text: &str, source_name: &str) -> Result<Self, ConfigError> {
        self::text(Language::Json, source_name, text.to_owned(), std::iter::empty())
    }

    /// Checks what types can't say: ranges, and values that must fit each other. A configuration that was read is
    /// checked already; this is for one that a program built or changed.
    ///
    /// # Errors
    ///
    /// Every mistake, with the path of its key.
    pub fn check(&self) -> Result<(), ConfigError> {
        outcome(validate::system(self))
    }

    /// The program has something that needs a section, which is not there.
    ///
    /// `why` is the first half of the sentence: "the application `gateway` has an HTTP component".
    pub(crate) fn missing_section(&self, section: &[&str], why: &str) -> ConfigError {
        let path: Vec<Segment> = section.iter().map(|key| Segment::from(*key)).collect();
        let name = tree::Path(&path).to_string();
        let finding = Finding::new(format!("{why}, but the section `[{name}]` is missing"));
        let finding = self.origin.place(finding, |root| root.nearest_origin(&path));
        ConfigError::MissingSection { section: name, finding: Box::new(finding) }
    }

    /// `[nodes.NAME]` is none of the nodes that the program has.
    pub(crate) fn unknown_node<'a>(
        &self,
        node: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
    ) -> ConfigError {
        let path = [Segment::from("nodes"), Segment::from(node)];
        let name = format!("[{}]", tree::Path(&path));
        self.stranger(node, &name, known, |root| root.key_origin(&path))
    }

    /// `[kinds.NAME]` is none of the kinds of nodes that the program makes.
    pub(crate) fn unknown_kind<'a>(
        &self,
        kind: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
    ) -> ConfigError {
        let path = [Segment::from("kinds"), Segment::from(kind)];
        let name = format!("[{}]", tree::Path(&path));
        let meant = did_you_mean(kind, known.clone());
        let message = format!("{name} names no kind of nodes that a spawner of this program makes{meant}");
        let has = format!("its kinds are {}", listed(known));
        let finding = Finding::new(message).with_help(Some(has));
        let finding = Box::new(self.origin.place(finding, |root| root.key_origin(&path)));
        ConfigError::UnknownKind { kind: kind.to_owned(), finding }
    }

    /// `run` names none of the nodes that the program has.
    pub(crate) fn unknown_node_to_run<'a>(
        &self,
        node: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
    ) -> ConfigError {
        let position = self.system.run.iter().flatten().position(|name| name == node);
        let list = [Segment::from("system"), Segment::from("run")];
        let name = format!("`{}` in `system.run`", shown(node));
        self.stranger(node, &name, known, |root| {
            let element = position.map(Segment::Index);
            let path: Vec<Segment> = list.iter().cloned().chain(element).collect();
            root.origin_of(&path).or_else(|| root.origin_of(&list))
        })
    }

    /// A key of `[nodes.NAME.tls]`, or of the `tls` of an entry of `listen` or `connect`, whose value turned out to be of
    /// no use.
    #[cfg(feature = "tls")]
    pub(crate) fn unusable_tls(
        &self,
        node: &str,
        entry: Option<(&str, usize)>,
        error: &crate::transport::tls::TlsError,
    ) -> ConfigError {
        let mut path = vec![Segment::from("nodes"), Segment::from(node)];
        if let Some((list, index)) = entry {
            path.extend([Segment::from(list), Segment::Index(index)]);
        }
        path.push("tls".into());
        let section = tree::Path(&path).to_string();
        path.push(error.key().into());
        let finding = Finding::new(format!("in `{section}`: {}", crate::error::chain(error)));
        ConfigError::Invalid(vec![
            self.origin.place(finding, |root| root.origin_of(&path).or_else(|| root.nearest_origin(&path))),
        ])
    }

    fn stranger<'a>(
        &self,
        node: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
        place: impl Fn(&Value) -> Option<&Origin>,
    ) -> ConfigError {
        let meant = did_you_mean(node, known.clone());
        let message = format!("{name} names no node of this program{meant}");
        let finding = Finding::new(message).with_help(Some(format!("the program has {}", listed(known))));
        let finding = Box::new(self.origin.place(finding, place));
        ConfigError::UnknownNode { node: node.to_owned(), finding }
    }
}

impl NodeConfig {
    /// Checks what types can't say: ranges, and values that must fit each other, and whether `name` can be the name of
    /// a node.
    ///
    /// # Errors
    ///
    /// Every mistake, with the path of its key.
    pub fn check(&self, name: &str) -> Result<(), ConfigError> {
        let mut problems = Vec::new();
        validate::node("nodes", name, self, &mut problems);
        outcome(problems)
    }
}

/// What a configuration was read from; equal to every other, since it is no part of what is configured.
#[derive(Debug, Clone, Default)]
pub(super) struct ReadFrom(Option<Arc<(Source, Value)>>);

impl ReadFrom {
    /// The text, and what is in it.
    #[cfg(feature = "dashboard")]
    pub(super) fn source(&self) -> Option<(&Source, &Value)> {
        self.0.as_deref().map(|(source, root)| (source, root))
    }

    fn place(&self, finding: Finding, place: impl Fn(&Value) -> Option<&Origin>) -> Finding {
        match self.0.as_deref() {
            Some((source, root)) => finding.at(source, place(root)),
            None => finding,
        }
    }
}

impl PartialEq for ReadFrom {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ReadFrom {}

#[derive(Debug, Clone, Copy)]
pub(super) enum Language {
    Toml,
    Json,
}

/// Reads a file; the environment is a parameter so that tests need not change that of the process.
pub(super) fn file(
    path: &Path,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<SystemConfig, ConfigError> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let language = match extension.to_ascii_lowercase().as_str() {
        "toml" => Language::Toml,
        "json" => Language::Json,
        _ => return Err(ConfigError::UnknownExtension { path: path.to_owned() }),
    };
    let absolute = path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let name = path.display().to_string();
    let bytes =
        read_bytes(&absolute).map_err(|source| ConfigError::Unreadable { path: absolute.clone(), source })?;
    if bytes.len() > LARGEST {
        return Err(ConfigError::TooLarge { name, limit: LARGEST });
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let source = Source { name: name.clone(), text };
        let finding = Finding::new("the file is not UTF-8");
        ConfigError::Invalid(vec![finding.at(&source, Some(&Origin::Text(valid..valid + 1)))])
    })?;
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    let mut config = self::text(language, &name, text, variables)?;
    config.folder = absolute.parent().map(Path::to_owned);
    Ok(config)
}

fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than allowed shows that it is too large, without reading all of it.
    File::open(path)?.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a text: the first mistake that serde meets is noted and passed over, until there is none left.
pub(super) fn text(
    language: Language,
    name: &str,
    text: String,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<SystemConfig, ConfigError> {
    if text.len() > LARGEST {
        return Err(ConfigError::TooLarge { name: name.to_owned(), limit: LARGEST });
    }
    let source = Source { name: name.to_owned(), text };
    let root = match language {
        Language::Toml => from_toml::read(&source),
        Language::Json => from_json::read(&source),
    };
    let mut root = root.map_err(ConfigError::Invalid)?;
    let mut findings = environment::apply(&mut root, variables, &source);

    let mut config = loop {
        match SystemConfig::deserialize(Reader(&root)) {
            Ok(config) => break config,
            Err(mistake) => {
                let path = mistake.path();
                let origin = if mistake.on_key { root.key_origin(&path) } else { root.origin_of(&path) };
                // Inside the text of a variable, only the variable has a place.
                let origin = origin.or_else(|| root.nearest_origin(&path));
                // a key that is there and was reported is passed over; nothing follows from that
                if !mistake.missing().is_some_and(|path| root.is_reported(&path)) {
                    findings.push(mistake.finding().at(&source, origin));
                }
                if path.is_empty() || !root.report(&path) || findings.len() >= MOST_FINDINGS {
                    return Err(invalid(findings));
                }
            }
        }
    };

    for problem in validate::system(&config) {
        // To find the place of each of a hundred thousand would take minutes.
        if findings.len() >= MOST_FINDINGS {
            break;
        }
        let paths: Vec<_> = problem.paths.iter().map(|path| root.path_of(path)).collect();
        // Nothing follows from a value that could not be read.
        if paths.iter().any(|path| root.is_reported(path)) {
            continue;
        }
        let place = paths
            .iter()
            .find_map(|path| if problem.on_key { root.key_origin(path) } else { root.origin_of(path) });
        let nearest = || paths.first().and_then(|path| root.nearest_origin(path));
        findings.push(finding(&problem).at(&source, place.or_else(nearest)));
    }
    if !findings.is_empty() {
        return Err(invalid(findings));
    }
    config.origin = ReadFrom(Some(Arc::new((source, root))));
    Ok(config)
}

fn finding(problem: &Problem) -> Finding {
    Finding::new(problem.message.as_str()).with_help(problem.help.clone())
}

fn invalid(mut findings: Vec<Finding>) -> ConfigError {
    findings.sort_by_key(Finding::order);
    findings.truncate(MOST_FINDINGS);
    ConfigError::Invalid(findings)
}

fn outcome(problems: Vec<Problem>) -> Result<(), ConfigError> {
    if problems.is_empty() { Ok(()) } else { Err(invalid(problems.iter().map(finding).collect())) }
}

/// The largest accepted text, in bytes.
pub(super) const LARGEST: usize = 512 * 1024;
