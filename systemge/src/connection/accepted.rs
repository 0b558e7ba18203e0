//! The accepting side of a connection: it announces topics, and its handlers run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

use super::calls::{Done, Running};
use super::driver::{End, Side, Turn};
use super::outbox::Outbox;
use crate::access::Handshake;
use crate::cancellation::Cancellation;
use crate::config::{Entry as _, Handling};
use crate::context::{Core, Hold};
use crate::metrics::{Direction, Link, PeerCounts, ReceivedTally, Traffic};
use crate::node::handler::{Call, Completion, Handler, Worker};
use crate::node::{Admission, Claim, Contest, Inner, Listener};
use crate::protocol::frame::{GoodbyeCode, Status, Token, TopicId, write_description, write_text_response};
use crate::protocol::proof;
use crate::protocol::session::{Event, Session};
use crate::trace::TraceContext;
use crate::transport::Remote;

/// The accepting side of a connection.
pub(super) struct Accepted {
    node: Arc<Inner>,
    outbox: Arc<Outbox>,
    listener: Listener,
    remote: Remote,
    /// Held until the handshake is done.
    handshake: Option<Handshake>,
    /// Who wants in, and has to prove that it knows a secret.
    candidate: Option<(Arc<str>, u128)>,
    peer: Option<Arc<str>>,
    /// Whether the peer has proved that the name is its own.
    is_proved: bool,
    /// Which topics it may send, by their numbers; `None` for all.
    may_send: Option<Box<[bool]>>,
    payload_limit: usize,
    /// Its name is taken: the wish for the place, and what becomes of it.
    contest: Option<(Contest, BoxFuture<'static, bool>)>,
    handlers: Arc<[Handler]>,
    /// Places where calls can run, by topic; taken from here, given back when the call is done.
    idle: Vec<Vec<Box<dyn Worker>>>,
    running: FuturesUnordered<Running>,
    /// Calls that run in tasks of their own.
    spawned: FuturesUnordered<BoxFuture<'static, Done>>,
    /// How the calls that run are told that nobody waits for their responses any more.
    cancellations: BTreeMap<Token, Arc<Cancellation>>,
    /// The turn of a node that handles one message at a time.
    turn: Option<OwnedMutexGuard<()>>,
    waiting_for_turn: Option<BoxFuture<'static, OwnedMutexGuard<()>>>,
    /// The node has as many handlers as it may have: what tells that one of them is done.
    waiting_for_room: Option<BoxFuture<'static, ()>>,
    /// Cancelled when handlers that are not done are dropped.
    drop_handlers: CancellationToken,
    tally: ReceivedTally,
    /// Whether the node traces.
    traces: bool,
    /// The trace of the message or request that comes next.
    trace: Option<Arc<TraceContext>>,
    /// What is counted of the peer, once it is let in.
    counts: Option<Arc<PeerCounts>>,
}

/// Places kept for the next calls of one topic.
const IDLE_WORKERS: usize = 32;

impl Accepted {
    pub(super) fn new(
        node: Arc<Inner>,
        outbox: Arc<Outbox>,
        listener: Listener,
        remote: Remote,
        handshake: Handshake,
    ) -> Self {
        let (handlers, drop_handlers) = (node.handlers(), node.drop_handlers());
        let tally = ReceivedTally::new(handlers.len());
        Self {
            idle: handlers.iter().map(|_| Vec::new()).collect(),
            handlers,
            traces: node.config().tracing,
            trace: None,
            node,
            outbox,
            payload_limit: listener.limits().payload_bytes.unwrap_or(usize::MAX),
            listener,
            remote,
            handshake: Some(handshake),
            candidate: None,
            peer: None,
            is_proved: false,
            may_send: None,
            contest: None,
            running: FuturesUnordered::new(),
            spawned: FuturesUnordered::new(),
            cancellations: BTreeMap::new(),
            turn: None,
            waiting_for_turn: None,
            waiting_for_room: None,
            drop_handlers,
            tally,
            counts: None,
        }
    }

    /// Who dialled, once it has said so.
    pub(super) const fn peer(&self) -> Option<&Arc<str>> {
        self.peer.as_ref()
    }

