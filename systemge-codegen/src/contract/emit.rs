//! What a contract becomes: the trait as a declaration, the client, the constant, and the macro with its digest.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Attribute, Visibility};

use super::digest;
use super::model::Contract;
use crate::attributes::Carried;
use crate::block::{self, RawItem, RawMethod};
use crate::client::Client;
use crate::crate_path::CratePath;
use crate::emit;
use crate::key::Key;
use crate::node::conditions;
use crate::node::model::Topic;
use crate::topic::TopicName;

/// Everything that is generated for a contract.
pub(super) fn contract(contract: &Contract<'_>, krate: &CratePath) -> TokenStream {
    if !contract.raw.generics.params.is_empty() {
        // whatever is made of it would be about types that don't exist
        return contract.raw.to_token_stream();
    }
    let client = Client {
        name: &contract.client_name,
        owner: contract.raw.name.unraw().to_string(),
        cfgs: Carried::of(&contract.raw.attributes).cfgs,
        generics: &contract.raw.generics,
        self_type: None,
        methods: &contract.client_methods,
        contract: Some((&contract.raw.name, &contract.raw.visibility)),
        keys: &contract.keys,
    };
    let cfgs = &client.cfgs;
    let mut tokens = declaration(contract, cfgs, krate);
    tokens.extend(client.emit(krate));
    tokens.extend(constant(contract, &client, cfgs, krate));
    tokens.extend(types(contract, cfgs, krate));
    tokens.extend(exported(contract, cfgs));
    tokens.extend(contract.warnings.iter().map(|(place, text)| emit::warning(*place, text)));
    tokens
}

/// The trait, whose futures are `Send`, and its only implementation, by which its path leads to the client.
fn declaration(contract: &Contract<'_>, cfgs: &[Attribute], krate: &CratePath) -> TokenStream {
    let span = Span::mixed_site();
    let raw = contract.raw;
    let (attributes, visibility, name, client) =
        (&raw.attributes, &raw.visibility, &raw.name, &contract.client_name);
    // what a contract has no place for is left out: it was reported
    let items = raw.items.iter().filter(|item| match item {
        RawItem::Method(_) => true,
        RawItem::Other { tokens, .. } => block::item_keyword(tokens).is_none(),
    });
    let items = items.filter(|item| !matches!(item, RawItem::Method(method) if is_open(method)));
    let methods = items.map(|item| match item {
        RawItem::Method(method) => declared(method, &quote_spanned! {span=> ; }, true),
        RawItem::Other { attributes, tokens, .. } => quote_spanned! {span=> #(#attributes)* #tokens },
    });
    let bodies = raw.items.iter().filter_map(|item| match item {
        RawItem::Method(method) if is_open(method) => None,
        RawItem::Method(method) => {
            let body = if method.signature.asyncness.is_some() {
                quote_spanned! {span=> { ::core::future::pending() } }
            } else {
                quote_spanned! {span=> { loop {} } }
            };
            Some(declared(method, &body, false))
        }
        RawItem::Other { .. } => None,
    });
    quote_spanned! {span=>
        #(#attributes)*
        #[allow(dead_code, unreachable_pub, non_camel_case_types, clippy::all, clippy::pedantic, clippy::nursery)]
        #visibility trait #name {
            // a name that says what is wrong where somebody implements the trait by hand
            #[doc(hidden)]
            type __systemge_node_is_missing_above_this_block;

            #(#methods)*
        }

        #(#cfgs)*
        #[automatically_derived]
        #[allow(unused_variables, deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
        impl #name for #krate::__private::Declared {
            type __systemge_node_is_missing_above_this_block = #client;

            #(#bodies)*
        }
    }
}

/// Whether what a method returns is left open, so that it could not be written out; that was reported.
fn is_open(method: &RawMethod) -> bool {
    let syn::ReturnType::Type(_, ty) = &method.signature.output else { return false };
    matches!(block::obstacle(ty), Some(block::Obstacle::ImplTrait(_)))
}

