//! Signatures of handlers: from what the user wrote to what can be called.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{FnArg, GenericParam, Pat, PatType, ReceiverKind, ReturnType, Safety, Signature, Type};

use super::types::{self, Obstacle};
use crate::errors::{Mistake, Sink};

/// Which parameters a handler of some block may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// How the handler is called in messages, such as `topic handler`.
    pub(crate) what: &'static str,
    /// Whether `&WsClient` is given.
    pub(crate) client: bool,
    /// Whether it takes values: a payload, arguments.
    pub(crate) values: bool,
    /// Whether its return value crosses the wire, so that it has to be owned.
    pub(crate) owned_output: bool,
}

/// A signature that can be called.
#[derive(Debug, Clone)]
pub(crate) struct ValidSignature {
    pub(crate) name: Ident,
    pub(crate) is_async: bool,
    pub(crate) receiver: Receiver,
    pub(crate) parameters: Vec<Parameter>,
    /// The type after the arrow.
    pub(crate) output: Option<Type>,
    /// The trait that the method is of, where it is none of the type's own.
    pub(crate) home: Option<TokenStream>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receiver {
    /// `&self`
    Shared,
    /// `&mut self`
    Exclusive,
}

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) role: Role,
    /// The name; contexts and clients may be without.
    pub(crate) name: Option<Ident>,
    pub(crate) ty: Type,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// `&Context`
    Context,
    /// `&WsClient`
    Client,
    /// Everything else.
    Value,
}

impl ValidSignature {
    /// Reads a signature and reports everything that is wrong with it.
    pub(crate) fn read(signature: &Signature, rules: Rules, sink: &Sink<'_>) -> Option<Self> {
        qualifiers(signature, rules, sink);
        let receiver = receiver(signature, rules, sink);
        let mut parameters: Vec<Parameter> = Vec::new();
        for input in &signature.inputs {
            let FnArg::Typed(typed) = input else { continue };
            if let Some(parameter) = parameter(typed, rules, sink) {
                let again = parameters.iter().any(|other| other.role == parameter.role);
                if again && parameter.role != Role::Value {
                    let what = if parameter.role == Role::Context { "Context" } else { "WsClient" };
                    let mistake = Mistake::new(206, format!("`{}` takes two of `&{what}`", signature.ident));
                    sink.on(&typed.ty, mistake.help("both would be the same; remove one"));
                }
                parameters.push(parameter);
            }
        }
        let output = output(signature, rules, sink);
        (!sink.failed()).then(|| Self {
            name: signature.ident.clone(),
            is_async: signature.asyncness.is_some(),
            receiver: receiver.unwrap_or(Receiver::Shared),
            parameters,
            output,
            home: None,
        })
    }

    /// The parameters that are no context and no client.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| parameter.role == Role::Value)
    }

    /// The type of the payload: that of the only value, or a tuple.
    pub(crate) fn payload(&self) -> TokenStream {
        let types: Vec<&Type> = self.values().map(|parameter| &parameter.ty).collect();
        match types.as_slice() {
            [only] => only.to_token_stream(),
            types => {
                let span = self.name.span().resolved_at(Span::mixed_site());
                quote_spanned! {span=> (#(#types),*) }
            }
        }
    }

    /// The return type, `()` where there is none.
    pub(crate) fn reply(&self) -> TokenStream {
        self.output.as_ref().map_or_else(
            || {
                let span = self.name.span().resolved_at(Span::mixed_site());
                quote_spanned! {span=> () }
            },
            |ty| ty.to_token_stream(),
        )
    }

    pub(crate) const fn is_exclusive(&self) -> bool {
        matches!(self.receiver, Receiver::Exclusive)
    }
}

fn qualifiers(signature: &Signature, rules: Rules, sink: &Sink<'_>) {
    let refuse = |tokens: &dyn ToTokens, word: &str| {
        let mistake = Mistake::new(212, format!("a {} can't be `{word}`", rules.what));
        sink.on(
            tokens,
            mistake.help(format!("write `async fn {}` or `fn {}`", signature.ident, signature.ident)),
        );
    };
    if let Some(token) = &signature.constness {
        refuse(token, "const");
    }
    if let Safety::Unsafe(token) = &signature.safety {
        refuse(token, "unsafe");
    }
    if let Some(abi) = &signature.abi {
        refuse(abi, "extern");
    }
    if let Some(variadic) = &signature.variadic {
        refuse(variadic, "variadic");
    }
    for parameter in &signature.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            let mistake = Mistake::new(211, format!("the {} `{}` is generic", rules.what, signature.ident));
            sink.on(
                parameter,
                mistake.help("nobody chooses the type when a message arrives; name a concrete one"),
            );
            break;
        }
    }
}

