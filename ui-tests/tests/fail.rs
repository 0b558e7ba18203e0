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
