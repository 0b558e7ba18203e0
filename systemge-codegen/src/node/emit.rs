//! The hidden constant of a node block: its table of topics and its hooks.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};

use super::model::{Kind, Node, Topic};
use crate::crate_path::CratePath;
use crate::emit;

/// `const __SYSTEMGE_NODE`, in an `impl` block of its own.
pub(crate) fn block(node: &Node<'_>, krate: &CratePath) -> TokenStream {
    let span = Span::mixed_site();
    let handlers = node.topics.iter().map(|topic| (&topic.signature, &topic.carried));
    let hooks = node.on_start.iter().chain(&node.on_stop).map(|hook| (&hook.signature, &hook.carried));
    let exclusive = emit::exclusive(handlers.chain(hooks));
    let on_start = emit::hook(&node.on_start, false, krate);
    let on_stop = emit::hook(&node.on_stop, false, krate);
    let topics = node.topics.iter().map(|topic| entry(topic, krate));
    let table = if node.topics.is_empty() {
        quote_spanned! {span=> _ }
    } else {
        quote_spanned! {span=> table }
    };
    let constant = quote_spanned! {span=>
        #[doc(hidden)]
        pub const __SYSTEMGE_NODE: ::core::option::Option<#krate::__private::NodeBlock<Self>> =
            ::core::option::Option::Some(#krate::__private::NodeBlock {
                exclusive: #exclusive,
                topics: |#table| { #(#topics)* },
                on_start: #on_start,
                on_stop: #on_stop,
            });
    };
    let conditions = node.topics.iter().filter(|topic| topic.carried.cfgs.is_empty());
    let conditions = conditions.flat_map(|topic| conditions_of(topic, krate));
    emit::constant(node.block, conditions, krate, constant)
}

/// One line of the table.
fn entry(topic: &Topic, krate: &CratePath) -> TokenStream {
    let Topic { name, kind, spawn, signature, carried } = topic;
    let span = signature.name.span().resolved_at(Span::mixed_site());
    let cfgs = &carried.cfgs;
    let method = Ident::new(if *kind == Kind::OneWay { "message" } else { "request" }, span);
    let (payload, reply) = (signature.payload(), signature.reply());
    let exclusive = signature.is_exclusive();
    let (values, pattern) = values(signature.values().count());
    let call = emit::call(signature, &values, krate);
    quote_spanned! {span=>
        #(#cfgs)*
        table.#method::<#payload, #reply, _, _>(
            #name,
            #krate::__private::TopicOptions { exclusive: #exclusive, spawn: #spawn },
            |invocation, #pattern: #payload| async move {
                #call
                (reply, #krate::__private::Invocation::close(state, context))
            },
        );
    }
}

/// The locals for the values of a payload, and the pattern that takes the payload apart.
pub(crate) fn values(count: usize) -> (Vec<Ident>, TokenStream) {
    let span = Span::mixed_site();
    let values: Vec<Ident> = (0..count).map(|index| format_ident!("value_{index}", span = span)).collect();
    let pattern = match values.as_slice() {
        [only] => quote_spanned! {span=> #only },
        several => quote_spanned! {span=> (#(#several),*) },
    };
    (values, pattern)
}

/// What the types of a topic must be.
pub(crate) fn conditions_of(topic: &Topic, krate: &CratePath) -> Vec<TokenStream> {
    let mut conditions = Vec::new();
    conditions.extend(topic.signature.values().map(|parameter| {
        let ty = &parameter.ty;
        emit::condition(&quote::quote! { #ty }, |span| quote_spanned! {span=> #krate::Payload })
    }));
    if topic.signature.output.is_some() {
        let one_way = topic.kind == Kind::OneWay;
        conditions.push(emit::condition(&topic.signature.reply(), |span| {
            if one_way {
                quote_spanned! {span=> #krate::payload::OneWayReply }
            } else {
                quote_spanned! {span=> #krate::payload::Reply }
            }
        }));
    }
    conditions
}
