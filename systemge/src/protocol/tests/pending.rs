//! The table of pending requests beside a naive one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::protocol::frame::Token;
use crate::protocol::pending::{Pending, TICK};

#[derive(Debug, Clone)]
enum Step {
    /// A request whose time is over after so many milliseconds.
    Insert(u64),
    /// The answer to one of the requests, chosen by that number.
    Answer(prop::sample::Index),
    /// A response with a token that nobody has given out, or not for that request.
    Forge(u64),
    /// So many milliseconds pass, then the table is swept.
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..20_000u64).prop_map(Step::Insert),
        1 => Just(Step::Insert(u64::from(u32::MAX) * 1000)),
        3 => any::<prop::sample::Index>().prop_map(Step::Answer),
        1 => any::<u64>().prop_map(Step::Forge),
        3 => (0..300u64).prop_map(Step::Pass),
        1 => (0..30_000u64).prop_map(Step::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_request_ends_once_and_never_early(steps in prop::collection::vec(step(), 1..120)) {
        let start = Instant::now();
        let mut now = start;
        let mut pending = Pending::new(start);
        let mut model: BTreeMap<Token, Instant> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Insert(timeout) => {
                    let deadline = now + Duration::from_millis(timeout);
                    let token = pending.insert(deadline, deadline).expect("there is room");
                    prop_assert!(model.insert(token, deadline).is_none(), "a token was given out twice");
                }
                Step::Answer(index) => {
                    if let Some(token) = model.keys().nth(index.index(model.len().max(1))).copied() {
                        prop_assert_eq!(pending.remove(token), model.remove(&token));
                        prop_assert_eq!(pending.remove(token), None);
                    }
                }
                Step::Forge(token) => {
                    if !model.contains_key(&token) {
                        prop_assert_eq!(pending.remove(token), None);
                    }
                }
                Step::Pass(time) => {
                    now += Duration::from_millis(time);
                    let mut late = Vec::new();
                    pending.expire(now, |token, deadline| late.push((token, deadline)));
                    for (token, deadline) in late {
                        prop_assert!(deadline <= now, "a request ended early");
                        prop_assert_eq!(model.remove(&token), Some(deadline));
                    }
                    prop_assert!(model.values().all(|deadline| *deadline + TICK > now), "a request ended late");
                }
            }
            prop_assert_eq!(pending.len(), model.len());
            let first = model.values().min();
            prop_assert_eq!(pending.wake_at().is_some(), first.is_some());
            if let (Some(wake), Some(first)) = (pending.wake_at(), first) {
                prop_assert!(wake <= *first + TICK, "nobody would look in time");
            }
        }
        let mut rest = Vec::new();
        pending.drain(|deadline| rest.push(deadline));
        rest.sort();
        let mut expected: Vec<_> = model.into_values().collect();
        expected.sort();
        prop_assert_eq!(rest, expected);
    }
}
