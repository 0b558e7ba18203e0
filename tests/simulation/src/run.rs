//! One run.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::sync::Once;

use systemge::testing::WireFrame;

use crate::application::MEANT;
use crate::chaos::Chaos;
use crate::plan::Plan;
use crate::revolving;
use crate::world::{Figures, Invariant, Violation, World};

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// What did not hold.
    pub violation: Option<Violation>,
    /// A number that stands for everything that happened in the nodes and between them.
    pub digest: u64,
    /// How many events there were.
    pub events: u64,
    /// How much happened.
    pub figures: Figures,
}

thread_local! {
    /// The panics of this thread that were not meant to be.
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Runs one seed on this thread; with `trace`, prints every event.
#[must_use]
pub fn run(seed: u64, trace: bool) -> Report {
    watch_panics();
    PANICS.with_borrow_mut(Vec::clear);
    let ran = std::panic::catch_unwind(AssertUnwindSafe(|| {
        systemge::testing::run(seed, tokio::task::LocalSet::new().run_until(simulate(seed, trace)))
    }));
    let panics = PANICS.with_borrow_mut(std::mem::take);
    let mut report = ran.unwrap_or_else(|_| Report {
        seed,
        violation: None,
        digest: 0,
        events: 0,
        figures: Figures::default(),
    });
    if let Some(panic) = panics.into_iter().next() {
        report.violation.get_or_insert(Violation { invariant: Invariant::NoPanic, what: panic });
    }
    report
}

async fn simulate(seed: u64, trace: bool) -> Report {
    let plan = Plan::new(seed);
    let mut chaos = Chaos::begin(plan, seed, trace).await;
    let (world, network) = (chaos.world.clone(), chaos.network.clone());
    if trace {
        world.log(format_args!("{:#?}", chaos.plan));
    }
    let door = match chaos.plan.revolving {
        Some(_) => revolving::start(&network).await,
        None => None,
    };
    let turning = door
        .as_ref()
        .and_then(|door| door.nodes().pop())
        .map(|node| tokio::task::spawn_local(revolving::turn(network.clone(), node)));
    chaos.break_things().await;
    if !world.is_violated() {
        chaos.quieten().await;
    }
    if !world.is_violated() {
        chaos.heal().await;
    }
    if !world.is_violated() {
        chaos.check_peace().await;
    }
    if let Some(turning) = turning {
        turning.abort();
        revolving::check(&world, &network, &chaos.plan);
    }
    if let Some(door) = door {
        door.stop().await;
    }
    if !world.is_violated() {
        chaos.end().await;
    }
    check_goodbyes(&world, &chaos);
    let (digest, events) = world.digest();
    Report {
        seed,
        violation: world.violation(),
        digest: digest ^ network.digest().rotate_left(1),
        events,
        figures: world.figures(),
    }
}

/// Nobody may tell anybody that it broke the protocol.
fn check_goodbyes(world: &World, chaos: &Chaos) {
    for sent in chaos.network.take_sent() {
        let WireFrame::Goodbye { code, reason } = &sent.frame else { continue };
        world.expect(
            Invariant::NoViolations,
            !matches!(code, 1..=3),
            format_args!("{} said goodbye to {} with {code}: {reason}", sent.from, sent.to),
        );
    }
}

/// Panics are written down, but those that are meant to be.
fn watch_panics() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let text = panic.to_string();
            if !text.contains(MEANT) {
                PANICS.with_borrow_mut(|panics| panics.push(text));
            }
        }));
    });
}
