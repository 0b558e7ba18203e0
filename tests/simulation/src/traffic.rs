//! What the nodes send and ask, and what must come of it.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use systemge::client::{Outcome, RequestError, SendError};
use systemge::testing::providers;
use systemge::{Node, NodeState};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::application::{Answer, End, Note, Question, SharedClient};
use crate::world::{Invariant, Life, World};

/// One life of a node, as its traffic sees it.
#[derive(Clone)]
pub(crate) struct Alive {
    pub(crate) world: Arc<World>,
    pub(crate) me: Life,
    pub(crate) node: Node,
    /// Cancelled when its traffic is to end.
    pub(crate) quiet: CancellationToken,
    /// How long its tasks rest, at most, in milliseconds.
    pub(crate) rest: u64,
    /// How long a sender may wait for room.
    pub(crate) max_wait: Duration,
    /// The number of the next question in this run.
    pub(crate) next_question: Rc<Cell<u64>>,
}

type Got = Outcome<Answer, Answer>;

/// How much later than its time limit a request may end: one tick of the connection's wheel, and what timers round up
/// to.
const LATE: Duration = Duration::from_millis(20);

/// The largest padding of a message or request, in bytes.
pub(crate) const PADDING: usize = 4096;

impl Alive {
    /// Sends messages, one after the other, until it is to be quiet.
    pub(crate) async fn send_notes(self, mut random: Rng) {
        let mut number = 0;
        while self.rests(&mut random).await {
            // now and then many at once, more than the queues hold
            let burst = if random.u8(0..10) == 0 { random.usize(2..20) } else { 1 };
            for _ in 0..burst {
                self.send_note(&mut random, number).await;
                number += 1;
            }
        }
    }

    async fn send_note(&self, random: &mut Rng, number: u64) {
        let note = Note {
            sender: self.me.name.to_string(),
            life: self.me.number,
            number,
            nap: nap(random),
            padding: padding(random),
        };
        let client = SharedClient::new(&self.node);
        let client = match random.u8(0..4) {
            0 => client.any(),
            1 => self.to_one(client, "note", random),
            _ => client,
        };
        let began = Instant::now();
        let result = client.note(note).await;
        self.world.log(format_args!("{} sent message {number}: {result:?}", self.me));
        let took = began.elapsed();
        let most = self.max_wait * 2 + Duration::from_millis(100);
        self.world.expect(
            Invariant::SendersWaitBriefly,
            took <= most,
            format_args!("{} waited {took:?} to send message {number}", self.me),
        );
        match result {
            Ok(count) => self.world.count(|figures| figures.sent += count as u64),
            Err(SendError::NotRunning(_)) if self.node.state() != NodeState::Running => {}
            Err(error) => {
                self.world.violate(Invariant::NoViolations, format_args!("{} cannot send: {error}", self.me));
            }
        }
    }

    /// Asks, one request after the other, until it is to be quiet.
    pub(crate) async fn ask_questions(self, mut random: Rng) {
        while self.rests(&mut random).await {
            match random.u8(0..10) {
                0 => self.ask_first(&mut random).await,
                1 => self.ask_and_leave(&mut random).await,
                _ => {
                    self.ask_all(&mut random).await;
                }
            }
        }
    }

    /// Rests a little; `false` if it is to be quiet.
    async fn rests(&self, random: &mut Rng) -> bool {
        let rest = tokio::time::sleep(Duration::from_millis(random.u64(1..=self.rest)));
        tokio::select! {
            biased;
            () = self.quiet.cancelled() => false,
            () = rest => true,
        }
    }

    fn question(&self, random: &mut Rng) -> Question {
        let number = self.next_question.get();
        self.next_question.set(number + 1);
        let end = match random.u8(0..16) {
            0 => End::Error,
            1 => End::Panic,
            2 => End::LargeAnswer(random.u16(..8192)),
            _ => End::Answer,
        };
        Question { number, nap: nap(random), end, padding: padding(random) }
    }

    fn to_one(&self, client: SharedClient, topic: &str, random: &mut Rng) -> SharedClient {
        match random.choice(providers(&self.node, topic)) {
            Some(name) => client.to(name.as_ref()),
            None => client,
        }
    }

