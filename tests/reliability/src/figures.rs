//! What a proof has measured, and whether that is what was promised.

use std::fmt;
use std::time::Instant;

/// How much of a proof is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are two forms")]
pub enum Scale {
    /// Some seconds, for every change.
    Short,
    /// What the claim says.
    Full,
}

impl Scale {
    /// The one value in the short form, the other in the full one.
    #[must_use]
    pub fn pick<T>(self, short: T, full: T) -> T {
        match self {
            Self::Short => short,
            Self::Full => full,
        }
    }
}

/// What a proof has measured.
#[derive(Debug, Default)]
pub struct Figures {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    what: String,
    value: String,
    /// What was promised, and whether it held; nothing where the figure is only worth knowing.
    promise: Option<(String, bool)>,
}

impl Figures {
    /// A figure that is worth knowing.
    pub fn note(&mut self, what: impl Into<String>, value: impl fmt::Display) {
        self.rows.push(Row { what: what.into(), value: value.to_string(), promise: None });
    }

    /// A figure that was promised.
    pub fn check(
        &mut self,
        what: impl Into<String>,
        value: impl fmt::Display,
        promise: impl fmt::Display,
        holds: bool,
    ) {
        let promise = Some((promise.to_string(), holds));
        self.rows.push(Row { what: what.into(), value: value.to_string(), promise });
    }

    /// Whether everything that was promised held.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.rows.iter().all(|row| row.promise.as_ref().is_none_or(|(_, holds)| *holds))
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| figure | measured | promised | |\n| --- | --- | --- | --- |")?;
        for Row { what, value, promise } in &self.rows {
            match promise {
                Some((promise, holds)) => {
                    let holds = if *holds { "holds" } else { "**FAILS**" };
                    writeln!(f, "| {what} | {value} | {promise} | {holds} |")?;
                }
                None => writeln!(f, "| {what} | {value} | | |")?,
            }
        }
        Ok(())
    }
}

/// Runs a proof on a runtime of its own.
pub fn collect(proof: impl AsyncFnOnce(&mut Figures)) -> Figures {
    let mut figures = Figures::default();
    let started = Instant::now();
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            runtime.block_on(proof(&mut figures));
            runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        }
        Err(error) => figures.check("a runtime", error, "can be made", false),
    }
    figures.note("time taken", format!("{:.1} s", started.elapsed().as_secs_f64()));
    figures
}
