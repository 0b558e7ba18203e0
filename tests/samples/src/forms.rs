//! A sample's program in every form in which it runs: in one process and in a process for each node, over every
//! transport, by its configuration and environment variables alone.

use std::fmt;
use std::process::Stdio;

use systemge::certificates::{Authority, Certificate};
use systemge::config::{Endpoint, NodeConfig, Scheme};
use tokio::process::{Child, Command};

use crate::{SOON, Shipped};

/// A form in which a sample runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests build them")]
pub struct Form {
    /// How its nodes speak with each other.
    pub scheme: Scheme,
    /// Whether each node has a process of its own.
    pub apart: bool,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let processes = if self.apart { "a process for each node" } else { "one process" };
        write!(f, "{processes}, {}", scheme(self.scheme))
    }
}

/// Starts a sample's program in every form with the sample's own configuration, plays with it, and ends it as an
/// operator would.
///
/// # Panics
///
/// If it does not start or end.
#[expect(clippy::print_stdout, reason = "a test that fails shows in which form")]
pub async fn every_form(program: &str, sample: &str, mut play: impl AsyncFnMut(&Shipped, Form)) {
    let authority = Authority::new("samples").expect("a CA");
    for scheme in [Scheme::Tcp, Scheme::Tls, Scheme::Quic] {
        for apart in [false, true] {
            let form = Form { scheme, apart };
            let shipped = Shipped::new(sample);
            let running = Processes::start(program, &shipped, form, &authority);
            println!("{form}");
            play(&shipped, form).await;
            running.end().await;
        }
    }
}

/// The processes of a sample; killed when they are dropped.
struct Processes(Vec<Child>);

impl Processes {
    fn start(program: &str, shipped: &Shipped, form: Form, authority: &Authority) -> Self {
        let config = shipped.config();
        let mut variables = vec![("SYSTEMGE__DASHBOARD__LISTEN".to_owned(), "127.0.0.1:0".to_owned())];
        variables.retain(|_| config.dashboard.is_some());
        let sections = [("NODES", &config.nodes), ("KINDS", &config.kinds)];
        for (section, nodes) in sections {
            for (name, node) in nodes {
                variables.extend(of_node(
                    &format!("SYSTEMGE__{section}__{name}"),
                    name,
                    node,
                    form,
                    authority,
                ));
            }
        }
        let start = |run: Option<&String>| {
            let mut command = Command::new(program);
            command.arg(shipped.file()).envs(variables.iter().map(|(key, value)| (key, value)));
            if let Some(node) = run {
                command.env("SYSTEMGE__SYSTEM__RUN", format!("[{node:?}]"));
            }
            command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
            command.spawn().expect("the program starts")
        };
        match form.apart {
            true => Self(config.nodes.keys().map(|node| start(Some(node))).collect()),
            false => Self(vec![start(None)]),
        }
    }

    /// Asks the processes to end, which they must do in an orderly way.
    async fn end(mut self) {
        for process in &mut self.0 {
            #[cfg(unix)]
            {
                let id = process.id().expect("the program runs").to_string();
                let kill = Command::new("kill").args(["-TERM", &id]).status().await;
                assert!(kill.expect("the command `kill`").success());
            }
            #[cfg(not(unix))]
            process.start_kill().expect("the program runs");
        }
        for process in &mut self.0 {
            let ended = tokio::time::timeout(SOON, process.wait()).await;
            let status = ended.expect("the program ends in time").expect("the program ends");
            assert!(status.success() || cfg!(not(unix)), "{status}");
        }
    }
}

/// What has a node speak as the form says.
fn of_node(
    prefix: &str,
    name: &str,
    node: &NodeConfig,
    form: Form,
    authority: &Authority,
) -> Vec<(String, String)> {
    let listen = endpoints(form.scheme, node.listen.iter().map(|listen| &listen.endpoint));
    let connect = endpoints(form.scheme, node.connect.iter().map(|connect| &connect.endpoint));
    let mut variables = vec![(format!("{prefix}__LISTEN"), listen), (format!("{prefix}__CONNECT"), connect)];
    // a sample that brings certificates of its own keeps them
    if form.scheme != Scheme::Tcp && node.tls.ca.is_empty() {
        let own = authority.node(name).issue().expect("a certificate");
        variables.extend(certificates(prefix, &own, authority));
    }
    variables
}

fn certificates(prefix: &str, own: &Certificate, authority: &Authority) -> [(String, String); 3] {
    [("CERTIFICATE", own.certificate()), ("KEY", own.key()), ("CA", authority.certificate())]
        .map(|(key, pem)| (format!("{prefix}__TLS__{key}"), pem.to_owned()))
}

/// A list of endpoints as a variable, all with that scheme.
fn endpoints<'a>(wanted: Scheme, endpoints: impl Iterator<Item = &'a Endpoint>) -> String {
    let texts = endpoints.map(|endpoint| {
        let text = endpoint.to_string();
        let (_, place) = text.split_once("://").expect("an endpoint has a scheme");
        format!("\"{}://{place}\"", scheme(wanted))
    });
    format!("[{}]", texts.collect::<Vec<_>>().join(", "))
}

fn scheme(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Tls => "tls",
        Scheme::Quic => "quic",
        _ => "tcp",
    }
}
