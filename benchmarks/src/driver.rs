//! Runs everything in turn, as two processes each.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::de::DeserializeOwned;

use crate::meter::{Report, State};
use crate::report::{Figure, Figures};
use crate::target::{Kind, Target};
use crate::transport;
use crate::workload::{CONNECTIONS, Workload};

/// What the command line asks for.
pub struct Plan {
    rounds: usize,
    targets: Vec<Target>,
    workloads: Vec<Workload>,
}

impl Plan {
    /// `[ROUNDS [all | KIND | TARGET,TARGET... [WORKLOAD ...]]]`
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let number = |text: &String| text.parse().map_err(|_| format!("`{text}` is no number of rounds"));
        let rounds = arguments.first().map_or(Ok(5), number)?;
        let all = Target::all();
        let targets = match arguments.get(1).map(String::as_str) {
            None | Some("all") => all,
            Some("current") => all.into_iter().filter(|target| target.kind == Kind::CurrentThread).collect(),
            Some("multi") => all.into_iter().filter(|target| target.kind == Kind::MultiThread).collect(),
            Some(names) => names
                .split(',')
                .map(|name| {
                    let known: Vec<String> = all.iter().map(Target::to_string).collect();
                    Target::parse(name).ok_or_else(|| format!("`{name}` is none of {}", known.join(", ")))
                })
                .collect::<Result<_, _>>()?,
        };
        let workloads = match arguments.get(2..) {
            None | Some([]) => Workload::ALL.to_vec(),
            Some(names) => names
                .iter()
                .map(|name| {
                    let known = Workload::ALL.map(|workload| workload.to_string());
                    Workload::parse(name).ok_or_else(|| format!("`{name}` is none of {}", known.join(", ")))
                })
                .collect::<Result<_, _>>()?,
        };
        Ok(Self { rounds, targets, workloads })
    }

    pub fn run(&self, folder: &Path) -> Figures {
        transport::make_certificate(folder);
        let mut figures = Figures::default();
        for round in 0..self.rounds {
            for &workload in &self.workloads {
                for &target in &self.targets {
                    if !target.does(workload) {
                        continue;
                    }
                    match measure(target, workload, folder) {
                        Ok(figure) => {
                            eprintln!("{}/{} {workload} {target}: {figure}", round + 1, self.rounds);
                            figures.add(workload, target, figure);
                        }
                        Err(why) => eprintln!("{}/{} {workload} {target}: {why}", round + 1, self.rounds),
                    }
                }
            }
        }
        figures
    }
}

/// A process of a run; it ends when it is dropped.
struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(arguments: &[String], folder: &Path) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args(arguments).env(transport::FOLDER, folder);
        let mut child = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (Some(input), Some(output)) = (input, output) else { return Err("no pipes".to_owned()) };
        Ok(Self { child, input, output: BufReader::new(output) })
    }

    fn hear<T: DeserializeOwned>(&mut self) -> Result<T, String> {
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(|error| error.to_string())?;
        serde_json::from_str(&line).map_err(|_| "a process ended early".to_owned())
    }

    fn state(&mut self) -> Result<State, String> {
        writeln!(self.input).map_err(|error| error.to_string())?;
        self.hear()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // with what it has started itself
        if let Ok(group) = i32::try_from(self.child.id()).map(Pid::from_raw)
            && let Some(group) = group
        {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

fn measure(target: Target, workload: Workload, folder: &Path) -> Result<Figure, String> {
    let name = [target.to_string(), workload.to_string()];
    let mut server = Process::start(&[&["serve".to_owned()], &name[..]].concat(), folder)?;
    let ports: Vec<u16> = server.hear()?;
    let before = server.state()?;
    let ports = ports.iter().map(u16::to_string);
    let call: Vec<String> = ["call".to_owned()].into_iter().chain(name).chain(ports).collect();
    let mut caller = Process::start(&call, folder)?;
    let report: Report = caller.hear()?;
    Ok(match report {
        Report::Sent { messages } => {
            let state = settled(&mut server, messages)?;
            let cpu = state.cpu - before.cpu + caller.state()?.cpu;
            let scale = if workload == Workload::Large { 1.0 } else { 1e6 };
            Figure {
                value: state.handled as f64 / state.seconds,
                lost: messages.saturating_sub(state.handled) as f64 / messages as f64,
                cpu_per_million: Some(cpu / state.handled as f64 * scale).filter(|_| scale > 1.0),
                ..Figure::default()
            }
        }
        Report::Latency { median, p99, requests, cpu } => Figure {
            value: median,
            p99: Some(p99),
            cpu_per_million: Some((cpu + server.state()?.cpu - before.cpu) / requests as f64 * 1e6),
            ..Figure::default()
        },
        Report::Rate { per_second, requests, cpu } => Figure {
            value: per_second,
            cpu_per_million: Some((cpu + server.state()?.cpu - before.cpu) / requests as f64 * 1e6),
            ..Figure::default()
        },
        Report::Idle => {
            // what was needed for the handshakes only is given back
            std::thread::sleep(Duration::from_secs(2));
            let grown = server.state()?.resident_kb - before.resident_kb;
            Figure { value: grown / CONNECTIONS as f64, ..Figure::default() }
        }
    })
}

/// Waits until everything that was sent has arrived, or nothing comes any more.
fn settled(server: &mut Process, sent: u64) -> Result<State, String> {
    let (mut last, mut since) = (server.state()?, Instant::now());
    while last.handled < sent && since.elapsed() < Duration::from_secs(1) {
        std::thread::sleep(Duration::from_millis(10));
        let now = server.state()?;
        if now.handled > last.handled {
            since = Instant::now();
        }
        last = now;
    }
    // the end of the measured time is sampled
    std::thread::sleep(Duration::from_millis(10));
    server.state()
}
