//! The tests of what travels between nodes once more over the other transports, each in a process of its own.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::support::TRANSPORT;

/// What is tested over every transport.
const OVER_ALL: &[&str] = &[
    "access",
    "access_rights",
    "access_secret",
    "announcing",
    "bad_peers",
    "cancelling",
    "choosing",
    "coming_and_going",
    "command_line",
    "contracts",
    "failures",
    "handling",
    "layers",
    "lifecycle",
    "many",
    "metrics",
    "mismatches",
    "names",
    "options",
    "outcomes",
    "pressure",
    "queues",
    "requests",
    "sizes",
    "spawner",
    "stopping",
    "traces",
];

/// What is not, and why.
const ONCE: &[(&str, &str)] = &[
    ("access_logs", "one log of all that strangers may say, by hand over plain TCP"),
    ("bad_acceptors", "who is dialled is made by hand over plain TCP"),
    ("cert", "a command that makes files, without nodes"),
    ("client_commands", "HTTP and WebSocket, of one node"),
    ("dashboard", "HTTP, of nodes within one process"),
    ("dashboard_tls", "HTTPS, with certificates of its own"),
    ("documents", "reads the documents"),
    ("log", "what tests share"),
    ("main", "names the modules"),
    ("memory", "`mem://` is its transport"),
    ("quic", "QUIC is its transport, with certificates of its own"),
    ("raw", "what tests share"),
    ("support", "what tests share"),
    ("testing", "the network of the test kit is its transport"),
    ("timing", "the network of the test kit is its transport, and the clock is the test's"),
    ("tls", "TLS is its transport, with certificates of its own"),
    ("tls_defaults", "TLS and QUIC are its transports, with certificates of its own"),
    ("tls_entries", "names its transports, with certificates of its own"),
    ("tls_rights", "names its transports, with certificates of its own"),
    ("transports", "runs the others"),
    ("web", "HTTP and WebSocket, of one node"),
    ("web_tls", "HTTPS and WSS, with certificates of its own"),
];

#[test]
fn every_module_is_tested_over_every_transport_or_says_why_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration");
    let entries = std::fs::read_dir(folder).expect("the folder of the tests");
    let files: BTreeSet<String> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    let mut named = BTreeSet::new();
    for module in OVER_ALL.iter().chain(ONCE.iter().map(|(module, _)| module)) {
        assert!(named.insert((*module).to_owned()), "`{module}` is named twice");
    }
    assert_eq!(files, named, "every file, and nothing else, is in one of the two lists");
}

/// Runs them with nodes that speak this with each other.
fn holds_over(transport: &str) {
    let this = std::env::current_exe().expect("the path of this binary");
    let modules = OVER_ALL.iter().map(|module| format!("{module}::"));
    // many of them wait most of the time
    let outcome = Command::new(this)
        .args(modules)
        .arg("--test-threads=8")
        .env(TRANSPORT, transport)
        .output()
        .expect("it can be run");
    let text = String::from_utf8_lossy(&outcome.stdout);
    let failures = text.split_once("\nfailures:").map_or(&*text, |(_, failures)| failures);
    assert!(outcome.status.success(), "over {transport}:\n{failures}");
    for module in OVER_ALL.iter().filter(|_| cfg!(feature = "full")) {
        assert!(
            text.contains(&format!("test {module}::")),
            "no test of `{module}` over {transport}:\n{text}"
        );
    }
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
