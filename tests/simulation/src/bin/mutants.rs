//! `mutants [SEEDS]`: puts mistakes into a copy of the library, one at a time, and runs the simulation until it notices.
//!
//! Prints which seed caught which mutant, and fails if one lives through all seeds (10,000, unless told otherwise). The
//! copy and what is built from it stay in `target/mutants`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use simulation::mutants::{MUTANTS, SWITCH, copy, inject};

/// What the simulation is built from.
const PARTS: [&str; 4] = ["systemge", "systemge-macros", "systemge-codegen", "tests/simulation"];

fn main() -> ExitCode {
    let seeds = std::env::args().nth(1).unwrap_or_else(|| "10000".to_owned());
    match build().and_then(|program| run(&program, &seeds)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Builds the simulation with all mutants in it, none of which is switched on.
fn build() -> io::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mutants = root.join("target/mutants");
    let tree = mutants.join("tree");
    if tree.exists() {
        std::fs::remove_dir_all(&tree)?;
    }
    for part in PARTS {
        copy(&root.join(part), &tree.join(part))?;
    }
    inject(&tree.join("systemge"))?;
    let manifest: String = std::fs::read_to_string(root.join("Cargo.toml"))?
        .lines()
        .filter(|line| !line.starts_with("exclude = "))
        .map(|line| {
            if line.starts_with("members = ") {
                format!("members = {PARTS:?}\n")
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    std::fs::write(tree.join("Cargo.toml"), manifest)?;
    std::fs::copy(root.join("Cargo.lock"), tree.join("Cargo.lock"))?;
    let target = mutants.join("build");
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "build",
            "--quiet",
            "--profile",
            "simulation",
            "--package",
            "simulation",
            "--bin",
            "simulation",
        ])
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTFLAGS", "--cap-lints allow")
        .current_dir(&tree)
        .status()?;
    if !built.success() {
        return Err(io::Error::other("the copy with the mutants does not compile"));
    }
    Ok(target.join("simulation/simulation"))
}

/// Runs the simulation with each mutant; whether all were caught.
fn run(program: &Path, seeds: &str) -> io::Result<bool> {
    println!("| mutant | caught by | what it broke | time |\n| --- | --- | --- | --- |");
    let mut lived = 0;
    for (place, mutant) in MUTANTS.iter().enumerate() {
        let began = Instant::now();
        let output = Command::new(program).arg(seeds).env(SWITCH, place.to_string()).output()?;
        let took = began.elapsed().as_secs_f64();
        let output = String::from_utf8_lossy(&output.stdout);
        let caught = output.lines().find_map(|line| {
            let (seed, broke) = line.strip_prefix("seed ")?.split_once(" breaks ")?;
            Some((seed.to_owned(), broke.split(':').next()?.to_owned()))
        });
        let (seed, broke) = caught.unwrap_or_else(|| {
            lived += 1;
            ("**nobody**".to_owned(), String::new())
        });
        println!("| {} | {seed} | {broke} | {took:.1} s |", mutant.name);
    }
    println!("\n{} of {} mutants caught within {seeds} seeds", MUTANTS.len() - lived, MUTANTS.len());
    Ok(lived == 0)
}
