//! `#[systemge::node]`: handlers of topics and hooks, and the client beside them.

pub(crate) mod duplicates;
mod emit;
mod implement;
pub(crate) mod model;
mod validate;

use proc_macro2::TokenStream;
use quote::ToTokens as _;

pub(crate) use self::emit::conditions;
pub use self::implement::implement;
use self::model::{Node, NodeArguments};
use crate::attributes::{BlockArguments, Carried};
use crate::block::{self, RawBlock};
use crate::client::Client;
use crate::crate_path::CratePath;
use crate::errors::ErrorStore;
use crate::expansion::Expansion;

/// The attributes of the methods of a node block.
const ATTRIBUTES: &[&str] = &["topic", "on_start", "on_stop"];

/// Expands `#[systemge::node]`.
#[must_use]
pub fn node(arguments: TokenStream, item: TokenStream, crate_path: &CratePath) -> Expansion {
    if let Some(handed_on) = implement::hand_to_contract(&arguments, &item, crate_path) {
        return handed_on;
    }
    let store = ErrorStore::default();
    let sink = store.sink();
    let common = BlockArguments::read(arguments, crate_path, &sink);
    let mut tokens = TokenStream::new();
    match block::parse(item.clone(), "node", ATTRIBUTES, &sink) {
        None => tokens.extend(item),
        Some(raw) => {
            let arguments = NodeArguments::read(&common, &sink);
            // a block for a reference is none to the compiler, either, which would say so again
            if !matches!(block::ungroup(&raw.self_type), syn::Type::Reference(_)) {
                raw.to_tokens(&mut tokens);
            }
            if let Some(node) = Node::validate(&raw, &arguments, &sink) {
                emit::block(&node, &common.crate_path).to_tokens(&mut tokens);
                client(&node).emit(&common.crate_path).to_tokens(&mut tokens);
            }
        }
    }
    Expansion::new(tokens, store)
}

fn client<'n>(node: &'n Node<'_>) -> Client<'n> {
    let block: &RawBlock = node.block;
    Client {
        name: &node.client_name,
        owner: block.plain_type_name(),
        cfgs: Carried::of(&block.attributes).cfgs,
        generics: &block.generics,
        self_type: Some(&block.self_type),
        methods: &node.client_methods,
        contract: None,
        keys: &[],
    }
}
