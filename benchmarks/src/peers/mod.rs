//! What one would use instead, each in its best documented configuration: two processes, the same payload.

pub mod nats;
pub mod tarpc;
pub mod tonic;
pub mod zenoh;
pub mod zeromq;

use serde::Serialize;

use crate::meter;
use crate::workload::{Blob, Message};

/// The payload for those that carry bytes.
fn encoded(payload: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(payload, Vec::with_capacity(72)).expect("a payload")
}

fn decoded(bytes: &[u8]) -> Message {
    postcard::from_bytes(bytes).expect("a message")
}

/// A message has come, small or large.
fn received(bytes: &[u8]) {
    if bytes.len() > 1000 {
        meter::handled(postcard::from_bytes::<Blob>(bytes).expect("a large one"));
    } else {
        meter::handled(decoded(bytes));
    }
}

/// A port that was free a moment ago, for those that can't tell which they took.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}
