//! Log lines on standard error and in files, for programs that set up no subscriber of their own.

mod files;
mod format;
mod queue;
mod rotation;

use std::io::{self, IsTerminal as _};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

pub(crate) use self::files::LogFileError;
use self::files::{Files, FilesLayer, WantedByFiles};
use self::queue::{Queue, Sink, Target};
use crate::config::{LogFileConfig, SystemConfig};

/// The files that this process logs to, once it does: there is one subscriber in a process.
static FILES: OnceLock<Arc<Files>> = OnceLock::new();

/// Writes log lines to standard error as `RUST_LOG` says, else as `system.log` says, else from `info` on; and to the
/// files of the configuration.
///
/// A subscriber that the program set up before stays in place, and nothing is written to files. Colours are used on a
/// terminal only, and not where the environment has `NO_COLOR`.
///
/// # Errors
///
/// If a file of the system can't be opened. The operator's mistake, or the machine's state.
pub(crate) fn init(config: &SystemConfig) -> Result<(), LogFileError> {
    let wants_files = !config.system.log_files.is_empty()
        || config.nodes.values().chain(config.kinds.values()).any(|node| !node.log_files.is_empty());
    if tracing::dispatcher::has_been_set() {
        if wants_files && FILES.get().is_none() {
            tracing::warn!(
                "the program logs in its own way; `log_files` of the configuration are left aside"
            );
        }
        return Ok(());
    }
    let variable = std::env::var(EnvFilter::DEFAULT_ENV).ok();
    let (filter, refused) = filter(variable.as_deref(), config.system.log.as_deref());
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let queue = Queue::start().map_err(LogFileError::thread)?;
    let files = Arc::new(Files::new(queue, config.folder.as_deref(), &config.system.log_files)?);
    let console =
        Console { files: files.clone(), sink: Sink::new(Target::Console, "standard error".to_owned()) };
    let seen = fmt::layer()
        .with_writer(console)
        .with_ansi(io::stderr().is_terminal() && !no_color)
        .with_filter(filter);
    let kept = FilesLayer(files.clone()).with_filter(WantedByFiles(files.clone()));
    let installed = tracing_subscriber::registry().with(seen).with(kept).try_init().is_ok();
    if installed {
        let _ = FILES.set(files);
    }
    if let (true, Some(error)) = (installed, refused) {
        tracing::warn!(%error, "RUST_LOG holds no log directives; it is left aside");
    }
    Ok(())
}

/// Opens the log files of a node; does nothing in a program that logs in its own way.
pub(crate) fn attach(node: &str, files: &[LogFileConfig]) -> Result<(), LogFileError> {
    FILES.get().map_or(Ok(()), |all| all.attach(node, files))
}

/// The node is gone, and its log files with it.
pub(crate) fn detach(node: &str) {
    if let Some(files) = FILES.get() {
        files.detach(node);
    }
}

/// Waits until what was logged is written, at most a few seconds.
pub(crate) fn flush() {
    if let Some(files) = FILES.get() {
        files.flush(FLUSH);
    }
}

/// Whether the text can be used as `log`.
pub(crate) fn check(log: &str) -> Result<(), ParseError> {
    EnvFilter::builder().parse(log).map(|_| ())
}

/// Whether the text can be used as the `level` of a file.
pub(crate) fn check_level(level: &str) -> Result<(), ParseError> {
    level.parse::<Targets>().map(|_| ())
}

/// Where a person sees log lines: standard error; above the line that is being typed, where one is.
struct Console {
    files: Arc<Files>,
    sink: Arc<Sink>,
}

impl<'a> MakeWriter<'a> for Console {
    type Writer = ConsoleLine<'a>;

    fn make_writer(&'a self) -> ConsoleLine<'a> {
        ConsoleLine(self)
    }
}

struct ConsoleLine<'a>(&'a Console);

impl io::Write for ConsoleLine<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if crate::console::is_typed_at() {
            // the terminal may be waited for, which only the thread of the queue may do
            self.0.files.push(&self.0.sink, String::from_utf8_lossy(line).into_owned());
            Ok(line.len())
        } else {
            io::stderr().lock().write(line)
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

/// The filter, and why the variable was refused.
fn filter(variable: Option<&str>, log: Option<&str>) -> (EnvFilter, Option<ParseError>) {
    let parse = |text: &str| EnvFilter::builder().parse(text);
    let (from_variable, refused) = match variable.filter(|text| !text.trim().is_empty()).map(parse) {
        Some(Ok(filter)) => (Some(filter), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    // The configuration is checked when it is read; one that a program built may still be wrong.
    let filter = from_variable
        .or_else(|| log.and_then(|text| parse(text).ok()))
        .unwrap_or_else(|| EnvFilter::new(DEFAULT));
    (filter, refused)
}

const DEFAULT: &str = "info";

/// How long a program that ends waits for its log lines to be written.
const FLUSH: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_goes_before_the_configuration_and_this_before_the_default() {
        let check = |variable: Option<&str>, log: Option<&str>, expected: &str, refused: bool| {
            let (filter, error) = filter(variable, log);
            assert_eq!((filter.to_string().as_str(), error.is_some()), (expected, refused));
        };
        check(None, None, "info", false);
        check(None, Some("debug"), "debug", false);
        check(Some("trace"), Some("debug"), "trace", false);
        check(Some(" "), Some("debug"), "debug", false);
        check(Some("systemge=loud"), Some("debug"), "debug", true);
        check(Some("systemge=loud"), Some("a=b=c"), "info", true);
    }
}