    /// Runs to its end what still runs when the connection is gone: a handler is never dropped halfway.
    pub(super) async fn finish(mut self) {
        let mut nowhere = Vec::new();
        let drop_handlers = self.drop_handlers.clone();
        loop {
            let done = tokio::select! {
                biased;
                () = drop_handlers.cancelled() => None,
                done = self.running.next() => done,
            };
            let Some(done) = done else { break };
            self.done(done, crate::clock::now(), &mut nowhere);
            nowhere.clear();
        }
        self.drop_running(&mut nowhere);
        while let Some(done) = self.spawned.next().await {
            self.done(done, crate::clock::now(), &mut nowhere);
            nowhere.clear();
        }
        self.end_batch();
    }

    fn sequential(&self) -> bool {
        self.node.config().handling == Handling::Sequential
    }

    /// Somebody says who it is: it may have to prove it.
    fn hello(&mut self, name: &str, instance: u128, turn: Turn<'_, '_>) -> Result<(), End> {
        let names_nodes = self.listener.config().names_nodes(self.node.config());
        self.is_proved = self.node.check_name(name, &self.remote, names_nodes).map_err(refused)?;
        let peer: Arc<str> = name.into();
        let secrets = self.node.secrets();
        let Some(secret) = secrets.accepting(self.listener.index(), name) else {
            return self.admit(peer, instance, turn);
        };
        let nonce = proof::nonce().ok_or_else(no_nonce)?;
        let own = (self.node.name(), self.node.instance());
        let binding = self.remote.binding;
        turn.session.challenge(secret.clone(), nonce, own, (name, instance), binding, turn.out);
        self.candidate = Some((peer, instance));
        Ok(())
    }

    /// Lets a node in, or not.
    fn admit(&mut self, name: Arc<str>, instance: u128, turn: Turn<'_, '_>) -> Result<(), End> {
        self.is_proved |= turn.session.is_proved();
        let claim = Claim { instance, is_proved: self.is_proved };
        match self.node.admit(&name, claim, &self.outbox).map_err(refused)? {
            Admission::Done => self.welcome(name, turn.session, turn.out),
            Admission::Contest(contest) => {
                let decision = Box::pin(contest.is_stale());
                self.contest = Some((contest, decision));
            }
        }
        Ok(())
    }

    /// A node is in.
    fn welcome(&mut self, name: Arc<str>, session: &mut Session, out: &mut Vec<u8>) {
        self.outbox.set_frame_limit(session.peer_frame_limit());
        let (address, is_proved) = (&self.remote.address, self.is_proved);
        tracing::info!(node = %self.node.name(), peer = %name, %address, is_proved, "a peer has connected");
        let allowed = self.node.config().may_send(is_proved.then_some(&*name));
        self.may_send = allowed.map(|patterns| {
            let may_send = |topic: &str| patterns.iter().any(|pattern| pattern.matches(topic));
            self.handlers.iter().map(|handler| may_send(handler.topic().name())).collect()
        });
        let now = crate::clock::now();
        let scheme = self.listener.config().endpoint.scheme();
        let link = Link { scheme, identity: self.remote.identity.clone() };
        self.counts = Some(self.node.metrics().peers().joined(&name, Direction::Incoming, link, now));
        self.peer = Some(name);
        self.handshake = None;
        self.node.welcome(&self.outbox, session, out);
    }

    /// Lets a node in that waits for the place of another one, or not, as soon as that is decided.
    fn poll_contest(
        &mut self,
        context: &mut Context<'_>,
        session: &mut Session,
        out: &mut Vec<u8>,
    ) -> Result<bool, End> {
        let Some((_, decision)) = &mut self.contest else { return Ok(false) };
        let Poll::Ready(stale) = decision.as_mut().poll(context) else { return Ok(false) };
        let Some((contest, _)) = self.contest.take() else { return Ok(false) };
        if !stale {
            return Err(refused(contest.lose()));
        }
        let name = contest.name.clone();
        contest.win(&self.outbox).map_err(refused)?;
        self.welcome(name, session, out);
        Ok(true)
    }

    /// The node takes nothing new.
    #[cold]
    fn draining(&mut self, index: usize, token: Token, out: &mut Vec<u8>) {
        self.trace = None;
        self.node.metrics().received()[index].outcomes.refused.add(1);
        write_text_response(out, token, Status::Draining, "the node is about to stop");
    }

    /// The peer may not send that topic.
    #[cold]
    fn forbidden(&mut self, index: usize, call: Call, out: &mut Vec<u8>) {
        self.trace = None;
        self.node.metrics().received()[index].outcomes.forbidden.add(1);
        self.log_forbidden(index, "send the topic");
        if let Some(token) = call.token {
            let text = "its configuration does not let this node send the topic";
            write_text_response(out, token, Status::NotAllowed, text);
        }
    }

