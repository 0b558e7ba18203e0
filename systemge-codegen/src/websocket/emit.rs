//! The hidden constant of a WebSocket block.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use super::model::{Topic, WebSocket};
use super::push;
use crate::crate_path::CratePath;
use crate::emit::{self, Condition, Conditions};

/// `const __SYSTEMGE_WEBSOCKET`, in an `impl` block of its own.
pub(crate) fn block(websocket: &WebSocket<'_>, krate: &CratePath) -> TokenStream {
    let span = Span::mixed_site();
    let WebSocket { block, topics, on_connect, on_disconnect, .. } = websocket;
    let handlers = topics.iter().map(|topic| (&topic.signature, &topic.carried));
    let hooks = on_connect.iter().chain(on_disconnect).map(|hook| (&hook.signature, &hook.carried));
    let exclusive = emit::exclusive(handlers.chain(hooks));
    let (on_connect, on_disconnect) =
        (emit::hook(on_connect, true, krate), emit::hook(on_disconnect, true, krate));
    let entries = topics.iter().map(|topic| entry(topic, krate));
    let table = if topics.is_empty() {
        quote_spanned! {span=> _ }
    } else {
        quote_spanned! {span=> table }
    };
    let constant = quote_spanned! {span=>
        #[doc(hidden)]
        pub const __SYSTEMGE_WEBSOCKET: ::core::option::Option<#krate::__private::WebSocketBlock<Self>> =
            ::core::option::Option::Some(#krate::__private::WebSocketBlock {
                exclusive: #exclusive,
                topics: |#table| { #(#entries)* },
                on_connect: #on_connect,
                on_disconnect: #on_disconnect,
            });
    };
    let conditions: Vec<Conditions<'_>> = topics
        .iter()
        .map(|topic| {
            let values = topic.signature.values();
            let values = values.map(|parameter| {
                (Condition::BrowserPayload, quote::ToTokens::to_token_stream(&parameter.ty))
            });
            let reply = topic.signature.output.iter();
            let reply = reply.map(|ty| (Condition::OneWayReply, quote::ToTokens::to_token_stream(ty)));
            Conditions {
                carried: &topic.carried,
                list: values.chain(reply).chain(emit::contexts(&topic.signature)).collect(),
            }
        })
        .chain(websocket.pushes.iter().map(push::conditions))
        .chain(emit::hook_conditions(&websocket.on_connect))
        .chain(emit::hook_conditions(&websocket.on_disconnect))
        .collect();
    // what is pushed is asked for by the pushes, if that is possible
    let asked_by_push = block.generics.params.is_empty();
    let elsewhere = |condition| asked_by_push && condition == Condition::PushPayload;
    emit::constant(block, "websocket", &conditions, elsewhere, krate, &constant)
}

fn entry(topic: &Topic, krate: &CratePath) -> TokenStream {
    let Topic { name, signature, carried } = topic;
    let span = signature.name.span().resolved_at(Span::mixed_site());
    let cfgs = &carried.cfgs;
    let payload = signature.payload();
    let (values, pattern) = emit::values(signature.values().count());
    let call = emit::call(signature, &values, emit::Threading::Async, krate);
    let checked = emit::name_check(name, krate);
    quote_spanned! {span=>
        #(#cfgs)*
        table.topic::<#payload, _, _>(
            #checked,
            |invocation, client, #pattern: #payload| async move {
                #call
                let _ = (state, context, client);
                #krate::payload::OneWayReply::into_result(reply)
            },
        );
    }
}
