//! Plain TCP.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream, lookup_host};

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
            let stream = connect(endpoint).await?;
            let address = stream.peer_addr()?;
            channel(stream, address)
        }
        .boxed()
    }
}

/// Connects to the host of an endpoint, whose name is resolved anew each time.
pub(super) async fn connect(endpoint: &Endpoint) -> io::Result<TcpStream> {
    let addresses = lookup_host((endpoint.host(), endpoint.port())).await?;
    first_of(addresses, TcpStream::connect).await
}

/// Connects to the first of several addresses that answers. They are tried in their order, the next one as soon as one
/// fails or has not answered for a while, as RFC 8305 says in section 5: one that swallows everything must not use up
/// the time of the others.
pub(super) async fn first_of<T, F: Future<Output = io::Result<T>>>(
    mut addresses: impl Iterator<Item = SocketAddr>,
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<T> {
    let mut attempts = FuturesUnordered::new();
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        let next = addresses.next();
        let is_last = next.is_none();
        attempts.extend(next.map(&connect));
        tokio::select! {
            biased;
            attempt = attempts.next() => match attempt {
                Some(Ok(connected)) => return Ok(connected),
                Some(Err(error)) => failed = error,
                None => return Err(failed),
            },
            () = tokio::time::sleep(ATTEMPT_DELAY), if !is_last => {}
        }
    }
}

/// How long an address may take before the next one is tried beside it.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A connection writes what it has in one go, so that there is nothing to gather.
fn channel(stream: TcpStream, address: SocketAddr) -> io::Result<Channel> {
    stream.set_nodelay(true)?;
    Ok(Channel::new(stream, Address::Socket(address)))
}

/// Says something to a peer that gets nothing else, as far as that takes no time.
pub(crate) fn last_words(stream: &TcpStream, words: &[u8]) {
    let socket = SockRef::from(stream);
    // what the peer has said already is read and left, lest a reset overtakes the last words; the socket never
    // blocks, and a peer that doesn't get them has lost nothing but the reason
    let _ = (&*socket).write(words);
    let _ = socket.shutdown(Shutdown::Write);
    let _ = (&*socket).read(&mut [0; 1024]);
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
        self::last_words(&self.stream, last_words);
    }

    fn open(self: Box<Self>) -> BoxFuture<'static, io::Result<Channel>> {
        async move { channel(self.stream, self.address) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::Instant;

    use super::*;

    /// What the addresses of the tests do: an even port refuses, port 9 never answers, the others do after their number
    /// in milliseconds.
    async fn connect(address: SocketAddr) -> io::Result<u16> {
        match address.port() {
            9 => std::future::pending().await,
            port if port % 2 == 0 => Err(io::Error::other(format!("{port} refuses"))),
            port => {
                tokio::time::sleep(Duration::from_millis(port.into())).await;
                Ok(port)
            }
        }
    }

    async fn check(ports: &[u16], expected: Result<u16, &str>, milliseconds: u64, tried: usize) {
        let started = Instant::now();
        let seen = Mutex::new(Vec::new());
        let addresses = ports.iter().map(|port| SocketAddr::from(([192, 0, 2, 1], *port)));
        let connected = first_of(addresses, |address| {
            seen.lock().expect("no panic").push(address.port());
            connect(address)
        });
        let connected = connected.await.map_err(|error| error.to_string());
        assert_eq!(connected, expected.map_err(str::to_owned));
        assert_eq!(started.elapsed(), Duration::from_millis(milliseconds), "{ports:?}");
        assert_eq!(*seen.lock().expect("no panic"), ports[..tried]);
    }

    #[tokio::test(start_paused = true)]
    async fn all_addresses_are_tried_and_none_holds_the_others_up() {
        check(&[], Err("the name has no address"), 0, 0).await;
        check(&[1], Ok(1), 1, 1).await;
        check(&[1, 3], Ok(1), 1, 1).await;
        check(&[2, 4, 3, 5], Ok(3), 3, 3).await;
        check(&[2, 4], Err("4 refuses"), 0, 2).await;
        check(&[9, 1], Ok(1), 251, 2).await;
        check(&[9, 9, 2, 9, 1], Ok(1), 751, 5).await;
        // the first one answers although others were tried meanwhile
        check(&[301, 9, 9], Ok(301), 301, 2).await;
        check(&[451, 1], Ok(1), 251, 2).await;
    }
}
