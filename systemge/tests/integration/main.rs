//! Nodes over real TCP, TLS and QUIC, through the public API.

mod access;
#[cfg(all(feature = "http", feature = "json"))]
mod access_logs;
#[cfg(feature = "secret")]
mod access_rights;
#[cfg(feature = "secret")]
mod access_secret;
mod announcing;
mod bad_acceptors;
mod bad_peers;
mod cancelling;
#[cfg(feature = "cert-cli")]
mod cert;
mod choosing;
#[cfg(feature = "websocket")]
mod client_commands;
mod coming_and_going;
mod command_line;
mod contracts;
#[cfg(feature = "dashboard")]
mod dashboard;
#[cfg(all(feature = "dashboard", feature = "websocket", feature = "certificates"))]
mod dashboard_tls;
mod documents;
mod failures;
mod handling;
mod layers;
mod lifecycle;
#[cfg(any(feature = "certificates", all(feature = "http", feature = "json")))]
mod log;
mod many;
mod memory;
mod metrics;
mod mismatches;
mod names;
mod options;
mod outcomes;
mod pressure;
mod queues;
#[cfg(feature = "certificates")]
mod quic;
mod raw;
mod requests;

mod sizes;
mod spawner;
mod stopping;
mod support;
#[cfg(feature = "testing")]
mod testing;
#[cfg(feature = "testing")]
mod timing;
#[cfg(feature = "certificates")]
mod tls;
#[cfg(all(feature = "certificates", feature = "quic"))]
mod tls_defaults;
#[cfg(feature = "certificates")]
mod tls_entries;
#[cfg(feature = "certificates")]
mod tls_rights;
mod traces;
#[cfg(feature = "certificates")]
mod transports;
#[cfg(all(feature = "http", feature = "websocket"))]
mod web;
#[cfg(all(feature = "http", feature = "websocket", feature = "certificates"))]
mod web_tls;
