//! The applications of the nodes: their handlers write down what reaches them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::world::{Life, World};

/// A message.
#[systemge::payload]
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) sender: String,
    pub(crate) life: u32,
    pub(crate) number: u64,
    /// How long its handler takes, in milliseconds.
    pub(crate) nap: u16,
    pub(crate) padding: Vec<u8>,
}

/// A request.
#[systemge::payload]
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) number: u64,
    /// How long its handler takes, in milliseconds.
    pub(crate) nap: u16,
    pub(crate) end: End,
    pub(crate) padding: Vec<u8>,
}

/// How a handler ends.
#[systemge::payload]
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    Answer,
    LargeAnswer(u16),
    Error,
    Panic,
}

/// A response, or the handler's own error: which question it belongs to, and who says so.
#[systemge::payload]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) number: u64,
    pub(crate) node: String,
    pub(crate) padding: Vec<u8>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} did not answer question {}", self.node, self.number)
    }
}

/// What the applications have in common.
pub(crate) struct Common {
    pub(crate) world: Arc<World>,
    pub(crate) me: Life,
    pub(crate) sequential: bool,
}

/// The text of the panics that are meant to be.
pub(crate) const MEANT: &str = "a handler that is meant to panic";

impl Common {
    async fn note(&self, note: Note, alone: bool) {
        let _alone = alone.then(|| self.world.alone(&self.me));
        let sender = Life { name: note.sender.into(), number: note.life };
        self.world.delivered(&self.me, &sender, note.number);
        nap(note.nap).await;
    }

    async fn ask(&self, question: Question, alone: bool) -> Result<Answer, Answer> {
        let _alone = alone.then(|| self.world.alone(&self.me));
        let number = question.number;
        self.world.begins(&self.me, number);
        nap(question.nap).await;
        self.world.responds(&self.me, number);
        let node = self.me.name.to_string();
        match question.end {
            End::Answer => Ok(Answer { number, node, padding: Vec::new() }),
            End::LargeAnswer(size) => Ok(Answer { number, node, padding: vec![7; size.into()] }),
            End::Error => Err(Answer { number, node, padding: Vec::new() }),
            End::Panic => panic!("{MEANT}"),
        }
    }
}

async fn nap(millis: u16) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis.into())).await;
    }
}

/// Handlers that run beside each other, unless the node is sequential.
#[derive(systemge::Application)]
pub(crate) struct Shared {
    pub(crate) common: Common,
}

#[systemge::node]
impl Shared {
    #[topic("note")]
    pub(crate) async fn note(&self, note: Note) {
        self.common.note(note, self.common.sequential).await;
    }

    #[topic("ask")]
    pub(crate) async fn ask(&self, question: Question) -> Result<Answer, Answer> {
        self.common.ask(question, self.common.sequential).await
    }

    #[topic("dig", spawn)]
    pub(crate) async fn dig(&self, question: Question) -> Result<Answer, Answer> {
        self.common.ask(question, false).await
    }
}

/// Handlers that have the application for themselves.
#[derive(systemge::Application)]
pub(crate) struct Exclusive {
    pub(crate) common: Common,
}

#[systemge::node]
impl Exclusive {
    #[topic("note")]
    pub(crate) async fn note(&mut self, note: Note) {
        self.common.note(note, true).await;
    }

    #[topic("ask")]
    pub(crate) async fn ask(&mut self, question: Question) -> Result<Answer, Answer> {
        self.common.ask(question, true).await
    }

    #[topic("dig", spawn)]
    pub(crate) async fn dig(&mut self, question: Question) -> Result<Answer, Answer> {
        self.common.ask(question, true).await
    }
}
