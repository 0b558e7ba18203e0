//! `#[systemge::websocket]`: handlers of what browsers send, and what is pushed to them.

mod emit;
mod model;
mod push;
mod validate;

use proc_macro2::TokenStream;
use quote::ToTokens as _;

use self::model::WebSocket;
use crate::attributes::BlockArguments;
use crate::block;
use crate::crate_path::CratePath;
use crate::errors::ErrorStore;
use crate::expansion::Expansion;

/// The attributes of the methods of a WebSocket block.
const ATTRIBUTES: &[&str] = &["topic", "push", "on_connect", "on_disconnect"];

/// Expands `#[systemge::websocket]`.
#[must_use]
pub fn websocket(arguments: TokenStream, item: TokenStream, crate_path: &CratePath) -> Expansion {
    let store = ErrorStore::default();
    let sink = store.sink();
    let arguments = BlockArguments::read(arguments, crate_path, &sink);
    arguments.refuse_rest("websocket", &sink);
    let mut tokens = TokenStream::new();
    match block::parse(item.clone(), "websocket", ATTRIBUTES, &sink) {
        None => tokens.extend(item),
        Some(raw) => {
            raw.to_tokens(&mut tokens);
            if let Some(websocket) = WebSocket::validate(&raw, &sink) {
                emit::block(&websocket, &arguments.crate_path).to_tokens(&mut tokens);
                push::senders(&websocket, &arguments.crate_path).to_tokens(&mut tokens);
            }
        }
    }
    Expansion::new(tokens, store)
}
