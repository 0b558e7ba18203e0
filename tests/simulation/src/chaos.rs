//! The nodes of a run, and what is done to them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use systemge::testing::{Network, queued_bytes};
use systemge::{Node, NodeState, Running};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::application::{Common, Exclusive, Shared};
use crate::plan::{Fault, Plan, TOPICS, endpoint};
use crate::revolving;
use crate::traffic::{Alive, PADDING};
use crate::world::{Invariant, Life, World};

/// The nodes of a run, and what is done to them.
pub(crate) struct Chaos {
    pub(crate) world: Arc<World>,
    pub(crate) network: Network,
    pub(crate) plan: Plan,
    random: Rng,
    places: Vec<Place>,
    /// What the nodes send and ask.
    traffic: JoinSet<()>,
    /// Nodes that stop.
    stops: JoinSet<()>,
    quiet: CancellationToken,
    next_question: Rc<Cell<u64>>,
    /// When nodes start again, and which.
    revivals: BTreeMap<(Instant, usize), Revival>,
}

/// One node's place in the network.
struct Place {
    lives: u32,
    running: Running,
    node: Node,
    state: PlaceState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PlaceState {
    Lives,
    /// Off the network, or stopped; there will be a revival.
    Gone,
}

#[derive(Clone, Copy)]
enum Revival {
    /// A new life of a node that was killed.
    Anew,
    /// The same node that was stopped.
    Again,
}

/// How much later than its own deadline a stop may end: the node's own last moments, one after the other.
const STOP_LATE: Duration = Duration::from_secs(5);

/// How long it may take to handle what was sent before: long, since handlers rest and some run alone.
const DRAINED: Duration = Duration::from_secs(60);

/// No handler rests that long.
const RESTED: Duration = Duration::from_millis(400);

impl Chaos {
    /// Starts all nodes and their traffic.
    pub(crate) async fn begin(plan: Plan, seed: u64, trace: bool) -> Self {
        let world = World::new(trace, plan.calm);
        let network = Network::new();
        network.capture();
        network.fragment(plan.fragment);
        network.window(plan.window);
        let (least, most) = plan.latency;
        network.latency(Duration::from_millis(least)..=Duration::from_millis(most));
        let mut chaos = Self {
            world,
            network,
            random: Rng::with_seed(!seed),
            places: Vec::new(),
            traffic: JoinSet::new(),
            stops: JoinSet::new(),
            quiet: CancellationToken::new(),
            next_question: Rc::default(),
            revivals: BTreeMap::new(),
            plan,
        };
        for place in 0..chaos.plan.nodes.len() {
            if let Some((running, node)) = chaos.start(place, 0).await {
                chaos.places.push(Place { lives: 1, running, node, state: PlaceState::Lives });
                chaos.send(place);
            }
        }
        chaos
    }

    /// Starts a life of a node.
    async fn start(&self, place: usize, number: u32) -> Option<(Running, Node)> {
        let plan = &self.plan.nodes[place];
        let mut config = plan.config.clone();
        for other in &plan.dials {
            config = config.connect(endpoint(*other));
        }
        if self.plan.revolving == Some(place) {
            config = config.connect(revolving::endpoint());
        }
        let sequential = config.handling == systemge::config::Handling::Sequential;
        let me = Life { name: plan.name.clone(), number };
        self.world.log(format_args!("{me} starts"));
        let common = Common { world: self.world.clone(), me, sequential };
        let name = plan.name.to_string();
        let system = self.network.system();
        let system = if plan.exclusive {
            system.node_with(name, Exclusive { common }, config)
        } else {
            system.node_with(name, Shared { common }, config)
        };
        match system.start().await {
            Ok(running) => {
                let node = running.nodes().pop()?;
                Some((running, node))
            }
            Err(error) => {
                self.world.violate(Invariant::Healing, format_args!("{} cannot start: {error:?}", plan.name));
                None
            }
        }
    }

    /// Lets a node send and ask.
    fn send(&mut self, place: usize) {
        let Place { lives, node, .. } = &self.places[place];
        let plan = &self.plan.nodes[place];
        let alive = Alive {
            world: self.world.clone(),
            me: Life { name: plan.name.clone(), number: lives - 1 },
            node: node.clone(),
            quiet: self.quiet.clone(),
            rest: plan.rest,
            max_wait: plan.config.queue.max_wait,
            next_question: self.next_question.clone(),
        };
        self.traffic.spawn_local(alive.clone().send_notes(self.random.fork()));
        for _ in 0..2 {
            self.traffic.spawn_local(alive.clone().ask_questions(self.random.fork()));
        }
    }

    fn name(&self, place: usize) -> Arc<str> {
        self.plan.nodes[place].name.clone()
    }

