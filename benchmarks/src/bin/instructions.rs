//! A guard of the speed that does not depend on the clock: the instructions of the paths of a message, counted by
//! valgrind, beside what `instructions.json` expects.
//!
//! `instructions` fails if a path takes 10 % more than expected, and says so if it takes 10 % less; `instructions
//! --write` writes what it has counted as the new expectation.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Path, and what it is.
const PATHS: [(&str, &str); 4] = [
    ("point", "a message of a `Copy` payload: sent, received, handled"),
    ("message", "the same with a text in it"),
    ("request", "a request and its response, one at a time"),
    ("requests", "a request and its response, 256 at a time"),
];
const FEW: u64 = 5120;
const MANY: u64 = 15_360;
/// How much a count may differ from the expected one; other processors copy memory by other instructions.
const TOLERANCE: f64 = 0.1;

fn main() -> ExitCode {
    let writes = std::env::args().nth(1).is_some_and(|argument| argument == "--write");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json");
    let expected: BTreeMap<String, u64> = std::fs::read_to_string(&file)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let program = std::env::current_exe().expect("this program").with_file_name("paths");
    let mut counted = BTreeMap::new();
    let mut failed = false;
    println!("| path | instructions | expected | |\n| --- | --- | --- | --- |");
    for (path, meaning) in PATHS {
        // what a program needs to start is in both runs
        let (few, many) = (count(&program, path, FEW), count(&program, path, MANY));
        let instructions = (many - few) / (MANY - FEW);
        let verdict = match expected.get(path) {
            None => "new",
            Some(&before) if instructions as f64 > before as f64 * (1.0 + TOLERANCE) => {
                failed = true;
                "TOO MANY"
            }
            Some(&before) if (instructions as f64) < before as f64 * (1.0 - TOLERANCE) => {
                "fewer: write it down with --write"
            }
            Some(_) => "",
        };
        let before = expected.get(path).map_or(String::new(), u64::to_string);
        println!("| {meaning} | {instructions} | {before} | {verdict} |");
        counted.insert(path, instructions);
    }
    if writes {
        let text = serde_json::to_string_pretty(&counted).expect("it is JSON");
        std::fs::write(&file, text + "\n").expect("a file");
        return ExitCode::SUCCESS;
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn count(program: &Path, path: &str, messages: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([path, &messages.to_string()])
        .output()
        .expect("valgrind is installed");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{path}: {text}");
    let collected = text.lines().find_map(|line| line.split_once("Collected : "));
    let number = collected.and_then(|(_, number)| number.split_whitespace().next()?.parse().ok());
    number.unwrap_or_else(|| panic!("{path}: valgrind counted nothing: {text}"))
}
