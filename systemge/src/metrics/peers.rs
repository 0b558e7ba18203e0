//! What is counted per peer, and for how many peers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::PeerMetrics;
use super::counts::{Count, DropCounts};
use super::durations::nanos;
use crate::config::Scheme;
use crate::transport::Identity;

/// Which side dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "one of two sides has dialled")]
pub enum Direction {
    /// This node dialled the peer, and sends to it.
    Outgoing,
    /// The peer dialled this node, and sends to it.
    Incoming,
}

impl Direction {
    /// The word that stands in metrics: `outgoing` or `incoming`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Outgoing => "outgoing",
            Self::Incoming => "incoming",
        }
    }
}

/// What a connection's task has seen since it last told.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) read: u64,
    pub(crate) written: u64,
    /// When the last byte came.
    pub(crate) heard: Option<Instant>,
    /// How long the peer took to answer the last ping.
    pub(crate) round_trip: Option<Duration>,
}

/// What is counted of one peer in one direction, over all its connections.
#[derive(Debug)]
pub(crate) struct PeerCounts {
    name: Arc<str>,
    direction: Direction,
    connections: Count,
    pub(crate) dropped: DropCounts,
    pub(crate) unsent_bytes: Count,
    pub(crate) late: Count,
    read_bytes: Count,
    written_bytes: Count,
    /// In nanoseconds; 0 as long as it isn't known.
    round_trip: AtomicU64,
    /// In nanoseconds since `epoch`.
    heard: AtomicU64,
    epoch: Instant,
}

impl PeerCounts {
    fn new(name: &Arc<str>, direction: Direction, now: Instant) -> Self {
        Self {
            name: name.clone(),
            direction,
            connections: Count::default(),
            dropped: DropCounts::default(),
            unsent_bytes: Count::default(),
            late: Count::default(),
            read_bytes: Count::default(),
            written_bytes: Count::default(),
            round_trip: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            epoch: now,
        }
    }

    /// Takes what a connection's task has seen.
    pub(crate) fn take(&self, traffic: &mut Traffic) {
        let Traffic { read, written, heard, round_trip } = std::mem::take(traffic);
        if read > 0 {
            self.read_bytes.add(read);
        }
        if written > 0 {
            self.written_bytes.add(written);
        }
        if let Some(heard) = heard {
            self.heard.store(nanos(heard.saturating_duration_since(self.epoch)), Relaxed);
        }
        if let Some(round_trip) = round_trip {
            self.round_trip.store(nanos(round_trip).max(1), Relaxed);
        }
    }

    fn snapshot(&self, connected: bool, now: Instant) -> PeerMetrics {
        let known = |nanos: u64| (nanos > 0).then(|| Duration::from_nanos(nanos));
        let heard = self.epoch + Duration::from_nanos(self.heard.load(Relaxed));
        PeerMetrics {
            peer: self.name.clone(),
            direction: self.direction,
            connected,
            connections: self.connections.get(),
            queue_bytes: 0,
            requests_in_flight: 0,
            read_bytes: self.read_bytes.get(),
            written_bytes: self.written_bytes.get(),
            dropped: self.dropped.snapshot(),
            unsent_bytes: self.unsent_bytes.get(),
            late: self.late.get(),
            round_trip: known(self.round_trip.load(Relaxed)),
            silence: now.saturating_duration_since(heard),
        }
    }
}

/// How a peer is connected, as the transport knows it.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "dashboard"), expect(dead_code, reason = "only the dashboard shows it"))]
pub(crate) struct Link {
    /// By what: `tcp`, `tls` and so on.
    pub(crate) scheme: Scheme,
    /// The certificate that it has shown.
    #[cfg_attr(
        all(feature = "dashboard", not(feature = "tls")),
        expect(dead_code, reason = "without TLS nobody shows one")
    )]
    pub(crate) identity: Option<Identity>,
}

/// How many peers that are no longer connected are remembered: those that left last.
const GONE: usize = 256;

