//! tarpc over TCP with bincode and TCP_NODELAY. It has no one-way call: a message is a call whose answer is empty, and
//! 256 of them are in flight (8 of the large ones).

use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tarpc::server::{BaseChannel, Channel as _};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::{client, context};

use crate::meter;
use crate::workload::{Blob, CONNECTIONS, Message, Peer, Stop, Workload};

#[tarpc::service]
trait Bench {
    async fn ask(message: Message) -> Message;
    async fn send(message: Message);
    async fn send_large(blob: Blob);
}

#[derive(Clone)]
struct Server;

impl Bench for Server {
    async fn ask(self, _: context::Context, message: Message) -> Message {
        message
    }

    async fn send(self, _: context::Context, message: Message) {
        meter::handled(message);
    }

    async fn send_large(self, _: context::Context, blob: Blob) {
        meter::handled(blob);
    }
}

pub async fn serve(workload: Workload) {
    let mut ports = Vec::new();
    for _ in 0..workload.responders() {
        let mut listener = tarpc::serde_transport::tcp::listen(("127.0.0.1", 0), Bincode::default)
            .await
            .expect("a listener");
        ports.push(listener.local_addr().port());
        tokio::spawn(async move {
            while let Some(Ok(transport)) = listener.next().await {
                transport.get_ref().set_nodelay(true).expect("no delay");
                let answers = BaseChannel::with_defaults(transport).execute(Server.serve());
                tokio::spawn(answers.for_each(|answer| async {
                    tokio::spawn(answer);
                }));
            }
        });
    }
    meter::ready(&ports);
    std::future::pending().await
}

pub struct Clients(Vec<BenchClient>);

pub async fn connect(workload: Workload, ports: &[u16]) -> Clients {
    let times = if workload == Workload::Idle { CONNECTIONS } else { 1 };
    let mut clients = Vec::new();
    for port in ports.iter().cycle().take(ports.len() * times) {
        let transport = tarpc::serde_transport::tcp::connect(("127.0.0.1", *port), Bincode::default)
            .await
            .expect("a connection");
        transport.get_ref().set_nodelay(true).expect("no delay");
        let client = BenchClient::new(client::Config::default(), transport).spawn();
        if workload == Workload::Idle {
            client.ask(in_time(), Message::new(0)).await.expect("an answer");
        }
        clients.push(client);
    }
    Clients(clients)
}

fn in_time() -> context::Context {
    let mut context = context::current();
    context.deadline = Instant::now() + Duration::from_secs(30);
    context
}

/// Keeps so many calls in flight until told to stop.
async fn keep<F: Future>(width: usize, stop: Stop, call: impl Fn(u64) -> F) -> u64 {
    let (mut calls, mut sent) = (FuturesUnordered::new(), 0);
    while !stop.is_over() {
        while calls.len() < width {
            calls.push(call(sent));
            sent += 1;
        }
        calls.next().await;
    }
    while calls.next().await.is_some() {}
    sent
}

impl Peer for Clients {
    async fn send(&self, stop: Stop) -> u64 {
        keep(256, stop, async |id| self.0[0].send(in_time(), Message::new(id)).await.expect("an answer"))
            .await
    }

    async fn send_large(&self, stop: Stop) -> u64 {
        let blob = Blob::new();
        keep(8, stop, |_| {
            let blob = blob.clone();
            async { self.0[0].send_large(in_time(), blob).await.expect("an answer") }
        })
        .await
    }

    async fn request(&self, message: Message) -> Message {
        self.0[0].ask(in_time(), message).await.expect("an answer")
    }

    async fn request_all(&self, message: Message) -> usize {
        let answers = self.0.iter().map(|client| client.ask(in_time(), message.clone()));
        futures_util::future::join_all(answers).await.iter().filter(|answer| answer.is_ok()).count()
    }
}
