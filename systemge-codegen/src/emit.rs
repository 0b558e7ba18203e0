//! What the emitters of all blocks share: the call of a handler, and the frame of a hidden constant.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::{Attribute, GenericArgument, GenericParam, PathArguments, Type, Visibility};

use crate::attributes::Carried;
use crate::block::{self, RawBlock, Role, ValidSignature, is_known_payload, replace_self};
use crate::crate_path::CratePath;
use crate::hook::Hook;
use crate::topic::TopicName;

/// The place of some tokens, with names resolved where the macro is called: locals can't meet the user's.
pub(crate) fn place(tokens: &impl syn::spanned::Spanned) -> Span {
    tokens.span().resolved_at(Span::mixed_site())
}

/// Whether a handler is called where it may wait, or where it may block its thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threading {
    Async,
    Blocking,
}

/// `let (state, context) = …` and the call of the handler, as the statements of an async block; `values` are the
/// locals with the handler's values, in order. Leaves `state`, `context` and `reply` behind.
pub(crate) fn call(
    signature: &ValidSignature,
    values: &[Ident],
    threading: Threading,
    krate: &CratePath,
) -> TokenStream {
    let span = signature.name.span().resolved_at(Span::mixed_site());
    let name = &signature.name;
    let mut values = values.iter();
    let mut has_context = false;
    let arguments: Vec<TokenStream> = signature
        .parameters
        .iter()
        .filter_map(|parameter| match parameter.role {
            Role::Context => {
                has_context = true;
                Some(quote_spanned! {span=> &context })
            }
            Role::Client => Some(quote_spanned! {span=> &client }),
            Role::Value => values.next().map(|value| quote_spanned! {span=> #value }),
        })
        .collect();
    let context = if has_context {
        quote_spanned! {span=> _ }
    } else {
        quote_spanned! {span=> #krate::AnyApplication }
    };
    let wait = signature.is_async.then(|| quote_spanned! {span=> .await });
    let lock = match (threading, signature.is_exclusive()) {
        (Threading::Async, true) => quote_spanned! {span=> let mut application = state.exclusive().await; },
        (Threading::Async, false) => quote_spanned! {span=> let application = state.shared().await; },
        (Threading::Blocking, true) => {
            quote_spanned! {span=> let mut application = state.blocking_exclusive(); }
        }
        (Threading::Blocking, false) => quote_spanned! {span=> let application = state.blocking_shared(); },
    };
    let receiver = if signature.is_exclusive() {
        quote_spanned! {span=> &mut application }
    } else {
        quote_spanned! {span=> &application }
    };
    let this = match &signature.home {
        None => quote_spanned! {span=> Self },
        Some(home) => quote_spanned! {span=> <Self as #home> },
    };
    quote_spanned! {span=>
        let (state, context) = invocation.open::<#context>();
        let reply = {
            #lock
            #this::#name(#receiver #(, #arguments)*) #wait
        };
    }
}

/// What generated code asks of a type of the user's; the names are those of `systemge::__private::probe`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Condition {
    Application,
    Payload,
    /// A payload whose type is called `Context`.
    ContextPayload,
    Reply,
    WireError,
    OneWayReply,
    CommandArgument,
    CommandReply,
    /// A payload from a browser.
    BrowserPayload,
    /// A payload to browsers.
    PushPayload,
    /// Parsed from a segment of a path.
    PathParameter,
    FromRequest,
    Respond,
    /// A key of topics.
    Key,
    /// The context of this application, as what a handler takes.
    ContextOf,
    /// An argument of a command whose type is called `Context`.
    ContextArgument,
    /// A part of a request whose type is called `Context`.
    ContextPart,
}

impl Condition {
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Application => ("IsApplication", "application"),
            Self::Payload => ("IsPayload", "payload"),
            Self::ContextPayload => ("IsContextPayload", "context_payload"),
            Self::Reply => ("IsReply", "reply"),
            Self::WireError => ("IsWireError", "wire_error"),
            Self::OneWayReply => ("IsOneWayReply", "one_way_reply"),
            Self::CommandArgument => ("IsCommandArgument", "command_argument"),
            Self::CommandReply => ("IsCommandReply", "command_reply"),
            Self::BrowserPayload => ("IsBrowserPayload", "browser_payload"),
            Self::PushPayload => ("IsPushPayload", "push_payload"),
            Self::PathParameter => ("IsPathParameter", "path_parameter"),
            Self::FromRequest => ("IsFromRequest", "from_request"),
            Self::Respond => ("IsRespond", "respond"),
            Self::Key => ("IsKey", "key_of_topics"),
            // nothing rests on it but the call of the handler, where the context is inferred
            Self::ContextOf => ("", "context_of"),
            Self::ContextArgument => ("IsContextArgument", "context_argument"),
            Self::ContextPart => ("IsContextPart", "context_part"),
        }
    }

    /// The condition for a `where` clause: silently taken for granted in the code below it. None where the type is
    /// known to be fine, since a long clause costs the compiler time.
    ///
    /// `checked` is the constant that asks for it (see [`checked`](crate::checked)), where the clause is one that callers have to
    /// meet.
    pub(crate) fn assume(
        self,
        ty: &impl ToTokens,
        checked: Option<&TokenStream>,
        krate: &CratePath,
    ) -> Option<TokenStream> {
        let ty = ty.to_token_stream();
        let known = matches!(self, Self::Payload | Self::Reply | Self::BrowserPayload | Self::PushPayload);
        if self == Self::ContextOf || known && is_known_payload(&ty) {
            return None;
        }
        let span = place(&ty);
        let krate = krate.at(span);
        let name = Ident::new(self.names().0, span);
        let checked = checked.map(|checked| quote_spanned! {span=> , #checked });
        Some(quote_spanned! {span=> for<'systemge> #ty: #krate::__private::probe::#name<'systemge #checked> })
    }

    /// The condition as a statement among others; where it doesn't hold, the compiler reports it there.
    pub(crate) fn question(self, ty: &impl ToTokens, krate: &CratePath) -> TokenStream {
        let span = place(&ty.to_token_stream());
        let krate = krate.at(span);
        let name = self.names().1;
        if !self.has_shape() || is_known_payload(ty) {
            let name = Ident::new(name, span);
            return quote_spanned! {span=> #krate::__private::probe::#name::<#ty>(); };
        }
        // a type with a field that has no shape was reported there, and is nothing new here
        let name = format_ident!("shaped_{name}", span = span);
        quote_spanned! {span=>
            #krate::__private::probe::#name::<#ty, {
                #[allow(unused_imports)]
                use #krate::__private::probe::NoShape as _;
                #krate::__private::probe::Shaped::<#ty>::SHAPED
            }>();
        }
    }

    /// Whether what is asked for rests on the shape of the type.
    const fn has_shape(self) -> bool {
        matches!(self, Self::Payload | Self::Reply | Self::WireError)
    }

    /// The condition as a statement, which is where the compiler reports that it doesn't hold.
    ///
    /// A constant, where the block isn't generic, since those are evaluated whether they are used or not: so that
    /// what can only be seen in the shape of a type is found by `cargo check`, too.
    pub(crate) fn ask(self, ty: &impl ToTokens, block: Option<&RawBlock>, krate: &CratePath) -> TokenStream {
        let span = place(&ty.to_token_stream());
        let krate = krate.at(span);
        let name = Ident::new(self.names().1, span);
        let probe = quote_spanned! {span=> #krate::__private::probe::#name };
        match block {
            Some(block) if self == Self::ContextOf => {
                statement(&probe, &[ty, &block.self_type], span, Some(block))
            }
            _ => statement(&probe, &[ty], span, block),
        }
    }
}

/// The call of a probe with these types, as a statement of a function of the block.
pub(crate) fn statement(
    probe: &TokenStream,
    types: &[&dyn ToTokens],
    span: Span,
    block: Option<&RawBlock>,
) -> TokenStream {
    match block {
        Some(block) if !block.generics.params.is_empty() => quote_spanned! {span=> #probe::<#(#types),*>(); },
        Some(block) => {
            let types = types.iter().map(|ty| replace_self(ty, &block.self_type));
            quote_spanned! {span=> const _: () = #probe::<#(#types),*>(); }
        }
        None => quote_spanned! {span=> const _: () = #probe::<#(#types),*>(); },
    }
}

/// The conditions of one handler.
#[derive(Debug)]
pub(crate) struct Conditions<'c> {
    /// Under a `#[cfg]`, a type may not even exist, and a `where` clause can't have a `#[cfg]`: then the conditions
    /// are only asked, not assumed.
    pub(crate) carried: &'c Carried,
    pub(crate) list: Vec<(Condition, TokenStream)>,
}

/// What a hook returns is judged at its type, as that of a handler is.
pub(crate) fn hook_conditions(hooks: &[Hook]) -> impl Iterator<Item = Conditions<'_>> {
    hooks.iter().map(|hook| {
        let output = hook.signature.output.iter();
        let output = output.map(|ty| (Condition::OneWayReply, ty.to_token_stream()));
        let list = output.chain(contexts(&hook.signature)).collect();
        Conditions { carried: &hook.carried, list }
    })
}

/// What has to be true of the contexts that a handler takes; those that are plain or say `Self` are right.
pub(crate) fn contexts(signature: &ValidSignature) -> impl Iterator<Item = (Condition, TokenStream)> {
    let contexts = signature.parameters.iter().filter(|parameter| parameter.role == Role::Context);
    contexts.filter_map(|parameter| {
        let Type::Reference(reference) = block::ungroup(&parameter.ty) else { return None };
        let segment = block::last_segment(&reference.elem)?;
        let of_another = match &segment.arguments {
            PathArguments::AngleBracketed(arguments) => {
                arguments.args.iter().all(|argument| match argument {
                    GenericArgument::Type(ty) => !block::is_called(ty, "Self"),
                    _ => false,
                })
            }
            _ => false,
        };
        of_another.then(|| (Condition::ContextOf, reference.elem.to_token_stream()))
    })
}

/// The clauses by which code takes the conditions for granted.
pub(crate) fn assumed(conditions: &[Conditions<'_>], krate: &CratePath) -> Vec<TokenStream> {
    let mut seen = HashSet::new();
    conditions
        .iter()
        .filter(|conditions| conditions.carried.cfgs.is_empty())
        .flat_map(|conditions| &conditions.list)
        .filter(|(condition, ty)| seen.insert((condition.names().0, ty.to_string())))
        .filter_map(|(condition, ty)| condition.assume(ty, None, krate))
        .collect()
}

/// The `impl` block of a hidden constant, and beside it the conditions that its code needs; `elsewhere` says of a condition that
/// it is asked for in another place.
pub(crate) fn constant(
    block: &RawBlock,
    name: &str,
    conditions: &[Conditions<'_>],
    elsewhere: impl Fn(Condition) -> bool,
    krate: &CratePath,
    constant: &TokenStream,
) -> TokenStream {
    let span = Span::mixed_site();
    let Carried { cfgs, .. } = Carried::of(&block.attributes);
    let (generics, _, where_clause) = block.generics.split_for_impl();
    let own = where_clause.into_iter().flat_map(|clause| clause.predicates.iter());
    let self_type = &block.self_type;
    let application = Condition::Application.assume(self_type, None, krate).into_iter();
    let assumed = assumed(conditions, krate);
    let parameters: Vec<&Ident> = block
        .generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(&parameter.ident),
            _ => None,
        })
        .collect();
    let ask_application = Condition::Application.ask(self_type, Some(block), krate);
    let ask_parameters = parameters.iter().map(|parameter| {
        let span = place(parameter);
        let krate = krate.at(span);
        quote_spanned! {span=> #krate::__private::probe::application_parameter::<#parameter>(); }
    });
    let asks_parameters = format_ident!("__systemge_{name}_parameters", span = span);
    let ask_parameters = (!parameters.is_empty()).then(|| {
        quote_spanned! {span=>
            #[doc(hidden)]
            const fn #asks_parameters() {
                #(#ask_parameters)*
            }
        }
    });
    let mut seen = HashSet::new();
    let asked = conditions.iter().map(|conditions| {
        let cfgs = &conditions.carried.cfgs;
        // one mistake, one error: a type is asked for where it stands first
        let asked = conditions.list.iter().filter(|(condition, ty)| {
            !elsewhere(*condition) && (!cfgs.is_empty() || seen.insert((*condition, ty.to_string())))
        });
        let asked: Vec<_> = asked.map(|(condition, ty)| condition.ask(ty, Some(block), krate)).collect();
        (!asked.is_empty()).then(|| quote_spanned! {span=> #(#cfgs)* { #(#asked)* } })
    });
    let asked: Vec<_> = asked.flatten().collect();
    let asks = format_ident!("__systemge_{name}_conditions", span = span);
    quote_spanned! {span=>
        #(#cfgs)*
        #[automatically_derived]
        #[allow(dead_code, clippy::all, clippy::pedantic, clippy::nursery)]
        impl #generics #self_type #where_clause {
            #ask_parameters

            #[doc(hidden)]
            const fn #asks()
            where
                #(#parameters: ::core::marker::Send + ::core::marker::Sync + 'static,)*
            {
                #ask_application
                #(#asked)*
            }
        }

        #(#cfgs)*
        #[automatically_derived]
        #[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
        impl #generics #self_type
        where
            #(#own,)*
            #(#application,)*
            #(#assumed,)*
        {
            #constant
        }
    }
}

/// `true` if some handler takes `&mut self`; handlers under a `#[cfg]` count only where they exist.
pub(crate) fn exclusive<'s>(
    handlers: impl IntoIterator<Item = (&'s ValidSignature, &'s Carried)>,
) -> TokenStream {
    let span = Span::mixed_site();
    let mut conditional: Vec<&Vec<Attribute>> = Vec::new();
    for (signature, carried) in handlers {
        if !signature.is_exclusive() {
            continue;
        }
        if carried.cfgs.is_empty() {
            return quote_spanned! {span=> true };
        }
        conditional.push(&carried.cfgs);
    }
    if conditional.is_empty() {
        return quote_spanned! {span=> false };
    }
    quote_spanned! {span=> {
        let exclusive = false;
        #( #(#conditional)* let exclusive = true; )*
        exclusive
    } }
}

/// The value of a field for a hook: `Some(|invocation| Box::pin(..))` or `None`.
pub(crate) fn hook(hooks: &[Hook], with_client: bool, krate: &CratePath) -> TokenStream {
    let span = Span::mixed_site();
    let value = |hook: &Hook| {
        let span = hook.signature.name.span().resolved_at(Span::mixed_site());
        let call = call(&hook.signature, &[], Threading::Async, krate);
        let client = with_client.then(|| quote_spanned! {span=> , client });
        quote_spanned! {span=>
            ::core::option::Option::Some(|invocation #client| ::std::boxed::Box::pin(async move {
                #call
                let _ = (state, context);
                #krate::payload::OneWayReply::into_result(reply)
            }))
        }
    };
    match hooks {
        [] => quote_spanned! {span=> ::core::option::Option::None },
        [only] if only.carried.cfgs.is_empty() => value(only),
        several => {
            let cfgs = several.iter().map(|hook| &hook.carried.cfgs);
            let values = several.iter().map(value);
            let client = with_client.then(|| quote_spanned! {span=> , #krate::websocket::WsClient });
            let ty = quote_spanned! {span=>
                ::core::option::Option<
                    fn(#krate::__private::Invocation<Self> #client)
                        -> #krate::__private::BoxFuture<'static, #krate::__private::HookResult>,
                >
            };
            quote_spanned! {span=> {
                let hook: #ty = ::core::option::Option::None;
                #( #(#cfgs)* let hook: #ty = #values; )*
                hook
            } }
        }
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

/// The name of a topic as an argument; one that is a constant is checked while the user's program is compiled.
pub(crate) fn name_check(name: &TopicName, krate: &CratePath) -> TokenStream {
    match name {
        TopicName::Literal(_) | TopicName::Declared(_) => name.to_token_stream(),
        TopicName::Constant(path) => {
            let span = place(path);
            let krate = krate.at(span);
            quote_spanned! {span=> {
                const _: () = #krate::__private::check_topic_name(#path);
                #path
            } }
        }
    }
}

/// A warning of the compiler: the use of something deprecated, which is all that a macro can do on stable Rust.
pub(crate) fn warning(place: Span, text: &str) -> TokenStream {
    let name = Ident::new("topics", place);
    let span = Span::mixed_site();
    quote_spanned! {span=>
        const _: () = {
            #[deprecated(note = #text)]
            #[allow(non_upper_case_globals)]
            const topics: () = ();
            #name
        };
    }
}

/// The widest of the methods' visibilities: what is generated for them could otherwise not be named where they can be
/// called.
pub(crate) fn widest<'v>(visibilities: impl Iterator<Item = &'v Visibility>) -> Visibility {
    let mut widest = Visibility::Inherited;
    for visibility in visibilities {
        widest = match (widest, visibility) {
            (Visibility::Public(token), _) => return Visibility::Public(token),
            (_, Visibility::Public(token)) => Visibility::Public(*token),
            (Visibility::Inherited, other) => other.clone(),
            (kept, Visibility::Inherited) => kept,
            (kept, other) if kept == *other => kept,
            // `pub(super)` and `pub(in path)` can't be compared from here; the crate holds both
            (_, other) => {
                let mut other = other.clone();
                if let Visibility::Restricted(restricted) = &mut other {
                    restricted.in_token = None;
                    *restricted.path = syn::parse_quote!(crate);
                }
                other
            }
        };
    }
    widest
}
