//! The hidden constant of a node block: its table of topics and its hooks.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};
use syn::Type;

use super::model::{Kind, Node, Topic, TopicOptions};
use crate::attributes::Carried;
use crate::block::{ValidSignature, last_segment};
use crate::crate_path::CratePath;
use crate::emit::{self, Condition, Conditions};

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
    let conditions: Vec<Conditions<'_>> = node
        .topics
        .iter()
        .map(|topic| Conditions { carried: &topic.carried, list: conditions(&topic.signature, topic.kind) })
        .chain(emit::hook_conditions(&node.on_start))
        .chain(emit::hook_conditions(&node.on_stop))
        .collect();
    let mut tokens = emit::constant(node.block, "node", &conditions, krate, &constant);
    tokens.extend(coherence(node, krate));
    tokens.extend(node.warnings.iter().map(|(place, text)| emit::warning(*place, text)));
    tokens
}

/// One implementation for each topic, so that the compiler finds duplicates that the macro can't see.
///
/// Only where there can be some: it costs the compiler a little for each topic.
fn coherence(node: &Node<'_>, krate: &CratePath) -> TokenStream {
    let hidden = |topic: &Topic| {
        let mut names = std::iter::once(&topic.name).chain(&topic.options.aliases);
        names.any(|name| name.text().is_none()) || !topic.carried.cfgs.is_empty()
    };
    if !node.topics.iter().any(hidden) {
        return TokenStream::new();
    }
    let Carried { cfgs: block_cfgs, .. } = Carried::of(&node.block.attributes);
    let (generics, _, where_clause) = node.block.generics.split_for_impl();
    let self_type = &node.block.self_type;
    let names = node.topics.iter().flat_map(|topic| {
        let names = std::iter::once(&topic.name).chain(&topic.options.aliases);
        names.map(|name| (name, &topic.carried.cfgs))
    });
    let implementations = names.map(|(name, cfgs)| {
        let span = emit::place(name);
        quote_spanned! {span=>
            #(#block_cfgs)*
            #(#cfgs)*
            #[automatically_derived]
            impl #generics #krate::__private::probe::OneHandlerForEachTopic<{ #krate::__private::probe::topic_key(#name) }>
                for #self_type #where_clause {}
        }
    });
    implementations.collect()
}

/// One line of the table.
fn entry(topic: &Topic, krate: &CratePath) -> TokenStream {
    let Topic { name, kind, options, signature, carried } = topic;
    let span = signature.name.span().resolved_at(Span::mixed_site());
    let cfgs = &carried.cfgs;
    let method = Ident::new(if *kind == Kind::OneWay { "message" } else { "request" }, span);
    let (payload, reply) = (signature.payload(), signature.reply());
    let (values, pattern) = emit::values(signature.values().count());
    let threading = if options.blocking { emit::Threading::Blocking } else { emit::Threading::Async };
    let call = emit::call(signature, &values, threading, krate);
    let result = quote_spanned! {span=> (reply, #krate::__private::Invocation::close(state, context)) };
    let run = if options.blocking {
        quote_spanned! {span=>
            #krate::__private::blocking(invocation, move |invocation: #krate::__private::Invocation<Self>| {
                #call
                #result
            })
        }
    } else {
        quote_spanned! {span=> async move { #call #result } }
    };
    let checked = emit::name_check(name, krate);
    let options = self::options(options, signature, krate);
    quote_spanned! {span=>
        #(#cfgs)*
        table.#method::<#payload, #reply, _, _>(
            #checked,
            #options,
            |invocation, #pattern: #payload| #run,
        );
    }
}

/// The options of a topic, as far as they are not those that a topic has anyway.
fn options(options: &TopicOptions, signature: &ValidSignature, krate: &CratePath) -> TokenStream {
    let span = signature.name.span().resolved_at(Span::mixed_site());
    let mut fields = Vec::new();
    if signature.is_exclusive() {
        fields.push(quote_spanned! {span=> exclusive: true });
    }
    if options.spawn {
        fields.push(quote_spanned! {span=> spawn: true });
    }
    if let Some(timeout) = options.timeout {
        let (seconds, nanoseconds) = (timeout.as_secs(), timeout.subsec_nanos());
        fields.push(quote_spanned! {span=>
            timeout: ::core::option::Option::Some(::core::time::Duration::new(#seconds, #nanoseconds))
        });
    }
    if !options.aliases.is_empty() {
        let names = options.aliases.iter().map(|name| emit::name_check(name, krate));
        fields.push(quote_spanned! {span=> aliases: &[#(#names),*] });
    }
    if fields.is_empty() {
        quote_spanned! {span=> #krate::__private::TopicOptions::DEFAULT }
    } else {
        quote_spanned! {span=>
            #krate::__private::TopicOptions { #(#fields,)* ..#krate::__private::TopicOptions::DEFAULT }
        }
    }
}

/// What the types of a topic must be.
pub(crate) fn conditions(signature: &ValidSignature, kind: Kind) -> Vec<(Condition, TokenStream)> {
    let mut conditions: Vec<(Condition, TokenStream)> = signature
        .values()
        .map(|parameter| {
            let called_context =
                last_segment(&parameter.ty).is_some_and(|segment| segment.ident == "Context");
            let condition = if called_context { Condition::ContextPayload } else { Condition::Payload };
            (condition, parameter.ty.to_token_stream())
        })
        .collect();
    let Some(output) = &signature.output else { return conditions };
    match (kind, result(output)) {
        (Kind::OneWay, _) => conditions.push((Condition::OneWayReply, output.to_token_stream())),
        // success and error are asked for separately, so that the report is on the one that is wrong
        (Kind::Request, Some((success, error))) => {
            conditions.push((Condition::Payload, success.to_token_stream()));
            conditions.push((Condition::WireError, error.to_token_stream()));
        }
        (Kind::Request, None) => conditions.push((Condition::Reply, output.to_token_stream())),
    }
    conditions
}

/// The success and the error of a type written as `Result<T, E>`, with or without the path of the standard library.
fn result(ty: &Type) -> Option<(&Type, &Type)> {
    let segment = last_segment(ty)?;
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    let mut types = arguments.args.iter().map(|argument| match argument {
        syn::GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    match (segment.ident == "Result", types.next()?, types.next()?, types.next()) {
        (true, Some(success), Some(error), None) => Some((success, error)),
        _ => None,
    }
}
