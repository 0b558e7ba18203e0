//! tonic: gRPC. Messages are a stream of the client's, requests are unary calls.

use ::tonic::transport::{Channel, Server, server::TcpIncoming};
use ::tonic::{Request, Response, Status, Streaming};
use tokio::net::TcpListener;

use crate::meter;
use crate::workload::{self, CONNECTIONS, Peer, Stop, Workload};

#[allow(unused_qualifications, missing_debug_implementations, clippy::all, clippy::pedantic, clippy::nursery)]
mod service {
    ::tonic::include_proto!("bench");
}

use service::bench_client::BenchClient;
use service::bench_server::{Bench, BenchServer};
use service::{Blob, Count, Message};

struct Answers;

#[::tonic::async_trait]
impl Bench for Answers {
    async fn ask(&self, request: Request<Message>) -> Result<Response<Message>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn send(&self, request: Request<Streaming<Message>>) -> Result<Response<Count>, Status> {
        let (mut stream, mut messages) = (request.into_inner(), 0);
        while let Some(message) = stream.message().await? {
            meter::handled(message);
            messages += 1;
        }
        Ok(Response::new(Count { messages }))
    }

    async fn send_large(&self, request: Request<Streaming<Blob>>) -> Result<Response<Count>, Status> {
        let (mut stream, mut messages) = (request.into_inner(), 0);
        while let Some(blob) = stream.message().await? {
            meter::handled(blob);
            messages += 1;
        }
        Ok(Response::new(Count { messages }))
    }
}

pub async fn serve(workload: Workload) {
    let mut ports = Vec::new();
    for _ in 0..workload.responders() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a listener");
        ports.push(listener.local_addr().expect("an address").port());
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        tokio::spawn(Server::builder().add_service(BenchServer::new(Answers)).serve_with_incoming(incoming));
    }
    meter::ready(&ports);
    std::future::pending().await
}

pub struct Clients(Vec<BenchClient<Channel>>);

pub async fn connect(workload: Workload, ports: &[u16]) -> Clients {
    let times = if workload == Workload::Idle { CONNECTIONS } else { 1 };
    let mut clients = Vec::new();
    for port in ports.iter().cycle().take(ports.len() * times) {
        let mut client =
            BenchClient::connect(format!("http://127.0.0.1:{port}")).await.expect("a connection");
        if workload == Workload::Idle {
            client.ask(message(workload::Message::new(0))).await.expect("an answer");
        }
        clients.push(client);
    }
    Clients(clients)
}

fn message(message: workload::Message) -> Message {
    let workload::Message { id, x, y, text } = message;
    Message { id, x, y, text }
}

impl Peer for Clients {
    async fn send(&self, stop: Stop) -> u64 {
        let mut sent = 0;
        let messages = std::iter::from_fn(move || {
            sent += 1;
            (!stop.is_over()).then(|| message(workload::Message::new(sent)))
        });
        let count = self.0[0].clone().send(futures_util::stream::iter(messages)).await.expect("a count");
        count.into_inner().messages
    }

    async fn send_large(&self, stop: Stop) -> u64 {
        let data = workload::Blob::new().0;
        let messages = std::iter::from_fn(move || (!stop.is_over()).then(|| Blob { data: data.clone() }));
        let count =
            self.0[0].clone().send_large(futures_util::stream::iter(messages)).await.expect("a count");
        count.into_inner().messages
    }

    async fn request(&self, asked: workload::Message) -> workload::Message {
        let answer = self.0[0].clone().ask(message(asked)).await.expect("an answer");
        let Message { id, x, y, text } = answer.into_inner();
        workload::Message { id, x, y, text }
    }

    async fn request_all(&self, asked: workload::Message) -> usize {
        let answers = self.0.iter().map(|client| {
            let (mut client, asked) = (client.clone(), message(asked.clone()));
            async move { client.ask(asked).await.is_ok() }
        });
        futures_util::future::join_all(answers).await.into_iter().filter(|answered| *answered).count()
    }
}
