//! A contract that is known to be right, as far as it is; what is wrong with it was reported on the way here.

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::ext::IdentExt as _;

use crate::block::RawTrait;
use crate::client::ClientMethod;
use crate::key::Key;
use crate::node::model::Topic;

/// A contract.
#[derive(Debug)]
pub(crate) struct Contract<'b> {
    pub(crate) raw: &'b RawTrait,
    pub(crate) client_name: Ident,
    /// What its instances are told apart by.
    pub(crate) keys: Vec<Key>,
    /// Whether these are all: there may be more if there is a mistake among them.
    pub(crate) keys_known: bool,
    /// The topics without a mistake.
    pub(crate) topics: Vec<Topic>,
    /// The methods of the client: also for topics whose attribute is wrong, so that calls make no noise.
    pub(crate) client_methods: Vec<ClientMethod>,
    /// What is probably a mistake: a place and a text.
    pub(crate) warnings: Vec<(Span, String)>,
}

/// The name of a contract's client.
pub(crate) fn client_name(contract: &Ident) -> Ident {
    format_ident!("{}Client", contract.unraw(), span = contract.span())
}
