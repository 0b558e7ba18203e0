//! Connections within one process.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::mpsc;

use super::{Address, Channel, Incoming, Listener, Transport};
use crate::config::Endpoint;

/// How many bytes may be under way in each direction, as in a small socket's buffer.
const UNDER_WAY: usize = 64 * 1024;
/// How many may wait to be accepted.
const BACKLOG: usize = 1024;

/// Connections within one process: `mem://NAME`. Clones share their names; others have names of their own.
#[derive(Clone, Default)]
pub struct Memory {
    names: Arc<Mutex<Names>>,
}

/// Who listens under which name, and which node that is.
type Names = HashMap<String, (mpsc::Sender<Knocking>, Arc<str>)>;

impl Memory {
    fn names(&self) -> MutexGuard<'_, Names> {
        // nothing that panics runs under the lock
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Transport for Memory {
    fn listen<'a>(
        &'a self,
        node: &'a str,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        async move {
            let (sender, knocking) = mpsc::channel(BACKLOG);
            let mut names = self.names();
            if names.contains_key(endpoint.host()) {
                return Err(io::Error::new(ErrorKind::AddrInUse, "a node listens under that name already"));
            }
            names.insert(endpoint.host().to_owned(), (sender, node.into()));
            drop(names);
            let listener = Listening { memory: self.clone(), endpoint: endpoint.clone(), knocking };
            Ok(Box::new(listener) as Box<dyn Listener>)
        }
        .boxed()
    }

    fn dial<'a>(&'a self, node: &'a str, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<Channel>> {
        async move {
            let nobody = || io::Error::new(ErrorKind::ConnectionRefused, "nobody listens under that name");
            let (listener, name) = self.names().get(endpoint.host()).cloned().ok_or_else(nobody)?;
            let (near, far) = duplex(UNDER_WAY);
            listener.send(Knocking { stream: far, node: node.into() }).await.map_err(|_| nobody())?;
            Ok(Channel::new(near, Address::Memory(endpoint.host().into())).with_node(name))
        }
        .boxed()
    }
}

struct Listening {
    memory: Memory,
    endpoint: Endpoint,
    knocking: mpsc::Receiver<Knocking>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.memory.names().remove(self.endpoint.host());
    }
}

impl Listener for Listening {
    fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<Box<dyn Incoming>>> {
        async move {
            // the sender stands among the names as long as this is there
            let gone = || io::Error::from(ErrorKind::NotConnected);
            let knocking = self.knocking.recv().await.ok_or_else(gone)?;
            Ok(Box::new(knocking) as Box<dyn Incoming>)
        }
        .boxed()
    }
}

struct Knocking {
    stream: DuplexStream,
    node: Arc<str>,
}

impl Incoming for Knocking {
    fn address(&self) -> Address {
        Address::Memory(self.node.clone())
    }

    fn refuse(mut self: Box<Self>, last_words: &[u8]) {
        // there is room for them: nothing was written yet
        let _ = self.stream.write_all(last_words).now_or_never();
    }

    fn open(self: Box<Self>) -> BoxFuture<'static, io::Result<Channel>> {
        // the process itself says which of its nodes has dialled
        let channel = Channel::new(self.stream, Address::Memory(self.node.clone())).with_node(self.node);
        std::future::ready(Ok(channel)).boxed()
    }
}
