//! Lines that are carried out again and again: `every 5s @life randomize 30`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{LineError, execute, words};
use crate::system::Running;

/// The schedules of a system.
#[derive(Debug, Default)]
pub(crate) struct Schedules(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The last number that was given.
    last: u64,
    entries: BTreeMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    interval: Duration,
    line: String,
    runs: u64,
    failures: u64,
    stop: CancellationToken,
}

impl Schedules {
    fn lock(&self) -> MutexGuard<'_, State> {
        // nothing that panics runs under this lock, so that there is nothing to mend
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The numbers of the schedules.
    pub(super) fn numbers(&self) -> Vec<u64> {
        self.lock().entries.keys().copied().collect()
    }

    fn list(&self) -> String {
        let state = self.lock();
        let line = |(number, entry): (&u64, &Entry)| {
            let Entry { interval, line, runs, failures, .. } = entry;
            let failed = if *failures > 0 { format!(", {failures} failed") } else { String::new() };
            format!("{number}  every {}  {line}  ({runs} runs{failed})", shown(*interval))
        };
        let lines: Vec<String> = state.entries.iter().map(line).collect();
        if lines.is_empty() { "nothing is scheduled".to_owned() } else { lines.join("\n") }
    }

    fn add(&self, interval: Duration, line: &str, stop: CancellationToken) -> Result<u64, LineError> {
        let mut state = self.lock();
        if state.entries.len() >= MOST {
            return Err(LineError::TooManySchedules(MOST));
        }
        state.last += 1;
        let number = state.last;
        let entry = Entry { interval, line: line.to_owned(), runs: 0, failures: 0, stop };
        state.entries.insert(number, entry);
        Ok(number)
    }

    fn ran(&self, number: u64, failed: bool) {
        if let Some(entry) = self.lock().entries.get_mut(&number) {
            entry.runs += 1;
            entry.failures += u64::from(failed);
        }
    }

    /// Stops a schedule; returns its line.
    fn stop(&self, number: u64) -> Option<String> {
        let entry = self.lock().entries.remove(&number)?;
        entry.stop.cancel();
        Some(entry.line)
    }
}

/// Carries out what follows `every`: nothing lists the schedules, `stop N` ends one, and an interval and a line begin
/// one.
pub(super) fn every(system: &Running, rest: &str) -> Result<String, LineError> {
    let schedules = system.schedules();
    let (first, line) = words::first(rest);
    match (first, line.trim_end()) {
        ("", _) => Ok(schedules.list()),
        ("stop", numbers) => {
            let numbers: Vec<u64> = match numbers {
                "*" => schedules.numbers(),
                numbers => {
                    let number = numbers.parse().map_err(|_| LineError::Usage {
                        word: "every stop",
                        takes: "the number of a schedule, or `*`; `every` lists them",
                    })?;
                    vec![number]
                }
            };
            let mut stopped = Vec::new();
            for number in numbers {
                let line = schedules.stop(number).ok_or(LineError::UnknownSchedule(number))?;
                stopped.push(format!("no longer: {line}"));
            }
            Ok(stopped.join("\n"))
        }
        (interval, line) => {
            let wrong = || LineError::Interval(interval.to_owned());
            let interval = humantime_serde::re::humantime::parse_duration(interval).map_err(|_| wrong())?;
            if !(SHORTEST..=LONGEST).contains(&interval) {
                return Err(wrong());
            }
            let (_, command) = words::reversed(line);
            let (command, _) = words::first(command);
            if command.is_empty() || command == "every" {
                return Err(LineError::Usage {
                    word: "every",
                    takes: "an interval and a line, `every 5s nodes`",
                });
            }
            // a quote that is not closed would be one every time
            words::split(line)?;
            let stop = CancellationToken::new();
            let number = schedules.add(interval, line, stop.clone())?;
            system.spawn(repeat(system.clone(), number, interval, line.to_owned(), stop));
            Ok(format!("{number}  every {}  {line}", shown(interval)))
        }
    }
}

/// Carries out a line again and again until its schedule or the system ends. A run that takes longer than the interval
/// delays the next.
fn repeat(
    system: Running,
    number: u64,
    interval: Duration,
    line: String,
    stop: CancellationToken,
) -> BoxFuture<'static, ()> {
    async move {
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + interval, interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = system.finished() => return,
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let answer = tokio::select! {
                answer = execute(&system, &line) => answer,
                // a line that doesn't end must not keep the system from ending
                () = system.finished() => return,
            };
            system.schedules().ran(number, answer.is_err());
            let line: &str = &line;
            match answer {
                Ok(answer) => tracing::info!(schedule = number, line, answer),
                Err(error) => {
                    let error = crate::error::chain(&error);
                    tracing::warn!(schedule = number, line, error, "a scheduled line failed");
                }
            }
        }
    }
    .boxed()
}

fn shown(interval: Duration) -> String {
    humantime_serde::re::humantime::format_duration(interval).to_string()
}

/// More is a mistake, most likely.
const MOST: usize = 64;

/// A person's schedule, and not a load test.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
