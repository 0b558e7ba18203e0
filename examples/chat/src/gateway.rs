//! The node that speaks with the browsers.

use systemge::prelude::*;

use crate::chat::ChatClient;
use crate::rooms::{Chatter, Message, check_text};

/// The room that everybody is in at first.
const LOBBY: &str = "lobby";

/// The node that speaks with the browsers. Those in one room are a group of its WebSocket clients.
#[derive(systemge::Application, Debug, Default)]
pub struct Gateway {}

/// What `chat` tells.
#[systemge::node]
impl Gateway {
    /// Shows a message to everybody in its room.
    #[topic("propagateMessage")]
    pub async fn propagate(&self, room: String, message: Message, ctx: &Context<Self>) {
        ctx.websocket().propagate_message(&message).to_group(&room);
    }
}

/// Where a browser wants to be, and how it wants to be called there.
#[systemge::payload]
#[derive(Debug, Clone)]
struct Entrance {
    /// The room; it is made if nobody is there yet.
    room: String,
    /// The name.
    name: String,
}

/// What browsers are told, and what they tell. What can't be done is said to the browser that wanted it.
#[systemge::websocket]
impl Gateway {
    /// What was said last in the room that the browser has entered.
    #[push("join")]
    fn last_messages(last: &[Message]);

    /// Something was said in the browser's room.
    #[push("propagateMessage")]
    fn propagate_message(message: &Message);

    #[on_connect]
    async fn joined(&self, client: &WsClient, ctx: &Context) -> Result<()> {
        let id = client.id().to_string();
        let name = format!("guest {}", &id[..6]);
        enter(client, Entrance { room: LOBBY.to_owned(), name }, ctx).await
    }

    #[topic("enter")]
    async fn enter(&self, client: &WsClient, entrance: Entrance, ctx: &Context) -> Result<()> {
        enter(client, entrance, ctx).await
    }

    #[topic("addMessage")]
    async fn add(&self, client: &WsClient, text: String, ctx: &Context) -> Result<()> {
        check_text(&text)?;
        match ChatClient::new(ctx).add(client.id(), text).await? {
            0 => Err(Error::message("the chat is not connected; try again in a moment")),
            _ => Ok(()),
        }
    }

    #[on_disconnect]
    async fn left(&self, client: &WsClient, ctx: &Context) -> Result<()> {
        ChatClient::new(ctx).leave(client.id()).await?;
        Ok(())
    }
}

/// Brings a browser into a room, and shows it what was said there last.
async fn enter(client: &WsClient, Entrance { room, name }: Entrance, ctx: &Context) -> Result<()> {
    let before = client.groups();
    // from now on, so that nothing is missed that is said while `chat` answers
    client.join(&room);
    let chatter = Chatter { client: client.id(), name, room: room.clone() };
    match ChatClient::new(ctx).join(chatter).await {
        Ok(last) => {
            for group in before.iter().filter(|group| **group != room) {
                client.leave(group);
            }
            ctx.websocket().last_messages(&last).to(client);
            Ok(())
        }
        Err(error) => {
            if !before.contains(&room) {
                client.leave(&room);
            }
            Err(error.into())
        }
    }
}

/// The page.
#[systemge::http(
    folder("/", concat!(env!("CARGO_MANIFEST_DIR"), "/page")),
    folder("/kit", concat!(env!("CARGO_MANIFEST_DIR"), "/../kit"))
)]
impl Gateway {}
