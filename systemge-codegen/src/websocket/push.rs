//! `#[push("name")] fn name(payload: Type);`: topics towards browsers, each a method of a trait of the application's.

use std::collections::HashMap;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Attribute, FnArg, LitStr, Pat, ReturnType, Safety, Type};

use super::model::{Push, WebSocket};
use super::validate::is_reserved;
use crate::attributes::Carried;
use crate::block::{self, Obstacle, RawMethod, replace_self};
use crate::checked::Checks;
use crate::crate_path::CratePath;
use crate::emit::{self, Condition, Conditions};
use crate::errors::{Mistake, Sink};
use crate::topic::{TopicAttribute, TopicName};

/// The methods that `systemge::websocket::WebSocket` has itself, which go before those of a trait.
const OWN_METHODS: &[&str] = &[
    "push_undeclared",
    "clients",
    "client",
    "client_count",
    "groups",
    "members",
    "counters",
    "access",
    "clone",
    "fmt",
];

/// Judges the declaration of a push.
pub(super) fn read(
    self_type: &Type,
    method: &RawMethod,
    attribute: &Attribute,
    carried: Carried,
    sink: &Sink<'_>,
) -> Option<Push> {
    let name = &method.signature.ident;
    let topic = TopicAttribute::read(attribute, name, &[], &sink.child()).name;
    let topic = topic.map(|topic| topic.outside_of(self_type)).filter(|topic| !is_reserved(topic, sink));
    declaration(method, sink);
    if OWN_METHODS.iter().any(|own| name == own) {
        let mistake = Mistake::new(522, format!("`WebSocket` has a method `{name}` of its own"));
        sink.at(name.span(), mistake.help("rename the push; the name of the topic can stay"));
        return None;
    }
    let judged = sink.child();
    let parameters: Vec<_> =
        method.signature.inputs.iter().filter_map(|input| parameter(input, name, sink, &judged)).collect();
    if judged.failed() || !method.signature.generics.params.is_empty() {
        return None;
    }
    // whatever else is wrong, those who call it are not told of it again
    let fallback = || TopicName::Literal(LitStr::new(&name.unraw().to_string(), name.span()));
    Some(Push {
        topic: topic.unwrap_or_else(fallback),
        name: name.clone(),
        parameters,
        carried,
        visibility: method.visibility.clone(),
    })
}

/// Reports what makes a push more than a declaration.
fn declaration(method: &RawMethod, sink: &Sink<'_>) {
    let signature = &method.signature;
    let name = &signature.ident;
    let refuse = |tokens: &dyn quote::ToTokens, what: &str, help: &str| {
        let mistake = Mistake::new(520, format!("the push `{name}` {what}"));
        sink.on(tokens, mistake.help(help.to_owned()));
    };
    if !method.is_declaration() {
        refuse(name, "has a body", &format!("a push is only declared: `fn {name}(..);`"));
    }
    let plain = format!("write `fn {name}(..);`: it is queued at once and waits for nobody");
    if let Some(token) = &signature.asyncness {
        refuse(token, "is `async`", &plain);
    }
    if let Some(token) = &signature.constness {
        refuse(token, "is `const`", &plain);
    }
    if let Safety::Unsafe(token) = &signature.safety {
        refuse(token, "is `unsafe`", &plain);
    }
    if let Some(abi) = &signature.abi {
        refuse(abi, "is `extern`", &plain);
    }
    if let ReturnType::Type(_, ty) = &signature.output {
        let help = "return nothing; what is generated returns a `Push`, which is then said to whom";
        refuse(ty, "returns something", help);
    }
    if let Some(parameter) = signature.generics.params.first() {
        refuse(parameter, "is generic", "name the type of the payload, so that every browser gets the same");
    }
}

