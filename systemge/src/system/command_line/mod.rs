//! The command line of a running system: one line in, a text out.

mod complete;
mod schedules;
mod targets;
mod words;

use futures_util::future::BoxFuture;

pub use self::complete::Completion;
pub(super) use self::complete::complete;
pub(crate) use self::schedules::Schedules;
use super::Running;
use crate::command::{CommandError, CommandInfo};
use crate::node::{Node, NodeState, StartError};

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
    /// A word of the command line that was used in another way.
    #[error("`{word}` takes {takes}")]
    Usage {
        /// The word.
        word: &'static str,
        /// What it takes.
        takes: &'static str,
    },
    /// What follows `every` is no interval.
    #[error("`{0}` is no interval; it is from 100ms to a year, such as `5s` or `1h`")]
    Interval(String),
    /// There is no schedule of that number.
    #[error("there is no schedule {0}; `every` lists them")]
    UnknownSchedule(u64),
    /// There are as many schedules as there may be.
    #[error("there are {0} schedules already, which is the limit")]
    TooManySchedules(usize),
    /// Several nodes were told to do something, and some could not. Shows what each answered.
    #[error("{answers}")]
    Several {
        /// What each of the nodes answered, as it is shown.
        answers: String,
        /// How many of them failed.
        failed: usize,
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
help [WORD]                shows this, or what a word or a command does
nodes                      lists the nodes and what each is doing
commands [NODE ...]        lists the commands of all nodes, or of some
@NODE COMMAND ARGUMENTS    runs a command; without @NODE on the only node that has it
@NODE,NODE COMMAND ...     the same on several nodes, one after the other; * is any text: @game-*, @*
start [NODE ...]           starts nodes, all if none is named
stop [NODE ...]            stops nodes
restart [NODE ...]         stops and starts nodes
!LINE                      the nodes take their turn in reverse order: !stop, !@a,b restart
every INTERVAL LINE        carries out a line again and again: every 5s @life randomize 30
every                      lists what is scheduled
every stop NUMBER          ends a schedule; `every stop *` ends all
exit                       stops everything and ends the program
Words with spaces stand in quotes: \"two words\" or 'two words'; a backslash takes the next character as it is.";

/// The words that a line may begin with.
const WORDS: [&str; 8] = ["help", "nodes", "commands", "start", "stop", "restart", "every", "exit"];

/// Those that may follow `@NODE`, too.
const AFTER_NODE: [&str; 3] = ["start", "stop", "restart"];

/// Carries out one line; returns what there is to show.
pub(super) async fn execute(system: &Running, line: &str) -> Result<String, LineError> {
    let (reversed, line) = words::reversed(line);
    let mut line_words = words::split(line)?.into_iter();
    let Some(first) = line_words.next() else { return Ok(String::new()) };
    let rest: Vec<String> = line_words.collect();
    let turn = |mut nodes: Vec<Node>| {
        if reversed {
            nodes.reverse();
        }
        nodes
    };
    if first.starts_with('@') {
        let nodes = turn(targets::named(system, &first)?);
        let Some((command, arguments)) = rest.split_first() else { return Err(LineError::NoCommand) };
        return on_each(&nodes, |node| Box::pin(run(node, command, arguments))).await;
    }
    match first.as_str() {
        "help" => help(system, &rest),
        "nodes" => alone("nodes", &rest).map(|()| nodes(system)),
        "commands" => commands(system, &rest),
        "every" => schedules::every(system, words::first(line).1),
        "exit" => {
            alone("exit", &rest)?;
            system.exit();
            Ok("stopping".to_owned())
        }
        word if AFTER_NODE.contains(&word) => {
            let nodes = turn(targets::chosen(system, &rest)?);
            on_each(&nodes, |node| Box::pin(change(node, word))).await
        }
        command => {
            let node = only_with(system, command)?;
            run(&node, command, &rest).await
        }
    }
}

/// Lets nodes do something, one after the other; one that fails doesn't keep the others from it.
async fn on_each<'a>(
    nodes: &'a [Node],
    mut act: impl FnMut(&'a Node) -> BoxFuture<'a, Result<String, LineError>>,
) -> Result<String, LineError> {
    if let [only] = nodes {
        return act(only).await;
    }
    let mut answers = Vec::new();
    let mut failed = 0;
    for node in nodes {
        let answer = act(node).await.unwrap_or_else(|error| {
            failed += 1;
            crate::error::chain(&error)
        });
        answers.push(if answer.contains('\n') {
            format!("{}:\n  {}", node.name(), answer.replace('\n', "\n  "))
        } else {
            format!("{}: {answer}", node.name())
        });
    }
    let answers = answers.join("\n");
    if failed == 0 { Ok(answers) } else { Err(LineError::Several { answers, failed }) }
}

/// Runs a command of a node, or starts or stops it.
async fn run(node: &Node, command: &str, arguments: &[String]) -> Result<String, LineError> {
    let commands = node.commands();
    if let Some(word) = AFTER_NODE.into_iter().find(|word| *word == command)
        && !commands.iter().any(|own| own.name == command)
    {
        alone(word, arguments)?;
        return change(node, word).await;
    }
    node.command(command, arguments).await.map_err(|error| match error {
        CommandError::Unknown(name) => {
            let names = commands.iter().map(|command| command.name).chain(AFTER_NODE);
            let nearest = nearest(&name, names);
            LineError::UnknownCommand { name, nearest }
        }
        error => error.into(),
    })
}

/// Starts or stops a node.
async fn change(node: &Node, word: &str) -> Result<String, LineError> {
    if word != "start" {
        node.stop().await;
    }
    if word != "stop" {
        node.start().await?;
    }
    Ok(node.state().to_string())
}

fn alone(word: &'static str, rest: &[String]) -> Result<(), LineError> {
    if rest.is_empty() { Ok(()) } else { Err(LineError::Usage { word, takes: "nothing more" }) }
}

/// The only node that has a command. What an application brings itself goes before what every node has.
fn only_with(system: &Running, command: &str) -> Result<Node, LineError> {
    let with = |built_in: bool| {
        let has = move |info: &CommandInfo| info.name == command && info.built_in == built_in;
        system.nodes().into_iter().filter(move |node| node.commands().iter().any(has)).collect::<Vec<_>>()
    };
    let mut nodes = with(false);
    if nodes.is_empty() {
        nodes = with(true);
    }
    match nodes.as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            let commands: Vec<CommandInfo> = system.nodes().iter().flat_map(Node::commands).collect();
            let names = commands.iter().map(|info| info.name).chain(WORDS);
            Err(LineError::UnknownCommand { name: command.to_owned(), nearest: nearest(command, names) })
        }
        several => {
            let known = several.iter().take(MOST_SHOWN).map(|node| format!("@{} {command}", node.name()));
            let more = (several.len() > MOST_SHOWN).then(|| format!("@* {command}"));
            Err(LineError::Ambiguous {
                name: command.to_owned(),
                known: known.chain(more).collect::<Vec<_>>().join(", "),
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
            let peers = node.connected_to();
            line += &format!("  listens on: {}", or_nothing(&listens_on(node).join(", ")));
            line += &format!("  connected to: {}", or_nothing(&peers.join(", ")));
        }
        line
    };
    nodes.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Where peers and browsers reach a node.
fn listens_on(node: &Node) -> Vec<String> {
    #[cfg_attr(not(feature = "_web"), expect(unused_mut, reason = "the web components have more"))]
    let mut all: Vec<String> = node.endpoints().iter().map(ToString::to_string).collect();
    #[cfg(feature = "http")]
    all.extend(node.http_address().map(|address| format!("http://{address}")));
    #[cfg(feature = "websocket")]
    all.extend(node.websocket_address().map(|address| format!("ws://{address}")));
    all
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// The commands of the named nodes; or those of all applications, and once those that every node has.
fn commands(system: &Running, rest: &[String]) -> Result<String, LineError> {
    let nodes = targets::chosen(system, rest)?;
    let mut lines: Vec<(String, &str)> = Vec::new();
    let mut built_in: Vec<(String, &str)> = Vec::new();
    for node in &nodes {
        for CommandInfo { usage, help, built_in: everywhere, .. } in node.commands() {
            if !everywhere || !rest.is_empty() {
                lines.push((format!("@{} {usage}", node.name()), help));
            } else if !built_in.iter().any(|(known, _)| known[6..] == usage) {
                built_in.push((format!("@NODE {usage}"), help));
            }
        }
    }
    lines.append(&mut built_in);
    let width = lines.iter().map(|(usage, _)| usage.chars().count()).max().unwrap_or_default();
    let shown = lines.iter().map(|(usage, help)| {
        // the first line of the documentation says what it does
        let help = help.trim().lines().next().unwrap_or_default();
        format!("{usage:width$}  {help}").trim_end().to_owned()
    });
    Ok(shown.collect::<Vec<_>>().join("\n"))
}

/// What there is; or what a word or a command does, with all that its documentation says.
fn help(system: &Running, rest: &[String]) -> Result<String, LineError> {
    let name = match rest {
        [] => return Ok(HELP.to_owned()),
        [name] => name,
        _ => return Err(LineError::Usage { word: "help", takes: "one word" }),
    };
    let lines = HELP.lines().filter(|line| line.split_whitespace().next() == Some(name));
    let mut shown: Vec<String> = lines.map(str::to_owned).collect();
    for info in system.nodes().iter().flat_map(Node::commands).filter(|info| info.name == name) {
        let documentation: Vec<&str> = info.help.trim().lines().map(str::trim).collect();
        let text = format!("{}\n  {}", info.usage, documentation.join("\n  ")).trim_end().to_owned();
        if !shown.contains(&text) {
            shown.push(text);
        }
    }
    if shown.is_empty() {
        let known = system.nodes();
        let commands: Vec<CommandInfo> = known.iter().flat_map(Node::commands).collect();
        let nearest = nearest(name, commands.iter().map(|info| info.name).chain(WORDS));
        return Err(LineError::UnknownCommand { name: name.clone(), nearest });
    }
    Ok(shown.join("\n"))
}

fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    crate::config::nearest::nearest(name, known).map(str::to_owned)
}

/// How many nodes an error lists before it says the rest in general.
const MOST_SHOWN: usize = 8;
