//! The node that knows the rooms.

use std::time::SystemTime;

use systemge::client::SendError;
use systemge::prelude::*;
use systemge::websocket::ClientId;

use crate::gateway::GatewayClient;
use crate::rooms::{ChatError, Chatter, Message, Rooms};

/// The node that knows the rooms.
#[derive(systemge::Application, Debug, Default)]
pub struct Chat {
    rooms: Rooms,
}

/// Why a message was not passed on.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The room can't take it.
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// The gateway can't be told.
    #[error(transparent)]
    Send(#[from] SendError),
}

#[systemge::node]
impl Chat {
    /// Lets a browser into a room; answers with what was said there last.
    #[topic("join")]
    pub async fn join(&mut self, chatter: Chatter) -> Result<Vec<Message>, ChatError> {
        self.rooms.join(chatter)
    }

    /// Takes a browser out of its room.
    #[topic("leave", request)]
    pub async fn leave(&mut self, client: ClientId) {
        self.rooms.leave(client);
    }

    /// Passes on what a browser says, to all in its room.
    #[topic("addMessage", oneway)]
    pub async fn add(&mut self, client: ClientId, text: String, ctx: &Context) -> Result<(), AddError> {
        let (room, message) = self.rooms.say(client, &text, SystemTime::now().into())?;
        GatewayClient::new(ctx).propagate(room, message).await?;
        Ok(())
    }
}

#[systemge::commands]
impl Chat {
    /// Lists who is in a room.
    #[command("getChatters")]
    async fn chatters(&self, room: String) -> Result<String> {
        let chatters = self.rooms.chatters(&room);
        let chatters = chatters.ok_or_else(|| Error::message(format!("there is no room `{room}`")))?;
        Ok(chatters.join("\n"))
    }

    /// Lists the rooms.
    #[command("getRooms")]
    async fn rooms(&self) -> String {
        self.rooms.names().collect::<Vec<_>>().join("\n")
    }
}
