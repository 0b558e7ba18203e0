//! The command line of a running system: one line in, a text out.

use super::Running;
use crate::command::{CommandError, CommandInfo};
use crate::node::{Node, NodeState, StartError};

/// The longest line that is read from standard input, in bytes.
#[cfg(feature = "cli")]
pub(super) const LONGEST_LINE: u64 = 64 * 1024;

/// Why a line was not carried out. The operator's mistake, or the command's own error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// A quote is opened and not closed.
    #[error("the quote {0} is not closed")]
    Quote(char),
    /// The system has no node of that name.
    #[error("there is no node `{name}`; there are: {known}")]
    UnknownNode {
        /// The name that was given.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// No node has such a command.
    #[error("there is no command `{name}`{}; `help` lists what there is", nearest_note(.nearest))]
    UnknownCommand {
        /// The name that was given.
        name: String,
        /// The name that is most like it.
        nearest: Option<String>,
    },
    /// More than one node has the command.
    #[error("more than one node has the command `{name}`; say which: {known}")]
    Ambiguous {
        /// The name of the command.
        name: String,
        /// How to say it.
        known: String,
    },
    /// The line needs a command after the node.
    #[error("say what the node shall do: `@node command arguments`")]
    NoCommand,
    /// A word of the command line that takes nothing more was given more.
    #[error("`{word}` takes {takes}")]
    Usage {
        /// The word.
        word: &'static str,
        /// What it takes.
        takes: &'static str,
    },
    /// The command failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The node could not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

fn nearest_note(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

const HELP: &str = "\
help                       shows this
nodes                      lists the nodes and what each is doing
commands [NODE]            lists the commands of all nodes, or of one
@NODE COMMAND ARGUMENTS    runs a command; without @NODE on the only node that has it
start [NODE ...]           starts nodes, all if none is named
stop [NODE ...]            stops nodes
restart [NODE ...]         stops and starts nodes
exit                       stops everything and ends the program
Words with spaces stand in quotes: \"two words\" or 'two words'; a backslash takes the next character as it is.";

const BUILT_IN: [&str; 7] = ["help", "nodes", "commands", "start", "stop", "restart", "exit"];

/// Carries out one line; returns what there is to show.
pub(super) async fn execute(system: &Running, line: &str) -> Result<String, LineError> {
    let mut words = split(line)?.into_iter();
    let Some(first) = words.next() else { return Ok(String::new()) };
    let rest: Vec<String> = words.collect();
    if let Some(name) = first.strip_prefix('@') {
        let node = find(system, name)?;
        let mut rest = rest.into_iter();
        let command = rest.next().ok_or(LineError::NoCommand)?;
        return run(&node, &command, rest.collect()).await;
    }
    match first.as_str() {
        "help" => alone("help", &rest).map(|()| HELP.to_owned()),
        "nodes" => alone("nodes", &rest).map(|()| nodes(system)),
        "commands" => commands(system, &rest),
        "exit" => {
            alone("exit", &rest)?;
            system.exit();
            Ok("stopping".to_owned())
        }
        "start" | "stop" | "restart" => {
            let mut shown = Vec::new();
            for node in chosen(system, &rest)? {
                if first != "start" {
                    node.stop().await;
                }
                if first != "stop" {
                    node.start().await?;
                }
                shown.push(format!("{} is {}", node.name(), node.state()));
            }
            Ok(shown.join("\n"))
        }
        command => {
            let node = only_with(system, command)?;
            run(&node, command, rest).await
        }
    }
}

async fn run(node: &Node, command: &str, arguments: Vec<String>) -> Result<String, LineError> {
    node.command(command, arguments).await.map_err(|error| match error {
        CommandError::Unknown(name) => {
            let commands = node.commands();
            let nearest = nearest(&name, commands.iter().map(|command| command.name));
            LineError::UnknownCommand { name, nearest }
        }
        error => error.into(),
    })
}

fn alone(word: &'static str, rest: &[String]) -> Result<(), LineError> {
    if rest.is_empty() { Ok(()) } else { Err(LineError::Usage { word, takes: "nothing more" }) }
}

fn find(system: &Running, name: &str) -> Result<Node, LineError> {
    system.node(name).ok_or_else(|| LineError::UnknownNode {
        name: name.to_owned(),
        known: system.nodes().iter().map(Node::name).collect::<Vec<_>>().join(", "),
    })
}

/// The nodes that a line names, with or without `@`; all if it names none.
fn chosen(system: &Running, names: &[String]) -> Result<Vec<Node>, LineError> {
    if names.is_empty() {
        return Ok(system.nodes());
    }
    names.iter().map(|name| find(system, name.strip_prefix('@').unwrap_or(name))).collect()
}

/// The only node that has a command.
fn only_with(system: &Running, command: &str) -> Result<Node, LineError> {
    let has = |node: &Node| node.commands().iter().any(|info| info.name == command);
    let nodes: Vec<Node> = system.nodes().into_iter().filter(has).collect();
    match nodes.as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            let commands: Vec<CommandInfo> = system.nodes().iter().flat_map(Node::commands).collect();
            let names = commands.iter().map(|info| info.name).chain(BUILT_IN);
            Err(LineError::UnknownCommand { name: command.to_owned(), nearest: nearest(command, names) })
        }
        several => {
            let known = several.iter().map(|node| format!("@{} {command}", node.name()));
            Err(LineError::Ambiguous {
                name: command.to_owned(),
                known: known.collect::<Vec<_>>().join(", "),
            })
        }
    }
}

