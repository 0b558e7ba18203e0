//! What is connected to what.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::pipe::{Found, Link, Pipe};
use super::stream::Knocking;
use super::{Dialling, Sent};
use crate::config::Endpoint;
use crate::testing::wire::{TopicNames, WireFrame, WireReader};

/// A node that is attached to the network, in one of its lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Host {
    pub(super) node: Arc<str>,
    pub(super) incarnation: u64,
}

/// One side of one connection: its number, and 0 for the side that dialled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    pub(super) connection: u64,
    pub(super) side: usize,
}

/// How connections end that the network ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Reset,
    Swallowed,
}

/// What becomes of an attempt to connect.
pub(super) enum Reached {
    Listener(mpsc::Sender<Knocking>),
    Nobody,
    /// Nothing comes back, for now.
    Nothing,
}

/// What a writer finds.
pub(super) enum Taken {
    /// So many bytes were taken.
    Bytes(usize),
    /// There is no room, until somebody reads, or until that time, when it breaks.
    Nothing(Option<Instant>),
    /// The connection is gone.
    Broken,
}

pub(super) struct State {
    random: fastrand::Rng,
    began: Instant,
    latency: RangeInclusive<u64>,
    fragment: bool,
    window: usize,
    links: BTreeMap<(Arc<str>, Arc<str>), Link>,
    /// Who listens on an endpoint, or was the last to do so.
    owners: BTreeMap<Endpoint, Owner>,
    connections: BTreeMap<u64, Connection>,
    next_connection: u64,
    next_port: u16,
    /// The lives of a node before this one are over: what they send reaches nobody.
    born: BTreeMap<Arc<str>, u64>,
    dials: Vec<Dialling>,
    captures: bool,
    sent: Vec<Sent>,
    digest: DefaultHasher,
}

struct Owner {
    host: Host,
    /// `None` when nobody listens any more.
    listener: Option<mpsc::Sender<Knocking>>,
    /// Whoever dials gets no answer.
    silent: bool,
}

struct Connection {
    hosts: [Host; 2],
    /// Which sides still hold their end.
    open: [bool; 2],
    /// Which sides have been taken off the network.
    severed: [bool; 2],
    /// What each side has written.
    pipes: [Pipe; 2],
    names: TopicNames,
}

impl Connection {
    /// One side learns at that time that the connection was reset.
    fn reset(&mut self, side: usize, at: Instant) {
        self.pipes[1 - side].reset(at);
        self.pipes[side].wake();
    }
}

