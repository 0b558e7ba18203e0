//! Log lines on standard error, for programs that set up no subscriber of their own.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Writes log lines to standard error as `RUST_LOG` says, else as `log` says, else from `info` on.
///
/// A subscriber that the program set up before stays in place. Colours are used on a terminal only, and not where the
/// environment has `NO_COLOR`.
pub(crate) fn init(log: Option<&str>) {
    let variable = std::env::var(EnvFilter::DEFAULT_ENV).ok();
    let (filter, refused) = filter(variable.as_deref(), log);
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let installed = fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal() && !no_color)
        .finish()
        .try_init()
        .is_ok();
    if let (true, Some(error)) = (installed, refused) {
        tracing::warn!(%error, "RUST_LOG holds no log directives; it is left aside");
    }
}

/// Whether the text can be used as `log`.
pub(crate) fn check(log: &str) -> Result<(), ParseError> {
    EnvFilter::builder().parse(log).map(|_| ())
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
