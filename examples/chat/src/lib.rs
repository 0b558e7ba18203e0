//! Rooms in which browsers talk: the node `chat` knows the rooms, `gateway` speaks with the browsers.

mod chat;
mod gateway;
mod rooms;

pub use self::chat::{AddError, Chat, ChatClient};
pub use self::gateway::{Gateway, GatewayClient};
pub use self::rooms::{ChatError, Chatter, Message, Room, Rooms, check_text};
