//! Systemge beside a hand-written loop, between two processes on loopback.
//!
//! `cargo run --release` runs every workload for both, in turn, and prints a table in Markdown. The other way of
//! calling it, `serve` and `call`, is what it starts as its two processes.

mod driver;
mod hand_written;
mod node;
mod workload;

use std::time::Duration;

use workload::{Arguments, Kind, Target};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("serve") => in_runtime(&Arguments::parse(&arguments[1..]), serve),
        Some("call") => in_runtime(&Arguments::parse(&arguments[1..]), call),
        _ => driver::run(&arguments),
    }
}

fn in_runtime<F: Future<Output = ()> + Send + 'static>(arguments: &Arguments, role: fn(Arguments) -> F) {
    let mut builder = match arguments.kind {
        Kind::CurrentThread => tokio::runtime::Builder::new_current_thread(),
        Kind::MultiThread => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.enable_all().build().expect("a runtime");
    let future = role(arguments.clone());
    // on a worker, not on the thread that blocks
    runtime.block_on(async { tokio::spawn(future).await.expect("the role ends without a panic") });
}

async fn serve(arguments: Arguments) {
    // a process that was forgotten must not stay
    let work = async {
        match arguments.target {
            Target::HandWritten => hand_written::serve().await,
            Target::Systemge => node::serve().await,
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(60), work).await;
}

async fn call(arguments: Arguments) {
    let work = async {
        match arguments.target {
            Target::HandWritten => {
                workload::run(&arguments, hand_written::connect(arguments.port).await).await
            }
            Target::Systemge => workload::run(&arguments, node::connect(arguments.port).await).await,
        }
    };
    let result =
        tokio::time::timeout(Duration::from_secs(60), work).await.expect("the workload ends in time");
    println!("{result}");
}
