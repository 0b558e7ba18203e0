//! The limit: a loop written by hand for just this payload, with the techniques that a framework can use, too.
//!
//! Senders encode into a buffer that they share; the writer swaps it out and writes it with one system call. The
//! server answers what one read brought with one write. Frames: length (4), kind (1), for requests a token (8),
//! payload.

use std::sync::{Arc, Mutex};

use slab::Slab;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

use crate::workload::{Message, Peer};

const ONE_WAY: u8 = 0;
const REQUEST: u8 = 1;
const COUNT: u8 = 2;
/// How many bytes may wait before senders do.
const FULL: usize = 256 * 1024;

fn write_frame(kind: u8, token: u64, message: &Message, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0, 0, 0, 0, kind]);
    if kind != ONE_WAY {
        out.extend_from_slice(&token.to_le_bytes());
    }
    *out = postcard::to_extend(message, std::mem::take(out)).expect("a message");
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
        Self { bytes: vec![0; 128 * 1024], start: 0, end: 0 }
    }

    async fn fill(&mut self, stream: &mut OwnedReadHalf) -> bool {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
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

pub async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    println!("{}", listener.local_addr().expect("an address").port());
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        tokio::spawn(answer(stream));
    }
}

async fn answer(stream: TcpStream) {
    let (mut reader, mut writer) = stream.into_split();
    let (mut input, mut output, mut received) = (Input::new(), Vec::new(), 0u64);
    while input.fill(&mut reader).await {
        while let Some(frame) = input.next() {
            if frame[0] == ONE_WAY {
                std::hint::black_box(postcard::from_bytes::<Message>(&frame[1..]).expect("a message"));
                received += 1;
                continue;
            }
            let (token, payload) = token_of(frame);
            let mut message: Message = postcard::from_bytes(payload).expect("a message");
            if frame[0] == COUNT {
                message.id = received;
            }
            write_frame(REQUEST, token, &message, &mut output);
        }
        if !output.is_empty() {
            if writer.write_all(&output).await.is_err() {
                return;
            }
            output.clear();
        }
    }
}

pub struct Connection {
    buffer: Arc<Buffer>,
    waiting: Arc<Mutex<Slab<oneshot::Sender<Message>>>>,
}

#[derive(Default)]
struct Buffer {
    bytes: Mutex<Vec<u8>>,
    filled: Notify,
    room: Notify,
}

pub async fn connect(port: u16) -> Connection {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    let (reader, writer) = stream.into_split();
    let connection = Connection { buffer: Arc::default(), waiting: Arc::default() };
    tokio::spawn(write(writer, connection.buffer.clone()));
    tokio::spawn(read(reader, connection.waiting.clone()));
    connection
}

async fn write(mut writer: OwnedWriteHalf, buffer: Arc<Buffer>) {
    let mut output = Vec::with_capacity(FULL);
    loop {
        std::mem::swap(&mut *buffer.bytes.lock().expect("a lock"), &mut output);
        if output.is_empty() {
            buffer.filled.notified().await;
            continue;
        }
        buffer.room.notify_waiters();
        if writer.write_all(&output).await.is_err() {
            return;
        }
        output.clear();
    }
}

async fn read(mut reader: OwnedReadHalf, waiting: Arc<Mutex<Slab<oneshot::Sender<Message>>>>) {
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
    async fn put(&self, kind: u8, token: u64, message: &Message) {
        loop {
            {
                let mut bytes = self.buffer.bytes.lock().expect("a lock");
                if bytes.len() < FULL {
                    let first = bytes.is_empty();
                    write_frame(kind, token, message, &mut bytes);
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

    async fn ask(&self, kind: u8, message: Message) -> Message {
        let (sender, receiver) = oneshot::channel();
        let token = self.waiting.lock().expect("a lock").insert(sender) as u64;
        self.put(kind, token, &message).await;
        receiver.await.expect("an answer")
    }
}

impl Peer for Connection {
    async fn send(&self, message: Message) {
        self.put(ONE_WAY, 0, &message).await;
    }

    async fn request(&self, message: Message) -> Message {
        self.ask(REQUEST, message).await
    }

    async fn received(&self) -> u64 {
        self.ask(COUNT, Message::new(0)).await.id
    }
}
