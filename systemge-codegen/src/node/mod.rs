//! `#[systemge::node]`: handlers of topics and hooks, and the client beside them.

mod client;
mod emit;
mod model;
mod validate;

use proc_macro2::TokenStream;
use quote::ToTokens as _;

use self::model::{Node, NodeArguments};
use crate::attributes::BlockArguments;
use crate::block;
use crate::crate_path::CratePath;
use crate::errors::ErrorStore;
use crate::expansion::Expansion;

/// The attributes of the methods of a node block.
const ATTRIBUTES: &[&str] = &["topic", "on_start", "on_stop"];

/// Expands `#[systemge::node]`.
#[must_use]
pub fn node(arguments: TokenStream, item: TokenStream, crate_path: &CratePath) -> Expansion {
    let store = ErrorStore::default();
    let sink = store.sink();
    let common = BlockArguments::read(arguments, crate_path, &sink);
    let mut tokens = TokenStream::new();
    match block::parse(item.clone(), "node", ATTRIBUTES, &sink) {
        None => tokens.extend(item),
        Some(raw) => {
            let arguments = NodeArguments::read(&common, &sink);
            raw.to_tokens(&mut tokens);
            if let Some(node) = Node::validate(&raw, &arguments, &sink) {
                emit::block(&node, &common.crate_path).to_tokens(&mut tokens);
                client::client(&node, &common.crate_path).to_tokens(&mut tokens);
            }
        }
    }
    Expansion::new(tokens, store)
}
