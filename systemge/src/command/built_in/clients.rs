//! The commands of nodes with a WebSocket component.

use futures_util::FutureExt as _;

use super::super::arguments::{CommandArguments, CommandError, Presence};
use super::super::table::CommandSpec;
use super::{BuiltIn, argument, at_once, built_in, or};
use crate::node::Node;
use crate::text::printable;
use crate::websocket::{ClientId, WsClient};

pub(super) const BUILT_IN: &[BuiltIn] = built_in! {
    "clients", "Shows the connected WebSocket clients and their groups.", &[],
        |node, arguments| at_once(arguments, || all(node));
    "groups", "Shows the groups of WebSocket clients, and how many members each has.", &[],
        |node, arguments| at_once(arguments, || groups(node));
    "members", "Shows the WebSocket clients of a group.", &[argument("group", "String", Presence::Required)],
        |node, arguments| members(node, arguments).boxed();
    "kick", "Disconnects a WebSocket client.",
        &[argument("client", "ClientId", Presence::Required), argument("reason", "String", Presence::Rest)],
        |node, arguments| kick(node, arguments).boxed();
};

fn line(client: &WsClient) -> String {
    let groups: Vec<String> = client.groups().iter().map(|group| printable(group)).collect();
    format!("{}  {}  {}", client.id(), client.address(), groups.join(" ")).trim_end().to_owned()
}

fn lines(mut clients: Vec<WsClient>) -> Vec<String> {
    clients.sort_by_key(|client| client.id().to_string());
    clients.iter().map(line).collect()
}

fn all(node: &Node) -> String {
    or(lines(node.context().websocket().clients()), "there are no clients")
}

fn groups(node: &Node) -> String {
    let websocket = node.context().websocket();
    let line = |group: &String| format!("{}  {}", printable(group), websocket.members(group).len());
    or(websocket.groups().iter().map(line).collect(), "there are no groups")
}

async fn members(node: &Node, mut arguments: CommandArguments) -> Result<String, CommandError> {
    let group: String = arguments.required("group")?;
    arguments.finish()?;
    let members = node.context().websocket().members(&group);
    if members.is_empty() {
        let group = printable(&group);
        return Err(CommandError::Failed(format!("there is no group `{group}`; `groups` lists them")));
    }
    Ok(lines(members).join("\n"))
}

async fn kick(node: &Node, mut arguments: CommandArguments) -> Result<String, CommandError> {
    let id: ClientId = arguments.required("client")?;
    let reason: Vec<String> = arguments.rest("reason")?;
    let Some(client) = node.context().websocket().client(&id) else {
        return Err(CommandError::Failed(format!("there is no client {id}; `clients` lists them")));
    };
    let reason = if reason.is_empty() { KICKED.to_owned() } else { reason.join(" ") };
    client.disconnect(&reason);
    Ok(format!("{id} is disconnected"))
}

/// What a client is told, unless the operator says something else.
const KICKED: &str = "disconnected by the operator";
