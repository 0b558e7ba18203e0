//! `#[systemge::payload]` and `#[derive(systemge::Schema)]`: types that can travel between nodes.

mod case;
mod fields;
mod schema;
mod serde_attributes;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{Attribute, Meta};

pub use self::schema::schema;
use crate::attributes::{self, BlockArguments};
use crate::crate_path::CratePath;
use crate::errors::{ErrorStore, Mistake, Sink};
use crate::expansion::Expansion;

/// Expands `#[systemge::payload]`.
#[must_use]
pub fn payload(arguments: TokenStream, item: TokenStream, crate_path: &CratePath) -> Expansion {
    let store = ErrorStore::default();
    let sink = store.sink();
    let arguments = BlockArguments::read(arguments, crate_path, &sink);
    arguments.refuse_rest("payload", &sink);
    let tokens = match keyword(&item) {
        Some(word) if word == "struct" || word == "enum" => {
            let mut tokens = derives(&item, &arguments.crate_path, crate_path);
            tokens.extend(fields::with_conditions(item, &arguments.crate_path));
            tokens
        }
        other => {
            refuse(&item, other, &sink);
            item
        }
    };
    Expansion::new(tokens, store)
}

/// Expands `#[derive(systemge::Payload)]`, which there is only to say that it is an attribute. The type gets a shape all the same,
/// so that nothing else is said of it.
#[must_use]
pub fn derived(item: TokenStream, crate_path: &CratePath) -> Expansion {
    let store = ErrorStore::default();
    let mistake = Mistake::new(17, "a payload is made by an attribute, not by a derive");
    let help = "write `#[systemge::payload]` above the type, in the place of `#[derive(systemge::Payload)]`";
    store.sink().at(proc_macro2::Span::call_site(), mistake.help(help));
    let _ = (item, crate_path);
    Expansion::new(TokenStream::new(), store)
}

fn refuse(item: &TokenStream, keyword: Option<Ident>, sink: &Sink<'_>) {
    let mistake = Mistake::new(16, "`#[systemge::payload]` is on something that is no struct and no enum");
    let place = keyword.map_or_else(|| item.clone(), |word| word.to_token_stream());
    sink.on(place, mistake.help("put it on the definition of the type that travels"));
}

/// The word that says what kind of item this is.
fn keyword(item: &TokenStream) -> Option<Ident> {
    item.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(word)
            if [
                "struct", "enum", "union", "fn", "impl", "trait", "type", "mod", "const", "static", "use",
            ]
            .iter()
            .any(|keyword| word == keyword) =>
        {
            Some(word)
        }
        _ => None,
    })
}

fn derives(item: &TokenStream, krate: &CratePath, default: &CratePath) -> TokenStream {
    let span = proc_macro2::Span::mixed_site();
    let attributes = outer_attributes(item);
    let derived = derived_names(&attributes);
    let has = |name: &str| derived.iter().any(|other| other == name);
    let mut list = Vec::new();
    if !has("Serialize") {
        list.push(quote_spanned! {span=> #krate::__private::serde::Serialize });
    }
    if !has("Deserialize") {
        list.push(quote_spanned! {span=> #krate::__private::serde::Deserialize });
    }
    if !has("Schema") {
        list.push(quote_spanned! {span=> #krate::Schema });
    }
    let own_crate = attributes.iter().any(names_crate);
    let serde = (!own_crate).then(|| {
        let path = format!("{}::__private::serde", krate.text());
        quote_spanned! {span=> #[serde(crate = #path)] }
    });
    let schema = (krate.text() != default.text()).then(|| quote_spanned! {span=> #[schema(crate = #krate)] });
    quote_spanned! {span=>
        #[derive(#(#list),*)]
        #serde
        #schema
    }
}

/// The attributes above the item, as far as they can be read.
fn outer_attributes(item: &TokenStream) -> Vec<Attribute> {
    let read = |input: syn::parse::ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<TokenStream>()?;
        Ok(attributes)
    };
    syn::parse::Parser::parse2(read, item.clone()).unwrap_or_default()
}

/// The last words of the paths in `#[derive(..)]`, so that nothing is derived twice.
fn derived_names(attributes: &[Attribute]) -> Vec<String> {
    let lists = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("derive") => Some(list.tokens.clone()),
        _ => None,
    });
    lists
        .flat_map(attributes::split)
        .filter_map(|argument| argument.tokens.into_iter().last().map(|word| word.to_string()))
        .collect()
}

/// Whether it is `#[serde(crate = "…")]`.
fn names_crate(attribute: &Attribute) -> bool {
    attribute.path().is_ident("serde")
        && matches!(&attribute.meta, Meta::List(list) if attributes::split(list.tokens.clone())
            .iter()
            .any(|argument| matches!(&argument.kind, attributes::ArgumentKind::Value(key, _) if key == "crate")))
}
