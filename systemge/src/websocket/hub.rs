//! All clients of a node, and the groups they are in.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::client::{ClientId, WsClient};
use super::frame;

/// The WebSocket clients of a node: pushes messages to them. Cloning is cheap.
///
/// It stays the same while the node stops and starts again; in between, nobody is connected and a push reaches
/// no one.
#[derive(Clone, Default)]
pub struct WebSocket(Arc<Hub>);

/// A message about to be pushed; one of its methods says to whom. It is encoded once, for however many clients.
///
/// Each method returns for how many clients the message was queued. A client whose queue is full is disconnected
/// and doesn't count.
#[must_use = "a push does nothing until it is said to whom"]
pub struct Push {
    hub: Arc<Hub>,
    /// `None` if the payload can't be encoded, or nobody is connected.
    frame: Option<Utf8Bytes>,
}

#[derive(Default)]
pub(super) struct Hub {
    state: RwLock<State>,
    overflows: AtomicU64,
}

#[derive(Default)]
struct State {
    clients: HashMap<ClientId, WsClient>,
    /// A group is here as long as it has members.
    groups: HashMap<String, BTreeSet<ClientId>>,
}

impl WebSocket {
    /// Without clients.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Encodes a message, to be pushed to whom the methods of [`Push`] say.
    ///
    /// A payload that is a string travels as it is, any other as JSON. One that can't be written as JSON is logged
    /// and reaches nobody.
    pub fn push<T: Serialize + ?Sized>(&self, topic: &str, payload: &T) -> Push {
        let frame = if self.0.read().clients.is_empty() { None } else { Some(frame::encode(topic, payload)) };
        let frame = frame.transpose().unwrap_or_else(|error| {
            tracing::error!(topic, %error, "a payload for WebSocket clients cannot be written as JSON");
            None
        });
        Push { hub: self.0.clone(), frame }
    }

    /// The connected clients, in no particular order.
    #[must_use]
    pub fn clients(&self) -> Vec<WsClient> {
        self.0.read().clients.values().cloned().collect()
    }

    /// How many clients are connected.
    #[cfg(feature = "dashboard")]
    pub(crate) fn count(&self) -> usize {
        self.0.read().clients.len()
    }

    /// A connected client.
    #[must_use]
    pub fn client(&self, id: &ClientId) -> Option<WsClient> {
        self.0.read().clients.get(id).cloned()
    }

    /// The groups that have members, sorted.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        let mut groups: Vec<_> = self.0.read().groups.keys().cloned().collect();
        groups.sort_unstable();
        groups
    }

    /// The members of a group, in the order of their ids; none if there is no such group.
    #[must_use]
    pub fn members(&self, group: &str) -> Vec<WsClient> {
        let state = self.0.read();
        let members = state.groups.get(group).into_iter().flatten();
        members.filter_map(|id| state.clients.get(id).cloned()).collect()
    }

    /// How many clients were disconnected since the node was made because they read too slowly.
    #[must_use]
    pub fn overflows(&self) -> u64 {
        self.0.overflows.load(Ordering::Relaxed)
    }

    pub(super) const fn hub(&self) -> &Arc<Hub> {
        &self.0
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("clients", &self.0.read().clients.len()).finish_non_exhaustive()
    }
}

impl Push {
    /// To every connected client.
    pub fn to_all(self) -> usize {
        let Some(frame) = self.frame else { return 0 };
        let state = self.hub.read();
        state.clients.values().filter(|client| client.queue(frame.clone()).is_ok()).count()
    }

    /// To one client: 1 if it is connected, else 0.
    pub fn to(self, id: &ClientId) -> usize {
        let Some(frame) = self.frame else { return 0 };
        let client = self.hub.read().clients.get(id).cloned();
        usize::from(client.is_some_and(|client| client.queue(frame).is_ok()))
    }

    /// To several clients; one that is named twice gets it twice.
    pub fn to_many(self, ids: impl IntoIterator<Item = ClientId>) -> usize {
        let Some(frame) = self.frame else { return 0 };
        // the iterator is the caller's code, so it does not run while the hub is locked
        let ids: Vec<_> = ids.into_iter().collect();
        let state = self.hub.read();
        let clients = ids.iter().filter_map(|id| state.clients.get(id));
        clients.filter(|client| client.queue(frame.clone()).is_ok()).count()
    }

    /// To the members of a group.
    pub fn to_group(self, group: &str) -> usize {
        let Some(frame) = self.frame else { return 0 };
        let state = self.hub.read();
        let members = state.groups.get(group).into_iter().flatten();
        let clients = members.filter_map(|id| state.clients.get(id));
        clients.filter(|client| client.queue(frame.clone()).is_ok()).count()
    }
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Push").field("frame", &self.frame).finish_non_exhaustive()
    }
}

