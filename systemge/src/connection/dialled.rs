//! The dialling side of a connection: it learns what the peer handles, and takes the responses.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::accepted::no_nonce;
use super::dial::{DialState, DialWatch};
use super::driver::{End, Side, Turn};
use super::outbox::{Outbox, RawOutcome};
use crate::config::{ConnectConfig, Endpoint, Entry as _, Secret};
use crate::metrics::{Direction, Link, Traffic};
use crate::node::{Inner, Peer};
use crate::protocol::frame::{Announced, GoodbyeCode, Violation};
use crate::protocol::proof;
use crate::protocol::session::{Event, Session};
use crate::transport::Remote;

/// The dialling side of a connection.
pub(super) struct Dialled {
    node: Arc<Inner>,
    outbox: Arc<Outbox>,
    endpoint: Endpoint,
    /// The largest payload of a response that is accepted.
    payload_limit: usize,
    remote: Remote,
    /// Whether the peer's certificate has to be one for a node of its name.
    names_nodes: bool,
    /// The secret of this connection alone.
    secret: Option<Secret>,
    state: DialWatch,
    peer: Option<Arc<Peer>>,
    /// Whether the peer has proved that the name is its own.
    is_proved: bool,
    /// When the handshake was done.
    joined: Option<Instant>,
    /// How long the connection held from then on.
    held: Option<Duration>,
}

impl Dialled {
    pub(super) fn new(
        node: Arc<Inner>,
        outbox: Arc<Outbox>,
        config: &ConnectConfig,
        remote: Remote,
        secret: Option<Secret>,
        state: DialWatch,
    ) -> Self {
        Self {
            payload_limit: config.limits(&node.config().limits).payload_bytes.unwrap_or(usize::MAX),
            names_nodes: config.names_nodes(node.config()),
            node,
            outbox,
            endpoint: config.endpoint.clone(),
            remote,
            secret,
            state,
            peer: None,
            is_proved: false,
            joined: None,
            held: None,
        }
    }

    /// What the node of that name has to know.
    fn secret(&self, peer: &str) -> Option<Secret> {
        self.secret.clone().or_else(|| self.node.secrets().dialling(peer).cloned())
    }

    /// The peer wants a proof, and will give one.
    fn challenged(&self, peer: &str, turn: Turn<'_, '_>) -> Result<(), End> {
        let Some(secret) = self.secret(peer) else {
            let reason =
                "the peer wants a proof of a shared secret: set the same `secret` on this node".to_owned();
            return Err(End::Ours { code: GoodbyeCode::Unproven, reason });
        };
        let nonce = proof::nonce().ok_or_else(no_nonce)?;
        Ok(turn.session.prove(secret, nonce, self.remote.binding, turn.out)?)
    }

    /// The peer says who it is, and has proved what it will.
    fn welcomed(&mut self, name: &str, turn: Turn<'_, '_>) -> Result<(), End> {
        let is_proved = self.node.check_name(name, &self.remote, self.names_nodes);
        let is_proved = is_proved.map_err(|(code, reason)| End::Ours { code, reason })?;
        if !turn.session.is_proved() && self.secret(name).is_some() {
            return Err(Violation::Unproven.into());
        }
        self.is_proved = is_proved || turn.session.is_proved();
        self.outbox.set_frame_limit(turn.session.peer_frame_limit());
        if turn.session.traces() {
            self.outbox.set_traces();
        }
        let name: Arc<str> = name.into();
        let link = Link { scheme: self.endpoint.scheme(), identity: self.remote.identity.clone() };
        let counts = self.node.metrics().peers().joined(&name, Direction::Outgoing, link, turn.now);
        let limit = self.node.config().limits.topics;
        self.peer = Some(Arc::new(Peer::new(name, self.outbox.clone(), counts, limit)));
        Ok(())
    }

    /// Takes topics out that the peer may not announce.
    fn leave_forbidden_out(&self, peer: &Peer, topics: &mut Vec<Announced<'_>>) {
        let identity = self.is_proved.then_some(&**peer.name());
        let Some(allowed) = self.node.config().may_announce(identity) else { return };
        topics.retain(|topic| {
            let may_announce = allowed.iter().any(|pattern| pattern.matches(topic.name));
            if !may_announce {
                self.node.count_forbidden_announcement(peer.name(), topic.name);
            }
            may_announce
        });
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
                        if payload.len() > self.payload_limit {
                            let (bytes, limit) = (payload.len(), self.payload_limit);
                            waiting.unreadable(format!("{bytes} bytes are over the limit of {limit}"));
                            self.outbox.unreadable(waiting.topic, status);
                        } else if !waiting.complete(RawOutcome::Response { status, encoding, payload }) {
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
            (Event::Challenged { name }, _) => return self.challenged(name, turn),
            (Event::Welcome { name, .. }, _) => return self.welcomed(name, turn),
            (Event::Announced { mut topics, more }, Some(peer)) => {
                self.leave_forbidden_out(peer, &mut topics);
                peer.announce(&topics)?;
                if self.joined.is_some() {
                    self.node.router().changed();
                } else if !more {
                    self.joined = Some(turn.now);
                    tracing::info!(node = %self.node.name(), peer = %peer.name(), endpoint = %self.endpoint, "connected");
                    self.node.router().joined(peer);
                    self.state.set(DialState::Connected(peer.name().clone()));
                    self.node.report_unhandled();
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
