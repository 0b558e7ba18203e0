//! zenoh in peer mode: one TCP link on loopback, no scouting, congestion control that blocks, since nothing may be
//! lost. Eight responders are eight sessions in the server's process.

use std::time::Duration;

use ::zenoh::qos::CongestionControl;
use ::zenoh::query::{ConsolidationMode, QueryTarget};
use ::zenoh::{Config, Session, Wait as _};

use super::{decoded, encoded, free_port, received};
use crate::meter;
use crate::workload::{Blob, CONNECTIONS, Message, Peer, RESPONDERS, Stop, Workload};

const KEY: &str = "bench";

async fn session(mode: &str, listen: &[u16], connect: &[u16]) -> Session {
    let endpoints = |ports: &[u16]| {
        let endpoints: Vec<String> = ports.iter().map(|port| format!("\"tcp/127.0.0.1:{port}\"")).collect();
        format!("[{}]", endpoints.join(","))
    };
    let mut config = Config::default();
    for (key, value) in [
        ("mode", format!("\"{mode}\"")),
        ("scouting/multicast/enabled", "false".to_owned()),
        ("scouting/gossip/enabled", "false".to_owned()),
        ("listen/endpoints", endpoints(listen)),
        ("connect/endpoints", endpoints(connect)),
        ("transport/unicast/max_sessions", "4096".to_owned()),
        ("transport/unicast/accept_pending", "4096".to_owned()),
    ] {
        config.insert_json5(key, &value).expect("a setting");
    }
    ::zenoh::open(config).await.expect("a session")
}

pub async fn serve(workload: Workload) {
    let (mut ports, mut sessions) = (Vec::new(), Vec::new());
    for _ in 0..workload.responders() {
        let port = free_port();
        let session = session("peer", &[port], &[]).await;
        session
            .declare_subscriber(KEY)
            .callback(|sample| received(&sample.payload().to_bytes()))
            .background()
            .await
            .expect("a subscriber");
        session
            .declare_queryable(KEY)
            .callback(|query| {
                let asked = query.payload().map(|payload| payload.to_bytes()).unwrap_or_default();
                query.reply(KEY, encoded(&decoded(&asked))).wait().expect("a reply");
            })
            .background()
            .await
            .expect("a queryable");
        ports.push(port);
        sessions.push(session);
    }
    meter::ready(&ports);
    std::future::pending().await
}

pub struct Sessions(Vec<Session>);

pub async fn connect(workload: Workload, ports: &[u16]) -> Sessions {
    let mut sessions = Vec::new();
    if workload == Workload::Idle {
        for _ in 0..CONNECTIONS {
            sessions.push(session("client", &[], ports).await);
        }
    } else {
        sessions.push(session("peer", &[], ports).await);
    }
    // the declarations travel
    tokio::time::sleep(Duration::from_millis(500)).await;
    Sessions(sessions)
}

impl Sessions {
    async fn publish(&self, stop: Stop, payload: impl Fn(u64) -> Vec<u8>) -> u64 {
        let publisher = self.0[0].declare_publisher(KEY).congestion_control(CongestionControl::Block);
        let publisher = publisher.await.expect("a publisher");
        let mut sent = 0;
        while !stop.is_over() {
            publisher.put(payload(sent)).await.expect("it is sent");
            sent += 1;
        }
        sent
    }

    async fn get(&self, message: Message, target: QueryTarget) -> Vec<Message> {
        let get = self.0[0].get(KEY).payload(encoded(&message)).target(target);
        let replies = get.consolidation(ConsolidationMode::None).await.expect("a query");
        let mut answers = Vec::new();
        while let Ok(reply) = replies.recv_async().await {
            if let Ok(sample) = reply.result() {
                answers.push(decoded(&sample.payload().to_bytes()));
            }
        }
        answers
    }
}

impl Peer for Sessions {
    async fn send(&self, stop: Stop) -> u64 {
        self.publish(stop, |id| encoded(&Message::new(id))).await
    }

    async fn send_large(&self, stop: Stop) -> u64 {
        let blob = Blob::new();
        self.publish(stop, |_| encoded(&blob)).await
    }

    async fn request(&self, message: Message) -> Message {
        self.get(message, QueryTarget::BestMatching).await.pop().expect("an answer")
    }

    async fn request_all(&self, message: Message) -> usize {
        let answers = self.get(message, QueryTarget::All).await.len();
        debug_assert!(answers <= RESPONDERS);
        answers
    }
}
