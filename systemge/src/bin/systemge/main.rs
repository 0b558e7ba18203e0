//! The command `systemge`: what a system needs beside its programs.

mod cert;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a system needs beside its programs.
#[derive(Parser)]
#[command(name = "systemge", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes certificates: a CA, and nodes' certificates that it signs
    #[command(subcommand)]
    Cert(cert::Command),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Cert(command) => cert::run(command),
    };
    match outcome {
        Ok(text) => {
            say(&mut std::io::stdout(), &text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&mut std::io::stderr(), &format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line. Nobody may read it any more, which is no reason to fail.
fn say(to: &mut impl std::io::Write, text: &str) {
    let _ = writeln!(to, "{text}");
}
