//! What happened, and what must never happen.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// One life of a node: its name, and how often it was started before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Life {
    /// The node's name.
    pub name: Arc<str>,
    /// How many lives it had before this one.
    pub number: u32,
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.name, self.number)
    }
}

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// A request ends in its time.
    RequestsEnd,
    /// A request has one outcome of each node that it asked, and of no other.
    OneOutcomePerAskedNode,
    /// A response is that of the asked node to this request.
    ResponsesBelong,
    /// A request to any one node is handled by one node: another is asked only where the first did nothing.
    OneNodeHandlesIt,
    /// A node that stops in an orderly way leaves no request behind of which nobody knows what became.
    StopsLoseNothing,
    /// No message is delivered twice, no request handled twice by one node.
    NothingTwice,
    /// Messages of one sender to one receiver are handled in their order.
    Order,
    /// A node that handles one message at a time does so.
    OneAtATime,
    /// A sender waits for room only so long.
    SendersWaitBriefly,
    /// What waits for a peer stays within the limits.
    BoundedQueues,
    /// Healthy nodes never take each other for breakers of the protocol.
    NoViolations,
    /// A peer is dialled again only after the delay, which grows.
    Backoff,
    /// A healed network has all links and topics back within the bound.
    Healing,
    /// A link that nothing happens to stays.
    HealthyLinksStay,
    /// Nobody waits for anything that nobody will do any more.
    NothingLeftBehind,
    /// A node stops within its deadlines.
    StopsEnd,
    /// Nothing panics but what is meant to.
    NoPanic,
}

/// What was broken, when and how.
#[derive(Debug, Clone)]
pub struct Violation {
    /// What does not hold.
    pub invariant: Invariant,
    /// What happened instead.
    pub what: String,
}

/// What happened so far in one run.
#[derive(Debug)]
pub struct World {
    began: Instant,
    trace: bool,
    /// Whether nothing happens but that nodes stop in an orderly way.
    pub(crate) calm: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    digest: DefaultHasher,
    events: u64,
    violation: Option<Violation>,
    /// By message and receiver: how often it was delivered.
    delivered: BTreeMap<(Life, u64, Arc<str>), u32>,
    /// By sender and receiver: the last message.
    last: BTreeMap<(Life, Life), u64>,
    /// By question and node.
    handled: BTreeMap<(u64, Arc<str>), Handled>,
    /// The questions that one node is to handle, and which did.
    to_any: BTreeMap<u64, Option<Arc<str>>>,
    /// How often each node was told to stop, and did.
    stops: BTreeMap<Arc<str>, u32>,
    /// How many handlers run that are to run alone.
    alone: BTreeMap<Life, u32>,
    figures: Figures,
    /// When the last handler began.
    busy: Option<Instant>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Handled {
    begun: u32,
    done: u32,
}

/// How much happened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Messages that were handed to connections.
    pub sent: u64,
    /// Messages that arrived.
    pub delivered: u64,
    /// Requests that ended.
    pub requests: u64,
    /// Outcomes with a response.
    pub answered: u64,
    /// Outcomes without one.
    pub failed: u64,
    /// Faults of the network and of nodes.
    pub faults: u64,
}

