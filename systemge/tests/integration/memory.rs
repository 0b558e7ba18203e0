//! Connections within the process, `mem://NAME`.

use systemge::config::{Endpoint, NodeConfig};
use systemge::prelude::*;

use crate::support::{Caller, soon, until};

#[derive(systemge::Application, Default)]
struct Double {}

#[systemge::node]
impl Double {
    #[topic("double")]
    async fn double(&self, number: u32) -> u32 {
        number.wrapping_mul(2)
    }
}

fn endpoint() -> Endpoint {
    Endpoint::memory("double").expect("a name")
}

fn pair() -> System {
    System::new().node_with("double", Double::default(), NodeConfig::new().listen(endpoint())).node_with(
        "caller",
        Caller::default(),
        NodeConfig::new().connect(endpoint()),
    )
}

#[tokio::test]
async fn the_nodes_of_one_system_meet_without_a_socket() {
    let running = pair().start().await.expect("it starts");
    let [double, caller] = &running.nodes()[..] else { panic!("there are two") };
    assert_eq!(double.endpoints(), [endpoint()]);
    assert!(double.addresses().is_empty());
    assert!(soon(caller.wait_for_provider("double", crate::support::SOON)).await);
    assert_eq!(soon(DoubleClient::new(caller).double(21)).await, Ok(42));

    // the name is free again once its node has stopped
    soon(double.restart()).await.expect("it starts again");
    soon(until(|| !caller.connected_to().is_empty())).await;
    soon(running.stop()).await;
}

#[tokio::test]
async fn a_name_belongs_to_one_listener_and_to_one_system() {
    let first = pair().start().await.expect("it starts");
    let second = pair().start().await.expect("another system has names of its own");
    let twice = System::new()
        .node_with("one", Double::default(), NodeConfig::new().listen(endpoint()))
        .node_with("two", Double::default(), NodeConfig::new().listen(endpoint()));
    let error = twice.start().await.expect_err("the name is taken");
    assert_eq!(error.to_string(), "node `two` cannot listen on mem://double");
    soon(first.stop()).await;
    soon(second.stop()).await;
}
