//! The command `systemge cert`, run as a person runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use systemge::prelude::*;

use crate::support::{Caller, endpoint, soon};
use crate::tls::{Doubler, DoublerClient, tempdir};

/// A folder in which commands are run.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = tempdir(&format!("cert-{name}"));
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    /// Runs `systemge cert` with these words, as a careless user does: everything that is made is open to all.
    fn run(&self, words: &[&str]) -> Output {
        let program = env!("CARGO_BIN_EXE_systemge");
        let mut command = if cfg!(unix) { Command::new("sh") } else { Command::new(program) };
        if cfg!(unix) {
            command.args(["-c", "umask 0; exec \"$0\" \"$@\"", program]);
        }
        command.arg("cert").args(words).current_dir(&self.0).output().expect("it can be run")
    }

    /// It succeeds; what it says.
    fn makes(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty(), "{words:?}");
        String::from_utf8(output.stdout).expect("a text")
    }

    /// It fails, and says this.
    fn refuses(&self, words: &[&str], parts: &[&str]) {
        let output = self.run(words);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty(), "{words:?}: {error}");
        assert!(error.starts_with("error: "), "{words:?}: {error}");
        for part in parts {
            assert!(error.contains(part), "no `{part}` in: {error}");
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join("certificates").join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).expect(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

#[cfg(unix)]
#[test]
fn no_key_is_readable_by_others_whatever_the_umask_is() {
    let folder = Folder::new("modes");
    folder.makes(&["ca"]);
    folder.makes(&["node", "life"]);
    let check = || {
        for name in ["ca", "life"] {
            assert_eq!(mode(&folder.file(&format!("{name}.key"))), 0o600, "{name}");
            assert_eq!(mode(&folder.file(&format!("{name}.pem"))), 0o644, "{name}");
        }
        assert_eq!(mode(&folder.file("")), 0o755, "nobody else puts a file there");
    };
    check();
    // one that was opened to all is not written into, but replaced
    let (key, pem) = (folder.file("life.key"), folder.file("life.pem"));
    for path in [&key, &pem] {
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o666)).expect("it is ours");
    }
    folder.makes(&["node", "life", "--replace"]);
    check();
    let names: Vec<_> = fs::read_dir(folder.file("")).expect("a folder").collect();
    assert_eq!(names.len(), 4, "nothing is left behind: {names:?}");
}

#[test]
fn what_is_there_is_replaced_only_if_that_is_asked_for() {
    let folder = Folder::new("replace");
    folder.makes(&["ca"]);
    folder.makes(&["node", "life"]);
    let before = ["ca.pem", "ca.key", "life.pem", "life.key"].map(|name| folder.read(name));
    folder.refuses(&["ca"], &["ca.key` is there already", "--replace"]);
    folder.refuses(&["node", "life"], &["life.key` is there already", "--replace"]);
    // half of it is enough
    fs::remove_file(folder.file("life.key")).expect("it is there");
    folder.refuses(&["node", "life"], &["life.pem` is there already", "--replace"]);
    assert_eq!(folder.read("life.pem"), before[2]);
    assert!(!folder.file("life.key").exists());
    folder.makes(&["node", "life", "--replace"]);
    folder.makes(&["ca", "--replace"]);
    let after = ["ca.pem", "ca.key", "life.pem", "life.key"].map(|name| folder.read(name));
    for (before, after) in before.iter().zip(&after) {
        assert_ne!(before, after);
    }
}

#[test]
fn a_certificate_is_for_its_node_and_its_hosts_and_nobody_else() {
    let folder = Folder::new("names");
    folder.makes(&["ca", "--name", "my system"]);
    folder.makes(&[
        "node",
        "life",
        "--host",
        "10.0.0.2",
        "--host",
        "life.example.org",
        "--host",
        "2001:db8::7",
    ]);
    folder.makes(&["node", "local"]);
    let is_for = |file: &str, name: &str| {
        let certificate = CertificateDer::from_pem_slice(folder.read(file).as_bytes()).expect("PEM");
        let parsed = ParsedCertificate::try_from(&certificate).expect("a certificate");
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        rustls::client::verify_server_name(&parsed, &name).is_ok()
    };
    for (file, names, others) in [
        (
            "life.pem",
            &["life", "10.0.0.2", "life.example.org", "2001:db8::7"][..],
            &["local", "10.0.0.3", "127.0.0.1", "localhost", "other.example.org", "2001:db8::8"][..],
        ),
        ("local.pem", &["local", "localhost", "127.0.0.1", "::1"], &["life", "10.0.0.2"]),
        ("ca.pem", &[], &["ca", "localhost", "127.0.0.1", "my system".split(' ').next().unwrap_or_default()]),
    ] {
        for name in names {
            assert!(is_for(file, name), "{file} is not for {name}");
        }
        for name in others {
            assert!(!is_for(file, name), "{file} is for {name}");
        }
    }
}