    /// The payload is larger than the listener takes.
    #[cold]
    fn too_large(&mut self, index: usize, call: Call, bytes: usize, out: &mut Vec<u8>) {
        self.trace = None;
        self.node.metrics().received()[index].outcomes.too_large.add(1);
        self.log_forbidden(index, "send so large a payload");
        if let Some(token) = call.token {
            let text = format!("{bytes} bytes are over the limit of {}", self.payload_limit);
            write_text_response(out, token, Status::TooLarge, &text);
        }
    }

    fn log_forbidden(&self, index: usize, what: &'static str) {
        let topic = self.handlers[index].topic().name();
        self.node.log_forbidden(self.peer.as_deref().unwrap_or_default(), topic, what);
    }

    /// Starts a handler, and goes on with it as far as it gets without waiting.
    fn start(
        &mut self,
        topic: TopicId,
        call: Call,
        deadline: Option<Instant>,
        payload: &[u8],
        turn: Turn<'_, '_>,
    ) {
        let index = topic as usize;
        let Some(handler) = self.handlers.get(index) else {
            return self.unknown_topic(call, turn.out, "there is no topic of that number");
        };
        if self.node.is_withdrawn(index) {
            return self.unknown_topic(call, turn.out, "the node does not handle the topic any more");
        }
        let is_request = handler.topic().kind() == crate::TopicKind::Request;
        if is_request != call.token.is_some() {
            return self.unknown_topic(call, turn.out, "the topic is one-way: it has no response");
        }
        let stands_for = self.tally.received(index, payload.len());
        if let Some(token) = call.token
            && self.node.is_draining()
        {
            return self.draining(index, token, turn.out);
        }
        if self.may_send.as_ref().is_some_and(|may_send| !may_send[index]) {
            return self.forbidden(index, call, turn.out);
        }
        if payload.len() > self.payload_limit {
            return self.too_large(index, call, payload.len(), turn.out);
        }
        let spawn = handler.options().spawn;
        let mut worker = match self.idle[index].pop() {
            Some(worker) => worker,
            None => handler.worker(
                &Core {
                    node: self.node.clone(),
                    sender: self.peer.clone(),
                    is_proved: self.is_proved,
                    deadline: None,
                    cancellation: None,
                    trace: None,
                    hold: if self.node.has_lock() {
                        Hold::State
                    } else if self.sequential() && !spawn {
                        Hold::Turn
                    } else {
                        Hold::Nothing
                    },
                },
                &self.node.program().layers,
            ),
        };
        if self.traces {
            pass_trace(&mut self.trace, &mut *worker);
        }
        if let Err(why) = worker.start(call, deadline, payload) {
            self.node.metrics().received()[index].outcomes.undecodable.add(1);
            match call.token {
                Some(token) => write_text_response(turn.out, token, Status::Undecodable, &why),
                None => tracing::warn!(
                    node = %self.node.name(), sender = self.peer.as_deref(), topic = handler.topic().name(), %why,
                    "a message was dropped: its payload does not decode"
                ),
            }
            self.idle[index].push(worker);
            return;
        }
        let started = if stands_for > 0 { crate::clock::now() } else { turn.now };
        if spawn {
            self.heed_cancellation(call, &*worker);
            self.spawn(Running::new(index, worker, call, started));
            // polled from now on: nothing else would tell this task that the other one is done
            turn.context.waker().wake_by_ref();
            return;
        }
        match worker.poll(turn.context, call, turn.out) {
            Poll::Ready(completion) => {
                if stands_for > 0 {
                    let took = crate::clock::now().saturating_duration_since(started);
                    self.node.metrics().received()[index].took(took, stands_for.into());
                }
                self.completed(index, completion);
                self.idle[index].push(worker);
            }
            Poll::Pending => {
                self.node.handler_waits();
                self.heed_cancellation(call, &*worker);
                self.running.push(Running::new(index, worker, call, started));
                // polled again among the others, which then are woken for it alone
                turn.context.waker().wake_by_ref();
            }
        }
    }

    /// Remembers how a call that goes on is told that its caller gave it up. A token that the peer uses twice at a
    /// time is its own loss.
    fn heed_cancellation(&mut self, call: Call, worker: &dyn Worker) {
        if let (Some(token), Some(cancellation)) = (call.token, worker.cancellation()) {
            self.cancellations.insert(token, cancellation.clone());
        }
    }

