//! Systemge beside a hand-written loop and beside what one would use instead, between two processes on loopback.
//!
//! `cargo run --release` runs every workload for all, in turn, and prints a table in Markdown. The other way of
//! calling it, `serve` and `call`, is what it starts as its two processes.

mod driver;
mod hand_written;
mod meter;
mod node;
#[cfg(feature = "peers")]
mod peers;
mod report;
mod target;
mod transport;
mod workload;

use std::path::Path;
use std::process::ExitCode;

use driver::Plan;
use target::{Kind, Target};
use workload::Workload;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, target, workload, ports @ ..] = arguments.as_slice()
        && ["serve", "call"].contains(&role.as_str())
    {
        let (Some(target), Some(workload)) = (Target::parse(target), Workload::parse(workload)) else {
            eprintln!("the driver starts `serve` and `call`");
            return ExitCode::from(2);
        };
        let ports: Vec<u16> = ports.iter().filter_map(|port| port.parse().ok()).collect();
        let calls = role == "call";
        in_runtime(target.kind, async move {
            if calls {
                let report = target.call(workload, &ports).await;
                meter::ready(&report);
                std::future::pending::<()>().await;
            } else {
                target.serve(workload).await;
            }
        });
        return ExitCode::SUCCESS;
    }
    let plan = match Plan::parse(&arguments) {
        Ok(plan) => plan,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/benchmark");
    let figures = plan.run(&folder);
    print!("{}", figures.table());
    let chart = folder.join("chart.svg");
    match std::fs::write(&chart, figures.chart()) {
        Ok(()) => eprintln!("the chart is in {}", chart.display()),
        Err(error) => eprintln!("no chart: {error}"),
    }
    ExitCode::SUCCESS
}

fn in_runtime(kind: Kind, role: impl Future<Output = ()> + Send + 'static) {
    let mut builder = match kind {
        Kind::CurrentThread => tokio::runtime::Builder::new_current_thread(),
        Kind::MultiThread => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.enable_all().build().expect("a runtime");
    // on a worker, not on the thread that blocks
    runtime.block_on(async { tokio::spawn(role).await.expect("the role ends without a panic") });
}
