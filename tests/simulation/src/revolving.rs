//! A node that lets everybody in and throws them out at once.

use std::time::Duration;

use systemge::config::{Endpoint, NodeConfig};
use systemge::testing::Network;
use systemge::{Node, Running};

use crate::plan::Plan;
use crate::world::{Invariant, World};

/// Its name.
pub(crate) const NAME: &str = "revolving";

#[derive(systemge::Application, Default)]
struct Door {}

/// Where it listens.
pub(crate) fn endpoint() -> Endpoint {
    Endpoint::tcp(([127, 0, 0, 1], 6999).into())
}

/// Starts it.
pub(crate) async fn start(network: &Network) -> Option<Running> {
    let config = NodeConfig::new().listen(endpoint());
    network.system().node_with(NAME, Door::default(), config).start().await.ok()
}

/// Throws out whoever is let in.
pub(crate) async fn turn(network: Network, door: Node) {
    loop {
        for peer in door.connected_from() {
            network.cut(NAME, &peer);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The attempts must come at growing intervals: the n-th delay is at least half of `initial_delay * 2^n`.
pub(crate) fn check(world: &World, network: &Network, plan: &Plan) {
    let Some(node) = plan.revolving.map(|place| &plan.nodes[place]) else { return };
    let dial = &node.config.dial;
    let attempts: Vec<Duration> = network
        .dials()
        .iter()
        .filter(|attempt| attempt.endpoint == endpoint() && attempt.from == node.name)
        .map(|attempt| attempt.at)
        .collect();
    for (failures, pair) in (0u32..).zip(attempts.windows(2)) {
        let [before, after] = pair else { continue };
        let delay = dial.initial_delay.saturating_mul(2u32.saturating_pow(failures)).min(dial.max_delay);
        let pause = after.saturating_sub(*before);
        world.expect(
            Invariant::Backoff,
            pause >= delay / 2,
            format_args!(
                "{} dialled again after {pause:?} and {} failures, too early for {delay:?}",
                node.name,
                failures + 1
            ),
        );
    }
    let attempts = attempts.len();
    world.expect(Invariant::Backoff, attempts > 1, format_args!("there were {attempts} attempts in all"));
}
