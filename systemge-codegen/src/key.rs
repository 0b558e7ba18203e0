//! Keys: `key(game: GameId)` of a contract, and `#[key]` on the fields of an application.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::Type;
use syn::ext::IdentExt as _;

use crate::attributes::{self, ArgumentKind, BlockArguments};
use crate::client;
use crate::errors::{Mistake, Sink};

/// A key of a contract.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
}

impl Key {
    /// The name as it stands in the names of topics.
    pub(crate) fn text(&self) -> String {
        self.name.unraw().to_string()
    }
}

const EXAMPLE: &str = "write `key(game: GameId)`, for example";

/// Reads `key(..)` among the arguments of a contract; everything else is reported.
pub(crate) fn read(arguments: &BlockArguments, sink: &Sink<'_>) -> Vec<Key> {
    let mut keys = None;
    for argument in &arguments.rest {
        match &argument.kind {
            ArgumentKind::List(word, group) if word == "key" => {
                if keys.is_some() {
                    attributes::given_twice(word, sink);
                } else {
                    keys = Some(list(word, group, sink));
                }
            }
            ArgumentKind::Word(word) | ArgumentKind::Value(word, _) if word == "key" => {
                let mistake = Mistake::new(11, "`key` takes names with their types");
                sink.on(&argument.tokens, mistake.help(EXAMPLE));
            }
            ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _) => {
                attributes::unknown_option(word, "contract", &["key", "crate"], sink);
            }
            _ => {
                attributes::unreadable(argument, "contract", "#[systemge::contract(key(game: GameId))]", sink)
            }
        }
    }
    keys.unwrap_or_default()
}

fn list(word: &Ident, group: &Group, sink: &Sink<'_>) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for argument in attributes::split(group.stream()) {
        let Some(key) = key(&argument.tokens) else {
            let mistake = Mistake::new(11, "`key` takes names with their types");
            sink.on(&argument.tokens, mistake.help(EXAMPLE));
            continue;
        };
        if keys.iter().any(|other| other.name == key.name) {
            attributes::given_twice(&key.name, sink);
        } else if !client::is_taken(&key.name, sink) {
            keys.push(key);
        }
    }
    if keys.is_empty() && !sink.failed() {
        let mistake = Mistake::new(11, "`key` takes names with their types");
        sink.at(word.span(), mistake.help(EXAMPLE));
    }
    keys
}

fn key(tokens: &TokenStream) -> Option<Key> {
    let mut trees = tokens.clone().into_iter();
    let TokenTree::Ident(name) = trees.next()? else { return None };
    match trees.next()? {
        TokenTree::Punct(colon) if colon.as_char() == ':' => {}
        _ => return None,
    }
    let ty = syn::parse2(trees.collect::<TokenStream>()).ok()?;
    Some(Key { name, ty })
}

/// The type of a client's parameter for a key: text is taken as `&str`.
pub(crate) fn parameter(ty: &Type) -> TokenStream {
    if ty.to_token_stream().to_string() == "String" {
        let span = crate::emit::place(ty);
        return quote::quote_spanned! {span=> &str };
    }
    quote::quote! { &#ty }
}