impl State {
    pub(super) fn new(seed: u64, began: Instant) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            began,
            latency: 0..=0,
            fragment: false,
            window: 64 * 1024,
            links: BTreeMap::new(),
            owners: BTreeMap::new(),
            connections: BTreeMap::new(),
            next_connection: 0,
            next_port: 1024,
            born: BTreeMap::new(),
            dials: Vec::new(),
            captures: false,
            sent: Vec::new(),
            digest: DefaultHasher::new(),
        }
    }

    // ---- how it is ----

    pub(super) fn set_latency(&mut self, millis: RangeInclusive<u64>) {
        self.latency = millis;
    }

    pub(super) const fn set_fragment(&mut self, fragment: bool) {
        self.fragment = fragment;
    }

    pub(super) const fn set_window(&mut self, bytes: usize) {
        self.window = if bytes == 0 { 1 } else { bytes };
    }

    pub(super) fn set_rate(&mut self, from: &str, to: &str, rate: u64) {
        self.set_link(from, to, |link| link.rate = rate);
    }

    pub(super) fn set_blocked(&mut self, from: &str, to: &str, blocked: bool) {
        self.set_link(from, to, |link| link.blocked = blocked);
    }

    fn set_link(&mut self, from: &str, to: &str, change: impl Fn(&mut Link)) {
        change(self.links.entry((from.into(), to.into())).or_default());
        for connection in self.connections.values_mut() {
            for side in 0..2 {
                if *connection.hosts[side].node == *from && *connection.hosts[1 - side].node == *to {
                    change(&mut connection.pipes[side].link);
                    connection.pipes[side].wake();
                }
            }
        }
    }

    pub(super) fn heal(&mut self, now: Instant) {
        self.links.clear();
        for pipe in self.connections.values_mut().flat_map(|connection| &mut connection.pipes) {
            pipe.heal(now);
        }
    }

    fn link(&self, from: &Host, to: &Host) -> Link {
        self.links.get(&(from.node.clone(), to.node.clone())).copied().unwrap_or_default()
    }

    /// How long the next piece takes.
    pub(super) fn delay(&mut self) -> Duration {
        let (low, high) = (*self.latency.start(), *self.latency.end());
        Duration::from_millis(if low < high { self.random.u64(low..=high) } else { low })
    }

    /// Adds something to the number that stands for all that has happened.
    fn record(&mut self, now: Instant, what: &str, from: &str, to: &str, bytes: &[u8]) {
        let at = now.saturating_duration_since(self.began).as_nanos();
        (at, what, from, to, bytes).hash(&mut self.digest);
    }

    pub(super) fn digest(&self) -> u64 {
        self.digest.finish()
    }

    // ---- listening and dialling ----

    /// Takes an endpoint; with port 0, one with a free number.
    pub(super) fn listen(
        &mut self,
        host: &Host,
        endpoint: &Endpoint,
        sender: mpsc::Sender<Knocking>,
    ) -> Option<Endpoint> {
        let mut endpoint = endpoint.clone();
        if endpoint.scheme() != crate::config::Scheme::Memory && endpoint.port() == 0 {
            endpoint = endpoint.with_port(self.next_port);
            self.next_port = self.next_port.wrapping_add(1).max(1024);
        }
        let taken = |owner: &Owner| owner.listener.is_some() && !self.is_dead(&owner.host);
        if self.owners.get(&endpoint).is_some_and(taken) {
            return None;
        }
        let owner = Owner { host: host.clone(), listener: Some(sender), silent: false };
        self.owners.insert(endpoint.clone(), owner);
        Some(endpoint)
    }

    /// Gives an endpoint back.
    pub(super) fn unlisten(&mut self, host: &Host, endpoint: &Endpoint) {
        if let Some(owner) = self.owners.get_mut(endpoint).filter(|owner| owner.host == *host) {
            owner.listener = None;
        }
    }

    fn is_dead(&self, host: &Host) -> bool {
        self.born.get(&host.node).is_some_and(|first| host.incarnation < *first)
    }

    pub(super) fn dial(&mut self, from: &Host, endpoint: &Endpoint, now: Instant) {
        let at = now.saturating_duration_since(self.began);
        self.dials.push(Dialling { from: from.node.clone(), endpoint: endpoint.clone(), at });
        self.record(now, "dials", &from.node, &endpoint.to_string(), &[]);
    }

    pub(super) fn reach(&self, from: &Host, endpoint: &Endpoint) -> Reached {
        if self.is_dead(from) {
            return Reached::Nothing;
        }
        let Some(owner) = self.owners.get(endpoint) else { return Reached::Nobody };
        let blocked = self.link(from, &owner.host).blocked || self.link(&owner.host, from).blocked;
        match &owner.listener {
            _ if owner.silent || blocked => Reached::Nothing,
            Some(listener) => Reached::Listener(listener.clone()),
            None => Reached::Nobody,
        }
    }

    /// Makes a connection; returns the number of its side that dialled, and of the other one.
    pub(super) fn connect(&mut self, from: &Host, endpoint: &Endpoint, now: Instant) -> Option<[Side; 2]> {
        let to = self.owners.get(endpoint)?.host.clone();
        let connection = self.next_connection;
        self.next_connection += 1;
        let captured = || self.captures.then(WireReader::default);
        let pipes = [
            Pipe::new(self.link(from, &to), self.window, now, captured()),
            Pipe::new(self.link(&to, from), self.window, now, captured()),
        ];
        let names = TopicNames::new();
        self.record(now, "reaches", &from.node, &to.node, &[]);
        let hosts = [from.clone(), to];
        let ends = Connection { hosts, open: [true; 2], severed: [false; 2], pipes, names };
        self.connections.insert(connection, ends);
        Some([0, 1].map(|side| Side { connection, side }))
    }

    /// The node at the other side.
    pub(super) fn other(&self, side: Side) -> Option<Arc<str>> {
        Some(self.connections.get(&side.connection)?.hosts[1 - side.side].node.clone())
    }

    // ---- bytes ----

    pub(super) fn poll_read(
        &mut self,
        side: Side,
        into: &mut [u8],
        now: Instant,
        context: &Context<'_>,
    ) -> Found {
        let Some(connection) = self.connections.get_mut(&side.connection) else { return Found::Reset };
        if connection.severed[side.side] {
            return Found::Reset;
        }
        let pipe = &mut connection.pipes[1 - side.side];
        let found = pipe.read(into, now, self.fragment);
        if matches!(found, Found::Nothing(_)) {
            pipe.reader = Some(context.waker().clone());
        }
        found
    }

    /// Takes some of the bytes.
    pub(super) fn poll_write(
        &mut self,
        side: Side,
        bytes: &[u8],
        now: Instant,
        context: &Context<'_>,
    ) -> Taken {
        let delay = self.delay();
        let fragment = self.fragment;
        let Some(connection) = self.connections.get_mut(&side.connection) else { return Taken::Broken };
        let gone = connection.severed[side.side]
            || connection.pipes[1 - side.side].is_reset(now)
            || connection.pipes[side.side].is_ended();
        if gone {
            return Taken::Broken;
        }
        let room = connection.pipes[side.side].room().min(bytes.len());
        if room == 0 {
            connection.pipes[side.side].writer = Some(context.waker().clone());
            return Taken::Nothing(connection.pipes[1 - side.side].reset_at());
        }
        let count = if fragment && self.random.bool() { self.random.usize(1..=room) } else { room };
        let bytes = &bytes[..count];
        if connection.open[1 - side.side] || connection.pipes[side.side].swallowed {
            connection.pipes[side.side].write(bytes, now, delay);
        } else {
            // nobody is there any more, and says so
            connection.reset(side.side, now + 2 * delay);
        }
        let [from, to] = [side.side, 1 - side.side].map(|index| connection.hosts[index].node.clone());
        Self::see(&mut self.sent, connection, side.side, bytes);
        self.record(now, "sends", &from, &to, bytes);
        Taken::Bytes(count)
    }

    /// Takes apart what is sent, if that is wanted.
    fn see(sent: &mut Vec<Sent>, connection: &mut Connection, side: usize, bytes: &[u8]) {
        let Connection { hosts, pipes, names, .. } = connection;
        let Some(reader) = &mut pipes[side].captured else { return };
        reader.push(bytes);
        loop {
            match reader.next(names) {
                Ok(Some(WireFrame::Ping | WireFrame::Pong)) => {}
                Ok(Some(frame)) => {
                    let (from, to) = (hosts[side].node.clone(), hosts[1 - side].node.clone());
                    sent.push(Sent { from, to, frame });
                }
                Ok(None) => break,
                Err(_) => {
                    // somebody who doesn't speak the protocol: its bytes are no frames
                    pipes[side].captured = None;
                    break;
                }
            }
        }
    }

    /// A side has said all that it has to say.
    pub(super) fn shut(&mut self, side: Side, now: Instant) {
        let delay = self.delay();
        if let Some(connection) = self.connections.get_mut(&side.connection) {
            connection.pipes[side.side].end(now, delay);
        }
    }

    /// A side is gone.
    pub(super) fn close(&mut self, side: Side, now: Instant) {
        let delay = self.delay();
        let Some(connection) = self.connections.get_mut(&side.connection) else { return };
        connection.open[side.side] = false;
        let unread = connection.pipes[1 - side.side].is_unread();
        connection.pipes[1 - side.side].forget();
        if !connection.severed[side.side] {
            connection.pipes[side.side].end(now, delay);
            if unread {
                // as TCP does: what was not read is answered with a reset, which overtakes what was not read there
                connection.reset(1 - side.side, now + delay);
            }
        }
        if connection.open == [false; 2] {
            self.connections.remove(&side.connection);
        }
    }

    // ---- what breaks ----

    pub(super) fn end_between(&mut self, one: &str, other: &str, ending: Ending) {
        self.end_where(|hosts| {
            let names = hosts.each_ref().map(|host| &*host.node);
            (names == [one, other] || names == [other, one]).then_some((ending, [false; 2]))
        });
    }

    /// Ends all lives of a node before `next`.
    pub(super) fn end_node(&mut self, node: &str, next: u64, ending: Ending) {
        self.born.insert(node.into(), next);
        self.end_where(|hosts| {
            let severed = hosts.each_ref().map(|host| *host.node == *node);
            severed.contains(&true).then_some((ending, severed))
        });
        for owner in self.owners.values_mut().filter(|owner| *owner.host.node == *node) {
            owner.silent = ending == Ending::Swallowed;
            owner.listener = None;
        }
    }

    fn end_where(&mut self, which: impl Fn(&[Host; 2]) -> Option<(Ending, [bool; 2])>) {
        let now = crate::clock::now();
        let numbers: Vec<u64> = self.connections.keys().copied().collect();
        for number in numbers {
            let delay = self.delay();
            let Some(connection) = self.connections.get_mut(&number) else { continue };
            let Some((ending, severed)) = which(&connection.hosts) else { continue };
            for (side, severed) in severed.into_iter().enumerate() {
                connection.severed[side] |= severed;
                match ending {
                    Ending::Swallowed => connection.pipes[side].swallow(),
                    Ending::Reset => connection.reset(side, now + delay),
                }
            }
            connection.pipes.iter_mut().for_each(Pipe::wake);
        }
    }

    // ---- what can be seen ----

    pub(super) const fn capture(&mut self) {
        self.captures = true;
    }

    pub(super) fn sent(&self) -> &[Sent] {
        &self.sent
    }

    pub(super) fn take_sent(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.sent)
    }

    pub(super) fn dials(&self) -> &[Dialling] {
        &self.dials
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.len()
    }
}