fn nodes(system: &Running) -> String {
    let nodes = system.nodes();
    let width = nodes.iter().map(|node| node.name().len()).max().unwrap_or_default();
    let line = |node: &Node| {
        let state = node.state();
        let mut line = format!("{:width$}  {state}", node.name());
        if state == NodeState::Running {
            let addresses: Vec<String> =
                node.addresses().iter().map(|address| format!("tcp://{address}")).collect();
            let peers = node.connected_to();
            line += &format!("  listens on: {}", or_nothing(&addresses.join(", ")));
            line += &format!("  connected to: {}", or_nothing(&peers.join(", ")));
        }
        line
    };
    nodes.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

fn commands(system: &Running, rest: &[String]) -> Result<String, LineError> {
    let nodes = chosen(system, rest)?;
    let lines: Vec<(String, &str)> = nodes
        .iter()
        .flat_map(|node| {
            let line = |info: CommandInfo| (format!("@{} {}", node.name(), info.usage), info.help);
            node.commands().into_iter().map(line).collect::<Vec<_>>()
        })
        .collect();
    if lines.is_empty() {
        return Ok("there are no commands".to_owned());
    }
    let width = lines.iter().map(|(usage, _)| usage.chars().count()).max().unwrap_or_default();
    let shown = lines.iter().map(|(usage, help)| {
        // the first line of the documentation says what it does
        let help = help.trim().lines().next().unwrap_or_default();
        format!("{usage:width$}  {help}").trim_end().to_owned()
    });
    Ok(shown.collect::<Vec<_>>().join("\n"))
}

fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    crate::config::nearest::nearest(name, known).map(str::to_owned)
}

/// Takes a line apart into words, with quotes and backslashes as in a shell.
fn split(line: &str) -> Result<Vec<String>, LineError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(characters.next()),
            (end, Some(open)) if end == open => quote = None,
            (inside, Some(_)) => word.get_or_insert_default().push(inside),
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (space, None) if space.is_whitespace() => words.extend(word.take()),
            (other, None) => word.get_or_insert_default().push(other),
        }
    }
    if let Some(open) = quote {
        return Err(LineError::Quote(open));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_line_is_taken_apart_as_a_shell_does() {
        let check = |line: &str, expected: &[&str]| assert_eq!(split(line).unwrap(), expected, "{line}");
        check("", &[]);
        check("  \t ", &[]);
        check("@life  randomize 30", &["@life", "randomize", "30"]);
        check(r#"say "two words" 'and "more"' a\ b"#, &["say", "two words", "and \"more\"", "a b"]);
        check(r#""" x"" "\"""#, &["", "x", "\""]);
        check("trailing\\", &["trailing"]);
        assert!(split("say \"two").unwrap_err().to_string().contains('"'));
    }
}
