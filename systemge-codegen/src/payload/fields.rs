//! What serde's code takes for granted of the types of fields.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens as _, quote};
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Field, Meta, Type};

use super::schema;
use crate::attributes::{self, ArgumentKind};
use crate::block::{Obstacle, is_known_payload, obstacle};
use crate::crate_path::CratePath;

/// The keys of serde with which a field's type need not be a payload, or that say themselves what is needed.
const OWN_TERMS: &[&str] = &[
    "with",
    "serialize_with",
    "deserialize_with",
    "skip",
    "skip_serializing",
    "skip_deserializing",
    "bound",
    "flatten",
    "getter",
    "from",
    "into",
    "try_from",
    "remote",
];

/// The item with a condition at each field that its type is a payload, as a `where` clause of serde's
/// implementations: there it is taken for granted, so that serde has nothing to say about a type that is none, and the
/// wire shape says it once.
///
/// Types with parameters are left alone: serde finds out itself what these have to be.
pub(super) fn with_conditions(item: TokenStream, krate: &CratePath) -> TokenStream {
    let Ok(mut input) = syn::parse2::<DeriveInput>(item.clone()) else { return item };
    if !input.generics.params.is_empty() || has_own_terms(&input.attrs) {
        return item;
    }
    let name = input.ident.clone();
    let conditional = |field: &mut Field| {
        let ty = &field.ty;
        // `$crate` of a `macro_rules!` means nothing in a text
        let text = ty.to_token_stream().to_string();
        // a `dyn` is reported with the shape
        let simple = matches!(obstacle(ty), None | Some(Obstacle::Dyn(_)))
            && !is_known_payload(ty)
            && !matches!(ty, Type::Macro(_))
            && !text.contains('$');
        if simple && !has_own_terms(&field.attrs) && schema::mention(ty.to_token_stream(), &name).is_none() {
            let condition =
                format!("for<'systemge> {text}: {}::__private::probe::IsField<'systemge>", krate.text());
            let mut condition = Literal::string(&condition);
            // what the compiler has to say of the type is said at the type, and only once
            condition.set_span(ty.span());
            field.attrs.push(syn::parse_quote! { #[serde(bound = #condition)] });
        }
    };
    match &mut input.data {
        Data::Struct(data) => data.fields.iter_mut().for_each(conditional),
        Data::Enum(data) => {
            data.variants
                .iter_mut()
                .filter(|variant| !has_own_terms(&variant.attrs))
                .flat_map(|variant| &mut variant.fields)
                .for_each(conditional);
        }
        Data::Union(_) => return item,
    }
    quote! { #input }
}

fn has_own_terms(list: &[Attribute]) -> bool {
    let serde = list.iter().filter(|attribute| attribute.path().is_ident("serde"));
    serde
        .filter_map(|attribute| match &attribute.meta {
            Meta::List(list) => Some(attributes::split(list.tokens.clone())),
            _ => None,
        })
        .flatten()
        .any(|argument| match &argument.kind {
            ArgumentKind::Word(key) | ArgumentKind::Value(key, _) | ArgumentKind::List(key, _) => {
                OWN_TERMS.iter().any(|term| key == term)
            }
            _ => false,
        })
}
