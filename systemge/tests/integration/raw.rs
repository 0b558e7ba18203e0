//! A peer made by hand, from `docs/PROTOCOL.md` alone.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::soon;

pub(crate) const MAGIC: &[u8] = b"SYSTEMGE";

/// A connection that speaks frames.
pub(crate) struct Raw(pub(crate) TcpStream);

/// A frame, without its length.
pub(crate) fn frame(kind: u8, fields: &[&[u8]]) -> Vec<u8> {
    let body = fields.concat();
    let length = u32::try_from(body.len() + 1).expect("a short frame");
    [&length.to_le_bytes()[..], &[kind], &body].concat()
}

fn introduction(name: &str) -> Vec<u8> {
    let limit = 1u32 << 20;
    let length = u8::try_from(name.len()).expect("a short name");
    [&[0; 4][..], &limit.to_le_bytes(), &[7; 16], &[length], name.as_bytes()].concat()
}

pub(crate) fn hello(min: u16, max: u16, name: &str) -> Vec<u8> {
    frame(1, &[&min.to_le_bytes(), &max.to_le_bytes(), &introduction(name)])
}

pub(crate) fn message(topic: u32, payload: &[u8]) -> Vec<u8> {
    frame(0x10, &[&[0], &topic.to_le_bytes(), payload])
}

pub(crate) fn request(encoding: u8, topic: u32, token: u64, payload: &[u8]) -> Vec<u8> {
    let remaining = 10_000u32;
    let fields: [&[u8]; 5] =
        [&[encoding], &topic.to_le_bytes(), &token.to_le_bytes(), &remaining.to_le_bytes(), payload];
    frame(0x11, &fields)
}

impl Raw {
    pub(crate) async fn dial(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("somebody listens"))
    }

    /// Dials, and does the handshake; returns the announced topics' names, too.
    pub(crate) async fn join(address: SocketAddr, name: &str) -> (Self, Vec<String>) {
        let mut raw = Self::dial(address).await;
        raw.send(&[MAGIC, &hello(1, 1, name)].concat()).await;
        raw.expect_magic().await;
        assert_eq!(raw.frame().await.expect("a welcome")[0], 2);
        let announce = raw.frame().await.expect("an announcement");
        assert_eq!(announce[..2], [3, 0]);
        let mut rest = &announce[4..];
        let mut names = Vec::new();
        while !rest.is_empty() {
            let length = usize::from(rest[13]);
            names.push(String::from_utf8(rest[14..14 + length].to_vec()).expect("a name"));
            rest = &rest[14 + length..];
        }
        (raw, names)
    }

    /// Answers a node that has dialled, as an accepting side that announces nothing but these topics: name, kind and
    /// fingerprint.
    pub(crate) async fn accept(stream: TcpStream, name: &str, topics: &[(&str, u8, u64)]) -> Self {
        let mut raw = Self(stream);
        raw.expect_magic().await;
        assert_eq!(raw.frame().await.expect("a hello")[0], 1);
        let mut announced = Vec::new();
        for (id, (name, kind, fingerprint)) in (0u32..).zip(topics) {
            announced.extend(id.to_le_bytes());
            announced.push(*kind);
            announced.extend(fingerprint.to_le_bytes());
            announced.push(u8::try_from(name.len()).expect("a short name"));
            announced.extend(name.as_bytes());
        }
        let count = u16::try_from(topics.len()).expect("few topics");
        let welcome = frame(2, &[&1u16.to_le_bytes(), &introduction(name)]);
        let announce = frame(3, &[&[0], &count.to_le_bytes(), &announced]);
        raw.send(&[MAGIC, &welcome, &announce].concat()).await;
        raw
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("the other side is there");
    }

    pub(crate) async fn expect_magic(&mut self) {
        let mut magic = [0; 8];
        soon(self.0.read_exact(&mut magic)).await.expect("magic");
        assert_eq!(magic, MAGIC);
    }

    /// The next frame but pings, without its length; `None` at the end.
    pub(crate) async fn frame(&mut self) -> Option<Vec<u8>> {
        loop {
            let mut length = [0; 4];
            soon(self.0.read_exact(&mut length)).await.ok()?;
            let mut body = vec![0; u32::from_le_bytes(length) as usize];
            soon(self.0.read_exact(&mut body)).await.ok()?;
            if body[0] != 6 {
                return Some(body);
            }
        }
    }

    /// Waits until the other side asks for a sign of life, and gives none.
    pub(crate) async fn ping(&mut self) {
        loop {
            let mut head = [0; 5];
            soon(self.0.read_exact(&mut head)).await.expect("a ping before the end");
            let [a, b, c, d, kind] = head;
            let mut rest = vec![0; u32::from_le_bytes([a, b, c, d]) as usize - 1];
            soon(self.0.read_exact(&mut rest)).await.expect("a whole frame");
            if kind == 6 {
                return;
            }
        }
    }

    /// The next request; returns its token.
    pub(crate) async fn asked(&mut self) -> u64 {
        let frame = self.frame().await.expect("a request before the end");
        assert_eq!(frame[0], 0x11, "a request: {frame:?}");
        u64::from_le_bytes(frame[6..14].try_into().expect("eight bytes"))
    }

    /// Answers a request.
    pub(crate) async fn respond(&mut self, token: u64, status: u8, payload: &[u8]) {
        self.send(&frame(0x12, &[&[0, status], &token.to_le_bytes(), payload])).await;
    }

    /// Reads to the goodbye, which must be the last word; returns its code and reason.
    pub(crate) async fn goodbye(&mut self) -> (u16, String) {
        loop {
            let frame = self.frame().await.expect("a goodbye before the end");
            if frame[0] == 8 {
                assert!(self.frame().await.is_none(), "nothing comes after a goodbye");
                let reason = String::from_utf8(frame[5..].to_vec()).expect("a text");
                return (u16::from_le_bytes([frame[1], frame[2]]), reason);
            }
        }
    }
}
