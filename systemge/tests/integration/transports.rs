//! All tests once more over the other transports, each in a process of its own.

use std::process::Command;

use crate::support::TRANSPORT;

/// Runs the tests of this binary with nodes that speak this with each other.
fn holds_over(transport: &str) {
    if std::env::var_os(TRANSPORT).is_some() {
        return;
    }
    let this = std::env::current_exe().expect("the path of this binary");
    let outcome = Command::new(this).env(TRANSPORT, transport).output().expect("it can be run");
    let text = String::from_utf8_lossy(&outcome.stdout);
    let text = text.split_once("failures:").map_or(&*text, |(_, failures)| failures);
    assert!(outcome.status.success(), "over {transport}:\n{text}");
}

#[test]
fn everything_holds_over_tls() {
    holds_over("tls");
}