    /// Asks every node that the client's target leaves, and checks every outcome. Returns the outcomes.
    async fn ask_all(&self, random: &mut Rng) {
        let question = self.question(random);
        let timeout = Duration::from_millis(random.u64(20..1200));
        let topic = if random.u8(0..4) == 0 { "dig" } else { "ask" };
        let handled_by = providers(&self.node, topic);
        let (target, client) = match random.u8(0..6) {
            0 => (Target::Any, SharedClient::new(&self.node).any()),
            1 => match random.choice(handled_by.clone()) {
                Some(name) => {
                    let client = SharedClient::new(&self.node).to(name.as_ref());
                    (Target::One(name), client)
                }
                None => (Target::All, SharedClient::new(&self.node)),
            },
            _ => (Target::All, SharedClient::new(&self.node)),
        };
        self.asked(&client, topic, question, timeout, handled_by, &target).await;
    }

    /// Asks every node, all of which have to answer.
    pub(crate) async fn ask_everybody(&self, number: u64, timeout: Duration) {
        let question = Question { number, nap: 0, end: End::Answer, padding: Vec::new() };
        let handled_by = providers(&self.node, "ask");
        if handled_by.is_empty() {
            return;
        }
        let client = SharedClient::new(&self.node);
        let outcomes = self.asked(&client, "ask", question, timeout, handled_by, &Target::All).await;
        for outcome in outcomes {
            self.world.expect(
                Invariant::Healing,
                outcome.result.is_ok(),
                format_args!(
                    "all is well, but {} has no answer of {}: {:?}",
                    self.me, outcome.node, outcome.result
                ),
            );
        }
    }

    async fn asked(
        &self,
        client: &SharedClient,
        topic: &str,
        question: Question,
        timeout: Duration,
        handled_by: Vec<Arc<str>>,
        target: &Target,
    ) -> Vec<Got> {
        let number = question.number;
        let began = Instant::now();
        let stops = || self.world.stops_of(&self.me.name, self.node.state() == NodeState::Running);
        let stops_before = stops();
        if matches!(target, Target::Any) {
            self.world.asks_any(number);
        }
        let request = match topic {
            "dig" => client.dig(question),
            _ => client.ask(question),
        };
        // sent here: whoever is connected now is asked
        let mut stream = request.timeout(timeout).limit(0).stream();
        self.world.log(format_args!("{} asks {handled_by:?} {number} ({topic}, {timeout:?})", self.me));
        let mut outcomes = Vec::new();
        loop {
            let Ok(next) = tokio::time::timeout_at(began + timeout + LATE, stream.next()).await else {
                let missing = handled_by.len() - outcomes.len().min(handled_by.len());
                self.world.violate(
                    Invariant::RequestsEnd,
                    format_args!(
                        "question {number} of {} goes on after {timeout:?}; {missing} are missing",
                        self.me
                    ),
                );
                return outcomes;
            };
            let Some(outcome) = next else { break };
            self.check(number, &outcome);
            let lost = matches!(outcome.result, Err(RequestError::Disconnected));
            self.world.expect(
                Invariant::StopsLoseNothing,
                !(lost && self.world.calm && stops_before.is_some() && stops() == stops_before),
                format_args!("nobody knows what became of question {number} to {}", outcome.node),
            );
            outcomes.push(outcome);
        }
        self.world.count(|figures| figures.requests += 1);
        self.check_nodes(number, &handled_by, target, &outcomes);
        outcomes
    }

    /// One outcome of each asked node, and of no other.
    fn check_nodes(&self, number: u64, handled_by: &[Arc<str>], target: &Target, outcomes: &[Got]) {
        let mut names: Vec<&str> = outcomes.iter().map(|outcome| &*outcome.node).collect();
        names.sort_unstable();
        let nobody = matches!(
            outcomes,
            [Outcome { result: Err(RequestError::NoHandler { .. } | RequestError::NotRunning(_)), .. }]
        );
        // one of them: those whose connections are about to end are no choice
        let nobody_left = handled_by.is_empty() || matches!(target, Target::Any);
        if nobody && (nobody_left || self.node.state() != NodeState::Running) {
            return;
        }
        let mut asked: Vec<&str> = match target {
            Target::All => handled_by.iter().map(|name| &**name).collect(),
            Target::One(name) => vec![name],
            Target::Any => names.iter().copied().take(1).collect(),
        };
        asked.sort_unstable();
        // where one certainly did nothing, another is asked, which may have come later
        let elsewhere = matches!(target, Target::Any);
        let right = names == asked
            && (elsewhere || asked.iter().all(|name| handled_by.iter().any(|known| **known == **name)));
        self.world.expect(
            Invariant::OneOutcomePerAskedNode,
            right && !names.is_empty(),
            format_args!("{} asked {asked:?} question {number} and has outcomes of {names:?}", self.me),
        );
    }