/// One part of the payload; `judged` learns of one that cannot be sent, `sink` of one that is too much.
fn parameter(input: &FnArg, push: &Ident, sink: &Sink<'_>, judged: &Sink<'_>) -> Option<(Ident, Type)> {
    let typed = match input {
        FnArg::Typed(typed) => typed,
        FnArg::Receiver(receiver) => {
            let mistake = Mistake::new(520, format!("the push `{push}` takes `self`"));
            sink.on(receiver, mistake.help(format!("only the payload is declared: `fn {push}(..);`")));
            return None;
        }
    };
    // the method borrows what it sends, so the payload may be a reference to what is owned
    let pointee = match block::ungroup(&typed.ty) {
        Type::Reference(reference) if reference.mutability.is_none() && reference.lifetime.is_none() => {
            if ["Context", "WsClient"].iter().any(|given| block::is_called(&reference.elem, given)) {
                let ty = block::type_text(&typed.ty);
                let mistake = Mistake::new(520, format!("the push `{push}` takes a `{ty}`"));
                sink.on(
                    typed,
                    mistake.help(format!(
                        "remove it; who gets it is said in the end: `ctx.websocket().{push}(..).to(client)`"
                    )),
                );
                return None;
            }
            Some(&*reference.elem)
        }
        _ => None,
    };
    match (block::obstacle(pointee.unwrap_or(&typed.ty)), pointee) {
        (None, _) | (Some(Obstacle::Unsized(_)), Some(_)) => {}
        (Some(Obstacle::Reference(_) | Obstacle::Lifetime(_) | Obstacle::Unsized(_)), _) => {
            let message =
                "the payload of a push is a type that owns what it holds, or a reference `&T` to one";
            let help = "use an owned type inside, such as `String` for `&str`";
            judged.on(&typed.ty, Mistake::new(209, message).help(help));
            return None;
        }
        (Some(Obstacle::ImplTrait(_) | Obstacle::Dyn(_) | Obstacle::Infer(_)), _) => {
            let message = format!("`{}` is not the type of a payload", block::type_text(&typed.ty));
            judged.on(&typed.ty, Mistake::new(210, message).help("name a concrete type"));
            return None;
        }
    }
    match &*typed.pat {
        Pat::Ident(pattern)
            if pattern.by_ref.is_none() && pattern.subpat.is_none() && pattern.mutability.is_none() =>
        {
            Some((pattern.ident.clone(), (*typed.ty).clone()))
        }
        pattern => {
            let mistake = Mistake::new(208, "a parameter needs a name, not a pattern");
            judged.on(pattern, mistake.help(format!("write `payload: {}`", block::type_text(&typed.ty))));
            None
        }
    }
}

/// Reports topics that are pushed by two methods.
pub(super) fn duplicates(pushes: &[Push], sink: &Sink<'_>) {
    let mut seen: HashMap<String, &TopicName> = HashMap::new();
    for push in pushes.iter().filter(|push| push.carried.cfgs.is_empty()) {
        let Some(name) = push.topic.text() else { continue };
        let Some(first) = seen.get(&name) else {
            seen.insert(name, &push.topic);
            continue;
        };
        let mistake = Mistake::new(521, format!("the topic `{name}` is pushed by two methods"));
        let help = "a topic has one payload: rename one of them, or call the first method in both places";
        sink.on(&push.topic, mistake.help(help));
        sink.note(first, &format!("the first push of `{name}` is here"));
    }
}

/// What the payload of a push has to be.
pub(super) fn conditions(push: &Push) -> Conditions<'_> {
    let list = push.parameters.iter().map(|(_, ty)| (Condition::PushPayload, pointee(ty).to_token_stream()));
    Conditions { carried: &push.carried, list: list.collect() }
}

/// What the payload is, behind the reference.
fn pointee(ty: &Type) -> &Type {
    match block::ungroup(ty) {
        Type::Reference(reference) => &reference.elem,
        other => other,
    }
}