impl Hub {
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, client: WsClient) {
        self.write().clients.insert(client.id(), client);
    }

    /// Takes a client out of the hub and its groups; the client itself still knows them.
    pub(super) fn remove(&self, client: &WsClient) {
        let mut state = self.write();
        if state.clients.remove(&client.id()).is_some() {
            for group in client.own_groups().iter() {
                state.take_out(client, group);
            }
        }
    }

    pub(super) fn join(&self, client: &WsClient, group: &str) {
        let mut state = self.write();
        if state.clients.contains_key(&client.id()) && client.own_groups().insert(group.to_owned()) {
            state.groups.entry(group.to_owned()).or_default().insert(client.id());
        }
    }

    pub(super) fn leave(&self, client: &WsClient, group: &str) {
        let mut state = self.write();
        if client.own_groups().remove(group) {
            state.take_out(client, group);
        }
    }

    pub(super) fn count_overflow(&self) {
        self.overflows.fetch_add(1, Ordering::Relaxed);
    }
}

impl State {
    fn take_out(&mut self, client: &WsClient, group: &str) {
        if let Some(members) = self.groups.get_mut(group) {
            members.remove(&client.id());
            if members.is_empty() {
                self.groups.remove(group);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn client(hub: &WebSocket, queue: usize) -> (WsClient, tokio::sync::mpsc::Receiver<Utf8Bytes>) {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let (client, receiver) =
            WsClient::new(ClientId::random().unwrap(), address, queue, Arc::downgrade(hub.hub()));
        hub.hub().add(client.clone());
        (client, receiver)
    }

    #[test]
    fn a_push_reaches_whom_it_names_and_counts_them() {
        let hub = WebSocket::new();
        assert_eq!(hub.push("t", "nobody").to_all(), 0);
        let (a, mut a_queue) = client(&hub, 9);
        let (b, mut b_queue) = client(&hub, 9);
        a.join("room");
        assert_eq!(hub.push("t", "all").to_all(), 2);
        assert_eq!(hub.push("t", "one").to(&b.id()), 1);
        assert_eq!(hub.push("t", "many").to_many([a.id(), b.id(), ClientId::random().unwrap()]), 2);
        assert_eq!(hub.push("t", "group").to_group("room"), 1);
        assert_eq!(hub.push("t", "group").to_group("empty"), 0);
        let texts = |queue: &mut tokio::sync::mpsc::Receiver<Utf8Bytes>| {
            std::iter::from_fn(|| queue.try_recv().ok().map(|frame| frame.to_string())).collect::<Vec<_>>()
        };
        let frame = |payload: &str| format!(r#"{{"topic":"t","payload":"{payload}"}}"#);
        assert_eq!(texts(&mut a_queue), [frame("all"), frame("many"), frame("group")]);
        assert_eq!(texts(&mut b_queue), [frame("all"), frame("one"), frame("many")]);
    }

    #[test]
    fn all_queues_share_the_bytes_of_a_push() {
        let hub = WebSocket::new();
        let (_a, mut a_queue) = client(&hub, 1);
        let (_b, mut b_queue) = client(&hub, 1);
        hub.push("t", "payload").to_all();
        let (a, b) = (a_queue.try_recv().unwrap(), b_queue.try_recv().unwrap());
        assert_eq!(a.as_str().as_ptr(), b.as_str().as_ptr());
    }

    #[test]
    fn a_group_is_there_as_long_as_it_has_members() {
        let hub = WebSocket::new();
        let (a, _a_queue) = client(&hub, 1);
        let (b, _b_queue) = client(&hub, 1);
        a.join("x");
        a.join("x");
        b.join("x");
        b.join("y");
        assert_eq!(hub.groups(), ["x", "y"]);
        assert_eq!(b.groups(), ["x", "y"]);
        assert_eq!(hub.members("x").len(), 2);
        a.leave("x");
        hub.hub().remove(&b);
        assert_eq!(hub.groups(), [""; 0]);
        assert_eq!(b.groups(), ["x", "y"], "known to `on_disconnect`");
        b.join("z");
        assert_eq!(hub.groups(), [""; 0], "who has left joins nothing");
        assert_eq!(hub.clients().len(), 1);
        assert!(hub.client(&a.id()).is_some());
        assert!(hub.client(&b.id()).is_none());
    }

    #[test]
    fn a_client_whose_queue_is_full_is_disconnected_and_counted_once() {
        let hub = WebSocket::new();
        let (slow, _queue) = client(&hub, 1);
        let (_other, _other_queue) = client(&hub, 9);
        assert_eq!(hub.push("t", "1").to_all(), 2);
        assert_eq!(hub.push("t", "2").to_all(), 1);
        assert_eq!(hub.push("t", "3").to_all(), 1);
        assert!(!slow.is_connected());
        assert_eq!(hub.overflows(), 1);
    }

    #[test]
    fn a_payload_that_cannot_be_written_reaches_nobody() {
        let hub = WebSocket::new();
        let (client, _queue) = client(&hub, 1);
        let unwritable = std::collections::BTreeMap::from([((1, 2), 3)]);
        assert_eq!(hub.push("t", &unwritable).to_all(), 0);
        assert!(matches!(client.send("t", &unwritable), Err(super::super::WsSendError::Encode(_))));
        assert!(client.is_connected());
    }
}
