//! What is to happen in one run, all of it from the seed.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use systemge::config::{Endpoint, Handling, NodeConfig, SlowPeerPolicy};

/// What is to happen in one run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The nodes.
    pub nodes: Vec<NodePlan>,
    /// How long bytes take, at least and at most, in milliseconds.
    pub latency: (u64, u64),
    /// How many bytes may be under way on one connection.
    pub window: usize,
    /// Whether writes and reads come in pieces.
    pub fragment: bool,
    /// How long faults happen.
    pub chaos: Duration,
    /// The faults, in the order of their times.
    pub faults: Vec<(Duration, Fault)>,
    /// Whether nodes take a silent peer for gone only after a long time, so that who comes back has to take the place of
    /// its stale connection; then only the first node vanishes without a word, which nobody dials.
    pub patient: bool,
    /// Whether nothing goes wrong but that nodes stop in an orderly way and start again, and withdraw topics: then
    /// nobody loses an answer.
    pub calm: bool,
    /// The node that dials somebody who lets it in and throws it out at once, if one does.
    pub revolving: Option<usize>,
}

/// A node of a run.
#[derive(Debug, Clone)]
pub struct NodePlan {
    /// Its name.
    pub name: Arc<str>,
    /// The places of the nodes that it dials.
    pub dials: Vec<usize>,
    /// Its configuration, but for whom it dials.
    pub config: NodeConfig,
    /// Whether its handlers have the application for themselves.
    pub exclusive: bool,
    /// How long its tasks rest between two messages or requests, at most, in milliseconds.
    pub rest: u64,
}

/// Something that goes wrong.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Nothing passes between two nodes.
    Partition(usize, usize),
    /// Nothing passes from the first to the second.
    PartitionOneWay(usize, usize),
    /// Partitions and slowness end.
    Heal,
    /// Connections between two nodes are reset.
    Cut(usize, usize),
    /// Connections between two nodes swallow what is sent.
    Swallow(usize, usize),
    /// So many bytes per second pass from the first to the second.
    Slow(usize, usize, u64),
    /// A node is killed, and started again after so long.
    Kill(usize, Duration),
    /// A node is unplugged, and started again after so long.
    Unplug(usize, Duration),
    /// A node is stopped in an orderly way, and started again after so long.
    Restart(usize, Duration),
    /// A node no longer dials another one.
    Disconnect(usize, usize),
    /// A node dials another one again.
    Connect(usize, usize),
    /// A node no longer handles a topic, of that place among [`TOPICS`].
    Withdraw(usize, usize),
    /// A node handles a topic again.
    Announce(usize, usize),
}

/// The topics that every node handles, as long as it doesn't withdraw them.
pub const TOPICS: [&str; 3] = ["note", "ask", "dig"];

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let patient = random.u8(0..4) == 0;
        let calm = !patient && random.u8(0..6) == 0;
        let count = random.usize(3..=12).min(random.usize(3..=12));
        let density = random.f64() * 0.6;
        let mut nodes: Vec<NodePlan> = (0..count)
            .map(|place| {
                let mut dials: Vec<usize> =
                    (0..count).filter(|other| *other != place && random.f64() < density).collect();
                let next = (place + 1) % count;
                if !dials.contains(&next) {
                    dials.push(next);
                }
                if patient {
                    dials.retain(|other| *other != 0);
                }
                node(&mut random, place, dials, patient, calm)
            })
            .collect();
        let slowest = *[0, 2, 20, 60].get(random.usize(0..if calm { 2 } else { 4 })).unwrap_or(&0);
        let chaos = Duration::from_millis(random.u64(1500..4000));
        let mut faults: Vec<(Duration, Fault)> = (0..random.usize(0..14))
            .map(|_| {
                let at =
                    Duration::from_millis(random.u64(100..u64::try_from(chaos.as_millis()).unwrap_or(1000)));
                let fault = match (patient, calm) {
                    (true, _) => patient_fault,
                    (_, true) => calm_fault,
                    _ => fault,
                };
                (at, fault(&mut random, count))
            })
            .collect();
        faults.sort_by_key(|(at, _)| *at);
        let revolving = (random.u8(0..4) == 0).then(|| random.usize(0..count));
        if let Some(NodePlan { config, .. }) = revolving.and_then(|place| nodes.get_mut(place)) {
            // longer than it takes until somebody learns that it was thrown out
            config.dial.initial_delay = Duration::from_millis(2 * slowest + 20);
            config.dial.max_delay = config.dial.initial_delay * 8;
        }
        Self {
            nodes,
            latency: (random.u64(0..=slowest / 2), slowest),
            window: [1024, 16 * 1024, 64 * 1024][if calm { 2 } else { random.usize(0..3) }],
            fragment: random.bool(),
            chaos,
            faults,
            patient,
            calm,
            revolving,
        }
    }

    /// After how long a healed network has all links back, at the latest.
    ///
    /// A connection that is half-open is found out after the time of keepalive, and its end takes up to the time of the
    /// last words; both for the dialling side and for the accepting side, which keeps the dialling side out meanwhile.
    /// Then the longest delay between two attempts passes, after an attempt that may have hung for its whole time. Where
    /// nodes are patient, who comes back has to take the place of its stale connection after the time for that.
    #[must_use]
    pub fn healing(&self) -> Duration {
        let longest = |of: fn(&NodeConfig) -> Duration| self.nodes.iter().map(|node| of(&node.config)).max();
        let found_out: fn(&NodeConfig) -> Duration = if self.patient {
            |config| config.keepalive.replace_after * 2
        } else {
            |config| config.keepalive.timeout
        };
        let times: [fn(&NodeConfig) -> Duration; 5] = [
            found_out,
            |config| config.dial.max_delay * 2,
            |config| config.dial.timeout,
            |config| config.limits.handshake_timeout,
            |_| LAST_WORDS,
        ];
        let sum: Duration = times.into_iter().filter_map(longest).sum();
        sum + 6 * Duration::from_millis(self.latency.1) + SLACK
    }
}

