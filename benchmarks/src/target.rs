//! What is measured.

use std::fmt;

use crate::meter::Report;
use crate::transport::Transport;
use crate::workload::Workload;
use crate::{hand_written, node, workload};

#[cfg(feature = "peers")]
use crate::peers::{nats, tarpc, tonic, zenoh, zeromq};

/// Tokio's runtime in both processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    CurrentThread,
    MultiThread,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    HandWritten(Transport),
    Systemge(Transport),
    #[cfg(feature = "peers")]
    Tarpc,
    #[cfg(feature = "peers")]
    Tonic,
    #[cfg(feature = "peers")]
    Zenoh,
    #[cfg(feature = "peers")]
    Nats,
    #[cfg(feature = "peers")]
    Zeromq,
}

/// What is measured: who, in which runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    pub family: Family,
    pub kind: Kind,
}

impl Target {
    /// Everything, each beside what it is compared with.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for kind in [Kind::CurrentThread, Kind::MultiThread] {
            for transport in [Transport::Tcp, Transport::Tls, Transport::Quic] {
                all.push(Self { family: Family::HandWritten(transport), kind });
                if transport == Transport::Tcp {
                    all.push(Self { family: Family::Systemge(transport), kind });
                }
            }
        }
        #[cfg(feature = "peers")]
        all.extend([
            Self { family: Family::Tarpc, kind: Kind::CurrentThread },
            Self { family: Family::Tarpc, kind: Kind::MultiThread },
            Self { family: Family::Tonic, kind: Kind::CurrentThread },
            Self { family: Family::Tonic, kind: Kind::MultiThread },
            Self { family: Family::Zenoh, kind: Kind::MultiThread },
            Self { family: Family::Nats, kind: Kind::MultiThread },
            Self { family: Family::Zeromq, kind: Kind::MultiThread },
        ]);
        all
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::all().into_iter().find(|target| target.to_string() == text)
    }

    /// The hand-written loop that it is measured against.
    pub const fn baseline(self) -> Self {
        let transport = match self.family {
            Family::HandWritten(transport) | Family::Systemge(transport) => transport,
            #[cfg(feature = "peers")]
            _ => Transport::Tcp,
        };
        Self { family: Family::HandWritten(transport), ..self }
    }

    /// Whether the workload says something of it.
    pub fn does(self, workload: Workload) -> bool {
        match self.family {
            // what a connection costs is in its broker, and in libzmq shared by all
            #[cfg(feature = "peers")]
            Family::Nats | Family::Zeromq => workload != Workload::Idle,
            _ => {
                let _ = workload;
                true
            }
        }
    }

    /// The server's process: tells its ports, and answers until it is ended.
    pub async fn serve(self, workload: Workload) {
        match self.family {
            Family::HandWritten(transport) => hand_written::serve(transport, workload).await,
            Family::Systemge(_) => node::serve(workload).await,
            #[cfg(feature = "peers")]
            Family::Tarpc => tarpc::serve(workload).await,
            #[cfg(feature = "peers")]
            Family::Tonic => tonic::serve(workload).await,
            #[cfg(feature = "peers")]
            Family::Zenoh => zenoh::serve(workload).await,
            #[cfg(feature = "peers")]
            Family::Nats => nats::serve(workload).await,
            #[cfg(feature = "peers")]
            Family::Zeromq => zeromq::serve(workload).await,
        }
    }

    /// The caller's process.
    pub async fn call(self, workload: Workload, ports: &[u16]) -> Report {
        match self.family {
            Family::HandWritten(transport) => {
                workload::run(workload, hand_written::connect(transport, workload, ports).await).await
            }
            Family::Systemge(_) => workload::run(workload, node::connect(workload, ports).await).await,
            #[cfg(feature = "peers")]
            Family::Tarpc => workload::run(workload, tarpc::connect(workload, ports).await).await,
            #[cfg(feature = "peers")]
            Family::Tonic => workload::run(workload, tonic::connect(workload, ports).await).await,
            #[cfg(feature = "peers")]
            Family::Zenoh => workload::run(workload, zenoh::connect(workload, ports).await).await,
            #[cfg(feature = "peers")]
            Family::Nats => workload::run(workload, nats::connect(workload, ports).await).await,
            #[cfg(feature = "peers")]
            Family::Zeromq => zeromq::call(workload, ports).await,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CurrentThread => "current",
            Self::MultiThread => "multi",
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = |transport| match transport {
            Transport::Tcp => "",
            Transport::Tls => "-tls",
            Transport::Quic => "-quic",
        };
        match self.family {
            Family::HandWritten(over) => write!(f, "hand-written{}", transport(over))?,
            Family::Systemge(over) => write!(f, "systemge{}", transport(over))?,
            #[cfg(feature = "peers")]
            Family::Tarpc => f.write_str("tarpc")?,
            #[cfg(feature = "peers")]
            Family::Tonic => f.write_str("tonic")?,
            #[cfg(feature = "peers")]
            Family::Zenoh => f.write_str("zenoh")?,
            #[cfg(feature = "peers")]
            Family::Nats => f.write_str("nats")?,
            #[cfg(feature = "peers")]
            Family::Zeromq => f.write_str("zeromq")?,
        }
        write!(f, "/{}", self.kind)
    }
}
