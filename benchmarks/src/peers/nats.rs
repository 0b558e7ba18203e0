//! NATS: async-nats with nats-server between the two processes. Eight responders are eight subscriptions with
//! connections of their own; the requester makes one inbox for a request and collects eight replies.

use std::process::{Command, Stdio};
use std::time::Duration;

use async_nats::Client;
use futures_util::StreamExt as _;

use super::{decoded, encoded, free_port, received};
use crate::meter;
use crate::workload::{Blob, Message, Peer, RESPONDERS, Stop, Workload};

const SUBJECT: &str = "bench";
const REQUESTS: &str = "requests";

async fn client(port: u16) -> Client {
    async_nats::connect(format!("127.0.0.1:{port}")).await.expect("a connection")
}

pub async fn serve(workload: Workload) {
    let port = free_port();
    // it belongs to the group of this process, which the driver ends as a whole
    let mut server = Command::new("nats-server")
        .args(["-a", "127.0.0.1", "-p", &port.to_string()])
        .stderr(Stdio::null())
        .spawn()
        .expect("nats-server");
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for number in 0..workload.responders() {
        let client = client(port).await;
        if number == 0 {
            let mut messages = client.subscribe(SUBJECT).await.expect("a subscription");
            tokio::spawn(async move {
                while let Some(message) = messages.next().await {
                    received(&message.payload);
                }
            });
        }
        let mut requests = client.subscribe(REQUESTS).await.expect("a subscription");
        client.flush().await.expect("it is known");
        tokio::spawn(async move {
            while let Some(message) = requests.next().await {
                let answer = encoded(&decoded(&message.payload));
                let reply = message.reply.expect("where to reply");
                client.publish(reply, answer.into()).await.expect("it is sent");
            }
        });
    }
    meter::ready(&[port]);
    let ended = tokio::task::spawn_blocking(move || server.wait()).await;
    eprintln!("nats-server has ended: {ended:?}");
}

pub async fn connect(_: Workload, ports: &[u16]) -> Connection {
    Connection(client(ports[0]).await)
}

pub struct Connection(Client);

impl Connection {
    async fn publish(&self, stop: Stop, payload: impl Fn(u64) -> Vec<u8>) -> u64 {
        let mut sent = 0;
        while !stop.is_over() {
            self.0.publish(SUBJECT, payload(sent).into()).await.expect("it is sent");
            sent += 1;
        }
        self.0.flush().await.expect("it is sent");
        sent
    }
}

impl Peer for Connection {
    async fn send(&self, stop: Stop) -> u64 {
        self.publish(stop, |id| encoded(&Message::new(id))).await
    }

    async fn send_large(&self, stop: Stop) -> u64 {
        // its default limit is one MiB, the length in front included
        let mut blob = Blob::new();
        blob.0.truncate((1 << 20) - 8);
        self.publish(stop, |_| encoded(&blob)).await
    }

    async fn request(&self, message: Message) -> Message {
        let answer = self.0.request(REQUESTS, encoded(&message).into()).await.expect("an answer");
        decoded(&answer.payload)
    }

    async fn request_all(&self, message: Message) -> usize {
        let inbox = self.0.new_inbox();
        let mut replies = self.0.subscribe(inbox.clone()).await.expect("a subscription");
        replies.unsubscribe_after(RESPONDERS as u64).await.expect("a limit");
        self.0.publish_with_reply(REQUESTS, inbox, encoded(&message).into()).await.expect("it is sent");
        let mut answers = 0;
        while let Some(reply) = replies.next().await {
            std::hint::black_box(decoded(&reply.payload));
            answers += 1;
        }
        answers
    }
}
