//! Plain TCP.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use super::{Address, Channel, Incoming, Listener, Transport};
use crate::config::Endpoint;

/// Plain TCP: `tcp://HOST:PORT`.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Tcp;

impl Transport for Tcp {
    fn listen<'a>(
        &'a self,
        _: &'a str,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        async move {
            // the first of its addresses that can be had
            let socket = TcpListener::bind((endpoint.host(), endpoint.port())).await?;
            let address = socket.local_addr()?;
            Ok(Box::new(Listening { socket, address }) as Box<dyn Listener>)
        }
        .boxed()
    }

    fn dial<'a>(&'a self, _: &'a str, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<Channel>> {
        async move {
            let stream = TcpStream::connect((endpoint.host(), endpoint.port())).await?;
            let address = stream.peer_addr()?;
            channel(stream, address)
        }
        .boxed()
    }
}

/// A connection writes what it has in one go, so that there is nothing to gather.
fn channel(stream: TcpStream, address: SocketAddr) -> io::Result<Channel> {
    stream.set_nodelay(true)?;
    Ok(Channel::new(stream, Address::Socket(address)))
}

struct Listening {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener for Listening {
    fn endpoint(&self) -> Endpoint {
        Endpoint::tcp(self.address)
    }

    fn address(&self) -> Option<SocketAddr> {
        Some(self.address)
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<Box<dyn Incoming>>> {
        async move {
            let (stream, address) = self.socket.accept().await?;
            Ok(Box::new(Knocking { stream, address }) as Box<dyn Incoming>)
        }
        .boxed()
    }
}

struct Knocking {
    stream: TcpStream,
    address: SocketAddr,
}

impl Incoming for Knocking {
    fn address(&self) -> Address {
        Address::Socket(self.address)
    }

    fn refuse(self: Box<Self>, last_words: &[u8]) {
        let socket = SockRef::from(&self.stream);
        // what the peer has said already is read and left, lest a reset overtakes the last words; the socket never
        // blocks, and a peer that doesn't get them has lost nothing but the reason
        let _ = (&*socket).write(last_words);
        let _ = socket.shutdown(Shutdown::Write);
        let _ = (&*socket).read(&mut [0; 1024]);
    }

    fn open(self: Box<Self>) -> BoxFuture<'static, io::Result<Channel>> {
        async move { channel(self.stream, self.address) }.boxed()
    }
}
