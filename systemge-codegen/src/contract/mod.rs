//! `#[systemge::contract]`: a trait declares topics; the client, the contract's constant and the macro by which blocks of
//! handlers learn what is in it.

pub(crate) mod digest;
mod emit;
mod model;
mod validate;

use proc_macro2::TokenStream;
use quote::ToTokens as _;

use self::model::Contract;
use crate::attributes::BlockArguments;
use crate::block;
use crate::crate_path::CratePath;
use crate::errors::ErrorStore;
use crate::expansion::Expansion;
use crate::key;

/// Expands `#[systemge::contract]`.
#[must_use]
pub fn contract(arguments: TokenStream, item: TokenStream, crate_path: &CratePath) -> Expansion {
    let store = ErrorStore::default();
    let sink = store.sink();
    let common = BlockArguments::read(arguments, crate_path, &sink);
    let keys = key::read(&common, &sink);
    let mut tokens = TokenStream::new();
    match block::parse_trait(item.clone(), &["topic"], &sink) {
        None => tokens.extend(item),
        Some(raw) => {
            let contract = Contract::validate(&raw, keys, &sink);
            emit::contract(&contract, &common.crate_path).to_tokens(&mut tokens);
        }
    }
    Expansion::new(tokens, store)
}
