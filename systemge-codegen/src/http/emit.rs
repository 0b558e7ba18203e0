//! The hidden constant of an HTTP block.

use std::time::Duration;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};

use super::model::{Folder, Http, Limits, Route, Value};
use crate::block;
use crate::crate_path::CratePath;
use crate::emit::{self, Condition, Conditions};

/// `const __SYSTEMGE_HTTP`, in an `impl` block of its own.
pub(crate) fn block(http: &Http<'_>, krate: &CratePath) -> TokenStream {
    let span = Span::mixed_site();
    let Http { block, routes, folders, filters } = http;
    let exclusive = emit::exclusive(routes.iter().map(|route| (&route.signature, &route.carried)));
    let entries = routes.iter().map(|route| entry(route, krate));
    let folders = folders.iter().map(|Folder { prefix, folder }| {
        quote_spanned! {span=> table.folder(#prefix, #folder); }
    });
    let filters = filters.iter().map(|filter| {
        let span = emit::place(filter);
        quote_spanned! {span=> table.filter(#filter); }
    });
    let empty = routes.is_empty() && http.folders.is_empty() && http.filters.is_empty();
    let table = if empty {
        quote_spanned! {span=> _ }
    } else {
        quote_spanned! {span=> table }
    };
    let constant = quote_spanned! {span=>
        #[doc(hidden)]
        pub const __SYSTEMGE_HTTP: ::core::option::Option<#krate::__private::HttpBlock<Self>> =
            ::core::option::Option::Some(#krate::__private::HttpBlock {
                exclusive: #exclusive,
                routes: |#table| { #(#entries)* #(#folders)* #(#filters)* },
            });
    };
    let conditions: Vec<Conditions<'_>> = routes.iter().map(conditions).collect();
    emit::constant(block, "http", &conditions, |_| false, krate, &constant)
}

fn conditions(route: &Route) -> Conditions<'_> {
    let values = route.values.iter().map(|value| match value {
        Value::Segment { ty, .. } => (Condition::PathParameter, ty.to_token_stream()),
        Value::Request { ty } if block::is_called(ty, "Context") => {
            (Condition::ContextPart, ty.to_token_stream())
        }
        Value::Request { ty } => (Condition::FromRequest, ty.to_token_stream()),
    });
    let reply = route.signature.output.iter().map(|ty| (Condition::Respond, ty.to_token_stream()));
    Conditions {
        carried: &route.carried,
        list: values.chain(reply).chain(emit::contexts(&route.signature)).collect(),
    }
}

fn entry(route: &Route, krate: &CratePath) -> TokenStream {
    let Route { method, path, limits, values, signature, carried } = route;
    let span = signature.name.span().resolved_at(Span::mixed_site());
    let cfgs = &carried.cfgs;
    let (locals, _) = emit::values(values.len());
    let reads = values.iter().zip(&locals).map(|(value, local)| read(value, local, krate));
    let request = if values.is_empty() {
        quote_spanned! {span=> _ }
    } else if values.iter().all(|value| matches!(value, Value::Segment { .. })) {
        quote_spanned! {span=> request }
    } else {
        quote_spanned! {span=> mut request }
    };
    let call = emit::call(signature, &locals, emit::Threading::Async, krate);
    let method = Ident::new(method, span);
    let limits = self::limits(limits, span);
    quote_spanned! {span=>
        #(#cfgs)*
        table.route(
            #krate::http::Route::#method(#path) #limits,
            |invocation, #request: #krate::__private::HttpRequest| async move {
                #(#reads)*
                #call
                let _ = (state, context);
                #krate::http::Respond::respond(reply)
            },
        );
    }
}

/// The limits as calls on the route.
fn limits(limits: &Limits, span: Span) -> TokenStream {
    let time = |time: Duration| {
        let (seconds, nanos) =
            (Literal::u64_unsuffixed(time.as_secs()), Literal::u32_unsuffixed(time.subsec_nanos()));
        quote_spanned! {span=> ::core::time::Duration::new(#seconds, #nanos) }
    };
    let Limits { body, timeout, concurrency, rate } = limits;
    let body = body.map(Literal::u64_unsuffixed).map(|bytes| quote_spanned! {span=> .body(#bytes) });
    let timeout = timeout.map(time).map(|timeout| quote_spanned! {span=> .timeout(#timeout) });
    let concurrency =
        concurrency.map(Literal::u64_unsuffixed).map(|count| quote_spanned! {span=> .concurrency(#count) });
    let rate = rate.map(|(count, per)| {
        let (count, per) = (Literal::u32_unsuffixed(count), time(per));
        quote_spanned! {span=> .rate(#count, #per) }
    });
    quote_spanned! {span=> #body #timeout #concurrency #rate }
}

/// The statement that makes one value, with its errors at the user's type.
fn read(value: &Value, local: &Ident, krate: &CratePath) -> TokenStream {
    match value {
        Value::Segment { name, ty } => {
            let span = emit::place(ty);
            quote_spanned! {span=> let #local = request.parameter::<#ty>(#name)?; }
        }
        Value::Request { ty } => {
            let span = emit::place(ty);
            let krate = krate.at(span);
            quote_spanned! {span=>
                let #local = <#ty as #krate::http::FromRequest>::from_request(&mut request).await?;
            }
        }
    }
}
