//! What the emitters of all blocks share: the call of a handler, and the frame of a hidden constant.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Attribute, Generics};

use crate::attributes::Carried;
use crate::block::{RawBlock, Role, ValidSignature};
use crate::crate_path::CratePath;
use crate::node::Hook;

/// The place of some tokens, with names resolved where the macro is called: locals can't meet the user's.
pub(crate) fn place(tokens: &impl syn::spanned::Spanned) -> Span {
    tokens.span().resolved_at(Span::mixed_site())
}

/// A hygienic local.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// `let (state, context) = …` and the call of the handler, as the statements of an async block; `values` are the
/// locals with the handler's values, in order. Leaves `state`, `context` and `reply` behind.
pub(crate) fn call(signature: &ValidSignature, values: &[Ident], krate: &CratePath) -> TokenStream {
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
    let (lock, receiver) = if signature.is_exclusive() {
        (
            quote_spanned! {span=> let mut application = state.exclusive().await; },
            quote_spanned! {span=> &mut application },
        )
    } else {
        (
            quote_spanned! {span=> let application = state.shared().await; },
            quote_spanned! {span=> &application },
        )
    };
    quote_spanned! {span=>
        let (state, context) = invocation.open::<#context>();
        let reply = {
            #lock
            Self::#name(#receiver #(, #arguments)*) #wait
        };
    }
}

/// A condition `type: trait`, reported at the type.
pub(crate) fn condition(ty: &TokenStream, trait_path: impl FnOnce(Span) -> TokenStream) -> TokenStream {
    let path = trait_path(place(ty));
    quote! { #ty: #path }
}

/// The `impl` block of a hidden constant.
///
/// The conditions are written down as a `where` clause of the block: where one doesn't hold, the compiler reports
/// it once, at the user's type, and takes it for granted in the block itself.
pub(crate) fn constant(
    block: &RawBlock,
    conditions: impl IntoIterator<Item = TokenStream>,
    krate: &CratePath,
    constant: TokenStream,
) -> TokenStream {
    let span = Span::mixed_site();
    let Carried { cfgs, .. } = Carried::of(&block.attributes);
    let (generics, _, where_clause) = block.generics.split_for_impl();
    let own = where_clause.into_iter().flat_map(|clause| clause.predicates.iter());
    let self_type = &block.self_type;
    let application =
        condition(&self_type.to_token_stream(), |span| quote_spanned! {span=> #krate::Application });
    let conditions = conditions.into_iter();
    quote_spanned! {span=>
        #(#cfgs)*
        #[automatically_derived]
        #[allow(deprecated, trivial_bounds, unused_variables, clippy::all, clippy::pedantic, clippy::nursery)]
        impl #generics #self_type
        where
            #(#own,)*
            #application,
            #(#conditions,)*
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
        let call = call(&hook.signature, &[], krate);
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
            quote_spanned! {span=> {
                let hook = ::core::option::Option::None;
                #( #(#cfgs)* let hook = #values; )*
                hook
            } }
        }
    }
}

/// The generics with `<..>` behind a type's name.
pub(crate) fn type_generics(generics: &Generics) -> TokenStream {
    generics.split_for_impl().1.to_token_stream()
}

/// The place of a whole type, for errors about it.
pub(crate) fn type_place(block: &RawBlock) -> Span {
    block.self_type.span().resolved_at(Span::mixed_site())
}