    /// The faults, one after the other.
    pub(crate) async fn break_things(&mut self) {
        let began = Instant::now();
        let faults = self.plan.faults.clone();
        for (at, fault) in faults {
            self.wait_until(began + at).await;
            self.world.log(format_args!("{fault:?}"));
            self.world.count(|figures| figures.faults += 1);
            self.inflict(fault);
        }
        self.wait_until(began + self.plan.chaos).await;
    }

    /// Waits, looks at the queues, and starts nodes again meanwhile.
    async fn wait_until(&mut self, end: Instant) {
        while Instant::now() < end && !self.world.is_violated() {
            let next = self.revivals.first_key_value().map(|((at, _), _)| *at);
            match next {
                Some(at) if at <= Instant::now() => self.revive_next().await,
                _ => {
                    self.check_queues();
                    let look = Instant::now() + Duration::from_millis(10);
                    tokio::time::sleep_until(next.unwrap_or(end).min(end).min(look)).await;
                }
            }
        }
    }

    fn inflict(&mut self, fault: Fault) {
        let lives = |place: usize| self.places[place].state == PlaceState::Lives;
        match fault {
            Fault::Partition(one, other) => self.network.partition(&self.name(one), &self.name(other)),
            Fault::PartitionOneWay(from, to) => {
                self.network.partition_one_way(&self.name(from), &self.name(to));
            }
            Fault::Heal => self.network.heal(),
            Fault::Cut(one, other) => self.network.cut(&self.name(one), &self.name(other)),
            Fault::Swallow(one, other) => self.network.swallow(&self.name(one), &self.name(other)),
            Fault::Slow(from, to, rate) => self.network.slow(&self.name(from), &self.name(to), rate),
            Fault::Kill(place, pause) if lives(place) && self.may_die(place) => {
                self.network.kill(&self.name(place));
                self.end_life(place, pause);
            }
            Fault::Unplug(place, pause) if lives(place) && self.may_die(place) => {
                self.network.unplug(&self.name(place));
                self.end_life(place, pause);
            }
            Fault::Restart(place, pause) if lives(place) && self.may_die(place) => {
                self.stop(place);
                self.places[place].state = PlaceState::Gone;
                self.revivals.insert((Instant::now() + pause, place), Revival::Again);
            }
            Fault::Disconnect(from, to) if lives(from) => {
                let known = self.places[from].node.disconnect(&endpoint(to));
                self.world.log(format_args!("disconnected: {known}"));
            }
            Fault::Connect(from, to) if lives(from) && self.plan.nodes[from].dials.contains(&to) => {
                let (node, world) = (self.places[from].node.clone(), self.world.clone());
                self.stops.spawn_local(async move {
                    let connected = node.connect(endpoint(to)).await;
                    world.log(format_args!("{} connects: {connected:?}", node.name()));
                });
            }
            Fault::Withdraw(place, topic) if lives(place) => {
                let changed = self.places[place].node.withdraw(TOPICS[topic]);
                self.world.log(format_args!("withdrawn: {changed}"));
            }
            Fault::Announce(place, topic) if lives(place) => {
                let changed = self.places[place].node.announce(TOPICS[topic]);
                self.world.log(format_args!("announced: {changed}"));
            }
            _ => self.world.log(format_args!("not possible now")),
        }
    }

    /// Who dials through the revolving door has to live through it: its attempts are counted.
    fn may_die(&self, place: usize) -> bool {
        self.plan.revolving != Some(place)
    }

    /// A node is off the network: what is left of it winds up where nobody sees it.
    fn end_life(&mut self, place: usize, pause: Duration) {
        self.places[place].state = PlaceState::Gone;
        self.revivals.insert((Instant::now() + pause, place), Revival::Anew);
        let (running, world) = (self.places[place].running.clone(), self.world.clone());
        let (name, most) = (self.name(place), self.stop_time(place));
        self.stops.spawn_local(async move {
            let stopped = tokio::time::timeout(most, running.stop()).await;
            world.expect(
                Invariant::StopsEnd,
                stopped.is_ok(),
                format_args!("what is left of {name} is not gone after {most:?}"),
            );
        });
    }

    fn stop_time(&self, place: usize) -> Duration {
        self.plan.nodes[place].config.stop.deadline + STOP_LATE
    }

    /// Stops a node in an orderly way.
    fn stop(&mut self, place: usize) {
        let (node, world, most) =
            (self.places[place].node.clone(), self.world.clone(), self.stop_time(place));
        let name = self.name(place);
        world.stops(&name);
        self.stops.spawn_local(async move {
            let began = Instant::now();
            let stopped = tokio::time::timeout(most, node.stop()).await;
            world.stops(&name);
            world.log(format_args!("{} stopped after {:?}", node.name(), began.elapsed()));
            world.expect(
                Invariant::StopsEnd,
                stopped.is_ok(),
                format_args!("{} has not stopped after {most:?}", node.name()),
            );
        });
    }