#[test]
fn whoever_asks_wrongly_is_told_what_to_ask() {
    let folder = Folder::new("wrong");
    folder.refuses(&["node", "life"], &["ca.pem", "the CA comes first: `systemge cert ca`"]);
    folder.makes(&["ca"]);
    folder.refuses(&["node"], &["<NAME>", "--help"]);
    folder.refuses(&["nodes", "life"], &["nodes", "'node'"]);
    folder.refuses(&["node", "life", "--hosts", "a"], &["--hosts", "--host"]);
    folder.refuses(&["node", "life", "--days", "0"], &["--days", "1..=36500"]);
    folder.refuses(&["node", "life", "--days", "1.5"], &["--days", "invalid digit"]);
    folder.refuses(&["node", "ca"], &["would be those of the CA"]);
    for name in ["", "a b", "../life", "a/b", "-life-", "life\n"] {
        folder.refuses(&["node", "--", name], &["can't stand in a certificate"]);
    }
    for host in ["10.0.0.2:60001", "tls://10.0.0.2", ""] {
        folder.refuses(&["node", "life", "--host", host], &["can't stand in a certificate", "nor a port"]);
    }
    let names: Vec<_> = fs::read_dir(folder.file("")).expect("a folder").collect();
    assert_eq!(names.len(), 2, "nothing was made but the CA: {names:?}");
    // a CA that is none
    fs::write(folder.file("ca.pem"), "nonsense").expect("a file");
    folder.refuses(&["node", "life"], &["the authority can't be read"]);
}

#[tokio::test]
async fn three_commands_make_a_system_with_mutual_tls() {
    let folder = Folder::new("system");
    folder.makes(&["ca"]);
    // what the command says belongs into the configuration is taken as it is
    let section = |said: &str| {
        let start = said.find("[nodes.").expect("a section");
        let end = said.find("\n\nsha256:").expect("the fingerprint follows");
        said[start..end].to_owned()
    };
    let server = section(&folder.makes(&["node", "server", "--host", "127.0.0.1"]));
    let client = section(&folder.makes(&["node", "client", "--host", "127.0.0.1"]));
    let file = folder.file("server.toml");
    fs::write(&file, format!("[nodes.server]\nlisten = [\"tls://127.0.0.1:0\"]\n\n{server}\n"))
        .expect("a file");
    let serving = System::from_file(&file).expect("it is valid").node("server", Doubler::default());
    let serving = serving.start().await.expect("it starts");
    let dialled = endpoint(&serving.node("server").expect("the node"));

    let file = folder.file("client.toml");
    fs::write(&file, format!("[nodes.client]\nconnect = [\"{dialled}\"]\n\n{client}\n")).expect("a file");
    let calling = System::from_file(&file).expect("it is valid").node("client", Caller::default());
    let calling = calling.start().await.expect("it starts");
    let node = calling.node("client").expect("the node");
    assert!(node.wait_for_provider("double", crate::support::SOON).await);
    assert_eq!(soon(DoublerClient::new(&node).double(21)).await, Ok(42));
    calling.stop().await;

    // it is mutual: without its certificate the same node is not let in
    let bare = client
        .replace("certificate = \"client.pem\"\nkey = \"client.key\"\n", "")
        .replace("mutual = true", "");
    fs::write(&file, format!("[nodes.client]\n\n{bare}\n")).expect("a file");
    let calling = System::from_file(&file).expect("it is valid").node("client", Caller::default());
    let calling = calling.start().await.expect("it starts");
    let node = calling.node("client").expect("the node");
    let error = soon(node.connect(dialled)).await.expect_err("it shows no certificate").to_string();
    assert!(error.contains("wants a certificate of this node"), "{error}");
    calling.stop().await;
    serving.stop().await;
}
