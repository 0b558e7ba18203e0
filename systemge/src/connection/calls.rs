//! Calls of handlers that wait for something, on the accepting side of a connection.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::node::handler::{Call, Completion, Worker};
use crate::protocol::frame::{Status, Token, write_text_response};

/// A call that waits for something.
pub(super) struct Running {
    pub(super) index: usize,
    pub(super) worker: Option<Box<dyn Worker>>,
    pub(super) call: Call,
    /// When it was started, or the batch that started it.
    pub(super) started: Instant,
    pub(super) response: Vec<u8>,
}

/// A call that waited and is done.
pub(super) struct Done {
    pub(super) index: usize,
    pub(super) token: Option<Token>,
    pub(super) worker: Option<Box<dyn Worker>>,
    pub(super) started: Instant,
    pub(super) completion: Completion,
    pub(super) response: Vec<u8>,
}

impl Done {
    /// A call that was dropped before it was done.
    pub(super) fn cancelled(index: usize, call: Call, started: Instant) -> Self {
        let mut response = Vec::new();
        if let Some(token) = call.token {
            write_text_response(&mut response, token, Status::Cancelled, "");
        }
        Self { index, token: call.token, worker: None, started, completion: Completion::Ended, response }
    }
}

impl Running {
    pub(super) const fn new(index: usize, worker: Box<dyn Worker>, call: Call, started: Instant) -> Self {
        Self { index, worker: Some(worker), call, started, response: Vec::new() }
    }

    pub(super) fn poll_call(&mut self, context: &mut Context<'_>) -> Poll<Done> {
        let Some(worker) = &mut self.worker else { return Poll::Pending };
        worker.poll(context, self.call, &mut self.response).map(|completion| Done {
            index: self.index,
            token: self.call.token,
            worker: self.worker.take(),
            started: self.started,
            completion,
            response: std::mem::take(&mut self.response),
        })
    }
}

impl Future for Running {
    type Output = Done;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Done> {
        self.get_mut().poll_call(context)
    }
}