/// A method with its future written out.
fn declared(method: &RawMethod, end: &TokenStream, documented: bool) -> TokenStream {
    let span = Span::mixed_site();
    let mut signature = method.signature.clone();
    let mut output = match &signature.output {
        syn::ReturnType::Default => quote_spanned! {span=> () },
        syn::ReturnType::Type(_, ty) => ty.to_token_stream(),
    };
    if signature.asyncness.take().is_some() {
        output = quote_spanned! {span=>
            impl ::core::future::Future<Output = #output> + ::core::marker::Send
        };
    }
    signature.output = syn::parse_quote_spanned! {span=> -> #output };
    block::plain_parameters(&mut signature);
    let carried = Carried::of(&method.attributes);
    let (attributes, cfgs) = if documented {
        (method.attributes.as_slice(), [].as_slice())
    } else {
        ([].as_slice(), carried.cfgs.as_slice())
    };
    quote_spanned! {span=> #(#attributes)* #(#cfgs)* #signature #end }
}

/// The constant of the contract's name, and the conditions that its types must meet.
fn constant(
    contract: &Contract<'_>,
    client: &Client<'_>,
    cfgs: &[Attribute],
    krate: &CratePath,
) -> TokenStream {
    let span = Span::mixed_site();
    let (visibility, name) = (&contract.raw.visibility, &contract.raw.name);
    let client_name = &contract.client_name;
    let text = name.unraw().to_string();
    let doc = format!(
        " The topics of the contract [`{text}`](trait@{text}), which are here whether or not the program handles them."
    );
    let list: Vec<emit::Conditions<'_>> = contract
        .topics
        .iter()
        .map(|topic| emit::Conditions {
            carried: &topic.carried,
            list: conditions(&topic.signature, topic.kind),
        })
        .collect();
    let assumed = emit::assumed(&list, krate);
    let asked = list.iter().map(|conditions| {
        let cfgs = &conditions.carried.cfgs;
        // all others are asked for by the client
        let asked =
            conditions.list.iter().filter(|(condition, _)| *condition == emit::Condition::OneWayReply);
        let asked = asked.map(|(condition, ty)| condition.ask(ty, None, krate));
        quote_spanned! {span=> #(#cfgs)* { #(#asked)* } }
    });
    let keys: Vec<String> = contract.keys.iter().map(Key::text).collect();
    let checks = contract.topics.iter().map(|topic| {
        let cfgs = &topic.carried.cfgs;
        let names = std::iter::once(&topic.name).chain(&topic.options.aliases);
        let names = names.filter(|name| matches!(name, TopicName::Constant(_)));
        let checks = names.map(|name| {
            let place = emit::place(name);
            let krate = krate.at(place);
            quote_spanned! {place=> const _: () = #krate::__private::check_keyed_topic_name(#name, &[#(#keys),*]); }
        });
        quote_spanned! {span=> #(#cfgs)* { #(#checks)* } }
    });
    let topics = contract.topics.iter().map(|topic| declared_topic(topic, contract, client, krate));
    quote_spanned! {span=>
        #(#cfgs)*
        #[automatically_derived]
        #[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery)]
        impl #client_name {
            #[doc(hidden)]
            const fn __systemge_contract_conditions() {
                #(#asked)*
                #(#checks)*
            }
        }

        #(#cfgs)*
        #[automatically_derived]
        #[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
        impl #client_name
        where
            #(#assumed,)*
        {
            #[doc(hidden)]
            pub const __SYSTEMGE_TOPICS: &'static [#krate::__private::DeclaredTopic] = &[#(#topics),*];
        }

        #(#cfgs)*
        #[doc = #doc]
        #[allow(non_upper_case_globals, dead_code, unreachable_pub)]
        #visibility const #name: #krate::Contract = {
            // in the place of topics whose types are no payloads, which is reported elsewhere
            #[allow(unused_imports)]
            use #krate::__private::NoTopics as _;
            let declared = #krate::__private::Declaration {
                package: ::core::option_env!("CARGO_PKG_NAME"),
                version: ::core::option_env!("CARGO_PKG_VERSION"),
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
            };
            #krate::Contract::new(#text, declared, &[#(#keys),*], <#client_name>::__SYSTEMGE_TOPICS)
        };
    }
}

fn declared_topic(
    topic: &Topic,
    contract: &Contract<'_>,
    client: &Client<'_>,
    krate: &CratePath,
) -> TokenStream {
    let span = topic.signature.name.span().resolved_at(Span::mixed_site());
    let krate = &krate.at(span);
    let cfgs = &topic.carried.cfgs;
    let method = topic.signature.name.unraw().to_string();
    let documentation = topic.carried.documentation();
    let expression = contract
        .client_methods
        .iter()
        .find(|method| method.signature.name == topic.signature.name)
        .map(|method| client.topic(method, krate));
    quote_spanned! {span=>
        #(#cfgs)*
        #krate::__private::DeclaredTopic::new(#method, #expression, #documentation)
    }
}

/// The types and names of the topics, by their places.
fn types(contract: &Contract<'_>, cfgs: &[Attribute], krate: &CratePath) -> TokenStream {
    let client = &contract.client_name;
    let topics = contract.topics.iter().enumerate().map(|(index, topic)| {
        let span = topic.signature.name.span().resolved_at(Span::mixed_site());
        let own = &topic.carried.cfgs;
        let (name, reply) = (&topic.name, topic.signature.reply());
        let aliases = &topic.options.aliases;
        let values = topic.signature.values().enumerate().map(|(place, value)| {
            let ty = &value.ty;
            quote_spanned! {span=>
                #(#cfgs)*
                #(#own)*
                #[automatically_derived]
                impl #krate::__private::ContractValue<#index, #place> for #client {
                    type Value = #ty;
                }
            }
        });
        quote_spanned! {span=>
            #(#cfgs)*
            #(#own)*
            #[automatically_derived]
            impl #krate::__private::ContractTopic<#index> for #client {
                const NAME: &'static str = #name;
                const ALIASES: &'static [&'static str] = &[#(#aliases),*];
                type Reply = #reply;
            }

            #(#values)*
        }
    });
    let keys = contract.keys.iter().enumerate().map(|(index, key)| {
        let ty = &key.ty;
        let span = emit::place(ty);
        quote_spanned! {span=>
            #(#cfgs)*
            #[automatically_derived]
            impl #krate::__private::ContractKey<#index> for #client {
                type Key = #ty;
            }
        }
    });
    keys.chain(topics).collect()
}

