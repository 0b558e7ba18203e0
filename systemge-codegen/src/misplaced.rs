//! `#[systemge::topic]` and the like where no block is around them.

use proc_macro2::TokenStream;
use quote::ToTokens as _;

use crate::errors::{ErrorStore, Mistake};
use crate::expansion::Expansion;

/// Reports an attribute that stands alone: in its block, the block's macro would have taken it away.
#[must_use]
pub fn misplaced(attribute: &str, home: &str, item: TokenStream) -> Expansion {
    let store = ErrorStore::default();
    let message = format!("`#[{attribute}]` stands outside of a `#[systemge::{home}]` block, where nothing calls it");
    let help = format!("put the method into `#[systemge::{home}] impl Life {{ .. }}`");
    let place = item.clone().into_iter().next().map_or_else(TokenStream::new, |token| token.into_token_stream());
    store.sink().on(place, Mistake::new(3, message).help(help));
    Expansion::new(item, store)
}
