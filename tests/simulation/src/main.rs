//! `simulation`: runs many seeds, or one.
//!
//! - `simulation SEEDS` runs so many seeds from 0, on all cores, and stops at the first that breaks an invariant.
//! - `simulation FIRST..END` runs those.
//! - `simulation --seed SEED` runs one, and prints all that happens.
//! - `--seconds S` ends after that time, if the seeds are not done before.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use simulation::{Report, run};

/// After how long a seed that does not end is taken for one that never will.
const STUCK: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match parse(&arguments) {
        Some(Wanted::One(seed)) => one(seed),
        Some(Wanted::Many { seeds, time }) => many(seeds, time),
        None => {
            eprintln!("usage: simulation [--seconds S] SEEDS | FIRST..END, or simulation --seed SEED");
            ExitCode::FAILURE
        }
    }
}

enum Wanted {
    One(u64),
    Many { seeds: Range<u64>, time: Option<Duration> },
}

fn parse(arguments: &[String]) -> Option<Wanted> {
    let mut arguments = arguments.iter().map(String::as_str);
    let (mut time, mut wanted) = (None, None);
    while let Some(argument) = arguments.next() {
        match argument {
            "--seed" => return Some(Wanted::One(arguments.next()?.parse().ok()?)),
            "--seconds" => time = Some(Duration::from_secs(arguments.next()?.parse().ok()?)),
            range => {
                wanted = Some(match range.split_once("..") {
                    Some((first, end)) => first.parse().ok()?..end.parse().ok()?,
                    None => 0..range.parse().ok()?,
                });
            }
        }
    }
    wanted.map(|seeds| Wanted::Many { seeds, time })
}

fn one(seed: u64) -> ExitCode {
    // what the nodes have to say stands among the events
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .without_time()
        .with_ansi(false)
        .init();
    let report = run(seed, true);
    println!("digest {:016x}, {} events, {:?}", report.digest, report.events, report.figures);
    verdict(&report)
}

fn verdict(report: &Report) -> ExitCode {
    let Some(violation) = &report.violation else { return ExitCode::SUCCESS };
    println!("seed {} breaks {:?}: {}", report.seed, violation.invariant, violation.what);
    ExitCode::FAILURE
}

fn many(seeds: Range<u64>, time: Option<Duration>) -> ExitCode {
    let began = Instant::now();
    let next = AtomicU64::new(seeds.start);
    let failed: Mutex<Option<Report>> = Mutex::new(None);
    let totals = Mutex::new(Totals::default());
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        for _ in 0..jobs {
            workers.push(scope.spawn(|| {
                loop {
                    let over = time.is_some_and(|time| began.elapsed() > time);
                    if over || lock(&failed).is_some() {
                        return;
                    }
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let watch = Stuck::watch(seed);
                    let report = run(seed, false);
                    watch.done();
                    lock(&totals).add(&report);
                    if report.violation.is_some() {
                        lock(&failed).get_or_insert(report);
                    }
                }
            }));
        }
    });
    let (totals, took) = (lock(&totals), began.elapsed().as_secs_f64());
    println!(
        "{} seeds in {took:.1} s on {jobs} cores, {:.0} per second; {} events, {} requests ({} responses, {} other \
         outcomes), {} messages sent and {} delivered, {} faults",
        totals.seeds,
        totals.seeds as f64 / took,
        totals.events,
        totals.requests,
        totals.answered,
        totals.failed,
        totals.sent,
        totals.delivered,
        totals.faults,
    );
    match &*lock(&failed) {
        Some(report) => {
            let verdict = verdict(report);
            println!(
                "to see it again: cargo run --profile simulation -p simulation -- --seed {}",
                report.seed
            );
            verdict
        }
        None => ExitCode::SUCCESS,
    }
}

/// What all runs together did.
#[derive(Debug, Default)]
struct Totals {
    seeds: u64,
    events: u64,
    requests: u64,
    answered: u64,
    failed: u64,
    sent: u64,
    delivered: u64,
    faults: u64,
}

impl Totals {
    fn add(&mut self, report: &Report) {
        let figures = &report.figures;
        self.seeds += 1;
        self.events += report.events;
        self.requests += figures.requests;
        self.answered += figures.answered;
        self.failed += figures.failed;
        self.sent += figures.sent;
        self.delivered += figures.delivered;
        self.faults += figures.faults;
    }
}

/// Ends the program when a run does not end: its clock stands still, or its thread never waits.
struct Stuck(std::sync::mpsc::Sender<()>);

impl Stuck {
    fn watch(seed: u64) -> Self {
        let (done, waits) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            if waits.recv_timeout(STUCK) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                println!("seed {seed} breaks RequestsEnd: it is not done after {STUCK:?} of real time");
                println!("to see it again: cargo run --profile simulation -p simulation -- --seed {seed}");
                std::process::exit(1);
            }
        });
        Self(done)
    }

    fn done(self) {
        // whoever watches has nothing to wait for when this is gone
        drop(self.0);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