    /// Runs a handler in a task of its own, and waits for it beside the others.
    fn spawn(&mut self, mut running: Running) {
        self.node.handler_waits();
        let (index, call, started) = (running.index, running.call, running.started);
        let task = self.node.spawn_handler(std::future::poll_fn(move |context| running.poll_call(context)));
        let done = async move {
            // a task that was dropped at the deadline of a stop leaves its caller without a response
            task.await.ok().flatten().unwrap_or_else(|| Done::cancelled(index, call, started))
        };
        self.spawned.push(Box::pin(done));
    }

    fn done(&mut self, mut done: Done, now: Instant, out: &mut Vec<u8>) {
        self.node.handler_done();
        if let Some(counts) = self.node.metrics().received().get(done.index) {
            counts.took(now.saturating_duration_since(done.started), 1);
        }
        if let Some(cancellation) = done.token.and_then(|token| self.cancellations.remove(&token))
            && done.worker.is_none()
        {
            // it was dropped halfway: a clone of its context learns it from nobody else
            cancellation.cancel();
        }
        out.extend_from_slice(&done.response);
        self.completed(done.index, done.completion);
        if let Some(worker) = done.worker.take()
            && let Some(idle) = self.idle.get_mut(done.index)
            && idle.len() < IDLE_WORKERS
        {
            idle.push(worker);
        }
    }

    /// Drops the handlers that are not done; their callers are told.
    fn drop_running(&mut self, out: &mut Vec<u8>) {
        let now = crate::clock::now();
        for mut running in std::mem::take(&mut self.running) {
            // to drop the user's future may panic, which must not take the other handlers of the connection with it
            let worker = running.worker.take();
            let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(worker)));
            if dropped.is_err() {
                tracing::error!(node = %self.node.name(), "a handler panicked when it was dropped");
            }
            self.done(Done::cancelled(running.index, running.call, running.started), now, out);
        }
    }

    /// Waits until the node may have another handler that waits.
    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.node.is_full() {
            let room =
                self.waiting_for_room.get_or_insert_with(|| Box::pin(self.node.clone().handlers_room()));
            // looked at again once it is waited for: the last one may have been done in between
            if room.as_mut().poll(context).is_pending() && self.node.is_full() {
                return Poll::Pending;
            }
            self.waiting_for_room = None;
        }
        Poll::Ready(())
    }

    fn completed(&mut self, index: usize, completion: Completion) {
        if completion == Completion::Done {
            self.tally.handled(index);
        } else {
            self.node.count_completed(self.peer.as_deref(), index, completion);
        }
    }

    #[cold]
    fn unknown_topic(&mut self, call: Call, out: &mut Vec<u8>, why: &str) {
        self.trace = None;
        self.node.metrics().counts().unknown_topic.add(1);
        if let Some(token) = call.token {
            write_text_response(out, token, Status::UnknownTopic, why);
        }
    }
}

