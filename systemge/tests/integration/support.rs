//! What the tests share.

use std::sync::LazyLock;
use std::time::Duration;

use systemge::config::{Endpoint, NodeConfig};
use systemge::{Application, Node, Running, System};

/// How long anything may take that is expected to happen.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// What the nodes of the tests speak with each other: `tcp`, or what the environment says (see `transports`).
pub(crate) fn scheme() -> &'static str {
    static SCHEME: LazyLock<String> =
        LazyLock::new(|| std::env::var(TRANSPORT).unwrap_or_else(|_| "tcp".to_owned()));
    &SCHEME
}

/// The environment variable that says what the nodes of the tests speak with each other.
pub(crate) const TRANSPORT: &str = "SYSTEMGE_TEST_TRANSPORT";

/// A node that neither listens nor dials yet.
pub(crate) fn plain() -> NodeConfig {
    match scheme() {
        "tcp" => NodeConfig::new(),
        _ => secure(NodeConfig::new()),
    }
}

/// The same with certificates of a CA that all tests share.
#[cfg(feature = "certificates")]
fn secure(config: NodeConfig) -> NodeConfig {
    use systemge::certificates::{Authority, Certificate};
    use systemge::config::TlsConfig;
    static SHARED: LazyLock<(Authority, Certificate)> = LazyLock::new(|| {
        let authority = Authority::new("tests").expect("a CA");
        let certificate = authority.node("tests").issue().expect("a certificate");
        (authority, certificate)
    });
    let (authority, own) = &*SHARED;
    let mut tls =
        TlsConfig::new().certificate(own.certificate(), own.key()).ca(authority.certificate()).mutual();
    // the nodes of the tests have all kinds of names
    tls.name_from_certificate = false;
    config.tls(tls)
}

#[cfg(not(feature = "certificates"))]
fn secure(config: NodeConfig) -> NodeConfig {
    config
}

/// A node that listens on any free port of the loopback interface: for peers that are made by hand over TCP, and for
/// other nodes over what the tests are run with.
pub(crate) fn listening() -> NodeConfig {
    match scheme() {
        "tcp" => plain().listen(any_port()),
        _ => plain().listen(any_tcp_port()).listen(any_port()),
    }
}

/// Any free port of the loopback interface, for other nodes.
pub(crate) fn any_port() -> Endpoint {
    format!("{}://127.0.0.1:0", scheme()).parse().expect("an endpoint")
}

/// The same for peers that are made by hand.
pub(crate) fn any_tcp_port() -> Endpoint {
    "tcp://127.0.0.1:0".parse().expect("an endpoint")
}

/// Starts one node.
pub(crate) async fn start<A: Application>(name: &str, application: A, config: NodeConfig) -> (Running, Node) {
    let running = System::new().node_with(name, application, config).start().await.expect("the node starts");
    let node = running.node(name).expect("the node");
    (running, node)
}

/// Where a node listens for other nodes.
pub(crate) fn endpoint(node: &Node) -> Endpoint {
    node.endpoints().pop().expect("the node listens")
}

/// Waits for something that is expected to happen.
pub(crate) async fn soon<F: IntoFuture>(future: F) -> F::Output {
    tokio::time::timeout(SOON, future).await.expect("it happens in time")
}

/// Waits until something holds; it is looked at whenever the runtime has nothing better to do.
pub(crate) async fn until(mut holds: impl FnMut() -> bool) {
    soon(async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

/// An application without any component: it only calls.
#[derive(systemge::Application, Default)]
pub(crate) struct Caller {}

/// The same with something changed.
pub(crate) fn with(change: impl FnOnce(&mut NodeConfig)) -> NodeConfig {
    let mut config = listening();
    change(&mut config);
    config
}
