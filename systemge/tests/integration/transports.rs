//! The tests of what travels between nodes once more over the other transports, each in a process of its own.

use std::process::Command;

use crate::support::TRANSPORT;

/// What is tested over every transport. The other modules test what doesn't travel, or a transport of their own.
const MODULES: [&str; 18] = [
    "announcing::",
    "bad_peers::",
    "cancelling::",
    "choosing::",
    "coming_and_going::",
    "contracts::",
    "failures::",
    "handling::",
    "lifecycle::",
    "many::",
    "mismatches::",
    "names::",
    "options::",
    "outcomes::",
    "pressure::",
    "queues::",
    "requests::",
    "stopping::",
];

/// Runs them with nodes that speak this with each other.
fn holds_over(transport: &str) {
    let this = std::env::current_exe().expect("the path of this binary");
    let outcome = Command::new(this).args(MODULES).env(TRANSPORT, transport).output().expect("it can be run");
    let text = String::from_utf8_lossy(&outcome.stdout);
    let failures = text.split_once("\nfailures:").map_or(&*text, |(_, failures)| failures);
    assert!(outcome.status.success(), "over {transport}:\n{failures}");
    assert!(!text.contains(" 0 passed"), "nothing was tested over {transport}:\n{text}");
}

#[test]
fn everything_holds_over_tls() {
    holds_over("tls");
}

#[cfg(feature = "quic")]
#[test]
fn everything_holds_over_quic() {
    holds_over("quic");
}