fn receiver(signature: &Signature, rules: Rules, sink: &Sink<'_>) -> Option<Receiver> {
    let name = &signature.ident;
    let Some(receiver) = signature.receiver() else {
        let mistake = Mistake::new(201, format!("the {} `{name}` has no `self`", rules.what));
        sink.at(
            name.span(),
            mistake.help(format!("write `fn {name}(&self, ..)`, or `&mut self` to change the state")),
        );
        return None;
    };
    let by_reference = |mutable: bool| Some(if mutable { Receiver::Exclusive } else { Receiver::Shared });
    match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => return by_reference(mutability.is_some()),
        ReceiverKind::Typed(_, ty) => {
            if let Type::Reference(reference) = types::ungroup(ty)
                && types::is_called(&reference.elem, "Self")
            {
                return by_reference(reference.mutability.is_some());
            }
        }
        _ => {}
    }
    let mistake = Mistake::new(202, format!("the {} `{name}` takes `self` by value", rules.what));
    sink.on(receiver, mistake.help("the node keeps its state: write `&self`, or `&mut self` to change it"));
    None
}

fn parameter(typed: &PatType, rules: Rules, sink: &Sink<'_>) -> Option<Parameter> {
    let name = match &*typed.pat {
        Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
            Some(pattern.ident.clone())
        }
        _ => None,
    };
    if let Type::Reference(reference) = types::ungroup(&typed.ty) {
        for (role, called) in [(Role::Context, "Context"), (Role::Client, "WsClient")] {
            if !types::is_called(&reference.elem, called) || (role == Role::Client && !rules.client) {
                continue;
            }
            if reference.mutability.is_some() {
                let mistake = Mistake::new(207, format!("`{called}` is given by shared reference"));
                sink.on(&typed.ty, mistake.help(format!("write `&{}`", types::type_text(&reference.elem))));
                return None;
            }
            return Some(Parameter { role, name, ty: (*typed.ty).clone() });
        }
    }
    if !rules.values
        && let Some(called) = rules.given_types().iter().find(|called| types::is_called(&typed.ty, called))
    {
        let mistake = Mistake::new(207, format!("`{}` is taken by value", types::type_text(&typed.ty)));
        sink.on(&typed.ty, mistake.help(format!("it is lent for the call: write `&{called}`")));
        return None;
    }
    if !rules.values {
        let mistake = Mistake::new(218, format!("a {} takes nothing but {}", rules.what, rules.given()));
        sink.on(typed, mistake.help("nobody sends it a payload; remove this parameter"));
        return None;
    }
    if let Some(obstacle) = types::obstacle(&typed.ty) {
        refuse(&obstacle, "parameter", sink);
        return None;
    }
    if name.is_none() {
        let mistake = Mistake::new(208, "a parameter needs a name, not a pattern");
        let ty = types::type_text(&typed.ty);
        let help = if matches!(&*typed.pat, Pat::Wild(_)) {
            format!("write `_payload: {ty}`")
        } else {
            format!("write `payload: {ty}` and take it apart in the body")
        };
        sink.on(&typed.pat, mistake.help(help));
        return None;
    }
    Some(Parameter { role: Role::Value, name, ty: (*typed.ty).clone() })
}

fn output(signature: &Signature, rules: Rules, sink: &Sink<'_>) -> Option<Type> {
    let ReturnType::Type(_, ty) = &signature.output else { return None };
    match types::obstacle(ty) {
        // `Box<dyn Error>` is for the bounds of the reply to judge: some handlers may return it
        None | Some(Obstacle::Dyn(_)) => {}
        Some(Obstacle::Reference(_) | Obstacle::Lifetime(_)) if !rules.owned_output => {}
        Some(obstacle) => refuse(&obstacle, "return value", sink),
    }
    Some((**ty).clone())
}

/// Reports what a payload can't have; `what` is the place where it stands.
pub(crate) fn refuse(obstacle: &Obstacle, what: &str, sink: &Sink<'_>) {
    match obstacle {
        Obstacle::Reference(reference) => {
            let mistake =
                Mistake::new(209, format!("this {what} is borrowed, but what crosses the wire is owned"));
            sink.on(reference, mistake.help(format!("write `{}`", types::owned(&reference.elem))));
        }
        Obstacle::Lifetime(lifetime) => {
            let mistake =
                Mistake::new(209, format!("this {what} is borrowed, but what crosses the wire is owned"));
            sink.at(lifetime.span(), mistake.help("use an owned type, such as `String` for `&str`"));
        }
        Obstacle::ImplTrait(ty) | Obstacle::Dyn(ty) => {
            let text = types::type_text(ty);
            let mistake = Mistake::new(210, format!("`{text}` has no fixed wire shape"));
            let help = if text.contains("Future<") {
                "write `async fn`, which returns what the future gives"
            } else {
                "name a concrete type"
            };
            sink.on(ty, mistake.help(help));
        }
        Obstacle::Unsized(ty) => {
            let mistake = Mistake::new(
                209,
                format!(
                    "`{}` is only ever borrowed, but what crosses the wire is owned",
                    types::type_text(ty)
                ),
            );
            sink.on(ty, mistake.help(format!("write `{}`", types::owned(ty))));
        }
        Obstacle::Infer(infer) => {
            let mistake = Mistake::new(210, format!("the type of this {what} can't be left open"));
            sink.at(infer.span(), mistake.help("name a concrete type"));
        }
    }
}

impl Rules {
    /// The names of the types that are given by reference.
    const fn given_types(self) -> &'static [&'static str] {
        if self.client { &["WsClient", "Context"] } else { &["Context"] }
    }

    const fn given(self) -> &'static str {
        if self.client { "`&WsClient` and `&Context`" } else { "`&Context`" }
    }
}
