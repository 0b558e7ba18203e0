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
    trybuild::TestCases::new().compile_fail("tests/fail/*.rs");
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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fail");
    for entry in fs::read_dir(folder).expect("the programs are there") {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_none_or(|extension| extension != "stderr") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("the message can be read");
        // a second place of the same mistake is an error of the compiler's, too, but says that it is a note
        let errors = text
            .lines()
            .filter(|line| line.starts_with("error"))
            .filter(|line| !line.starts_with("error: note:"))
            .count();
        assert_eq!(errors, 1, "{}", path.display());
    }
}
