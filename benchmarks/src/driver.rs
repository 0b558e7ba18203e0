//! Runs everything in turn, as two processes each, and prints the table.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

const WORKLOADS: [(&str, &str); 5] = [
    ("W1", "one-way, one sender (messages/s)"),
    ("W1x4", "one-way, four senders (messages/s)"),
    ("W2", "request, one in flight (median, µs)"),
    ("W3.64", "requests, 64 in flight (per second)"),
    ("W3.256", "requests, 256 in flight (per second)"),
];

/// `[ROUNDS [KIND [WORKLOAD ...]]]`
pub fn run(arguments: &[String]) {
    let rounds: usize = arguments.first().map_or(5, |rounds| rounds.parse().expect("a number of rounds"));
    let kinds: Vec<&str> = match arguments.get(1).map(String::as_str) {
        None | Some("all") => vec!["current", "multi"],
        Some(kind) => vec![kind],
    };
    let wanted = arguments.get(2..).unwrap_or_default();
    println!("| runtime | workload | hand-written | systemge | ratio (median of {rounds}) | ratios |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for kind in kinds {
        for (workload, meaning) in WORKLOADS {
            if !wanted.is_empty() && !wanted.iter().any(|name| name == workload) {
                continue;
            }
            let mut figures: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            let mut ratios = Vec::new();
            for _ in 0..rounds {
                let limit = measure("hand-written", kind, workload);
                let ours = measure("systemge", kind, workload);
                figures.entry("hand-written").or_default().push(limit);
                figures.entry("systemge").or_default().push(ours);
                ratios.push(ours / limit);
            }
            let all: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
            println!(
                "| {kind} | {workload}: {meaning} | {} | {} | {:.2} | {} |",
                shown(median(&mut figures.entry("hand-written").or_default().clone())),
                shown(median(&mut figures.entry("systemge").or_default().clone())),
                median(&mut ratios),
                all.join(" ")
            );
        }
    }
}

fn shown(figure: f64) -> String {
    if figure < 1000.0 { format!("{figure:.1}") } else { format!("{:.0} k", figure / 1000.0) }
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn measure(target: &str, kind: &str, workload: &str) -> f64 {
    let seconds = if workload.starts_with("W1") { "2.0" } else { "1.2" };
    let start = |role: &str, port: &str| -> Child {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.args([role, target, kind, workload, port, seconds]);
        command.stdout(Stdio::piped()).spawn().expect("a process")
    };
    let mut server = start("serve", "0");
    let port = first_line(&mut server);
    let mut caller = start("call", &port);
    let figure = first_line(&mut caller);
    caller.wait().expect("the caller ends");
    server.kill().expect("the server ends");
    server.wait().expect("the server ends");
    figure.parse().unwrap_or_else(|_| panic!("{target} {kind} {workload}: no figure"))
}

fn first_line(process: &mut Child) -> String {
    let mut line = String::new();
    let output = process.stdout.take().expect("its output");
    BufReader::new(output).read_line(&mut line).expect("a line");
    line.trim().to_owned()
}