/// How long the last words of a connection may take.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// What timers round up to, and what stands in queues.
const SLACK: Duration = Duration::from_millis(500);

/// Where a node listens.
#[must_use]
pub fn endpoint(place: usize) -> Endpoint {
    let port = u16::try_from(7000 + place).unwrap_or(7000);
    Endpoint::tcp(([127, 0, 0, 1], port).into())
}

fn node(random: &mut Rng, place: usize, dials: Vec<usize>, patient: bool, calm: bool) -> NodePlan {
    let millis = |random: &mut Rng, range: std::ops::Range<u64>| Duration::from_millis(random.u64(range));
    let mut config = NodeConfig::new().listen(endpoint(place));
    if random.u8(0..3) == 0 {
        config = config.handling(Handling::Sequential);
    }
    config.requests.timeout = millis(random, 300..2000);
    config.dial.initial_delay = millis(random, 20..100);
    config.dial.max_delay = config.dial.initial_delay + millis(random, 100..900);
    config.dial.timeout = millis(random, 600..1000);
    config.queue.bytes = [256, 2048, 16 * 1024][random.usize(0..3)];
    config.queue.policy =
        [SlowPeerPolicy::Wait, SlowPeerPolicy::DropNewest, SlowPeerPolicy::Disconnect][random.usize(0..3)];
    config.queue.max_wait = millis(random, 200..800);
    config.keepalive.interval = millis(random, 150..450);
    // longer than the own interval and that of every other node, in which a busy one says that it lives
    config.keepalive.timeout = millis(random, 1100..1600);
    // a handshake has to last until it is clear whether a stale connection is replaced
    config.keepalive.replace_after = millis(random, 100..200);
    if patient {
        config.keepalive.interval = Duration::from_secs(20);
        config.keepalive.timeout = Duration::from_secs(60);
    }
    if calm {
        // what waits for room when the peer goes is lost, too, without harm: it was never sent
        config.queue.bytes = 256 * 1024;
    }
    config.limits.handshake_timeout = millis(random, 600..1000);
    config.limits.handlers_per_connection = random.usize(1..12);
    config.limits.handlers = random.usize(4..64);
    config.stop.deadline = millis(random, 50..400);
    NodePlan {
        name: format!("n{place}").into(),
        dials,
        config,
        exclusive: random.u8(0..4) == 0,
        rest: [20, 60, 200][random.usize(0..3)],
    }
}

/// Nothing after which somebody may not know what became of a request.
fn calm_fault(random: &mut Rng, count: usize) -> Fault {
    let one = random.usize(0..count);
    let topic = random.usize(0..TOPICS.len());
    match random.u8(0..4) {
        0 => Fault::Withdraw(one, topic),
        1 => Fault::Announce(one, topic),
        _ => Fault::Restart(one, Duration::from_millis(random.u64(0..1500))),
    }
}

/// Nothing that only the time of keepalive could mend.
fn patient_fault(random: &mut Rng, count: usize) -> Fault {
    let one = random.usize(0..count);
    let other = (one + random.usize(1..count)) % count;
    let pause = Duration::from_millis(random.u64(0..1500));
    match random.u8(0..12) {
        0..=5 => Fault::Unplug(0, pause),
        6..=7 => Fault::Kill(one, pause),
        8..=9 => Fault::Cut(one, other),
        10 => Fault::Restart(one, pause),
        _ => Fault::Slow(one, other, random.u64(1000..20_000)),
    }
}

fn fault(random: &mut Rng, count: usize) -> Fault {
    let one = random.usize(0..count);
    let other = (one + random.usize(1..count)) % count;
    let pause = Duration::from_millis(random.u64(0..1500));
    let topic = random.usize(0..TOPICS.len());
    match random.u8(0..25) {
        0..=2 => Fault::Partition(one, other),
        3..=4 => Fault::PartitionOneWay(one, other),
        5..=6 => Fault::Heal,
        7..=9 => Fault::Cut(one, other),
        10..=12 => Fault::Swallow(one, other),
        13..=14 => Fault::Slow(one, other, random.u64(100..20_000)),
        15..=16 => Fault::Kill(one, pause),
        17 => Fault::Unplug(one, pause),
        18..=19 => Fault::Restart(one, pause),
        20 => Fault::Disconnect(one, other),
        21 => Fault::Connect(one, other),
        22..=23 => Fault::Withdraw(one, topic),
        _ => Fault::Announce(one, topic),
    }
}
