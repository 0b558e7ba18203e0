//! The hidden constant of a node block: its table of topics and its hooks.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};
use syn::Type;

use super::implement::Implementation;
use super::model::{Node, Topic, TopicOptions};
use crate::attributes::Carried;
use crate::block::{ValidSignature, last_segment};
use crate::crate_path::CratePath;
use crate::emit::{self, Condition, Conditions};
use crate::topic::Kind;

/// `const __SYSTEMGE_NODE`, in an `impl` block of its own.
pub(crate) fn block(node: &Node<'_>, krate: &CratePath) -> TokenStream {
    let span = Span::mixed_site();
    let value = value(node, krate, |_| None);
    // a type may have one block with its own client's name, and one that names another
    let (constant, place) =
        if node.is_named { ("__SYSTEMGE_NAMED_NODE", "named_node") } else { ("__SYSTEMGE_NODE", "node") };
    let constant = Ident::new(constant, span);
    let constant = quote_spanned! {span=>
        #[doc(hidden)]
        pub const #constant: ::core::option::Option<#krate::__private::NodeBlock<Self>> =
            ::core::option::Option::Some(#value);
    };
    let mut tokens = {
        // what clients need is asked for where they are generated, if that is possible
        let asked_by_client = node.block.generics.params.is_empty();
        let own = [Condition::OneWayReply, Condition::ContextOf];
        let elsewhere = |condition| asked_by_client && !own.contains(&condition);
        emit::constant(node.block, place, &all_conditions(node), elsewhere, krate, &constant)
    };
    tokens.extend(coherence(node, krate));
    tokens.extend(node.warnings.iter().map(|(place, text)| emit::warning(*place, text)));
    tokens
}

/// The same for a block of handlers of a contract: implementations of hidden traits, from which the application's derive
/// takes it.
pub(super) fn contract_block(
    node: &Node<'_>,
    implementation: &Implementation<'_>,
    krate: &CratePath,
) -> TokenStream {
    let span = Span::mixed_site();
    let Implementation { contract, client, places, constant, .. } = implementation;
    let Carried { cfgs, .. } = Carried::of(&node.block.attributes);
    let (generics, _, where_clause) = node.block.generics.split_for_impl();
    let own = where_clause.into_iter().flat_map(|clause| clause.predicates.iter());
    let self_type = &node.block.self_type;
    let own_again = own.clone();
    let application = Condition::Application.assume(self_type, None, krate).into_iter();
    let application_again = application.clone();
    let conditions = all_conditions(node);
    let assumed = emit::assumed(&conditions, krate);
    let aliases = |index: usize| {
        let place = places[index];
        Some(quote_spanned! {span=>
            aliases: <#client as #krate::__private::ContractTopic<#place>>::ALIASES
        })
    };
    let value = value(node, krate, aliases);
    let place = contract.segments.last().map_or(span, |segment| emit::place(&segment.ident));
    let listed = {
        let krate = krate.at(place);
        emit::statement(
            &quote_spanned! {place=> #krate::__private::probe::listed },
            &[self_type, &quote_spanned! {place=> { #contract.key() } }],
            place,
            Some(node.block),
        )
    };
    let asked =
        node.topics.iter().zip(places).map(|(topic, place)| of_contract(topic, *place, node, client, krate));
    let hooks = emit::hook_conditions(&node.on_start).chain(emit::hook_conditions(&node.on_stop));
    let hooks = hooks.map(|conditions| {
        let cfgs = &conditions.carried.cfgs;
        let asked = conditions.list.iter().map(|(condition, ty)| condition.ask(ty, Some(node.block), krate));
        quote_spanned! {span=> #(#cfgs)* { #(#asked)* } }
    });
    let keys = implementation.digest.keys.iter().enumerate();
    let keys = keys.map(|(index, key)| key_field(key, index, node, implementation, place, krate));
    let complete = complete(node, implementation, place, krate);
    quote_spanned! {span=>
        #(#cfgs)*
        #[automatically_derived]
        #[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery)]
        impl #generics #krate::__private::HandlesContractConditions<{ #contract.key() }> for #self_type #where_clause {
            fn conditions() {
                #listed
                #(#keys)*
                #complete
                #(#asked)*
                #(#hooks)*
            }
        }

        #(#cfgs)*
        #[automatically_derived]
        #[allow(deprecated, non_upper_case_globals, clippy::all, clippy::pedantic, clippy::nursery)]
        impl #generics #self_type
        where
            #(#own,)*
            #(#application,)*
            #(#assumed,)*
        {
            #[doc(hidden)]
            const #constant: ::core::option::Option<#krate::__private::NodeBlock<Self>> =
                ::core::option::Option::Some(#value);
        }

        #(#cfgs)*
        #[allow(non_upper_case_globals, clippy::all, clippy::pedantic, clippy::nursery)]
        const _: () = {
            // in the place of a block whose conditions are not met, which is reported elsewhere
            trait Missing: #krate::Application {
                const #constant: ::core::option::Option<#krate::__private::NodeBlock<Self>> =
                    ::core::option::Option::None;
            }

            impl<A: #krate::Application> Missing for A {}

            #[automatically_derived]
            impl #generics #krate::__private::HandlesContract<{ #contract.key() }> for #self_type
            where
                #(#own_again,)*
                #(#application_again,)*
            {
                const BLOCK: ::core::option::Option<#krate::__private::NodeBlock<Self>> = <#self_type>::#constant;
            }
        };
    }
}

/// Asks whether the application has the field for a key of the contract. The trait is one of this place, so that its message
/// can have the name of the key in it.
fn key_field(
    key: &Ident,
    index: usize,
    node: &Node<'_>,
    implementation: &Implementation<'_>,
    place: Span,
    krate: &CratePath,
) -> TokenStream {
    let Implementation { client, digest, .. } = implementation;
    let krate = krate.at(place);
    let (name, contract) = (syn::ext::IdentExt::unraw(key).to_string(), &digest.name);
    let message = format!(
        "[SGE0111] the topics of `{contract}` are named by a key `{name}`, but `{{Self}}` has no field `#[key] {name}: {{T}}`"
    );
    let label = format!("there is no `#[key] {name}: {{T}}` in it");
    let note = format!("put `#[key]` on the field `{name}` of `{{Self}}`; it is read when the node is made");
    let ask = emit::statement(
        &quote_spanned! {place=> ask },
        &[
            &node.block.self_type,
            &quote_spanned! {place=> <#client as #krate::__private::ContractKey<#index>>::Key },
        ],
        place,
        Some(node.block),
    );
    quote_spanned! {place=> {
        #[diagnostic::on_unimplemented(message = #message, label = #label, note = #note)]
        trait HasKey<T> {}

        #[diagnostic::do_not_recommend]
        impl<A: #krate::__private::KeyField<{ #krate::__private::probe::topic_key(#name) }, T>, T> HasKey<T> for A {}

        const fn ask<A: HasKey<T>, T>() {}
        #ask
    } }
}

/// Asks whether the types of a handler are those of the contract.
fn of_contract(
    topic: &Topic,
    place: usize,
    node: &Node<'_>,
    client: &TokenStream,
    krate: &CratePath,
) -> TokenStream {
    let cfgs = &topic.carried.cfgs;
    let ask = |own: &TokenStream, of: &dyn Fn(Span, &CratePath) -> TokenStream| {
        let span = emit::place(own);
        let krate = krate.at(span);
        let probe = quote_spanned! {span=> #krate::__private::probe::of_contract };
        emit::statement(&probe, &[own, &of(span, &krate)], span, Some(node.block))
    };
    let values = topic.signature.values().enumerate().map(|(index, value)| {
        ask(&value.ty.to_token_stream(), &|span, krate| {
            quote_spanned! {span=> <#client as #krate::__private::ContractValue<#place, #index>>::Value }
        })
    });
    // what a one-way handler returns stays with its node
    let reply = (topic.kind == Kind::Request).then(|| {
        ask(&topic.signature.reply(), &|span, krate| {
            quote_spanned! {span=> <#client as #krate::__private::ContractTopic<#place>>::Reply }
        })
    });
    let output = topic.signature.output.as_ref().filter(|_| topic.kind == Kind::OneWay);
    let one_way = output.map(|ty| Condition::OneWayReply.ask(ty, Some(node.block), krate));
    let contexts = emit::contexts(&topic.signature);
    let contexts = contexts.map(|(condition, ty)| condition.ask(&ty, Some(node.block), krate));
    let span = Span::mixed_site();
    quote_spanned! {span=> #(#cfgs)* { #(#values)* #reply #one_way #(#contexts)* } }
}

/// Asks whether all topics are handled, where the contract has some under a `#[cfg]`, which only the compiler can decide.
fn complete(
    node: &Node<'_>,
    implementation: &Implementation<'_>,
    place: Span,
    krate: &CratePath,
) -> Option<TokenStream> {
    if !implementation.conditional {
        return None;
    }
    let krate = krate.at(place);
    let contract = implementation.contract;
    let names = node.topics.iter().map(|topic| {
        let cfgs = &topic.carried.cfgs;
        let name = syn::ext::IdentExt::unraw(&topic.signature.name).to_string();
        quote_spanned! {place=> #(#cfgs)* #name }
    });
    Some(quote_spanned! {place=>
        const _: () = #krate::__private::probe::all_handled(&#contract, &[#(#names),*]);
    })
}

fn all_conditions<'n>(node: &'n Node<'_>) -> Vec<Conditions<'n>> {
    node.topics
        .iter()
        .map(|topic| Conditions { carried: &topic.carried, list: conditions(&topic.signature, topic.kind) })
        .chain(emit::hook_conditions(&node.on_start))
        .chain(emit::hook_conditions(&node.on_stop))
        .collect()
}

/// A `NodeBlock`; `more` gives a further option of the topic at that place.
fn value(node: &Node<'_>, krate: &CratePath, more: impl Fn(usize) -> Option<TokenStream>) -> TokenStream {
    let span = Span::mixed_site();
    let handlers = node.topics.iter().map(|topic| (&topic.signature, &topic.carried));
    let hooks = node.on_start.iter().chain(&node.on_stop).map(|hook| (&hook.signature, &hook.carried));
    let exclusive = emit::exclusive(handlers.chain(hooks));
    let on_start = emit::hook(&node.on_start, false, krate);
    let on_stop = emit::hook(&node.on_stop, false, krate);
    let topics = node.topics.iter().enumerate().map(|(index, topic)| entry(topic, more(index), krate));
    let names = node.topics.iter().flat_map(|topic| {
        let cfgs = &topic.carried.cfgs;
        let names = std::iter::once(&topic.name).chain(&topic.options.aliases);
        names.map(move |name| quote_spanned! {span=> #(#cfgs)* #name })
    });
    let table = if node.topics.is_empty() {
        quote_spanned! {span=> _ }
    } else {
        quote_spanned! {span=> table }
    };
    quote_spanned! {span=>
        #krate::__private::NodeBlock {
            exclusive: #exclusive,
            names: &[#(#names),*],
            topics: |#table| { #(#topics)* },
            on_start: #on_start,
            on_stop: #on_stop,
        }
    }
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
fn entry(topic: &Topic, more: Option<TokenStream>, krate: &CratePath) -> TokenStream {
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
    let options = self::options(options, signature, more, krate);
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
fn options(
    options: &TopicOptions,
    signature: &ValidSignature,
    more: Option<TokenStream>,
    krate: &CratePath,
) -> TokenStream {
    let span = signature.name.span().resolved_at(Span::mixed_site());
    let mut fields: Vec<TokenStream> = more.into_iter().collect();
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
    conditions.extend(emit::contexts(signature));
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
