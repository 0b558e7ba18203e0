//! `#[derive(systemge::Application)]`: the struct is an application, and its components are found.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Data, DeriveInput, GenericParam};

use crate::attributes::{self, ArgumentKind, BlockArguments};
use crate::crate_path::CratePath;
use crate::errors::{ErrorStore, Mistake, Sink};
use crate::expansion::Expansion;

/// Expands `#[derive(systemge::Application)]`.
#[must_use]
pub fn application(item: TokenStream, crate_path: &CratePath) -> Expansion {
    let store = ErrorStore::default();
    let sink = store.sink();
    let tokens = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => implementation(&input, crate_path, &sink),
        Err(error) => {
            let mistake = Mistake::new(1, format!("`Application` can't read this item: {error}"));
            sink.at(error.span(), mistake.help("it is for structs and enums"));
            TokenStream::new()
        }
    };
    Expansion::new(tokens, store)
}

fn implementation(input: &DeriveInput, crate_path: &CratePath, sink: &Sink<'_>) -> TokenStream {
    if let Data::Union(union) = &input.data {
        let mistake = Mistake::new(16, format!("the union `{}` can't be an application", input.ident));
        sink.on(union.union_token, mistake.help("use a struct"));
    }
    let mut krate = crate_path.clone();
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("application")) {
        let arguments = attributes::arguments_of(attribute, sink);
        let tokens = arguments.iter().map(|argument| &argument.tokens);
        let arguments = BlockArguments::read(quote::quote! { #(#tokens),* }, &krate, sink);
        arguments.refuse_rest("application", sink);
        krate = arguments.crate_path;
    }
    refuse_unused_key(input, sink);
    if let Some(lifetime) = input.generics.lifetimes().next() {
        let mistake = Mistake::new(209, "an application owns its data, so it has no lifetimes");
        sink.on(&lifetime.lifetime, mistake.help("use an owned type, such as `String` for `&str`"));
        // an implementation would only repeat it
        return TokenStream::new();
    }
    let name = &input.ident;
    let span = Span::mixed_site();
    let (generics, types, where_clause) = input.generics.split_for_impl();
    let own = where_clause.into_iter().flat_map(|clause| clause.predicates.iter());
    let parameters = input.generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        _ => None,
    });
    quote_spanned! {span=>
        #[automatically_derived]
        impl #generics #krate::Application for #name #types
        where
            #(#own,)*
            #(#parameters: ::core::marker::Send + ::core::marker::Sync + 'static,)*
        {
            fn __components() -> #krate::__private::Components<Self> {
                #krate::__components!(Self)
            }
        }
    }
}

/// Reports helper attributes on fields; there are none.
fn refuse_unused_key(input: &DeriveInput, sink: &Sink<'_>) {
    let Data::Struct(data) = &input.data else { return };
    for attribute in data.fields.iter().flat_map(|field| &field.attrs) {
        if !attribute.path().is_ident("application") {
            continue;
        }
        for argument in attributes::arguments_of(attribute, sink) {
            match &argument.kind {
                ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _) => {
                    attributes::unknown_option(word, "application", &[], sink);
                }
                _ => attributes::unreadable(&argument, "application", "#[application]", sink),
            }
        }
    }
}
