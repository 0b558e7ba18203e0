//! The documents that say which test shows what name tests that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

/// The tests of the project: the functions of these files, and the proofs of reliability, each of which is a file.
fn tests(root: &Path) -> BTreeSet<String> {
    let mut files = Vec::new();
    for folder in ["systemge/src", "systemge/tests", "tests/reliability", "tests/simulation/tests"] {
        sources(&root.join(folder), &mut files);
    }
    let mut found = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a text");
        let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
        found.extend(names.map(str::to_owned));
        if text.contains("const CLAIM: &str") {
            found.extend(file.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    found
}

/// The last cell of every row of a document's tables names one test at least.
fn check(document: &str, rows: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let tests = tests(&root);
    let text = fs::read_to_string(root.join("docs").join(document)).expect("the document");
    let lines: Vec<&str> = text.lines().collect();
    // the head of a table stands before its line of dashes
    let is_row = |(place, line): &(usize, &&str)| {
        let is_head = lines.get(place + 1).is_some_and(|next| next.starts_with("| ---"));
        line.starts_with("| ") && !line.starts_with("| ---") && !is_head
    };
    let mut count = 0;
    for (_, row) in lines.iter().enumerate().filter(is_row) {
        let named = row.trim_end_matches([' ', '|']).rsplit("| ").next().expect("a last column");
        let named: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{document}: no test in: {row}");
        for test in named {
            assert!(tests.contains(test), "{document}: there is no test `{test}`");
        }
        count += 1;
    }
    assert!(count >= rows, "{document}: {count} rows");
}

#[test]
fn every_threat_has_its_test() {
    check("security.md", 25);
}

#[test]
fn everything_that_holds_has_its_test() {
    check("semantics.md", 50);
}