/// The trait whose methods push, and its implementations; nothing if the block declares no push.
pub(super) fn senders(websocket: &WebSocket<'_>, krate: &CratePath) -> TokenStream {
    let Some(type_name) = websocket.block.type_name().filter(|_| !websocket.pushes.is_empty()) else {
        return TokenStream::new();
    };
    let span = Span::mixed_site();
    let WebSocket { block, pushes, .. } = websocket;
    let name = format_ident!("{}Pushes", type_name.unraw(), span = type_name.span());
    let Carried { cfgs, .. } = Carried::of(&block.attributes);
    let visibility = emit::widest(pushes.iter().map(|push| &push.visibility));
    let doc = format!(
        " What `{}` pushes to browsers: methods of `ctx.websocket()` in its handlers.",
        block.plain_type_name()
    );
    let generics = &block.generics;
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let self_type = &block.self_type;
    let owned = |push: &Push| -> Vec<_> {
        let Conditions { list, .. } = conditions(push);
        list.into_iter().map(|(condition, ty)| (condition, replace_self(ty, self_type))).collect()
    };
    let mut checks =
        generics.params.is_empty().then(|| Checks::new(quote_spanned! {span=> <#self_type> }, [], krate));
    let (constants, methods): (Vec<_>, Vec<_>) = pushes
        .iter()
        .map(|push| {
            let conditions = owned(push);
            let checked = checks.as_mut().map(|checks| checks.constant(&conditions, &push.carried.cfgs));
            let (constant, expression) =
                checked.map_or_else(Default::default, |checked| (checked.constant, checked.expression));
            (constant, method(push, &conditions, expression.as_ref(), self_type, krate))
        })
        .unzip();
    // with a plain `&Context`, nobody would know which of its types a generic application has
    let untyped = generics.params.is_empty().then(|| {
        quote_spanned! {span=>
            #(#cfgs)*
            #[automatically_derived]
            impl #name for #krate::websocket::WebSocket {}
        }
    });
    quote_spanned! {span=>
        #(#cfgs)*
        #[doc = #doc]
        #[allow(
            dead_code, unreachable_pub, private_bounds, private_interfaces,
            clippy::all, clippy::pedantic, clippy::nursery
        )]
        #visibility trait #name #impl_generics: #krate::__private::Pusher #where_clause {
            #(#methods)*
        }

        #(#cfgs)*
        #[automatically_derived]
        #[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery)]
        impl #impl_generics #self_type #where_clause {
            #(#constants)*
        }

        #(#cfgs)*
        #[automatically_derived]
        impl #impl_generics #name #type_generics for #krate::websocket::WebSocket<#self_type> #where_clause {}

        #untyped
    }
}

fn method(
    push: &Push,
    conditions: &[(Condition, TokenStream)],
    checked: Option<&TokenStream>,
    self_type: &Type,
    krate: &CratePath,
) -> TokenStream {
    let Push { topic, name, parameters, carried, .. } = push;
    let Carried { cfgs, docs, deprecated } = carried;
    let span = name.span().resolved_at(Span::mixed_site());
    let krate = &krate.at(span);
    let (names, types): (Vec<_>, Vec<_>) =
        parameters.iter().map(|(name, ty)| (name, replace_self(ty, self_type))).unzip();
    let payload = match parameters.as_slice() {
        [(name, ty)] if matches!(block::ungroup(ty), Type::Reference(_)) => quote_spanned! {span=> #name },
        [(name, _)] => quote_spanned! {span=> &#name },
        several => {
            let names = several.iter().map(|(name, _)| name);
            quote_spanned! {span=> &(#(#names),*) }
        }
    };
    let fallback = docs.is_empty().then(|| {
        let doc = topic.text().map_or_else(
            || " Pushes a topic to browsers.".to_owned(),
            |topic| format!(" Pushes the topic `{topic}` to browsers."),
        );
        quote_spanned! {span=> #[doc = #doc] }
    });
    let conditions = conditions.iter().filter_map(|(condition, ty)| condition.assume(ty, checked, krate));
    let checked = emit::name_check(topic, krate);
    quote_spanned! {span=>
        #(#cfgs)*
        #(#docs)*
        #fallback
        #(#deprecated)*
        fn #name(&self #(, #names: #types)*) -> #krate::websocket::Push
        where
            #(#conditions,)*
        {
            #krate::__private::Pusher::push_declared::<#self_type, _>(self, #checked, #payload)
        }
    }
}
