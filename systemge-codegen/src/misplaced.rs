//! `#[systemge::topic]` and the like where no block is around them.

use proc_macro2::{Span, TokenStream};

use crate::errors::{ErrorStore, Mistake};
use crate::expansion::Expansion;

/// Reports an attribute that stands alone: in its block, the block's macro would have taken it away.
#[must_use]
pub fn misplaced(attribute: &str, home: &str, item: TokenStream) -> Expansion {
    let store = ErrorStore::default();
    let declared = matches!(
        item.clone().into_iter().last(),
        Some(proc_macro2::TokenTree::Punct(punct)) if punct.as_char() == ';'
    );
    let (message, help) = if declared && attribute == "topic" {
        (
            "`#[topic]` is on a method without a body, outside of a contract".to_owned(),
            "topics are declared in a trait with `#[systemge::contract]` above it".to_owned(),
        )
    } else {
        (
            format!(
                "`#[{attribute}]` stands outside of a `#[systemge::{home}]` block, where nothing calls it"
            ),
            format!("put the method into `#[systemge::{home}] impl Life {{ .. }}`"),
        )
    };
    // where a macro is called is where its attribute stands
    store.sink().at(Span::call_site(), Mistake::new(3, message).help(help));
    Expansion::new(item, store)
}
