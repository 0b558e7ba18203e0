//! The nodes that a spawner has made.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::SpawnError;
use crate::node::Node;

/// The nodes that a spawner has made, in the order in which they were made.
#[derive(Default)]
pub(super) struct Children(Mutex<List>);

#[derive(Default)]
struct List {
    entries: Vec<Entry>,
    /// Whether the spawner makes no new nodes.
    closed: bool,
    /// The number of the next place.
    next: u64,
}

struct Entry {
    place: u64,
    kind: String,
    /// Not there while it is being made.
    node: Option<Node>,
}

/// A place among the children that is held while a node is being made, and given back if it isn't.
pub(super) struct Place<'a> {
    children: &'a Children,
    place: u64,
}

impl Children {
    /// Holds a place for a node of that kind, if there is room.
    pub(super) fn reserve(&self, kind: &str, limit: usize) -> Result<Place<'_>, SpawnError> {
        let mut list = self.lock();
        if list.closed {
            return Err(SpawnError::Ending);
        }
        if list.entries.len() >= limit {
            return Err(SpawnError::LimitReached { limit: limit as u64 });
        }
        let place = list.next;
        list.next += 1;
        list.entries.push(Entry { place, kind: kind.to_owned(), node: None });
        Ok(Place { children: self, place })
    }

    /// The node of that name and its kind.
    pub(super) fn find(&self, name: &str) -> Result<(String, Node), SpawnError> {
        let found = self.all().into_iter().find(|(_, node)| node.name() == name);
        found.ok_or_else(|| SpawnError::UnknownChild { name: name.to_owned() })
    }

    /// The nodes with their kinds.
    pub(super) fn all(&self) -> Vec<(String, Node)> {
        let list = self.lock();
        list.entries.iter().filter_map(|entry| Some((entry.kind.clone(), entry.node.clone()?))).collect()
    }

    /// From now on, nodes are made.
    pub(super) fn open(&self) {
        self.lock().closed = false;
    }

    /// From now on, no nodes are made; returns those that there are.
    pub(super) fn close(&self) -> Vec<Node> {
        self.lock().closed = true;
        self.all().into_iter().map(|(_, node)| node).collect()
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        // nothing that panics runs under this lock, so that there is nothing to mend
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // somebody else may have removed nodes from the system
        list.entries.retain(|entry| entry.node.as_ref().is_none_or(|node| !node.inner().is_retired()));
        list
    }
}

impl Place<'_> {
    /// The node is made and keeps the place.
    pub(super) fn take(self, node: Node) {
        let mut list = self.children.lock();
        if let Some(entry) = list.entries.iter_mut().find(|entry| entry.place == self.place) {
            entry.node = Some(node);
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut list = self.children.lock();
        list.entries.retain(|entry| entry.place != self.place || entry.node.is_some());
    }
}
