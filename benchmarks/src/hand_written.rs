//! The limit: a loop written by hand for just this payload, with the techniques that a framework can use, too.
//!
//! Senders encode into a buffer that they share; the writer swaps it out and writes it with one system call. The
//! server answers what one read brought with one write. Frames: length (4), kind (1), for requests a token (8),
//! payload.

use std::sync::{Arc, Mutex};

use serde::Serialize;
use slab::Slab;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Notify, oneshot};

use crate::meter;
use crate::transport::{Reader, Transport, Writer};
use crate::workload::{Blob, CONNECTIONS, Message, Peer, Stop, Workload};

const ONE_WAY: u8 = 0;
const REQUEST: u8 = 1;
const LARGE: u8 = 2;
/// How many bytes may wait before senders do.
const FULL: usize = 256 * 1024;

fn write_frame(kind: u8, token: u64, payload: &impl Serialize, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0, 0, 0, 0, kind]);
    if kind == REQUEST {
        out.extend_from_slice(&token.to_le_bytes());
    }
    *out = postcard::to_extend(payload, std::mem::take(out)).expect("a payload");
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

/// What was read and not yet used.
struct Input {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    fn new() -> Self {
        Self { bytes: vec![0; 4 * 1024], start: 0, end: 0 }
    }

    async fn fill(&mut self, stream: &mut Reader) -> bool {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        // small while nothing comes, so that an idle connection costs little
        if self.end > self.bytes.len() / 2 {
            self.bytes.resize((self.bytes.len() * 4).max(128 * 1024), 0);
        }
        let count = stream.read(&mut self.bytes[self.end..]).await.unwrap_or(0);
        self.end += count;
        count > 0
    }

    fn next(&mut self) -> Option<&[u8]> {
        let filled = &self.bytes[self.start..self.end];
        let (length, rest) = filled.split_first_chunk::<4>()?;
        let frame = rest.get(..u32::from_le_bytes(*length) as usize)?;
        self.start += 4 + frame.len();
        Some(frame)
    }
}

fn token_of(frame: &[u8]) -> (u64, &[u8]) {
    let (token, payload) = frame[1..].split_first_chunk::<8>().expect("a token");
    (u64::from_le_bytes(*token), payload)
}

pub async fn serve(transport: Transport, workload: Workload) {
    let mut ports = Vec::new();
    for _ in 0..workload.responders() {
        let mut listener = transport.listen().await;
        ports.push(listener.port());
        tokio::spawn(async move {
            loop {
                let (reader, writer) = listener.accept().await;
                tokio::spawn(answer(reader, writer));
            }
        });
    }
    meter::ready(&ports);
    std::future::pending().await
}

async fn answer(mut reader: Reader, mut writer: Writer) {
    let (mut input, mut output) = (Input::new(), Vec::new());
    while input.fill(&mut reader).await {
        while let Some(frame) = input.next() {
            match frame[0] {
                ONE_WAY => meter::handled(postcard::from_bytes::<Message>(&frame[1..]).expect("a message")),
                LARGE => meter::handled(postcard::from_bytes::<Blob>(&frame[1..]).expect("a large one")),
                _ => {
                    let (token, payload) = token_of(frame);
                    let message: Message = postcard::from_bytes(payload).expect("a message");
                    write_frame(REQUEST, token, &message, &mut output);
                }
            }
        }
        if !output.is_empty() {
            if writer.write_all(&output).await.is_err() || writer.flush().await.is_err() {
                return;
            }
            output.clear();
        }
    }
}

pub struct Connections(Vec<Connection>);

struct Connection {
    buffer: Arc<Buffer>,
    waiting: Arc<Mutex<Slab<oneshot::Sender<Message>>>>,
}

#[derive(Default)]
struct Buffer {
    bytes: Mutex<Vec<u8>>,
    filled: Notify,
    room: Notify,
}

pub async fn connect(transport: Transport, workload: Workload, ports: &[u16]) -> Connections {
    let times = if workload == Workload::Idle { CONNECTIONS } else { 1 };
    let mut connections = Vec::new();
    for port in ports.iter().cycle().take(ports.len() * times) {
        let (reader, writer) = transport.connect(*port).await;
        let connection = Connection { buffer: Arc::default(), waiting: Arc::default() };
        tokio::spawn(write(writer, connection.buffer.clone()));
        tokio::spawn(read(reader, connection.waiting.clone()));
        if workload == Workload::Idle {
            connection.request(Message::new(0)).await;
        }
        connections.push(connection);
    }
    Connections(connections)
}

async fn write(mut writer: Writer, buffer: Arc<Buffer>) {
    let mut output = Vec::new();
    loop {
        std::mem::swap(&mut *buffer.bytes.lock().expect("a lock"), &mut output);
        if output.is_empty() {
            buffer.filled.notified().await;
            continue;
        }
        buffer.room.notify_waiters();
        if writer.write_all(&output).await.is_err() || writer.flush().await.is_err() {
            return;
        }
        output.clear();
    }
}

async fn read(mut reader: Reader, waiting: Arc<Mutex<Slab<oneshot::Sender<Message>>>>) {
    let (mut input, mut batch) = (Input::new(), Vec::new());
    while input.fill(&mut reader).await {
        while let Some(frame) = input.next() {
            let (token, payload) = token_of(frame);
            batch.push((token as usize, postcard::from_bytes::<Message>(payload).expect("a message")));
        }
        let mut waiting = waiting.lock().expect("a lock");
        for (token, message) in batch.drain(..) {
            if let Some(sender) = waiting.try_remove(token) {
                let _ = sender.send(message);
            }
        }
    }
}

impl Connection {
    async fn put(&self, kind: u8, token: u64, payload: &impl Serialize) {
        loop {
            {
                let mut bytes = self.buffer.bytes.lock().expect("a lock");
                if bytes.len() < FULL {
                    let first = bytes.is_empty();
                    write_frame(kind, token, payload, &mut bytes);
                    drop(bytes);
                    if first {
                        self.buffer.filled.notify_one();
                    }
                    return;
                }
            }
            let mut room = std::pin::pin!(self.buffer.room.notified());
            room.as_mut().enable();
            if self.buffer.bytes.lock().expect("a lock").len() >= FULL {
                room.await;
            }
        }
    }

    async fn request(&self, message: Message) -> Message {
        let (sender, receiver) = oneshot::channel();
        let token = self.waiting.lock().expect("a lock").insert(sender) as u64;
        self.put(REQUEST, token, &message).await;
        receiver.await.expect("an answer")
    }
}

impl Peer for Connections {
    async fn send(&self, stop: Stop) -> u64 {
        let mut sent = 0;
        while !stop.is_over() {
            self.0[0].put(ONE_WAY, 0, &Message::new(sent)).await;
            sent += 1;
        }
        sent
    }

    async fn send_large(&self, stop: Stop) -> u64 {
        let (blob, mut sent) = (Blob::new(), 0);
        while !stop.is_over() {
            self.0[0].put(LARGE, 0, &blob).await;
            sent += 1;
        }
        sent
    }

    async fn request(&self, message: Message) -> Message {
        self.0[0].request(message).await
    }

    async fn request_all(&self, message: Message) -> usize {
        let answers = self.0.iter().map(|connection| connection.request(message.clone()));
        futures_util::future::join_all(answers).await.len()
    }
}