impl World {
    pub(crate) fn new(trace: bool, calm: bool) -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), trace, calm, state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an event down.
    #[expect(clippy::print_stdout, reason = "what a replay is for")]
    pub(crate) fn log(&self, event: fmt::Arguments<'_>) {
        let text = event.to_string();
        let at = self.began.elapsed();
        let mut state = self.state();
        state.events += 1;
        (at.as_nanos(), &text).hash(&mut state.digest);
        if self.trace {
            println!("{:>9.3} {text}", at.as_secs_f64());
        }
    }

    /// Something that must not happen has happened; the first one counts.
    pub(crate) fn violate(&self, invariant: Invariant, what: impl fmt::Display) {
        self.log(format_args!("VIOLATION {invariant:?}: {what}"));
        let what = format!("at {:.3} s: {what}", self.began.elapsed().as_secs_f64());
        self.state().violation.get_or_insert(Violation { invariant, what });
    }

    pub(crate) fn expect(&self, invariant: Invariant, holds: bool, what: fmt::Arguments<'_>) {
        if !holds {
            self.violate(invariant, what);
        }
    }

    pub(crate) fn violation(&self) -> Option<Violation> {
        self.state().violation.clone()
    }

    pub(crate) fn is_violated(&self) -> bool {
        self.state().violation.is_some()
    }

    /// A number that stands for all events so far, and how many there were.
    pub(crate) fn digest(&self) -> (u64, u64) {
        let state = self.state();
        (state.digest.finish(), state.events)
    }

    pub(crate) fn figures(&self) -> Figures {
        self.state().figures
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Figures)) {
        count(&mut self.state().figures);
    }

    // ---- what handlers tell ----

    /// A message has arrived.
    pub(crate) fn delivered(&self, receiver: &Life, sender: &Life, number: u64) {
        self.log(format_args!("{receiver} got message {number} of {sender}"));
        let (times, last) = {
            let mut state = self.state();
            state.figures.delivered += 1;
            state.busy = Some(Instant::now());
            let times = state.delivered.entry((sender.clone(), number, receiver.name.clone())).or_default();
            *times += 1;
            let times = *times;
            (times, state.last.insert((sender.clone(), receiver.clone()), number))
        };
        self.expect(
            Invariant::NothingTwice,
            times == 1,
            format_args!("{receiver} got message {number} of {sender} {times} times"),
        );
        self.expect(
            Invariant::Order,
            last.is_none_or(|last| last < number),
            format_args!("{receiver} got message {number} of {sender} after {last:?}"),
        );
    }

    /// A question is handled now.
    pub(crate) fn begins(&self, node: &Life, question: u64) {
        self.log(format_args!("{node} handles question {question}"));
        let (begun, before) = {
            let mut state = self.state();
            state.busy = Some(Instant::now());
            let before = state.to_any.get_mut(&question).and_then(|by| by.replace(node.name.clone()));
            let handled = state.handled.entry((question, node.name.clone())).or_default();
            handled.begun += 1;
            (handled.begun, before)
        };
        self.expect(
            Invariant::OneNodeHandlesIt,
            before.is_none(),
            format_args!("{node} handles question {question} to any node after {before:?}"),
        );
        self.expect(
            Invariant::NothingTwice,
            begun == 1,
            format_args!("{node} handles question {question} {begun} times"),
        );
    }

    /// The response to a question is ready.
    pub(crate) fn responds(&self, node: &Life, question: u64) {
        self.state().handled.entry((question, node.name.clone())).or_default().done += 1;
    }

    /// A question that one node is to handle is about to be asked.
    pub(crate) fn asks_any(&self, question: u64) {
        self.state().to_any.insert(question, None);
    }

    /// A node is told to stop, or has stopped.
    pub(crate) fn stops(&self, node: &Arc<str>) {
        *self.state().stops.entry(node.clone()).or_default() += 1;
    }

    /// A number that changes when a node stops; `None` while it doesn't run.
    pub(crate) fn stops_of(&self, node: &Arc<str>, runs: bool) -> Option<u32> {
        runs.then(|| self.state().stops.get(node).copied().unwrap_or(0))
    }

    /// For how long no handler has begun.
    pub(crate) fn idle(&self) -> Duration {
        self.state().busy.map_or(Duration::MAX, |busy| busy.elapsed())
    }

    /// Whether a node has made a response to a question.
    pub(crate) fn has_responded(&self, node: &Arc<str>, question: u64) -> bool {
        self.state().handled.get(&(question, node.clone())).is_some_and(|handled| handled.done > 0)
    }

    /// A handler runs that is to run alone, until what is returned is dropped.
    pub(crate) fn alone(self: &Arc<Self>, node: &Life) -> Alone {
        let running = {
            let mut state = self.state();
            let running = state.alone.entry(node.clone()).or_default();
            *running += 1;
            *running
        };
        self.expect(
            Invariant::OneAtATime,
            running == 1,
            format_args!("{node} runs {running} handlers at the same time"),
        );
        Alone { world: self.clone(), node: node.clone() }
    }
}

/// A handler that is to run alone.
pub(crate) struct Alone {
    world: Arc<World>,
    node: Life,
}

impl Drop for Alone {
    fn drop(&mut self) {
        *self.world.state().alone.entry(self.node.clone()).or_default() -= 1;
    }
}
