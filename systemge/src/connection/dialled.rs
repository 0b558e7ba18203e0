//! The dialling side of a connection: it learns what the peer handles, and takes the responses.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::dial::{DialState, DialWatch};
use super::driver::{End, Side, Turn};
use super::outbox::{Outbox, RawOutcome};
use crate::config::Endpoint;
use crate::node::{Inner, Peer, Tally};
use crate::protocol::frame::GoodbyeCode;
use crate::protocol::session::{Event, Session};

/// The dialling side of a connection.
pub(super) struct Dialled {
    node: Arc<Inner>,
    outbox: Arc<Outbox>,
    endpoint: Endpoint,
    state: DialWatch,
    peer: Option<Arc<Peer>>,
    /// When the handshake was done.
    joined: Option<Instant>,
    /// How long the connection held from then on.
    held: Option<Duration>,
    tally: Tally,
}

impl Dialled {
    pub(super) fn new(node: Arc<Inner>, outbox: Arc<Outbox>, endpoint: Endpoint, state: DialWatch) -> Self {
        Self { node, outbox, endpoint, state, peer: None, joined: None, held: None, tally: Tally::default() }
    }

    /// How long the connection held after the handshake; `None` if that was never done.
    pub(super) const fn held(&self) -> Option<Duration> {
        self.held
    }
}

impl Side for Dialled {
    fn event(&mut self, event: Event<'_>, turn: Turn<'_, '_>) -> Result<(), End> {
        match (event, &self.peer) {
            (Event::Response { token, status, encoding, payload }, _) => match self.outbox.answered(token) {
                Some(waiting) => {
                    self.tally.responses += 1;
                    waiting.complete(RawOutcome::Response { status, encoding, payload });
                }
                None => self.tally.late += 1,
            },
            (Event::Welcome { name, .. }, _) => {
                self.outbox.set_frame_limit(turn.session.peer_frame_limit());
                let peer = Peer::new(name, self.outbox.clone(), self.node.config().limits.topics);
                self.peer = Some(Arc::new(peer));
            }
            (Event::Announced { topics, more }, Some(peer)) => {
                peer.announce(&topics)?;
                if self.joined.is_some() {
                    self.node.router().changed();
                } else if !more {
                    self.joined = Some(turn.now);
                    tracing::info!(node = %self.node.name(), peer = %peer.name(), endpoint = %self.endpoint, "connected");
                    self.node.router().joined(peer);
                    self.state.set(DialState::Connected(peer.name().clone()));
                }
            }
            (Event::Withdrawn(topics), Some(peer)) => {
                peer.withdraw(&topics);
                self.node.router().changed();
            }
            (Event::Draining, Some(peer)) => {
                peer.drain();
                self.node.router().changed();
            }
            (Event::Described { topic, description }, Some(peer)) => {
                if let Some(name) = peer.described(topic, description)? {
                    self.node.router().described(peer, &name);
                }
            }
            (Event::Goodbye { code, reason }, _) => {
                return Err(End::goodbye(code, reason));
            }
            _ => {
                let reason = "the session let an event through that belongs to the accepting side".to_owned();
                return Err(End::Ours { code: GoodbyeCode::Violation, reason });
            }
        }
        Ok(())
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn poll_running(&mut self, _: &mut Context<'_>, _: &mut Session, _: &mut Vec<u8>) -> Result<bool, End> {
        Ok(false)
    }

    fn unsent(&mut self, bytes: usize) {
        self.tally.lost(bytes, &self.node, self.peer.as_ref().map(|peer| &**peer.name()));
    }

    fn stopping(&mut self, _: &mut Vec<u8>) {}

    fn over(&mut self) {
        if let (Some(peer), Some(joined)) = (&self.peer, self.joined) {
            self.held = Some(crate::clock::now().saturating_duration_since(joined));
            self.node.router().left(peer);
        }
    }

    fn sent(&mut self, messages: u64) {
        self.tally.sent += messages;
        self.tally.settle(&self.node);
    }

    fn end_batch(&mut self) {
        self.tally.settle(&self.node);
    }
}
