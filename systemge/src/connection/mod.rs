//! Connections: the thin shell that moves bytes between a transport and the protocol.
//!
//! One task owns one connection: it reads, hands events to its side, and writes. Senders reach it through its
//! [`outbox`].

mod accepted;
mod calls;
mod dial;
mod dialled;
mod driver;
mod input;
mod listen;
pub(crate) mod outbox;

pub use self::dial::DialState;
pub(crate) use self::dial::{DialHandle, dial};
pub(crate) use self::listen::serve;
