//! `#[systemge::http]`: routes, and folders of static files.

mod emit;
mod limits;
mod model;
mod path;
mod validate;

use proc_macro2::TokenStream;
use quote::ToTokens as _;

use self::model::Http;
use crate::attributes::BlockArguments;
use crate::block;
use crate::crate_path::CratePath;
use crate::errors::ErrorStore;
use crate::expansion::Expansion;

/// The attributes of the methods of an HTTP block, each a method of HTTP.
const METHODS: &[&str] = &["get", "post", "put", "delete", "patch"];

/// Expands `#[systemge::http]`.
#[must_use]
pub fn http(arguments: TokenStream, item: TokenStream, crate_path: &CratePath) -> Expansion {
    let store = ErrorStore::default();
    let sink = store.sink();
    let arguments = BlockArguments::read(arguments, crate_path, &sink);
    let mut tokens = TokenStream::new();
    match block::parse(item.clone(), "http", METHODS, &sink) {
        None => tokens.extend(item),
        Some(raw) => {
            raw.to_tokens(&mut tokens);
            if let Some(http) = Http::validate(&raw, &arguments, &sink) {
                emit::block(&http, &arguments.crate_path).to_tokens(&mut tokens);
            }
        }
    }
    Expansion::new(tokens, store)
}
