//! All clients of a node, and the groups they are in.

use std::any::TypeId;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::Serialize;

use super::client::WsClient;
use super::counters::{Counts, WebSocketCounters, count};
use super::id::ClientId;
use super::push::Push;
use crate::access::AccessList;
use crate::application::Application;
use crate::context::AnyApplication;

/// The WebSocket clients of a node: pushes messages to them. Cloning is cheap.
///
/// What the application `A` declares with `#[push]` are methods of this handle, from a trait that is generated beside
/// its block: `GatewayPushes` for `Gateway`, to be imported where the block is in another module. Of a plain
/// `&Context`, the handle has the pushes of every application whose trait is in scope, and warns if they are another
/// one's.
///
/// It stays the same while the node stops and starts again; in between, nobody is connected and a push reaches
/// no one.
pub struct WebSocket<A = AnyApplication> {
    hub: Arc<Hub>,
    application: PhantomData<fn() -> A>,
}

pub(super) struct Hub {
    /// The application of the node, and how it is called; none in tests.
    application: Option<(TypeId, &'static str)>,
    /// The node's name, once it has started.
    node: OnceLock<Box<str>>,
    state: RwLock<State>,
    pub(super) counts: Counts,
    access: AccessList,
    /// Whether a push of another application has been logged.
    warned: AtomicBool,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) clients: HashMap<ClientId, WsClient>,
    /// A group is here as long as it has members.
    pub(super) groups: HashMap<String, BTreeMap<ClientId, WsClient>>,
}

impl WebSocket {
    /// The handle of a node of that application, without clients.
    pub(crate) fn of<A: Application>() -> Self {
        Self::new(Some((TypeId::of::<A>(), std::any::type_name::<A>())))
    }

    pub(super) fn new(application: Option<(TypeId, &'static str)>) -> Self {
        let hub = Hub {
            application,
            node: OnceLock::new(),
            state: RwLock::default(),
            counts: Counts::default(),
            access: AccessList::default(),
            warned: AtomicBool::new(false),
        };
        Self { hub: Arc::new(hub), application: PhantomData }
    }

    /// The same handle for who knows the application.
    pub(crate) fn typed<A>(&self) -> WebSocket<A> {
        WebSocket { hub: self.hub.clone(), application: PhantomData }
    }
}

impl Default for WebSocket {
    /// Without clients and without a node.
    fn default() -> Self {
        Self::new(None)
    }
}

impl<A> WebSocket<A> {
    /// Encodes a message whose topic no `#[push]` declares, such as one whose name is known at run time only. Nothing
    /// checks that browsers know the topic.
    ///
    /// A payload that is a string travels as it is, any other as JSON. One that can't be written as JSON is logged
    /// and reaches nobody.
    pub fn push_undeclared<T: Serialize + ?Sized>(&self, topic: &str, payload: &T) -> Push {
        Push::encode(&self.hub, topic, payload)
    }

    /// The connected clients, in no particular order.
    #[must_use]
    pub fn clients(&self) -> Vec<WsClient> {
        self.hub.read().clients.values().cloned().collect()
    }

    /// How many clients are connected.
    #[must_use]
    pub fn client_count(&self) -> usize {
        self.hub.read().clients.len()
    }

    /// A connected client; `None` if none has that id.
    #[must_use]
    pub fn client(&self, id: &ClientId) -> Option<WsClient> {
        self.hub.read().clients.get(id).cloned()
    }

    /// The groups that have members, sorted.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        let mut groups: Vec<_> = self.hub.read().groups.keys().cloned().collect();
        groups.sort_unstable();
        groups
    }

    /// The members of a group, in the order of their ids; none if there is no such group.
    #[must_use]
    pub fn members(&self, group: &str) -> Vec<WsClient> {
        let state = self.hub.read();
        state.groups.get(group).into_iter().flat_map(|members| members.values().cloned()).collect()
    }

    /// What the component has counted since the node was made.
    #[must_use]
    pub fn counters(&self) -> WebSocketCounters {
        self.hub.counts.snapshot()
    }

    /// Who may connect, by address; whoever is connected and may not any more is disconnected. It starts as
    /// `websocket.allow` and `websocket.deny` say.
    #[must_use]
    pub fn access(&self) -> &AccessList {
        &self.hub.access
    }

    pub(super) const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}

impl<A> Clone for WebSocket<A> {
    fn clone(&self) -> Self {
        Self { hub: self.hub.clone(), application: PhantomData }
    }
}

impl<A> fmt::Debug for WebSocket<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("clients", &self.client_count()).finish_non_exhaustive()
    }
}

impl Hub {
    /// Whose clients these are. The handle is made before its node, which never changes afterwards.
    pub(super) fn belongs_to(&self, node: &str) {
        self.node.get_or_init(|| node.into());
    }

