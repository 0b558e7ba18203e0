//! The rooms, who is in them, and what was said there last.

use std::collections::{BTreeMap, HashMap, VecDeque};

use chrono::{DateTime, Utc};
use systemge::websocket::ClientId;

/// How many messages a room remembers for those who come later.
const REMEMBERED: usize = 7;
/// The longest name of a room or of a chatter, in characters.
const LONGEST_NAME: usize = 32;
/// The longest text of a message, in characters.
const LONGEST_TEXT: usize = 2000;
/// How many rooms there may be.
const MOST_ROOMS: usize = 1000;

/// What somebody said in a room.
#[systemge::payload]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The name of who said it.
    pub sender: String,
    /// What was said.
    pub text: String,
    /// When.
    #[serde(rename = "sentAt")]
    pub sent_at: DateTime<Utc>,
}

/// Somebody who wants into a room.
#[systemge::payload]
#[derive(Debug, Clone)]
pub struct Chatter {
    /// The browser.
    pub client: ClientId,
    /// How the others see it.
    pub name: String,
    /// Where it wants to talk.
    pub room: String,
}

/// Why something can't be done. Told to the browser that wanted it.
#[systemge::payload]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// A name that nobody could read.
    #[error("a name has 1 to {LONGEST_NAME} characters, none of them invisible")]
    Name,
    /// A name that somebody else has in that room.
    #[error("somebody in `{room}` is called `{name}` already")]
    Taken {
        /// The room.
        room: String,
        /// The name.
        name: String,
    },
    /// A message without a text, or with too long a one.
    #[error("a message has 1 to {LONGEST_TEXT} characters")]
    Text,
    /// There are as many rooms as there may be.
    #[error("there are too many rooms; choose one that is there")]
    TooManyRooms,
    /// It is in no room.
    #[error("you are in no room")]
    Nowhere,
}

/// A room: there as long as somebody is in it, or somebody has said something in it.
#[derive(Debug, Default)]
pub struct Room {
    /// Who is in it: the browsers and their names.
    chatters: BTreeMap<ClientId, String>,
    last: VecDeque<Message>,
}

/// All rooms.
#[derive(Debug, Default)]
pub struct Rooms {
    rooms: BTreeMap<String, Room>,
    /// In which room a browser is.
    whereabouts: HashMap<ClientId, String>,
}

impl Rooms {
    /// Lets somebody into a room, and out of the one before; returns what was said there last.
    ///
    /// # Errors
    ///
    /// If a name is none or taken; who is in a room then stays there.
    pub fn join(&mut self, chatter: Chatter) -> Result<Vec<Message>, ChatError> {
        let Chatter { client, name, room } = chatter;
        if !is_name(&name) || !is_name(&room) {
            return Err(ChatError::Name);
        }
        if let Some(there) = self.rooms.get(&room) {
            let is_taken = |(other, taken): (&ClientId, &String)| *other != client && *taken == name;
            if there.chatters.iter().any(is_taken) {
                return Err(ChatError::Taken { room, name });
            }
        } else if self.rooms.len() >= MOST_ROOMS && !self.forget_empty_rooms() {
            return Err(ChatError::TooManyRooms);
        }
        self.leave(client);
        let there = self.rooms.entry(room.clone()).or_default();
        there.chatters.insert(client, name);
        self.whereabouts.insert(client, room);
        Ok(there.last.iter().cloned().collect())
    }

    /// Takes somebody out of its room.
    pub fn leave(&mut self, client: ClientId) {
        let Some(name) = self.whereabouts.remove(&client) else { return };
        if let Some(room) = self.rooms.get_mut(&name) {
            room.chatters.remove(&client);
            if room.chatters.is_empty() && room.last.is_empty() {
                self.rooms.remove(&name);
            }
        }
    }

    /// Remembers what somebody says; returns it with the name of its room.
    ///
    /// # Errors
    ///
    /// If the text is empty or too long, or whoever says it is in no room.
    pub fn say(
        &mut self,
        client: ClientId,
        text: &str,
        now: DateTime<Utc>,
    ) -> Result<(String, Message), ChatError> {
        let text = text.trim();
        check_text(text)?;
        let name = self.whereabouts.get(&client).ok_or(ChatError::Nowhere)?;
        let room = self.rooms.get_mut(name).ok_or(ChatError::Nowhere)?;
        let sender = room.chatters.get(&client).ok_or(ChatError::Nowhere)?;
        let message = Message { sender: sender.clone(), text: text.to_owned(), sent_at: now };
        if room.last.len() >= REMEMBERED {
            room.last.pop_front();
        }
        room.last.push_back(message.clone());
        Ok((name.clone(), message))
    }

    /// The names of those in a room, sorted; `None` if there is no such room.
    #[must_use]
    pub fn chatters(&self, room: &str) -> Option<Vec<&str>> {
        let mut names: Vec<_> = self.rooms.get(room)?.chatters.values().map(String::as_str).collect();
        names.sort_unstable();
        Some(names)
    }

