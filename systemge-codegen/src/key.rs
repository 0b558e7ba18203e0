//! Keys: `key(game: GameId)` of a contract, and `#[derive(systemge::TopicKey)]` for their types.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Data, DeriveInput, GenericParam, Type};

use crate::attributes::{self, ArgumentKind, BlockArguments};
use crate::client;
use crate::crate_path::CratePath;
use crate::errors::{ErrorStore, Mistake, Sink};
use crate::expansion::Expansion;

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

/// Reads `key(..)` among the arguments of a contract; everything else is reported. `None` if keys may be missing for that.
pub(crate) fn read(arguments: &BlockArguments, sink: &Sink<'_>) -> Option<Vec<Key>> {
    let sink = &sink.child();
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
    (!sink.failed()).then(|| keys.unwrap_or_default())
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

/// Expands `#[derive(systemge::TopicKey)]`.
#[must_use]
pub fn topic_key(item: TokenStream, crate_path: &CratePath) -> Expansion {
    let store = ErrorStore::default();
    let sink = store.sink();
    let tokens = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => implementation(&input, crate_path, &sink),
        Err(error) => {
            let mistake = Mistake::new(16, format!("`TopicKey` can't read this item: {error}"));
            sink.at(error.span(), mistake.help("it is for structs with one field"));
            TokenStream::new()
        }
    };
    Expansion::new(tokens, store)
}

fn implementation(input: &DeriveInput, crate_path: &CratePath, sink: &Sink<'_>) -> TokenStream {
    let mut krate = crate_path.clone();
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("topic_key")) {
        let arguments = attributes::arguments_of(attribute, sink);
        let tokens = arguments.iter().map(|argument| &argument.tokens);
        let arguments = BlockArguments::read(quote::quote! { #(#tokens),* }, &krate, sink);
        arguments.refuse_rest("topic_key", sink);
        krate = arguments.crate_path;
    }
    let span = Span::mixed_site();
    let name = &input.ident;
    let fields: Vec<_> = match &input.data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(_) | Data::Union(_) => Vec::new(),
    };
    let text = if let [field] = fields.as_slice() {
        let ty = &field.ty;
        let place = crate::emit::place(ty);
        let krate = krate.at(place);
        let field = field.ident.as_ref().map_or_else(
            || quote_spanned! {place=> 0 },
            |field| {
                let mut field = field.clone();
                field.set_span(field.span().located_at(place));
                field.to_token_stream()
            },
        );
        quote_spanned! {place=> <#ty as #krate::TopicKey>::segment(&self.#field) }
    } else {
        let mistake = Mistake::new(116, format!("`{name}` is no struct with exactly one field"));
        let help = "write what its text is: `impl systemge::TopicKey for .. { fn segment(&self) -> Cow<'_, str> { .. } }`";
        sink.at(name.span(), mistake.help(help));
        quote_spanned! {span=> ::std::borrow::Cow::Borrowed("") }
    };
    let (generics, types, where_clause) = input.generics.split_for_impl();
    let own = where_clause.into_iter().flat_map(|clause| clause.predicates.iter());
    let parameters = input.generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        _ => None,
    });
    quote_spanned! {span=>
        #[automatically_derived]
        impl #generics #krate::TopicKey for #name #types
        where
            #(#own,)*
            #(#parameters: #krate::TopicKey,)*
        {
            fn segment(&self) -> ::std::borrow::Cow<'_, str> {
                #text
            }
        }
    }
}
