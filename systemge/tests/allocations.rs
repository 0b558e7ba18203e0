//! What a message costs in memory: nothing on the runtime's own account.
//!
//! A program of its own, since it counts every allocation of its thread.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use systemge::config::{Endpoint, NodeConfig};
use systemge::prelude::*;

#[systemge::payload]
#[derive(Debug, Clone, Copy)]
struct Point {
    id: u64,
    x: u32,
    y: u32,
}

#[derive(systemge::Application, Default)]
struct Plane {
    sum: AtomicU64,
}

#[systemge::node]
impl Plane {
    #[topic("move")]
    async fn move_to(&self, point: Point) {
        self.sum.fetch_add(point.id + u64::from(point.x) + u64::from(point.y), Relaxed);
    }

    #[topic("sum")]
    async fn sum(&self) -> u64 {
        self.sum.load(Relaxed)
    }
}

#[derive(systemge::Application, Default)]
struct Caller {}

async fn send(client: &PlaneClient, messages: u64) {
    for id in 0..messages {
        assert_eq!(client.move_to(Point { id, x: 1, y: 2 }).await, Ok(1));
    }
    client.sum().await.expect("all before it were handled");
}

#[test]
fn a_message_allocates_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (client, system) = runtime.block_on(async {
        let any_port = Endpoint::tcp(([127, 0, 0, 1], 0).into());
        let system = System::new()
            .node_with("plane", Plane::default(), NodeConfig::new().listen(any_port))
            .node_with("caller", Caller::default(), NodeConfig::new())
            .start()
            .await
            .expect("two nodes");
        let [plane, caller] = &system.nodes()[..] else { unreachable!("there are two") };
        caller.connect(Endpoint::tcp(plane.addresses()[0])).await.expect("the plane listens");
        let client = PlaneClient::new(caller);
        // the buffers grow to what a burst needs
        send(&client, 50_000).await;
        (client, system)
    });
    let messages = 50_000;
    let counted = allocation_counter::measure(|| runtime.block_on(async { send(&client, messages).await }));
    assert!(
        counted.count_total < messages / 100,
        "{} allocations for {messages} messages: {counted:?}",
        counted.count_total
    );
    runtime.block_on(system.stop());
}