/// The macro that hands a block on, together with the digest. It has the contract's name, so that one `use` brings it
/// along; where others may see the contract, it is exported under a name of its own.
fn exported(contract: &Contract<'_>, cfgs: &[Attribute]) -> TokenStream {
    let (visibility, name) = (&contract.raw.visibility, &contract.raw.name);
    let digest = digest::tokens(contract);
    let span = Span::mixed_site();
    let unique = unique_name(name, &digest);
    let export =
        matches!(visibility, Visibility::Public(_)).then(|| quote_spanned! {span=> #[macro_export] });
    quote_spanned! {span=>
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(non_local_definitions, unused_macros)]
        #export
        macro_rules! #unique {
            ({ $($systemge:tt)* } $($block:tt)*) => {
                $($systemge)*::__private::implement! { { $($systemge)* } { #digest } $($block)* }
            };
        }

        #(#cfgs)*
        #[doc(hidden)]
        #[allow(unused_imports, unreachable_pub)]
        #visibility use #unique as #name;
    }
}

/// A name for the macro that no other contract of the crate has: exported macros share one place.
fn unique_name(contract: &Ident, digest: &TokenStream) -> Ident {
    let mut hasher = DefaultHasher::new();
    let (place, file) = (contract.span().start(), contract.span().file());
    // of the path only the end, which is the same wherever the crate is built
    let file: Vec<&str> = file.rsplit(['/', '\\']).take(2).collect();
    (place.line, place.column, file, digest.to_string()).hash(&mut hasher);
    let name = contract.unraw();
    format_ident!("__systemge_contract_{name}_{:016x}", hasher.finish(), span = Span::call_site())
}