    /// The names of the rooms, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rooms.keys().map(String::as_str)
    }

    /// Forgets rooms in which nobody is; returns whether there were any.
    fn forget_empty_rooms(&mut self) -> bool {
        let before = self.rooms.len();
        self.rooms.retain(|_, room| !room.chatters.is_empty());
        self.rooms.len() < before
    }
}

/// Whether a text can be a message.
///
/// # Errors
///
/// If it is empty or too long.
pub fn check_text(text: &str) -> Result<(), ChatError> {
    let is_message = !text.trim().is_empty() && text.chars().count() <= LONGEST_TEXT;
    if is_message { Ok(()) } else { Err(ChatError::Text) }
}

fn is_name(text: &str) -> bool {
    let is_visible =
        |character: char| !character.is_control() && (character == ' ' || !character.is_whitespace());
    !text.trim().is_empty()
        && text.trim() == text
        && text.chars().count() <= LONGEST_NAME
        && text.chars().all(is_visible)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u8) -> ClientId {
        format!("{number:032x}").parse().expect("an id")
    }

    fn join(rooms: &mut Rooms, number: u8, name: &str, room: &str) -> Result<Vec<String>, ChatError> {
        let chatter = Chatter { client: client(number), name: name.to_owned(), room: room.to_owned() };
        rooms.join(chatter).map(|last| last.into_iter().map(|message| message.text).collect())
    }

    fn say(rooms: &mut Rooms, number: u8, text: &str) -> Result<String, ChatError> {
        rooms
            .say(client(number), text, DateTime::UNIX_EPOCH)
            .map(|(room, message)| format!("{room}/{}", message.sender))
    }

    #[test]
    fn who_comes_later_sees_the_last_seven_messages() {
        let mut rooms = Rooms::default();
        assert_eq!(join(&mut rooms, 1, "Ada", "den"), Ok(vec![]));
        for text in 0..9 {
            assert_eq!(say(&mut rooms, 1, &text.to_string()).as_deref(), Ok("den/Ada"));
        }
        let last = join(&mut rooms, 2, "Bob", "den").expect("the name is free");
        assert_eq!(last, ["2", "3", "4", "5", "6", "7", "8"]);
        assert_eq!(
            join(&mut rooms, 3, "Bob", "attic"),
            Ok(vec![]),
            "rooms have their own names and messages"
        );
    }

    #[test]
    fn a_name_is_taken_once_in_a_room_and_free_again_when_its_owner_leaves() {
        let mut rooms = Rooms::default();
        join(&mut rooms, 1, "Ada", "den").expect("the name is free");
        let taken = ChatError::Taken { room: "den".to_owned(), name: "Ada".to_owned() };
        assert_eq!(join(&mut rooms, 2, "Ada", "den"), Err(taken));
        assert_eq!(join(&mut rooms, 1, "Ada", "den"), Ok(vec![]), "it is its own");
        join(&mut rooms, 1, "Ada", "attic").expect("another room");
        assert_eq!(rooms.chatters("den"), None, "an empty room is forgotten");
        join(&mut rooms, 2, "Ada", "den").expect("the name is free again");
        rooms.leave(client(2));
        assert_eq!(rooms.names().collect::<Vec<_>>(), ["attic"]);
        assert_eq!(rooms.chatters("attic"), Some(vec!["Ada"]));
    }

    #[test]
    fn what_cannot_be_said_or_called_is_refused() {
        let mut rooms = Rooms::default();
        for name in ["", " ", " Ada", "A\nda", "A\u{7}", &"x".repeat(33)] {
            assert_eq!(join(&mut rooms, 1, name, "den"), Err(ChatError::Name), "{name:?}");
            assert_eq!(join(&mut rooms, 1, "Ada", name), Err(ChatError::Name), "{name:?}");
        }
        assert_eq!(say(&mut rooms, 1, "hello"), Err(ChatError::Nowhere));
        join(&mut rooms, 1, "Ada", "den").expect("the name is free");
        assert_eq!(say(&mut rooms, 1, " \n"), Err(ChatError::Text));
        assert_eq!(say(&mut rooms, 1, &"x".repeat(2001)), Err(ChatError::Text));
        assert_eq!(rooms.chatters("nowhere"), None);
    }

    #[test]
    fn rooms_are_bounded_and_empty_ones_make_room() {
        let mut rooms = Rooms::default();
        for number in 0..MOST_ROOMS {
            join(&mut rooms, 1, "Ada", &format!("room {number}")).expect("there is room");
            say(&mut rooms, 1, "was here").expect("Ada is in it");
        }
        assert_eq!(rooms.names().count(), MOST_ROOMS);
        join(&mut rooms, 2, "Bob", "one more").expect("the empty ones are forgotten");
        assert_eq!(rooms.names().count(), 2);
    }
}
