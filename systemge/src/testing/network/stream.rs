//! The network as a transport.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::Sleep;

use super::Shared;
use super::pipe::Found;
use super::state::{Host, Reached, Side, Taken};
use crate::config::Endpoint;
use crate::transport::{Address, Channel, Incoming, Listener, Transport};

/// How many may wait to be accepted.
const BACKLOG: usize = 1024;

/// What connects the nodes of one system to a network.
pub(super) struct Attached {
    network: Arc<Shared>,
    incarnation: u64,
}

impl Attached {
    pub(super) const fn new(network: Arc<Shared>, incarnation: u64) -> Self {
        Self { network, incarnation }
    }

    fn host(&self, node: &str) -> Host {
        Host { node: node.into(), incarnation: self.incarnation }
    }
}

impl Transport for Attached {
    fn listen<'a>(
        &'a self,
        node: &'a str,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        async move {
            let (sender, knocking) = mpsc::channel(BACKLOG);
            let host = self.host(node);
            let taken = self.network.state().listen(&host, endpoint, sender);
            let endpoint = taken.ok_or_else(|| io::Error::from(ErrorKind::AddrInUse))?;
            self.network.changed.notify_waiters();
            let network = self.network.clone();
            Ok(Box::new(Listening { network, host, endpoint, knocking }) as Box<dyn Listener>)
        }
        .boxed()
    }

    fn dial<'a>(&'a self, node: &'a str, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<Channel>> {
        async move {
            let host = self.host(node);
            let there = {
                let mut state = self.network.state();
                state.dial(&host, endpoint, crate::clock::now());
                state.delay()
            };
            tokio::time::sleep(there).await;
            let listener = loop {
                let changed = self.network.changed.notified();
                let reached = self.network.state().reach(&host, endpoint);
                match reached {
                    Reached::Listener(listener) => break Some(listener),
                    Reached::Nobody => break None,
                    Reached::Nothing => changed.await,
                }
            };
            let refused = || io::Error::from(ErrorKind::ConnectionRefused);
            let connected = match listener {
                Some(listener) => {
                    let sides = self.network.state().connect(&host, endpoint, crate::clock::now());
                    sides.map(|sides| (listener, sides.map(|side| End::new(self.network.clone(), side))))
                }
                None => None,
            };
            let connected = connected.and_then(|(listener, [near, far])| {
                listener.try_send(Knocking { end: far, node: host.node.clone() }).ok().map(|()| near)
            });
            let back = self.network.state().delay();
            tokio::time::sleep(back).await;
            let near = connected.ok_or_else(refused)?;
            let other = self.network.state().other(near.side).ok_or_else(refused)?;
            Ok(Channel::new(near, Address::Memory(other)))
        }
        .boxed()
    }
}

struct Listening {
    network: Arc<Shared>,
    host: Host,
    endpoint: Endpoint,
    knocking: mpsc::Receiver<Knocking>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.network.state().unlisten(&self.host, &self.endpoint);
    }
}

impl Listener for Listening {
    fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<Box<dyn Incoming>>> {
        async move {
            match self.knocking.recv().await {
                Some(knocking) => Ok(Box::new(knocking) as Box<dyn Incoming>),
                // the node was taken off the network: nobody comes any more
                None => std::future::pending().await,
            }
        }
        .boxed()
    }
}

/// Somebody who has dialled and is not accepted yet.
pub(super) struct Knocking {
    end: End,
    node: Arc<str>,
}

impl Incoming for Knocking {
    fn address(&self) -> Address {
        Address::Memory(self.node.clone())
    }

    fn refuse(mut self: Box<Self>, last_words: &[u8]) {
        let _ = self.end.write_all(last_words).now_or_never();
    }

    fn open(self: Box<Self>) -> BoxFuture<'static, io::Result<Channel>> {
        std::future::ready(Ok(Channel::new(self.end, Address::Memory(self.node)))).boxed()
    }
}

/// One side's end of a connection.
struct End {
    network: Arc<Shared>,
    side: Side,
    /// Set to the time when the next piece arrives.
    timer: Option<Pin<Box<Sleep>>>,
    /// Set to the time when a writer that waits learns that the connection is gone.
    break_timer: Option<Pin<Box<Sleep>>>,
}

impl End {
    const fn new(network: Arc<Shared>, side: Side) -> Self {
        Self { network, side, timer: None, break_timer: None }
    }
}

fn wait_until(timer: &mut Option<Pin<Box<Sleep>>>, at: Instant, context: &mut Context<'_>) -> Poll<()> {
    let at = at.into();
    let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
    if timer.deadline() != at {
        timer.as_mut().reset(at);
    }
    timer.as_mut().poll(context)
}

impl Drop for End {
    fn drop(&mut self) {
        self.network.state().close(self.side, crate::clock::now());
    }
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            let into = buffer.initialize_unfilled();
            let found = this.network.state().poll_read(this.side, into, crate::clock::now(), context);
            match found {
                Found::Bytes(count) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Found::Reset => return Poll::Ready(Err(ErrorKind::ConnectionReset.into())),
                Found::Nothing(None) => return Poll::Pending,
                Found::Nothing(Some(at)) => ready!(wait_until(&mut this.timer, at, context)),
            }
        }
    }
}

impl AsyncWrite for End {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let this = &mut *self;
        loop {
            let taken = this.network.state().poll_write(this.side, bytes, crate::clock::now(), context);
            match taken {
                Taken::Bytes(count) => return Poll::Ready(Ok(count)),
                Taken::Broken => return Poll::Ready(Err(ErrorKind::BrokenPipe.into())),
                Taken::Nothing(None) => return Poll::Pending,
                Taken::Nothing(Some(at)) => ready!(wait_until(&mut this.break_timer, at, context)),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.network.state().shut(self.side, crate::clock::now());
        Poll::Ready(Ok(()))
    }
}
