//! `#[systemge::commands]`: what an operator can tell a node to do.

mod emit;
mod model;
mod validate;

use proc_macro2::TokenStream;
use quote::ToTokens as _;

use self::model::Commands;
use crate::attributes::BlockArguments;
use crate::block;
use crate::crate_path::CratePath;
use crate::errors::ErrorStore;
use crate::expansion::Expansion;

/// Expands `#[systemge::commands]`.
#[must_use]
pub fn commands(arguments: TokenStream, item: TokenStream, crate_path: &CratePath) -> Expansion {
    let store = ErrorStore::default();
    let sink = store.sink();
    let arguments = BlockArguments::read(arguments, crate_path, &sink);
    arguments.refuse_rest("commands", &sink);
    let mut tokens = TokenStream::new();
    match block::parse(item.clone(), "commands", &["command"], &sink) {
        None => tokens.extend(item),
        Some(raw) => {
            raw.to_tokens(&mut tokens);
            if let Some(commands) = Commands::validate(&raw, &sink) {
                emit::block(&commands, &arguments.crate_path).to_tokens(&mut tokens);
            }
        }
    }
    Expansion::new(tokens, store)
}
