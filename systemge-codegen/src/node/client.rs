//! The client beside a node block: one method for each topic.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::GenericParam;

use super::emit;
use super::model::{ClientMethod, Kind, Node};
use crate::attributes::Carried;
use crate::block::replace_self;
use crate::crate_path::CratePath;
use crate::emit::{Condition, widest};

/// The struct of the client and its methods; nothing if the block has no topics.
pub(crate) fn client(node: &Node<'_>, krate: &CratePath) -> TokenStream {
    if node.client_methods.is_empty() {
        return TokenStream::new();
    }
    let span = Span::mixed_site();
    let name = &node.client_name;
    let Carried { cfgs, .. } = Carried::of(&node.block.attributes);
    let visibility = widest(node.client_methods.iter().map(|method| &method.visibility));
    let count = node.client_methods.len();
    let type_name = node.block.plain_type_name();
    let doc = format!(" The typed caller of the topics of `{type_name}`.");
    let new_doc = " A client that asks every node which handles the topic.";
    let generics = &node.block.generics;
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let types = generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        _ => None,
    });
    let methods = node
        .client_methods
        .iter()
        .enumerate()
        .map(|(index, method)| self::method(node, index, method, krate));
    let text = name.to_string();
    quote_spanned! {span=>
        #(#cfgs)*
        #[doc = #doc]
        #[allow(dead_code, unreachable_pub)]
        #visibility struct #name #impl_generics #where_clause {
            core: #krate::__private::ClientCore<#count>,
            application: ::core::marker::PhantomData<fn() -> (#(#types,)*)>,
        }

        #(#cfgs)*
        #[automatically_derived]
        #[allow(dead_code, deprecated, unreachable_pub, clippy::all, clippy::pedantic, clippy::nursery)]
        impl #impl_generics #name #type_generics #where_clause {
            #[doc = #new_doc]
            pub fn new(caller: &impl #krate::client::Caller) -> Self {
                Self { core: #krate::__private::ClientCore::new(caller), application: ::core::marker::PhantomData }
            }

            /// Asks only the node of that name.
            #[must_use]
            pub fn to(self, node: impl ::core::convert::Into<::std::string::String>) -> Self {
                Self { core: self.core.to(node), application: ::core::marker::PhantomData }
            }

            /// Asks one of the nodes that handle the topic, the less busy of two random ones; another one if it refuses
            /// the request, or its connection cannot take it.
            #[must_use]
            pub fn any(self) -> Self {
                Self { core: self.core.any(), application: ::core::marker::PhantomData }
            }

            /// Waits so long for a node that handles the topic, if none is connected; without it, that is an error at
            /// once. The time of a request counts from when it is sent.
            #[must_use]
            pub fn wait_for_provider(self, time: ::core::time::Duration) -> Self {
                Self { core: self.core.wait_for_provider(time), application: ::core::marker::PhantomData }
            }

            #(#methods)*
        }

        #(#cfgs)*
        #[automatically_derived]
        impl #impl_generics ::core::clone::Clone for #name #type_generics #where_clause {
            fn clone(&self) -> Self {
                Self {
                    core: ::core::clone::Clone::clone(&self.core),
                    application: ::core::marker::PhantomData,
                }
            }
        }

        #(#cfgs)*
        #[automatically_derived]
        impl #impl_generics ::core::fmt::Debug for #name #type_generics #where_clause {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                formatter.debug_struct(#text).finish_non_exhaustive()
            }
        }
    }
}

fn method(node: &Node<'_>, index: usize, method: &ClientMethod, krate: &CratePath) -> TokenStream {
    let ClientMethod { name: topic, kind, signature, carried, visibility } = method;
    let Carried { cfgs, docs, deprecated } = carried;
    let name = &signature.name;
    let span = name.span().resolved_at(Span::mixed_site());
    // what the compiler finds when it evaluates the topic is reported at the handler's name
    let krate = &krate.at(span);
    let self_type = &node.block.self_type;
    let parameters: Vec<_> = signature
        .values()
        .enumerate()
        .map(|(index, parameter)| {
            let name = parameter.name.clone().unwrap_or_else(|| format_ident!("value_{index}", span = span));
            (name, replace_self(&parameter.ty, self_type))
        })
        .collect();
    let (names, types): (Vec<_>, Vec<_>) = parameters.into_iter().unzip();
    let payload = match names.as_slice() {
        [only] => quote_spanned! {span=> #only },
        several => quote_spanned! {span=> (#(#several),*) },
    };
    let (payload_type, reply) =
        (replace_self(signature.payload(), self_type), replace_self(signature.reply(), self_type));
    let fallback = docs.is_empty().then(|| {
        let doc = format!(" The topic of `{}::{name}`.", node.block.plain_type_name());
        quote_spanned! {span=> #[doc = #doc] }
    });
    let conditions = emit::conditions(signature, *kind);
    // what a one-way handler returns stays with its node, and may be private to it
    let conditions = conditions.iter().filter(|(condition, _)| *condition != Condition::OneWayReply);
    let conditions =
        conditions.filter_map(|(condition, ty)| condition.assume(&replace_self(ty, self_type), krate));
    let (output, send, topic) = match kind {
        Kind::OneWay => (
            quote_spanned! {span=> #krate::client::OneWay<'_, #payload_type> },
            quote_spanned! {span=> message },
            quote_spanned! {span=> #krate::Topic::one_way::<#payload_type>(#topic) },
        ),
        Kind::Request => (
            quote_spanned! {span=> #krate::client::Request<'_, #payload_type, #reply> },
            quote_spanned! {span=> request },
            quote_spanned! {span=> #krate::Topic::request::<#payload_type, #reply>(#topic) },
        ),
    };
    quote_spanned! {span=>
        #(#cfgs)*
        #(#docs)*
        #fallback
        #(#deprecated)*
        #visibility fn #name(&self #(, #names: #types)*) -> #output
        where
            #(#conditions,)*
        {
            self.core.#send(#index, const { &#topic }, #payload)
        }
    }
}
