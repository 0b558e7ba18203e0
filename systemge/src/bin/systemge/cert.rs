//! `systemge cert`: a CA in a folder, and nodes' certificates that it signs.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use systemge::certificates::{Authority, FileError};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Makes the CA of a system: `ca.pem`, which every node trusts, and `ca.key`, which stays where it is
    Ca {
        /// What the CA is called; for people
        #[arg(long, default_value = "systemge")]
        name: String,
        #[command(flatten)]
        files: Files,
    },
    /// Makes the certificate of a node: `NAME.pem` and `NAME.key`, for the machine that the node runs on
    Node {
        /// The name of the node
        name: String,
        /// A host by which the node is dialled: a name or an address; may be given several times. Without one, the
        /// certificate is for the loopback interface
        #[arg(long)]
        host: Vec<String>,
        /// For how many days it is valid
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=36500))]
        days: u32,
        #[command(flatten)]
        files: Files,
    },
}

#[derive(Args)]
pub(crate) struct Files {
    /// The folder of the files
    #[arg(long, default_value = "certificates")]
    folder: PathBuf,
    /// Replaces files that are there already
    #[arg(long)]
    replace: bool,
}

/// The name of the files of the CA.
const CA: &str = "ca";
/// In seconds.
const DAY: u64 = 24 * 60 * 60;

/// Carries a command out; returns what to say.
pub(crate) fn run(command: Command) -> Result<String, String> {
    match command {
        Command::Ca { name, files } => ca(&name, &files),
        Command::Node { name, .. } if name == CA => {
            return Err(
                "the files of a node `ca` would be those of the CA: call it something else".to_owned()
            );
        }
        Command::Node { name, host, days, files } => node(&name, host, days, &files),
    }
    .map_err(|error| {
        let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        let help = match &error {
            FileError::Exists(_) => " (`--replace`)",
            FileError::Io { path, .. } if path.ends_with("ca.pem") && !path.exists() => {
                "\nthe CA comes first: `systemge cert ca`; where it is elsewhere, `--folder` says where"
            }
            _ => "",
        };
        format!("{error}{source}{help}")
    })
}

fn ca(name: &str, files: &Files) -> Result<String, FileError> {
    let authority = Authority::new(name)?;
    authority.own().write(&files.folder, CA, files.replace)?;
    let shown = shown(&files.folder);
    Ok(format!(
        "{shown}/ca.pem  goes to every machine of the system\n\
         {shown}/ca.key  stays here: whoever has it can be any node\n\
         Next: systemge cert node NAME --host ADDRESS"
    ))
}

fn node(name: &str, hosts: Vec<String>, days: u32, files: &Files) -> Result<String, FileError> {
    let authority = Authority::read(&files.folder, CA)?;
    let validity = Duration::from_secs(u64::from(days) * DAY);
    let node = authority.node(name).valid_for(validity);
    let certificate = hosts.into_iter().fold(node, |node, host| node.host(host)).issue()?;
    certificate.write(&files.folder, name, files.replace)?;
    let shown = shown(&files.folder);
    Ok(format!(
        "{shown}/{name}.pem and {shown}/{name}.key  go to the machine of `{name}`, with {shown}/ca.pem:\n\n\
         [nodes.{section}.tls]\n\
         certificate = \"{name}.pem\"\n\
         key = \"{name}.key\"\n\
         ca = \"ca.pem\"\n\
         mutual = true\n\n\
         {fingerprint}",
        section = if name.contains('.') { format!("{name:?}") } else { name.to_owned() },
        fingerprint = certificate.fingerprint(),
    ))
}

fn shown(folder: &Path) -> String {
    folder.display().to_string()
}
