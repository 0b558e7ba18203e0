//! Programs that must not compile: one mistake in each, and the message that it gets.
//!
//! `TRYBUILD=overwrite cargo test -p ui-tests --test fail` writes the messages again after a change that is meant.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Codes of the catalogue that no program of `tests/fail` can show, and why.
const IMPOSSIBLE: &[(&str, &str)] = &[];

#[test]
fn every_mistake_gets_its_message() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/fail/*.rs");
    cases.compile_fail("tests/broken/*.rs");
}

#[test]
fn every_code_of_the_catalogue_has_its_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let catalogue = fs::read_to_string(folder.join("../docs/errors.md")).expect("the catalogue is there");
    let codes: BTreeSet<&str> = catalogue
        .lines()
        .filter_map(|line| line.strip_prefix("## SGE"))
        .map(|heading| heading.split([' ', ':']).next().unwrap_or(heading))
        .collect();
    assert!(codes.len() > 50, "the headings of the catalogue are read");
    let programs: BTreeSet<String> = fs::read_dir(folder.join("tests/fail"))
        .expect("the programs are there")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".rs")?.split('_').next().map(str::to_owned))
        .collect();
    for code in &codes {
        let shown = programs.contains(*code);
        let impossible = IMPOSSIBLE.iter().any(|(other, _)| other == code);
        assert!(shown != impossible, "SGE{code} has a program in tests/fail, or a reason why not");
    }
    for code in &programs {
        assert!(codes.contains(code.as_str()), "SGE{code} has a section in docs/errors.md");
    }
}

#[test]
fn every_message_is_one_error() {
    for (name, text) in messages("fail") {
        assert_eq!(errors(&text), 1, "{name}");
    }
}

/// Programs of `tests/broken` with another number of errors than one, and why.
const SEVERAL: &[(&str, usize, &str)] = &[
    ("application_without_its_derive", 2, "the block and the system each need an application"),
    (
        "contract_implemented_by_hand_and_listed",
        2,
        "the compiler misses an item of the trait, and the list a block; nothing tells the two apart from a forgotten block",
    ),
    (
        "contract_without_its_attribute",
        3,
        "a trait that is no contract has no macro and no constant of its name, which the block and the list look for",
    ),
    (
        "node_on_a_struct_that_runs",
        2,
        "the macro can't see whether the struct has its derive, which is expanded before",
    ),
    ("two_blocks_of_one_type", 12, "no block can see the other: all that both generate is there twice"),
    (
        "half_typed_signature",
        4,
        "the compiler says two things of a function without parameters, and parses it twice",
    ),
    (
        "three_mistakes",
        2,
        "a body that can't be parsed, and an option; the compiler looks for types only then",
    ),
    (
        "unknown_error_type",
        2,
        "where a type is an argument of another, the compiler adds a suggestion, but only for the user's block",
    ),
];

#[test]
fn a_mistake_in_one_handler_makes_no_noise_elsewhere() {
    let mut count = 0;
    for (name, text) in messages("broken") {
        let expected =
            SEVERAL.iter().find(|(other, _, _)| *other == name).map_or(1, |(_, errors, _)| *errors);
        assert_eq!(errors(&text), expected, "{name}");
        count += 1;
    }
    assert!(count > 15, "the messages are there");
}

#[test]
fn every_message_has_its_code_and_a_caret_on_one_line_of_the_program() {
    for (name, text) in messages("fail") {
        let code = name.split('_').next().unwrap_or_default();
        let of_the_compiler = COMPILER.iter().any(|(other, _)| *other == code);
        // names of constants have the codes of other names
        let error = text.split("\nerror: note:").next().unwrap_or(&text);
        assert!(of_the_compiler || error.contains(&format!("[SGE{code}]")), "{name} says SGE{code}:\n{text}");
        let line = error.lines().find(|line| line.trim_start().starts_with("--> "));
        let place = line.and_then(|line| line.split("--> ").nth(1)).unwrap_or_default();
        let (file, place) = place.split_once(".rs:").unwrap_or_default();
        assert!(file.ends_with(&name), "{name} points at its own program: {file}");
        let row: usize = place.split(':').next().and_then(|row| row.parse().ok()).unwrap_or_default();
        let column: usize =
            place.split(':').nth(1).and_then(|column| column.parse().ok()).unwrap_or_default();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fail");
        let program = fs::read_to_string(folder.join(format!("{name}.rs"))).expect("the program is there");
        let pointed = program.lines().nth(row.saturating_sub(1)).unwrap_or_default();
        let token = pointed.get(column.saturating_sub(1)..).unwrap_or_default();
        // never at the attribute of the whole block, which says nothing of where the mistake is
        let whole = ["node", "contract", "commands", "http", "websocket", "payload"];
        let whole = whole.iter().any(|block| token.starts_with(&format!("#[systemge::{block}")));
        assert!(!token.is_empty() && !whole, "{name} points at {token:?}");
    }
}

/// Codes whose message is the compiler's own, since stable Rust gives a library no way to it: what the compiler says.
const COMPILER: &[(&str, &str)] = &[
    ("0106", "conflicting implementations, where the name is a constant"),
    ("0305", "future cannot be sent between threads safely"),
    ("0306", "cannot be shared between threads safely"),
    ("0307", "cycle detected, where two types contain each other"),
    ("0417", "mismatched types, expected value, cannot find value"),
    ("0418", "not all trait items implemented"),
    ("0524", "no method named, mismatched types"),
];

/// The names and the messages of the programs in a folder.
fn messages(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut messages = Vec::new();
    for entry in fs::read_dir(folder).expect("the programs are there") {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_some_and(|extension| extension == "stderr") {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            messages.push((name, fs::read_to_string(&path).expect("the message can be read")));
        }
    }
    messages
}

/// How many errors there are. A second place of the same mistake is an error of the compiler's, too, but says that it is
/// a note.
fn errors(text: &str) -> usize {
    let errors = text.lines().filter(|line| line.starts_with("error"));
    errors.filter(|line| !line.starts_with("error: note:")).count()
}
