//! The wire protocol without I/O: bytes in, events out; commands in, bytes out.
//!
//! Everything that two nodes agree on stands here, and nothing here knows tokio, sockets or the clock: time comes
//! in as a parameter. `docs/PROTOCOL.md` describes the same in words, with test vectors that a test reads.
//!
//! - [`frame`]: what a frame looks like; every length is checked before it is believed
//! - [`session`]: who may say what when: handshake, then frames by role; signs of life
//! - [`proof`]: how two nodes prove to each other that they know the same secret
//! - [`pending`]: which requests wait for a response, and until when
//! - [`backoff`]: when to dial again
//! - [`bucket`]: how often something may happen

pub(crate) mod backoff;
pub(crate) mod bucket;
pub(crate) mod frame;
pub(crate) mod liveness;
pub(crate) mod pending;
pub(crate) mod proof;
pub(crate) mod session;
mod wire;

/// The capability of a side that takes part in traces: between two of them, `TRACE` frames travel.
pub(crate) const TRACES: u32 = 1;
/// What both sides send first.
pub(crate) const MAGIC: [u8; 8] = *b"SYSTEMGE";
/// The oldest version of the protocol that this build speaks.
pub(crate) const MIN_VERSION: u16 = 1;
/// The newest version of the protocol that this build speaks.
pub(crate) const MAX_VERSION: u16 = 1;
/// The largest frame before the handshake is done, in bytes: a stranger gets no more.
pub(crate) const HANDSHAKE_FRAME: u32 = 1024;
/// The smallest limit of frames that a node may have, in bytes.
pub(crate) const MIN_FRAME_LIMIT: u32 = 8 * 1024;
/// The longest reason and error text that travels, in bytes.
pub(crate) const MAX_TEXT: usize = 512;
/// The longest description of a topic, in bytes.
pub(crate) const MAX_DESCRIPTION: usize = 16 * 1024;

#[cfg(test)]
mod tests;
