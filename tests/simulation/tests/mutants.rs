//! The mutants fit the code.

use std::path::Path;

use simulation::mutants::{MUTANTS, copy, inject};

#[test]
fn every_mutant_has_exactly_one_place_in_the_code() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../systemge/src");
    let folder = std::env::temp_dir().join(format!("systemge-mutants-{}", std::process::id()));
    copy(&library, &folder.join("src")).expect("a copy");
    let injected = inject(&folder);
    std::fs::remove_dir_all(&folder).expect("what was just made");
    injected.expect("every mutant has its place");
    assert!(MUTANTS.len() >= 10);
}
