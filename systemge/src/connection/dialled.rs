//! The dialling side of a connection: it learns what the peer handles, and takes the responses.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::dial::{DialState, DialWatch};
use super::driver::{End, Side, Turn};
use super::outbox::{Outbox, RawOutcome};
use crate::config::Endpoint;
use crate::metrics::{Direction, Traffic};
use crate::node::{Inner, Peer, not_its_name};
use crate::protocol::frame::GoodbyeCode;
use crate::protocol::session::{Event, Session};
use crate::transport::Identity;

/// The dialling side of a connection.
pub(super) struct Dialled {
    node: Arc<Inner>,
    outbox: Arc<Outbox>,
    endpoint: Endpoint,
    identity: Option<Identity>,
    state: DialWatch,
    peer: Option<Arc<Peer>>,
    /// When the handshake was done.
    joined: Option<Instant>,
    /// How long the connection held from then on.
    held: Option<Duration>,
}

impl Dialled {
    pub(super) fn new(
        node: Arc<Inner>,
        outbox: Arc<Outbox>,
        endpoint: Endpoint,
        identity: Option<Identity>,
        state: DialWatch,
    ) -> Self {
        Self { node, outbox, endpoint, identity, state, peer: None, joined: None, held: None }
    }

    /// Under mutual TLS, a node that is dialled has to be the one that it says it is, too.
    fn check_name(&self, name: &str) -> Result<(), End> {
        let tls = &self.node.config().tls;
        match &self.identity {
            Some(identity) if tls.mutual && tls.name_from_certificate && !identity.is_node(name) => {
                let reason = not_its_name(name, identity);
                Err(End::Ours { code: GoodbyeCode::Denied, reason })
            }
            _ => Ok(()),
        }
    }

    /// How long the connection held after the handshake; `None` if that was never done.
    pub(super) const fn held(&self) -> Option<Duration> {
        self.held
    }
}

impl Side for Dialled {
    fn event(&mut self, event: Event<'_>, turn: Turn<'_, '_>) -> Result<(), End> {
        match (event, &self.peer) {
            (Event::Response { token, status, encoding, payload }, _) => {
                match self.outbox.answered(token, status) {
                    Some(waiting) => {
                        if !waiting.complete(RawOutcome::Response { status, encoding, payload }) {
                            self.outbox.unreadable(waiting.topic, status);
                        }
                    }
                    None => {
                        self.node.metrics().counts().late.add(1);
                        if let Some(peer) = &self.peer {
                            peer.counts().late.add(1);
                        }
                    }
                }
            }
            (Event::Welcome { name, .. }, _) => {
                self.check_name(name)?;
                self.outbox.set_frame_limit(turn.session.peer_frame_limit());
                let name: Arc<str> = name.into();
                let counts = self.node.metrics().peers().joined(&name, Direction::Outgoing, turn.now);
                let limit = self.node.config().limits.topics;
                self.peer = Some(Arc::new(Peer::new(name, self.outbox.clone(), counts, limit)));
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
        let peer = self.peer.as_ref();
        self.node.count_unsent(bytes, peer.map(|peer| &**peer.name()), peer.map(|peer| &**peer.counts()));
    }

    fn stopping(&mut self, _: &mut Vec<u8>) {}

    fn over(&mut self) {
        if let (Some(peer), Some(joined)) = (&self.peer, self.joined) {
            self.held = Some(crate::clock::now().saturating_duration_since(joined));
            self.node.router().left(peer);
        }
        if let Some(peer) = &self.peer {
            self.node.metrics().peers().left(peer.counts());
        }
    }

    fn seen(&mut self, traffic: &mut Traffic) {
        if let Some(peer) = &self.peer {
            peer.counts().take(traffic);
        }
    }

    fn end_batch(&mut self) {}
}
