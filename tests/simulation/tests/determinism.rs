//! The same seed is the same run.

use simulation::run;

#[test]
fn the_same_seed_is_the_same_run_and_another_seed_another() {
    let mut digests = Vec::new();
    for seed in 0..12 {
        let first = run(seed, false);
        let second = run(seed, false);
        assert!(first.violation.is_none(), "seed {seed}: {:?}", first.violation);
        assert!(first.events > 100, "seed {seed} has only {} events", first.events);
        assert_eq!((first.digest, first.events), (second.digest, second.events), "seed {seed}");
        assert!(!digests.contains(&first.digest), "seed {seed} is like another");
        digests.push(first.digest);
    }
}

#[test]
fn a_run_does_not_depend_on_the_thread_or_on_what_ran_before() {
    let alone = std::thread::spawn(|| run(5, false)).join().expect("no panic");
    let after = std::thread::spawn(|| {
        let _ = run(9, false);
        run(5, false)
    });
    assert_eq!(alone.digest, after.join().expect("no panic").digest);
}
