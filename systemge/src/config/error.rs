//! What is wrong with a configuration, and where.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::source::Source;
use super::tree::Origin;

/// Why a configuration can't be used. The operator's mistake; its text is written for the operator, shows the
/// line with a caret where there is one, and may span several lines.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file can't be read.
    #[error("the configuration file `{}` can't be read", path.display())]
    Unreadable {
        /// The absolute path that was tried.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The name of the file does not say what language it is written in.
    #[error("`{}` is neither a `.toml` nor a `.json` file; the extension decides how a configuration is read", path.display())]
    UnknownExtension {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The file is larger than any configuration.
    #[error("the configuration `{name}` is larger than {limit} bytes")]
    TooLarge {
        /// The name of the file.
        name: String,
        /// The largest accepted size, in bytes.
        limit: usize,
    },
    /// The text has mistakes: all that were found (at most 25), in the order of the text.
    #[error("{}", Listed(.0))]
    Invalid(Vec<Finding>),
    /// The program needs a section that is not there.
    #[error("{finding}")]
    MissingSection {
        /// The missing section, such as `nodes.gateway.http`.
        section: String,
        /// The whole finding.
        finding: Box<Finding>,
    },
    /// The configuration names a node that the program does not have.
    #[error("{finding}")]
    UnknownNode {
        /// The name that the program does not know.
        node: String,
        /// The whole finding.
        finding: Box<Finding>,
    },
    /// A kind of nodes that no spawner of the program makes. The operator's mistake.
    #[error("{finding}")]
    UnknownKind {
        /// The name that the program does not know.
        kind: String,
        /// The whole finding.
        finding: Box<Finding>,
    },
}

impl ConfigError {
    /// What was found, each with its place; empty where the text could not even be read.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Invalid(findings) => findings,
            Self::MissingSection { finding, .. }
            | Self::UnknownNode { finding, .. }
            | Self::UnknownKind { finding, .. } => std::slice::from_ref(finding),
            Self::Unreadable { .. } | Self::UnknownExtension { .. } | Self::TooLarge { .. } => &[],
        }
    }
}

/// One mistake in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    message: String,
    help: Option<String>,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Nowhere: the configuration was built by the program, or lacks something.
    Nowhere,
    /// In the named file, but not at a line of it.
    File(String),
    Text {
        file: String,
        line: usize,
        column: usize,
        excerpt: String,
        offset: usize,
    },
    Variable(String),
}

impl Finding {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, place: Place::Nowhere }
    }

    pub(super) fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    pub(super) fn at(mut self, source: &Source, origin: Option<&Origin>) -> Self {
        self.place = match origin {
            None => Place::File(source.name.clone()),
            Some(Origin::Variable(name)) => Place::Variable(name.to_string()),
            Some(Origin::Text(range)) => {
                let (line, column) = source.line_and_column(range.start);
                let excerpt = source.excerpt(range);
                Place::Text { file: source.name.clone(), line, column, excerpt, offset: range.start }
            }
        };
        self
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do instead, or what is allowed.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The name of the file.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match &self.place {
            Place::File(file) | Place::Text { file, .. } => Some(file),
            Place::Nowhere | Place::Variable(_) => None,
        }
    }

    /// The line, from 1.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        if let Place::Text { line, .. } = self.place { Some(line) } else { None }
    }

    /// The column, from 1, in characters.
    #[must_use]
    pub const fn column(&self) -> Option<usize> {
        if let Place::Text { column, .. } = self.place { Some(column) } else { None }
    }

    /// The environment variable that holds the mistake.
    #[must_use]
    pub fn variable(&self) -> Option<&str> {
        if let Place::Variable(name) = &self.place { Some(name) } else { None }
    }

    /// Findings are listed as the text runs; those without a place in it come last.
    pub(super) fn order(&self) -> usize {
        if let Place::Text { offset, .. } = self.place { offset } else { usize::MAX }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Nowhere => write!(f, "{}", self.message)?,
            Place::File(file) => write!(f, "{file}: {}", self.message)?,
            Place::Variable(name) => write!(f, "environment variable `{name}`: {}", self.message)?,
            Place::Text { file, line, column, excerpt, .. } => {
                write!(f, "{file}:{line}:{column}: {}\n{}", self.message, excerpt.trim_end_matches('\n'))?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n  = {help}")?;
        }
        Ok(())
    }
}

struct Listed<'a>(&'a [Finding]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.0 {
            return write!(f, "{only}");
        }
        let at_least = if self.0.len() >= MOST_FINDINGS { "at least " } else { "" };
        write!(f, "the configuration has {at_least}{} mistakes", self.0.len())?;
        for finding in self.0 {
            write!(f, "\n\n{finding}")?;
        }
        Ok(())
    }
}

/// How many mistakes are collected before the reader gives up.
pub(super) const MOST_FINDINGS: usize = 25;
