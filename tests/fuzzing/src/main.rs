//! `fuzzing TARGET CASES [SEED]` runs so many cases; `fuzzing TARGET FILE` runs one again; `fuzzing --corpus` writes the
//! corpus anew.
//!
//! A case fails if it panics, takes longer than a second, or takes more memory at the same time than the target's limit;
//! its input is then written to `fuzz/artifacts`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fuzzing::engine::Engine;
use fuzzing::{TARGETS, Target, seeds};

/// How long a case may take.
const PATIENCE: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["--corpus"] => write_corpus().map(|()| true),
        [name, cases, ref rest @ ..] => match TARGETS.iter().find(|target| target.name == name) {
            Some(target) => match (cases.parse(), rest.first().map_or(Ok(1), |seed| seed.parse())) {
                (Ok(cases), Ok(seed)) => fuzz(*target, cases, seed),
                _ => again(*target, Path::new(cases)),
            },
            None => return usage(),
        },
        _ => return usage(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    eprintln!(
        "usage: fuzzing TARGET CASES [SEED] | TARGET FILE | --corpus, where TARGET is one of {}",
        names.join(", ")
    );
    ExitCode::FAILURE
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(name)
}

fn write_corpus() -> io::Result<()> {
    for target in TARGETS {
        let folder = folder("corpus").join(target.name);
        std::fs::create_dir_all(&folder)?;
        for (name, input) in seeds::of(target.name) {
            std::fs::write(folder.join(name), input)?;
        }
    }
    Ok(())
}

fn corpus(target: Target) -> io::Result<Vec<Vec<u8>>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder("corpus").join(target.name))?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    paths.sort();
    paths.into_iter().map(std::fs::read).collect()
}

/// What a case took.
struct Taken {
    number: u64,
    time: Duration,
    memory: u64,
}

/// Runs a case; a panic goes on.
fn run(target: Target, input: &[u8]) -> Taken {
    let began = Instant::now();
    let mut number = 0;
    let memory = allocation_counter::measure(|| number = (target.run)(input));
    Taken { number, time: began.elapsed(), memory: memory.bytes_max }
}

fn limit(target: Target, input: &[u8]) -> u64 {
    target.memory.0 + target.memory.1 * input.len() as u64
}

fn again(target: Target, path: &Path) -> io::Result<bool> {
    let input = std::fs::read(path)?;
    let taken = run(target, &input);
    let limit = limit(target, &input);
    println!(
        "{} bytes took {:?} and at most {} bytes at the same time; the limit is {limit}",
        input.len(),
        taken.time,
        taken.memory
    );
    Ok(taken.memory <= limit && taken.time <= PATIENCE)
}

/// What the watchdog sees: the case that runs, and since when.
type Current = Arc<Mutex<(Vec<u8>, Instant)>>;

fn fuzz(target: Target, cases: u64, seed: u64) -> io::Result<bool> {
    let inputs = corpus(target)?;
    // what a thread sets up once is no part of a case
    for input in &inputs {
        run(target, input);
    }
    let known = inputs.len();
    let mut engine = Engine::new(target, inputs, seed);
    let current: Current = Arc::new(Mutex::new((Vec::new(), Instant::now())));
    watch(target, current.clone());
    let began = Instant::now();
    let (mut longest, mut most, mut bytes) = (Duration::ZERO, 0, 0);
    let mut failed = 0_u32;
    for _ in 0..cases {
        let input = engine.next_input().to_vec();
        bytes += input.len() as u64;
        {
            let mut current = lock(&current);
            current.0.clone_from(&input);
            current.1 = Instant::now();
        }
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(target, &input)));
        let why = match &ran {
            Err(_) => Some("it panics"),
            Ok(taken) if taken.memory > limit(target, &input) => Some("it takes too much memory"),
            // measured once more: another program may have had the processor
            Ok(taken) if taken.time > PATIENCE && run(target, &input).time > PATIENCE => {
                Some("it takes too long")
            }
            Ok(_) => None,
        };
        if let Some(why) = why {
            report(target, &input, why)?;
            failed += 1;
            if failed == 10 {
                break;
            }
        }
        if let Ok(taken) = ran {
            longest = longest.max(taken.time);
            most = most.max(taken.memory);
            engine.came_of_it(taken.number);
        }
    }
    let took = began.elapsed();
    println!(
        "{}: {cases} cases from {known} of the corpus, {bytes} bytes in all, in {:.0} s ({:.0} per second); {} kinds of \
         cases; longest {longest:?}, most memory {most} bytes; {failed} failed",
        target.name,
        took.as_secs_f64(),
        cases as f64 / took.as_secs_f64(),
        engine.kinds(),
    );
    Ok(failed == 0)
}

/// Keeps an input that fails.
fn report(target: Target, input: &[u8], why: &str) -> io::Result<()> {
    let folder = folder("artifacts").join(target.name);
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!(
        "{:016x}",
        input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
        })
    ));
    std::fs::write(&path, input)?;
    println!(
        "{}: {why}; to see it again: cargo run --profile simulation -p fuzzing -- {} {}",
        target.name,
        target.name,
        path.display()
    );
    Ok(())
}

/// Ends the program if a case does not end.
fn watch(target: Target, current: Current) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(5));
            let (input, since) = lock(&current).clone();
            if since.elapsed() > 30 * PATIENCE {
                // best effort: the program ends anyway
                let _ = report(target, &input, "it does not end");
                std::process::exit(1);
            }
        }
    });
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