/// The peers that are counted: all that are connected, and those that left last.
#[derive(Debug, Default)]
pub(crate) struct Peers(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    peers: BTreeMap<(Direction, Arc<str>), Entry>,
    /// Those that are gone, in the order in which they left.
    gone: BTreeMap<u64, (Direction, Arc<str>)>,
    departures: u64,
}

#[derive(Debug)]
struct Entry {
    counts: Arc<PeerCounts>,
    /// How its last connection is.
    link: Link,
    /// How many connections it has. More than one if two endpoints lead to nodes of one name.
    open: usize,
    /// Its place among those that are gone.
    departure: u64,
}

impl Peers {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A peer is connected; `now` is what it was last heard at.
    pub(crate) fn joined(
        &self,
        name: &Arc<str>,
        direction: Direction,
        link: Link,
        now: Instant,
    ) -> Arc<PeerCounts> {
        let mut known = self.lock();
        let Known { peers, gone, .. } = &mut *known;
        let entry = peers.entry((direction, name.clone())).or_insert_with(|| Entry {
            counts: Arc::new(PeerCounts::new(name, direction, now)),
            link: link.clone(),
            open: 0,
            departure: 0,
        });
        entry.link = link;
        if entry.open == 0 {
            gone.remove(&entry.departure);
        }
        entry.open += 1;
        entry.counts.connections.add(1);
        entry.counts.take(&mut Traffic { heard: Some(now), ..Traffic::default() });
        entry.counts.clone()
    }

    /// A connection of a peer has ended.
    pub(crate) fn left(&self, counts: &PeerCounts) {
        let mut known = self.lock();
        let Known { peers, gone, departures } = &mut *known;
        let key = (counts.direction, counts.name.clone());
        let Some(entry) = peers.get_mut(&key) else { return };
        entry.open = entry.open.saturating_sub(1);
        if entry.open > 0 {
            return;
        }
        *departures += 1;
        entry.departure = *departures;
        gone.insert(*departures, key);
        if gone.len() > GONE
            && let Some((_, first)) = gone.pop_first()
        {
            peers.remove(&first);
        }
    }

    /// How a peer is connected.
    #[cfg(feature = "dashboard")]
    pub(crate) fn link(&self, name: &str, direction: Direction) -> Option<Link> {
        let known = self.lock();
        let entry = known.peers.get(&(direction, Arc::from(name)))?;
        (entry.open > 0).then(|| entry.link.clone())
    }

    pub(crate) fn snapshot(&self, now: Instant) -> Vec<PeerMetrics> {
        self.lock().peers.values().map(|entry| entry.counts.snapshot(entry.open > 0, now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_left_last_are_remembered_and_those_that_are_connected_always() {
        let (peers, now) = (Peers::default(), Instant::now());
        let link = Link { scheme: Scheme::Tcp, identity: None };
        let join = |name: &str| peers.joined(&name.into(), Direction::Incoming, link.clone(), now);
        let _stays = join("stays");
        let comes_back = join("comes-back");
        peers.left(&comes_back);
        for number in 0..GONE {
            peers.left(&join(&format!("passes-{number}")));
            if number == 0 {
                join("comes-back");
            }
        }
        let names =
            |peers: &Peers| peers.snapshot(now).iter().map(|peer| peer.peer.clone()).collect::<Vec<_>>();
        assert_eq!(names(&peers).len(), GONE + 2);
        peers.left(&join("one-more"));
        let known = names(&peers);
        assert_eq!(known.len(), GONE + 2);
        assert!(!known.contains(&"passes-0".into()), "who left first is forgotten");
        for name in ["stays", "comes-back", "passes-1", "one-more"] {
            assert!(known.contains(&name.into()), "{name}");
        }
        assert_eq!(
            peers.snapshot(now).iter().find(|peer| &*peer.peer == "comes-back").map(|peer| peer.connections),
            Some(2)
        );
    }
}