    /// The node's name, for the log; nothing before it has started.
    pub(super) fn node(&self) -> Option<&str> {
        self.node.get().map(AsRef::as_ref)
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Warns once of a push that another application declares.
    pub(super) fn check_application<A: ?Sized>(&self, topic: &str) {
        let Some((own, application)) = self.application else { return };
        if own != typeid::of::<A>() && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                node = self.node(),
                topic,
                application,
                declared_by = std::any::type_name::<A>(),
                "the node of one application pushes what another one declares; with `&Context<Self>` that does not compile"
            );
        }
    }

    pub(super) fn add(&self, client: WsClient) {
        count(&self.counts.connected);
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

    /// Whether the client is a member now.
    pub(super) fn join(&self, client: &WsClient, group: &str, limit: usize) -> bool {
        let mut state = self.write();
        if !state.clients.contains_key(&client.id()) {
            return false;
        }
        let mut groups = client.own_groups();
        if groups.contains(group) {
            return true;
        }
        if groups.len() >= limit {
            count(&self.counts.refused_joins);
            return false;
        }
        groups.insert(group.to_owned());
        state.groups.entry(group.to_owned()).or_default().insert(client.id(), client.clone());
        true
    }

    /// Whether the client was a member.
    pub(super) fn leave(&self, client: &WsClient, group: &str) -> bool {
        let mut state = self.write();
        let member = client.own_groups().remove(group);
        if member {
            state.take_out(client, group);
        }
        member
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
    use super::super::client::Opening;
    use super::super::queue::{QueueLimits, Receiver};
    use super::*;
    use crate::config::SlowClientPolicy;

    fn client(hub: &WebSocket, queue: usize) -> (WsClient, Receiver) {
        bounded(hub, QueueLimits { messages: queue, bytes: usize::MAX, policy: SlowClientPolicy::Disconnect })
    }

    fn bounded(hub: &WebSocket, limits: QueueLimits) -> (WsClient, Receiver) {
        let (client, receiver) =
            WsClient::new(ClientId::random().unwrap(), Opening::default(), limits, 3, hub.hub());
        hub.hub().add(client.clone());
        (client, receiver)
    }

    #[test]
    fn a_push_reaches_whom_it_names_and_counts_them() {
        let hub = WebSocket::default();
        assert_eq!(hub.push_undeclared("t", "nobody").to_all(), 0);
        let (a, mut a_queue) = client(&hub, 9);
        let (b, mut b_queue) = client(&hub, 9);
        a.join("room");
        assert_eq!(hub.push_undeclared("t", "all").to_all(), 2);
        assert_eq!(hub.push_undeclared("t", "one").to(&b), 1);
        assert_eq!(
            hub.push_undeclared("t", "many").to_many([a.id(), b.id(), ClientId::random().unwrap()]),
            2
        );
        assert_eq!(hub.push_undeclared("t", "group").to_group("room"), 1);
        assert_eq!(hub.push_undeclared("t", "group").to_group("empty"), 0);
        let texts = |queue: &mut Receiver| {
            std::iter::from_fn(|| queue.try_next().map(|frame| frame.to_string())).collect::<Vec<_>>()
        };
        let frame = |payload: &str| format!(r#"{{"topic":"t","payload":"{payload}"}}"#);
        assert_eq!(texts(&mut a_queue), [frame("all"), frame("many"), frame("group")]);
        assert_eq!(texts(&mut b_queue), [frame("all"), frame("one"), frame("many")]);
    }

    #[test]
    fn all_queues_share_the_bytes_of_a_push() {
        let hub = WebSocket::default();
        let (_a, mut a_queue) = client(&hub, 1);
        let (_b, mut b_queue) = client(&hub, 1);
        hub.push_undeclared("t", "payload").to_all();
        let (a, b) = (a_queue.try_next().unwrap(), b_queue.try_next().unwrap());
        assert_eq!(a.as_str().as_ptr(), b.as_str().as_ptr());
    }

    #[test]
    fn a_group_is_there_as_long_as_it_has_members() {
        let hub = WebSocket::default();
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
        let hub = WebSocket::default();
        let (slow, _queue) = client(&hub, 1);
        let (_other, _other_queue) = client(&hub, 9);
        assert_eq!(hub.push_undeclared("t", "1").to_all(), 2);
        assert_eq!(hub.push_undeclared("t", "2").to_all(), 1);
        assert_eq!(hub.push_undeclared("t", "3").to_all(), 1);
        assert!(!slow.is_connected());
        assert_eq!(hub.counters().overflows, 1);
    }

    #[test]
    fn a_payload_that_cannot_be_written_reaches_nobody() {
        let hub = WebSocket::default();
        let (client, _queue) = client(&hub, 1);
        let unwritable = BTreeMap::from([((1, 2), 3)]);
        assert_eq!(hub.push_undeclared("t", &unwritable).to_all(), 0);
        assert!(matches!(
            client.send_undeclared("t", &unwritable),
            Err(super::super::WsSendError::Encode(_))
        ));
        assert!(client.is_connected());
    }
}
