//! The document about security names tests that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The functions of all Rust files below a folder.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            functions(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&entry).expect("a text");
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            found.extend(names.map(str::to_owned));
        }
    }
}

#[test]
fn every_threat_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    for folder in ["src", "tests"] {
        functions(&root.join(folder), &mut found);
    }
    let text = fs::read_to_string(root.join("../docs/security.md")).expect("the document");
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---") && !line.starts_with("| threat"));
    let mut count = 0;
    for row in rows {
        let tests = row.trim_end_matches([' ', '|']).rsplit("| ").next().expect("a last column");
        let tests: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test in: {row}");
        for test in tests {
            assert!(found.contains(test), "there is no test `{test}`");
        }
        count += 1;
    }
    assert!(count > 20, "{count} threats");
}
