//! Files that log lines are written to.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::units;

/// A file that log lines are written to: `[[system.log_files]]`, `[[nodes.NAME.log_files]]` (feature `logging`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LogFileConfig {
    /// The file; relative ones start at the folder of this configuration. Folders that are not there are made. `{node}`
    /// stands for the name of the node. Needed.
    pub file: PathBuf,
    /// Which lines are written: a level, or directives such as `"info,systemge=debug"`. Default: `"info"`.
    pub level: String,
    /// How lines are written. Default: `"text"`.
    pub format: LogFormat,
    /// How large the file may get before it is set aside and a new one begun. Default: 16777216 (16 MiB).
    #[serde(deserialize_with = "units::bytes")]
    pub max_bytes: usize,
    /// How old the file may get before it is set aside and a new one begun. Default: `"0s"`, any age.
    #[serde(deserialize_with = "units::duration")]
    pub max_age: Duration,
    /// How many files that were set aside are kept, as `FILE.1` (the youngest) and so on. Default: 7.
    pub keep: usize,
}

impl Default for LogFileConfig {
    fn default() -> Self {
        Self {
            file: PathBuf::new(),
            level: "info".to_owned(),
            format: LogFormat::Text,
            max_bytes: 16 * 1024 * 1024,
            max_age: Duration::ZERO,
            keep: 7,
        }
    }
}

/// How log lines are written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One line for people: time, level, where it comes from, what it says, its fields.
    #[default]
    Text,
    /// One JSON object per line: `time`, `level`, `target`, `message`, `fields`.
    Json,
}
