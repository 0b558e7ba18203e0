//! The targets of the fuzzers, for some thousand cases each.

use std::path::Path;

use fuzzing::engine::Engine;
use fuzzing::{TARGETS, Target};
use proptest::prelude::*;

fn corpus(target: Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target.name);
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the corpus is in the tree")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a file")).collect()
}

fn check(target: Target, input: &[u8]) -> u64 {
    let mut number = 0;
    let memory = allocation_counter::measure(|| number = (target.run)(input)).bytes_max;
    let limit = target.memory.0 + target.memory.1 * input.len() as u64;
    assert!(
        memory <= limit,
        "{}: {memory} bytes at the same time, more than {limit}: {input:?}",
        target.name
    );
    number
}

#[test]
fn the_corpus_is_what_the_code_says() {
    for target in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target.name);
        for (name, input) in fuzzing::seeds::of(target.name) {
            let written = std::fs::read(folder.join(&name));
            let known = written.is_ok_and(|written| written == input || target.name == "decoders");
            assert!(
                known,
                "{}/{name}: write the corpus anew by `cargo run -p fuzzing -- --corpus`",
                target.name
            );
        }
    }
}

#[test]
fn changed_inputs_of_the_corpus_neither_panic_nor_take_much_memory() {
    for target in TARGETS {
        let inputs = corpus(*target);
        for input in &inputs {
            // once for what a thread sets up
            let _ = (target.run)(input);
            check(*target, input);
        }
        let mut engine = Engine::new(*target, inputs, 7);
        for _ in 0..5_000 {
            let input = engine.next_input().to_vec();
            let number = check(*target, &input);
            engine.came_of_it(number);
        }
        assert!(engine.kinds() > 20, "{}: only {} kinds of cases", target.name, engine.kinds());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_neither_panic_nor_take_much_memory(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for target in TARGETS {
            let _ = (target.run)(&[]);
            check(*target, &bytes);
        }
    }
}
