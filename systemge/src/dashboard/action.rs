//! What people can do to nodes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ::http::StatusCode;
use serde_json::Value;

use super::audit::{Entry, Outcome, Who};
use super::board::Board;
use crate::command::{CommandError, Presence};
use crate::config::Endpoint;
use crate::node::Node;
use crate::web::Refusal;

/// Something to be done to a node.
#[derive(Debug)]
pub(super) enum Action {
    Start,
    Stop,
    Restart,
    Drain,
    Connect(Endpoint),
    Disconnect(Endpoint),
    /// Another value for a setting.
    Set(String, String),
    /// A command with its arguments as text.
    Command(String, Vec<String>),
}

impl Action {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Drain => "drain",
            Self::Connect(_) => "connect",
            Self::Disconnect(_) => "disconnect",
            Self::Set(..) => "set",
            Self::Command(..) => "command",
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Start | Self::Stop | Self::Restart | Self::Drain => String::new(),
            Self::Connect(endpoint) | Self::Disconnect(endpoint) => endpoint.to_string(),
            Self::Set(key, value) => format!("{key} = {value}"),
            Self::Command(name, arguments) => std::iter::once(name.as_str())
                .map(str::to_owned)
                .chain(arguments.iter().map(|argument| quoted(argument)))
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    async fn carry_out(self, node: &Node) -> Result<String, String> {
        let chain = |error: &dyn std::error::Error| crate::error::chain(error);
        let is_now = |node: &Node| format!("{} is {}", node.name(), node.state());
        match self {
            Self::Start => node.start().await.map(|()| is_now(node)).map_err(|error| chain(&error)),
            Self::Stop => {
                node.stop().await;
                Ok(is_now(node))
            }
            Self::Restart => node.restart().await.map(|()| is_now(node)).map_err(|error| chain(&error)),
            Self::Drain => {
                if node.drain().await {
                    Ok(format!("{} takes nothing new, and has finished what was in flight", node.name()))
                } else {
                    Err(format!("{} still has handlers that wait, or is not running", node.name()))
                }
            }
            Self::Connect(endpoint) => {
                let connected = node.connect(endpoint).await;
                connected.map(|peer| format!("connected to {peer}")).map_err(|error| chain(&error))
            }
            Self::Disconnect(endpoint) => {
                if node.disconnect(&endpoint) {
                    Ok(format!("{endpoint} is no longer dialled"))
                } else {
                    Err(format!("{endpoint} was not dialled"))
                }
            }
            Self::Set(key, value) => super::settings::change(node, &key, &value),
            Self::Command(name, arguments) => {
                node.command(&name, arguments).await.map_err(|error| chain(&error))
            }
        }
    }
}

impl Board {
    /// Does something to a node. It is done to its end even if nobody waits for that any more; who waits for longer
    /// than some time learns that it still runs.
    pub(super) async fn act(
        self: &Arc<Self>,
        who: Who,
        node: Node,
        action: Action,
    ) -> Result<Entry, Refusal> {
        if self.actions.is_closed() || self.actions.len() >= MOST_AT_ONCE {
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too much is being done at once"));
        }
        let id = self.audit.begin(who, action.name(), node.name(), &action.detail());
        self.hurry();
        let board = self.clone();
        let done = self.actions.spawn(async move {
            let result = action.carry_out(&node).await;
            let entry = board.audit.end(id, result);
            board.hurry();
            entry
        });
        let entry = tokio::time::timeout(PATIENCE, done).await;
        let entry = entry.ok().and_then(Result::ok).flatten().or_else(|| self.audit.entry(id));
        entry.ok_or_else(|| {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "what came of it has been forgotten")
        })
    }
}

/// The status of an answer that says how an action went.
pub(super) const fn status(entry: &Entry) -> StatusCode {
    match entry.outcome {
        Outcome::Done => StatusCode::OK,
        Outcome::Running => StatusCode::ACCEPTED,
        Outcome::Failed | Outcome::Refused => StatusCode::CONFLICT,
    }
}

/// The arguments of a command as words, from JSON: by name, or all in their order. What no command takes is a bad request;
/// what this command doesn't take is a conflict with the node, which alone knows its commands.
pub(super) fn words(node: &Node, command: &str, arguments: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let wrong = |why: String| Refusal::new(StatusCode::BAD_REQUEST, why);
    let unfit = |why: String| Refusal::new(StatusCode::CONFLICT, why);
    let mut specs = node.inner().program().commands.specs();
    let Some(spec) = specs.find(|spec| spec.name == command) else {
        let unknown = CommandError::Unknown(crate::text::printable(command));
        return Err(Refusal::new(StatusCode::NOT_FOUND, unknown.to_string()));
    };
    let usage = || format!("usage: {}", spec.usage());
    let given: BTreeMap<&str, &Value> = match arguments {
        None | Some(Value::Null) => BTreeMap::new(),
        Some(Value::Array(list)) => {
            let words: Option<Vec<String>> = list.iter().map(word).collect();
            return words.ok_or_else(|| {
                wrong(format!("an argument is a text, a number or a truth value; {}", usage()))
            });
        }
        Some(Value::Object(map)) => map.iter().map(|(name, value)| (name.as_str(), value)).collect(),
        Some(_) => return Err(wrong(format!("`arguments` is an object or a list; {}", usage()))),
    };
    for (name, value) in &given {
        let is_word = |value: &Value| word(value).is_some();
        if !(value.is_null()
            || is_word(value)
            || value.as_array().is_some_and(|list| list.iter().all(is_word)))
        {
            let name = crate::text::printable(name);
            return Err(wrong(format!("`{name}` is a text, a number or a truth value; {}", usage())));
        }
    }
    if let Some(name) =
        given.keys().find(|name| !spec.arguments.iter().any(|argument| argument.name == **name))
    {
        return Err(unfit(format!(
            "`{command}` has no argument `{}`; {}",
            crate::text::printable(name),
            usage()
        )));
    }
    let mut words = Vec::new();
    let mut left_out = None;
    for argument in spec.arguments {
        let value = given.get(argument.name).filter(|value| !value.is_null());
        let Some(value) = value else {
            match argument.presence {
                Presence::Required => {
                    return Err(unfit(format!("the argument `{}` is missing; {}", argument.name, usage())));
                }
                Presence::Optional => left_out = Some(argument.name),
                Presence::Rest => {}
            }
            continue;
        };
        let given = match (argument.presence, value) {
            (Presence::Rest, Value::Array(list)) => list.iter().filter_map(word).collect(),
            _ => vec![word(value).ok_or_else(|| {
                unfit(format!("`{}` is a text, a number or a truth value; {}", argument.name, usage()))
            })?],
        };
        // words have an order, and no names
        if let Some(before) = left_out.filter(|_| !given.is_empty()) {
            return Err(unfit(format!("`{}` can't be given without `{before}`; {}", argument.name, usage())));
        }
        words.extend(given);
    }
    Ok(words)
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A word as the command line would take it.
fn quoted(word: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\');
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

/// How long an answer waits for what was asked for.
const PATIENCE: Duration = Duration::from_secs(20);
/// How much may be under way at once.
const MOST_AT_ONCE: usize = 256;
