//! Proofs that systemge keeps what it promises, under load, faults and garbage, each with its figures.
//!
//! `reliability [--short] NAME…` runs those proofs, `all` runs every one; the exit code says whether all held. The
//! short form takes seconds and runs in `.ci/run`, the full form is for `.ci/long`. `docs/reliability.md` has the
//! figures of the last full run.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::process::ExitCode;

use reliability::child;
use reliability::figures::{self, Figures, Scale};

/// A claim, and the program that tries to refute it.
struct Proof {
    name: &'static str,
    claim: &'static str,
    run: fn(Scale) -> Figures,
}

/// The proofs: each is a module with `CLAIM` and `async fn run(scale: Scale, figures: &mut Figures)`.
macro_rules! proofs {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*

        const PROOFS: &[Proof] = &[$(Proof {
            name: stringify!($name),
            claim: $name::CLAIM,
            run: |scale| figures::collect(async |figures| $name::run(scale, figures).await),
        }),*];
    };
}

proofs! { killed, accounted, rolling, half_open, lives, handshakes, flood, stalled, moved, soak, browsers }

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((child::FLAG, rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return child::run(rest);
    }
    if let Some((moved::FLAG, rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return moved::dial(rest);
    }
    let scale =
        if arguments.iter().any(|argument| argument == "--short") { Scale::Short } else { Scale::Full };
    let names: Vec<&str> = arguments.iter().map(String::as_str).filter(|name| *name != "--short").collect();
    let wanted = |proof: &&Proof| names.contains(&"all") || names.contains(&proof.name);
    let unknown =
        names.iter().find(|name| **name != "all" && PROOFS.iter().all(|proof| proof.name != **name));
    if names.is_empty() || unknown.is_some() {
        let known: Vec<&str> = PROOFS.iter().map(|proof| proof.name).collect();
        eprintln!("usage: reliability [--short] all | NAME…, of {}", known.join(", "));
        return ExitCode::FAILURE;
    }
    let mut held = true;
    for proof in PROOFS.iter().filter(wanted) {
        println!("## {}\n\n{}\n", proof.name, proof.claim);
        let figures = (proof.run)(scale);
        println!("{figures}");
        held &= figures.hold();
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