    async fn revive_next(&mut self) {
        let Some(((_, place), revival)) = self.revivals.pop_first() else { return };
        match revival {
            Revival::Anew => {
                let number = self.places[place].lives;
                if let Some((running, node)) = self.start(place, number).await {
                    self.places[place] = Place { lives: number + 1, running, node, state: PlaceState::Lives };
                    self.send(place);
                }
            }
            Revival::Again => {
                let node = self.places[place].node.clone();
                // a start waits for the stop before it
                node.wait_for_state(|state| *state == NodeState::Stopped).await;
                let started = node.start().await;
                self.world.log(format_args!("{} starts again: {started:?}", node.name()));
                self.world.expect(
                    Invariant::Healing,
                    started.is_ok(),
                    format_args!("{} cannot start again: {started:?}", node.name()),
                );
                self.places[place].state = PlaceState::Lives;
            }
        }
    }

    /// Lets the traffic end, and all nodes live again, while the network still is as it is.
    pub(crate) async fn quieten(&mut self) {
        self.world.log(format_args!("quiet"));
        self.quiet.cancel();
        self.joined(|chaos| &mut chaos.traffic, Invariant::RequestsEnd, "traffic").await;
        while !self.revivals.is_empty() {
            self.revive_next().await;
        }
        self.joined(|chaos| &mut chaos.traffic, Invariant::RequestsEnd, "traffic").await;
        self.joined(|chaos| &mut chaos.stops, Invariant::StopsEnd, "a stop").await;
    }

    async fn joined(
        &mut self,
        which: impl Fn(&mut Self) -> &mut JoinSet<()>,
        invariant: Invariant,
        what: &str,
    ) {
        let all = async {
            while let Some(joined) = which(self).join_next().await {
                if let Err(error) = joined {
                    self.world.violate(Invariant::NoPanic, error);
                }
            }
        };
        if tokio::time::timeout(Duration::from_secs(30), all).await.is_err() {
            self.world.violate(invariant, format_args!("{what} does not end"));
        }
    }