impl Side for Accepted {
    fn event(&mut self, event: Event<'_>, turn: Turn<'_, '_>) -> Result<(), End> {
        match event {
            Event::Message { topic, encoding, payload } => {
                let call = Call { token: None, encoding, frame_limit: 0 };
                self.start(topic, call, None, payload, turn);
            }
            Event::Request { topic, token, remaining, encoding, payload } => {
                let deadline = (remaining > 0)
                    .then(|| turn.now.checked_add(Duration::from_millis(remaining.into())))
                    .flatten();
                let call =
                    Call { token: Some(token), encoding, frame_limit: turn.session.peer_frame_limit() };
                self.start(topic, call, deadline, payload, turn);
            }
            Event::Traced(trace) => self.trace = Some(Arc::new(trace)),
            Event::Hello { name, instance } => return self.hello(name, instance, turn),
            Event::Proved => {
                if let Some((name, instance)) = self.candidate.take() {
                    return self.admit(name, instance, turn);
                }
            }
            // handlers run to their end if they don't look; a response that comes too late is left by the caller
            Event::Cancelled(token) => {
                self.node.metrics().counts().cancelled.add(1);
                if let Some(cancellation) = self.cancellations.get(&token) {
                    cancellation.cancel();
                }
            }
            Event::Describe(topic) => {
                let mut description = Vec::new();
                if let Some(handler) = self.handlers.get(topic as usize) {
                    handler.topic().describe(&mut description);
                }
                write_description(turn.out, topic, &description, turn.session.peer_frame_limit());
            }
            Event::Goodbye { code, reason } => return Err(End::goodbye(code, reason)),
            Event::Welcome { .. }
            | Event::Challenged { .. }
            | Event::Announced { .. }
            | Event::Withdrawn(_)
            | Event::Draining
            | Event::Described { .. }
            | Event::Response { .. } => {
                let reason = "the session let an event through that belongs to the dialling side".to_owned();
                return Err(End::Ours { code: GoodbyeCode::Violation, reason });
            }
        }
        Ok(())
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // a connection without a waiting handler may always start one, so that the others can't keep it from everything
        let waiting = self.running.len() + self.spawned.len();
        if waiting > 0
            && (waiting >= self.node.settings().handlers_per_connection()
                || self.poll_room(context).is_pending())
        {
            return Poll::Pending;
        }
        if !self.sequential() || self.peer.is_none() {
            return Poll::Ready(());
        }
        if !self.running.is_empty() {
            return Poll::Pending;
        }
        if self.turn.is_some() {
            return Poll::Ready(());
        }
        if self.waiting_for_turn.is_none()
            && let Ok(turn) = self.node.turn().try_lock_owned()
        {
            self.turn = Some(turn);
            return Poll::Ready(());
        }
        // the lock is fair: whoever asked first has the next turn
        let waiting = self.waiting_for_turn.get_or_insert_with(|| Box::pin(self.node.turn().lock_owned()));
        waiting.as_mut().poll(context).map(|turn| {
            self.waiting_for_turn = None;
            self.turn = Some(turn);
        })
    }

    fn poll_running(
        &mut self,
        context: &mut Context<'_>,
        session: &mut Session,
        out: &mut Vec<u8>,
    ) -> Result<bool, End> {
        let mut progress = self.contest.is_some() && self.poll_contest(context, session, out)?;
        if self.drop_handlers.is_cancelled() && !self.running.is_empty() {
            self.drop_running(out);
            progress = true;
        }
        // one look at the clock for all that are done now
        let mut now = None;
        while !self.running.is_empty() {
            let Poll::Ready(Some(done)) = self.running.poll_next_unpin(context) else { break };
            self.done(done, *now.get_or_insert_with(crate::clock::now), out);
            progress = true;
        }
        while !self.spawned.is_empty() {
            let Poll::Ready(Some(done)) = self.spawned.poll_next_unpin(context) else { break };
            self.done(done, *now.get_or_insert_with(crate::clock::now), out);
            progress = true;
        }
        if progress {
            self.end_batch();
        }
        Ok(progress)
    }

    fn unsent(&mut self, bytes: usize) {
        self.node.count_unsent(bytes, self.peer.as_deref(), self.counts.as_deref());
    }

    fn stopping(&mut self, out: &mut Vec<u8>) {
        // the peer takes what is not answered by now for not begun
        for token in self.cancellations.keys() {
            write_text_response(out, *token, Status::Cancelled, "");
        }
    }

    fn over(&mut self) {
        // nothing more will start here: a turn that came now would be nobody's, and the node would stand still
        self.waiting_for_turn = None;
        self.waiting_for_room = None;
        self.contest = None;
        for cancellation in std::mem::take(&mut self.cancellations).into_values() {
            cancellation.cancel();
        }
        if let Some(peer) = &self.peer {
            self.node.leave(peer, &self.outbox);
        }
        if let Some(counts) = &self.counts {
            self.node.metrics().peers().left(counts);
        }
    }

    fn seen(&mut self, traffic: &mut Traffic) {
        if let Some(counts) = &self.counts {
            counts.take(traffic);
        }
    }

    fn end_batch(&mut self) {
        if self.running.is_empty() {
            self.turn = None;
        }
        self.tally.settle(self.node.metrics().received());
    }
}

/// Says of which trace the next call of a place is a part.
#[cold]
fn pass_trace(trace: &mut Option<Arc<TraceContext>>, worker: &mut dyn Worker) {
    worker.trace(trace.take());
}

/// There is no proof without random bytes.
pub(super) fn no_nonce() -> End {
    let reason = "the node has no random bytes for a proof of the shared secret".to_owned();
    End::Ours { code: GoodbyeCode::Unproven, reason }
}

/// A node that is not let in is told why.
fn refused((code, reason): (GoodbyeCode, String)) -> End {
    End::Ours { code, reason }
}