    /// Whether an outcome is one that may be.
    fn check(&self, number: u64, outcome: &Got) {
        let Outcome { node, result, .. } = outcome;
        self.world.log(format_args!("{} has an outcome of {number} of {node}: {}", self.me, short(result)));
        self.world.count(|figures| match result {
            Ok(_) => figures.answered += 1,
            Err(_) => figures.failed += 1,
        });
        match result {
            Ok(answer) | Err(RequestError::Handler(answer)) => {
                let belongs = answer.number == number
                    && *answer.node == **node
                    && self.world.has_responded(node, number);
                self.world.expect(
                    Invariant::ResponsesBelong,
                    belongs,
                    format_args!(
                        "question {number} to {node} was answered with {} of {}",
                        answer.number, answer.node
                    ),
                );
            }
            Err(
                RequestError::NoHandler { .. }
                | RequestError::NotRunning(_)
                | RequestError::Timeout(_)
                | RequestError::Disconnected
                | RequestError::Refused(_)
                | RequestError::Panicked(_)
                | RequestError::Cancelled,
            ) => {}
            Err(error) => {
                self.world.violate(
                    Invariant::NoViolations,
                    format_args!("question {number} to {node} ended with {error:?}"),
                );
            }
        }
    }

    /// Takes the first success.
    async fn ask_first(&self, random: &mut Rng) {
        let timeout = Duration::from_millis(random.u64(20..1200));
        let question = self.question(random);
        let number = question.number;
        let began = Instant::now();
        let client = SharedClient::new(&self.node);
        let client = if random.bool() {
            self.world.asks_any(number);
            client.any()
        } else {
            client
        };
        let result = tokio::time::timeout(timeout + LATE, client.ask(question).timeout(timeout)).await;
        let took = began.elapsed();
        self.world.expect(
            Invariant::RequestsEnd,
            result.is_ok(),
            format_args!("question {number} of {} goes on after {took:?} of {timeout:?}", self.me),
        );
        if let Ok(result) = result {
            self.world.log(format_args!(
                "{} has the first response to {number}: {}",
                self.me,
                short(&result)
            ));
            if let Ok(answer) = result {
                self.world.expect(
                    Invariant::ResponsesBelong,
                    answer.number == number,
                    format_args!("question {number} was answered with {}", answer.number),
                );
            }
        }
        self.world.count(|figures| figures.requests += 1);
    }

    /// Gives a request up halfway.
    async fn ask_and_leave(&self, random: &mut Rng) {
        let patience = Duration::from_millis(random.u64(0..100));
        let question = self.question(random);
        let number = question.number;
        let client = SharedClient::new(&self.node);
        let left = tokio::time::timeout(patience, client.ask(question).all()).await.is_err();
        self.world.log(format_args!("{} left question {number}: {left}", self.me));
    }
}

enum Target {
    All,
    Any,
    One(Arc<str>),
}

/// A result without what pads it.
fn short(result: &Result<Answer, RequestError<Answer>>) -> String {
    match result {
        Ok(answer) => format!("answer of {} bytes", answer.padding.len()),
        Err(RequestError::Handler(_)) => "error of the handler".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn nap(random: &mut Rng) -> u16 {
    match random.u8(0..8) {
        0 => random.u16(1..20),
        1 => random.u16(1..300),
        _ => 0,
    }
}

fn padding(random: &mut Rng) -> Vec<u8> {
    match random.u8(0..8) {
        0 => vec![1; random.usize(0..PADDING)],
        1 => vec![2; random.usize(0..512)],
        _ => Vec::new(),
    }
}