    /// Heals the network, and waits until all links and topics are back.
    pub(crate) async fn heal(&mut self) {
        self.world.log(format_args!("healed"));
        self.network.heal();
        self.worked_off().await;
        let began = Instant::now();
        let most = self.plan.healing();
        let mut connecting = JoinSet::new();
        for (place, plan) in self.plan.nodes.iter().enumerate() {
            for other in &plan.dials {
                let (node, endpoint) = (self.places[place].node.clone(), endpoint(*other));
                // what was disconnected at run time is dialled again; an attempt may fail as any other
                connecting.spawn_local(async move {
                    while let Err(systemge::ConnectError::Failed { .. }) =
                        node.connect(endpoint.clone()).await
                    {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                });
            }
        }
        // what looks well at once may be half-open: everything has to be well in the end
        tokio::time::sleep_until(began + most).await;
        let missing = self.missing();
        let dialled: Vec<_> =
            self.places.iter().map(|place| (place.node.name(), place.node.dialled())).collect();
        self.world.expect(
            Invariant::Healing,
            missing.is_empty(),
            format_args!("after {most:?}: {}; {dialled:?}", missing.join("; ")),
        );
        if !missing.is_empty() {
            // whoever replays this wants to know what the nodes have to say
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
    }

    /// Waits until the handlers are through with what had arrived: a node that is too busy to read can't tell whether
    /// its peer is silent.
    async fn worked_off(&self) {
        let end = Instant::now() + DRAINED;
        while self.world.idle() < RESTED && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.world.expect(
            Invariant::NothingLeftBehind,
            Instant::now() < end,
            format_args!("handlers still run after {DRAINED:?}"),
        );
    }

    /// What a healthy network has, and this one has not.
    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        let sorted = |mut names: Vec<Arc<str>>| {
            names.sort_unstable();
            names.retain(|name| **name != *revolving::NAME);
            names
        };
        for (place, Place { node, .. }) in self.places.iter().enumerate() {
            let dials = sorted(self.plan.nodes[place].dials.iter().map(|other| self.name(*other)).collect());
            let from = (0..self.places.len()).filter(|other| self.plan.nodes[*other].dials.contains(&place));
            let from = sorted(from.map(|other| self.name(other)).collect());
            let name = node.name();
            let mut check = |what: &str, is: Vec<Arc<str>>, expected: &[Arc<str>]| {
                if is != expected {
                    missing.push(format!("{name} {what} {is:?} instead of {expected:?}"));
                }
            };
            check("is connected to", sorted(node.connected_to()), &dials);
            check("is connected from", sorted(node.connected_from()), &from);
            for topic in TOPICS {
                let providers = sorted(systemge::testing::providers(node, topic));
                let mut handled_by = dials.clone();
                handled_by.retain(|name| self.handles(name, topic));
                check(&format!("sends {topic} to"), providers, &handled_by);
            }
        }
        missing
    }

    /// Whether a node handles a topic, as it says itself.
    fn handles(&self, name: &str, topic: &str) -> bool {
        let node = self.places.iter().find(|place| place.node.name() == name);
        node.is_some_and(|place| place.node.topics().iter().any(|known| known.name() == topic))
    }

    /// Waits until handlers have caught up with what was sent to them.
    async fn drained(&self) {
        let waits = |place: &Place| queued_bytes(&place.node).iter().any(|(_, bytes)| *bytes > 0);
        let end = Instant::now() + DRAINED;
        while self.places.iter().any(waits) {
            if Instant::now() > end {
                self.world.violate(
                    Invariant::NothingLeftBehind,
                    format_args!("queues are not sent in {DRAINED:?}"),
                );
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Everybody asks everybody, and nothing else happens any more.
    pub(crate) async fn check_peace(&mut self) {
        self.drained().await;
        for place in 0..self.places.len() {
            let number = self.next_question.get();
            self.next_question.set(number + 1);
            let alive = Alive {
                world: self.world.clone(),
                me: Life { name: self.name(place), number: self.places[place].lives - 1 },
                node: self.places[place].node.clone(),
                quiet: self.quiet.clone(),
                rest: 1,
                max_wait: Duration::from_secs(1),
                next_question: self.next_question.clone(),
            };
            self.traffic.spawn_local(async move {
                alive.ask_everybody(number, Duration::from_secs(20)).await;
            });
        }
        self.joined(|chaos| &mut chaos.traffic, Invariant::RequestsEnd, "traffic").await;
        let dials = self.dials();
        let keepalive = self.plan.nodes.iter().map(|node| node.config.keepalive.timeout).max();
        tokio::time::sleep(keepalive.unwrap_or_default() * 3).await;
        let again = self.dials() - dials;
        self.world.expect(
            Invariant::HealthyLinksStay,
            again == 0 && self.missing().is_empty(),
            format_args!("{again} connections were made anew; {}", self.missing().join("; ")),
        );
        for Place { node, .. } in &self.places {
            let (name, waiting) = (node.name(), systemge::testing::requests_in_flight(node));
            self.world.expect(
                Invariant::NothingLeftBehind,
                waiting == 0,
                format_args!("{waiting} requests of {name} still wait"),
            );
            let queued: usize = queued_bytes(node).iter().map(|(_, bytes)| bytes).sum();
            self.world.expect(
                Invariant::NothingLeftBehind,
                queued == 0,
                format_args!("{queued} bytes still wait in {name}"),
            );
            let counters = node.counters();
            let withdrawn = self.plan.faults.iter().any(|(_, fault)| matches!(fault, Fault::Withdraw(..)));
            // what was under way when its topic was withdrawn is no mistake
            let unknown_topic = if withdrawn { 0 } else { counters.unknown_topic };
            self.world.expect(
                Invariant::NoViolations,
                counters.undecodable + counters.unencodable + unknown_topic == 0,
                format_args!("{name} has counted {counters:?}"),
            );
        }
    }

    fn dials(&self) -> usize {
        self.network.dials().iter().filter(|dial| dial.endpoint != revolving::endpoint()).count()
    }

    /// What waits for a peer stays within the limits.
    fn check_queues(&self) {
        for (place, Place { node, .. }) in self.places.iter().enumerate() {
            let limit = self.plan.nodes[place].config.queue.bytes;
            // one frame may go beyond the limit; for each request that got in, its cancellation may
            let most = 2 * limit + PADDING + 512;
            for (peer, bytes) in queued_bytes(node) {
                self.world.expect(
                    Invariant::BoundedQueues,
                    bytes <= most,
                    format_args!("{bytes} bytes wait in {} for {peer}, whose limit is {limit}", node.name()),
                );
            }
        }
    }

    /// Stops all nodes; nothing may be left of them.
    pub(crate) async fn end(&mut self) {
        for place in 0..self.places.len() {
            self.stop(place);
        }
        self.joined(|chaos| &mut chaos.stops, Invariant::StopsEnd, "a stop").await;
        // the ends of connections are under way
        tokio::time::sleep(Duration::from_secs(2)).await;
        let connections = self.network.connections();
        self.world.expect(
            Invariant::NothingLeftBehind,
            connections == 0,
            format_args!("{connections} connections are left although all nodes have stopped"),
        );
    }
}
