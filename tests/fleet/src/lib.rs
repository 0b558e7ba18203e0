//! Ten nodes of a shop that send each other messages and requests, as fast as they are told to; one of them can make
//! more of its kind.

use std::time::Duration;

use systemge::config::{Endpoint, HttpConfig, NodeConfig};
use systemge::prelude::*;
use systemge::spawner::{Child, Spawner, SpawnerClient};

/// The nodes, and whom each dials.
const NODES: [(&str, &[&str]); 10] = [
    ("shop", &["orders", "search", "users"]),
    ("orders", &["shop", "stock", "payments"]),
    ("stock", &["orders", "prices"]),
    ("payments", &["orders", "users", "mail"]),
    ("mail", &["users"]),
    ("search", &["shop", "stock"]),
    ("users", &["shop", "payments", "mail"]),
    ("prices", &["stock"]),
    ("report", &["orders", "payments", "bank"]),
    ("desk", &["hire", "shop"]),
];

/// What one department sends another.
#[systemge::payload]
#[derive(Debug, Clone)]
pub struct Task {
    /// Counts up.
    pub number: u64,
    /// What is to be done.
    pub text: String,
}

/// A node of the shop.
#[derive(systemge::Application, Debug)]
pub struct Department {
    /// Messages per second that it sends to each of its peers.
    pub rate: u64,
}

#[systemge::node]
impl Department {
    /// Takes a task.
    #[topic("task")]
    async fn task(&self, task: Task) {
        drop(task);
    }

    /// How many tasks there are to do.
    #[topic("backlog")]
    async fn backlog(&self) -> u64 {
        0
    }

    #[on_start]
    async fn start(&self, ctx: &Context) {
        let (rate, of_task) = (self.rate, ctx.clone());
        ctx.spawn(async move {
            let mut ticks = tokio::time::interval(TICK);
            let mut number = 0;
            let client = DepartmentClient::new(&of_task);
            loop {
                ticks.tick().await;
                for _ in 0..rate / TICKS {
                    number += 1;
                    // nobody to send to is no error here
                    let _ = client.task(Task { number, text: "a parcel for somebody".to_owned() }).await;
                }
                let _ = client.backlog().await;
            }
        });
    }
}

#[systemge::commands]
impl Department {
    /// Greets somebody, as often as you like.
    #[command("greet")]
    async fn greet(&self, name: String, times: Option<u8>) -> String {
        vec![format!("Hello, {name}!"); usize::from(times.unwrap_or(1))].join("\n")
    }

    /// Adds all numbers.
    #[command("sum")]
    async fn sum(&self, numbers: Vec<i64>) -> String {
        numbers.iter().fold(0_i64, |sum, number| sum.wrapping_add(*number)).to_string()
    }

    /// Fails, and says so.
    #[command("fail")]
    async fn fail(&self, loud: bool) -> Result<String, String> {
        Err(if loud { "<B>NO</B>" } else { "<b>no</b>" }.to_owned())
    }
}

/// The node that has others made.
#[derive(systemge::Application, Debug, Default)]
pub struct Desk {}

#[systemge::commands]
impl Desk {
    /// Has a node made that joins the shop.
    #[command("open")]
    async fn open(&self, name: String, ctx: &Context) -> Result<String> {
        let child = Child::new("department", name).listen("tcp://127.0.0.1:0".parse()?);
        let child = SpawnerClient::new(ctx).spawn_and_start(child).await?;
        Ok(format!("{} is open", child.name))
    }

    /// Has such a node removed.
    #[command("close")]
    async fn close(&self, name: String, ctx: &Context) -> Result<String> {
        SpawnerClient::new(ctx).stop_and_remove(name.clone()).await?;
        Ok(format!("{name} is closed"))
    }
}

/// The system, about to be started, with so many messages per second from every node to each of its peers.
///
/// # Errors
///
/// If an endpoint can't be parsed, which they all can.
pub fn system(rate: u64) -> Result<System> {
    let mut system = System::new();
    for (name, peers) in NODES {
        let mut config = NodeConfig::new().listen(endpoint(name)?);
        for peer in peers {
            config = config.connect(endpoint(peer)?);
        }
        system = match name {
            "desk" => system.node_with(name, Desk::default(), config),
            "shop" => {
                let mut http = HttpConfig::default();
                http.listen = ([127, 0, 0, 1], 0).into();
                system.node_with(name, Department { rate }, config.http(http))
            }
            _ => system.node_with(name, Department { rate }, config),
        };
    }
    let spawner =
        Spawner::new().kind("department", |()| -> Result<Department> { Ok(Department { rate: 0 }) });
    Ok(system.node_with("hire", spawner, NodeConfig::new().listen(endpoint("hire")?)))
}

/// Where a node listens: within the process, but for the bank, which is elsewhere and never answers.
fn endpoint(name: &str) -> Result<Endpoint> {
    Ok(if name == "bank" { "tcp://127.0.0.1:9".parse()? } else { format!("mem://{name}").parse()? })
}

const TICKS: u64 = 100;
const TICK: Duration = Duration::from_millis(1000 / TICKS);
