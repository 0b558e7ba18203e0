//! `#[derive(systemge::Schema)]`: the wire shape of a type, as serde writes it.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Data, DataEnum, DeriveInput, Field, Fields, GenericParam, Type};

use super::case::Case;
use super::serde_attributes::{Level, Settings};
use crate::block;
use crate::crate_path::CratePath;
use crate::errors::{ErrorStore, Mistake, Sink};
use crate::expansion::Expansion;

/// Expands `#[derive(systemge::Schema)]`.
#[must_use]
pub fn schema(item: TokenStream, crate_path: &CratePath) -> Expansion {
    let store = ErrorStore::default();
    let sink = store.sink();
    let tokens = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => implementation(&input, crate_path, &sink),
        Err(error) => {
            let mistake = Mistake::new(16, format!("`Schema` can't read this item: {error}"));
            sink.at(error.span(), mistake.help("it is for structs and enums"));
            TokenStream::new()
        }
    };
    Expansion::new(tokens, store)
}

fn implementation(input: &DeriveInput, crate_path: &CratePath, sink: &Sink<'_>) -> TokenStream {
    let container = Settings::read(&input.attrs, Level::Container, sink);
    let krate = container.crate_path.clone().unwrap_or_else(|| crate_path.clone());
    let span = Span::mixed_site();
    let writer = Writer { name: &input.ident, krate: &krate, sink };
    let shape = match (&container.shape_of, &input.data) {
        (Some(ty), _) => writer.shape_of(ty),
        (None, Data::Struct(data)) if container.transparent => writer.transparent(&data.fields),
        (None, Data::Struct(data)) => writer.fields(&data.fields, container.rename_all),
        (None, Data::Enum(data)) => writer.variants(data, &container),
        (None, Data::Union(data)) => {
            let mistake = Mistake::new(16, format!("the union `{}` can't travel between nodes", input.ident));
            sink.on(data.union_token, mistake.help("use an enum"));
            TokenStream::new()
        }
    };
    // what borrows is reported at the fields, if one is there that the macro can see
    if let Some(lifetime) = input.generics.lifetimes().next().filter(|_| !sink.failed()) {
        let mistake =
            Mistake::new(209, format!("`{}` borrows, but what crosses the wire is owned", input.ident));
        sink.on(&lifetime.lifetime, mistake.help("use owned types, such as `String` for `&str`"));
    }
    // where something is wrong, a shape that is none keeps the error from being followed by others
    let shape = if sink.failed() {
        quote_spanned! {span=> &#krate::payload::Shape::Unit }
    } else {
        shape
    };
    let name = &input.ident;
    let (generics, types, where_clause) = input.generics.split_for_impl();
    let own = where_clause.into_iter().flat_map(|clause| clause.predicates.iter());
    let parameters = input.generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        _ => None,
    });
    quote_spanned! {span=>
        #[automatically_derived]
        impl #generics #krate::Schema for #name #types
        where
            #(#own,)*
            #(#parameters: #krate::Schema,)*
        {
            const SHAPE: &'static #krate::payload::Shape = #shape;
        }
    }
}

struct Writer<'w> {
    name: &'w Ident,
    krate: &'w CratePath,
    sink: &'w Sink<'w>,
}

impl Writer<'_> {
    /// The shape of a type, as an expression of type `&'static Shape`.
    fn shape_of(&self, ty: &Type) -> TokenStream {
        self.refuse(ty);
        let krate = self.krate;
        let span = ty.span().resolved_at(Span::mixed_site());
        quote_spanned! {span=> <#ty as #krate::Schema>::SHAPE }
    }

    /// The fields that serde doesn't skip, with what is said about each.
    fn kept<'f>(&self, fields: &'f Fields) -> Vec<(&'f Field, Settings)> {
        let all = fields.iter().map(|field| (field, Settings::read(&field.attrs, Level::Field, self.sink)));
        all.filter(|(_, settings)| settings.skip.is_none()).collect()
    }

    fn field(&self, field: &Field, settings: &Settings) -> TokenStream {
        self.shape_of(settings.shape_of.as_ref().unwrap_or(&field.ty))
    }

    fn fields(&self, fields: &Fields, case: Option<Case>) -> TokenStream {
        let (span, krate) = (Span::mixed_site(), self.krate);
        let kept = self.kept(fields);
        match fields {
            Fields::Unit => quote_spanned! {span=> &#krate::payload::Shape::Unit },
            Fields::Unnamed(all) => match kept.as_slice() {
                [(field, settings)] if all.unnamed.len() == 1 => self.field(field, settings),
                [] if all.unnamed.len() == 1 => {
                    let mistake = Mistake::new(
                        308,
                        "serde writes the only field of a tuple struct even if it is skipped",
                    );
                    self.sink.on(all, mistake.help("remove the field, or give it a name"));
                    TokenStream::new()
                }
                kept => {
                    let shapes = kept.iter().map(|(field, settings)| self.field(field, settings));
                    quote_spanned! {span=> &#krate::payload::Shape::Tuple(&[#(#shapes),*]) }
                }
            },
            Fields::Named(_) => {
                let fields = kept.iter().map(|(field, settings)| {
                    let plain = field.ident.as_ref().map(|name| name.unraw().to_string()).unwrap_or_default();
                    let name = settings
                        .rename
                        .clone()
                        .unwrap_or_else(|| case.map_or_else(|| plain.clone(), |case| case.field(&plain)));
                    let shape = self.field(field, settings);
                    quote_spanned! {span=> #krate::payload::Field { name: #name, shape: #shape } }
                });
                quote_spanned! {span=> &#krate::payload::Shape::Struct(&[#(#fields),*]) }
            }
        }
    }

    fn transparent(&self, fields: &Fields) -> TokenStream {
        match self.kept(fields).as_slice() {
            [(field, settings)] => self.field(field, settings),
            _ => {
                let mistake =
                    Mistake::new(308, "a transparent struct has exactly one field that isn't skipped");
                self.sink.on(fields, mistake.help("remove `transparent`, or skip the other fields"));
                TokenStream::new()
            }
        }
    }

    fn variants(&self, data: &DataEnum, container: &Settings) -> TokenStream {
        let (span, krate) = (Span::mixed_site(), self.krate);
        let mut skipped: Option<Span> = None;
        let mut variants = Vec::new();
        for variant in &data.variants {
            let settings = Settings::read(&variant.attrs, Level::Variant, self.sink);
            if settings.skip.is_some() {
                skipped = skipped.or(settings.skip);
                continue;
            }
            if let Some(place) = skipped.take() {
                // serde counts skipped variants when it writes, but not when it reads
                let mistake = Mistake::new(308, "a skipped variant shifts the numbers of those behind it");
                self.sink.at(place, mistake.help("move the skipped variants to the end of the enum"));
            }
            let plain = variant.ident.unraw().to_string();
            let name = settings.rename.clone().unwrap_or_else(|| {
                container.rename_all.map_or_else(|| plain.clone(), |case| case.variant(&plain))
            });
            let shape = match &settings.shape_of {
                Some(ty) => self.shape_of(ty),
                None => self.fields(&variant.fields, settings.rename_all.or(container.rename_all_fields)),
            };
            variants.push(quote_spanned! {span=> #krate::payload::Variant { name: #name, shape: #shape } });
        }
        if variants.is_empty() {
            return quote_spanned! {span=> &#krate::payload::Shape::Never };
        }
        quote_spanned! {span=> &#krate::payload::Shape::Enum(&[#(#variants),*]) }
    }

    /// Reports a type that has no shape: one that borrows, or the type itself again.
    fn refuse(&self, ty: &Type) {
        if let Some(obstacle) = block::obstacle(ty) {
            block::refuse_obstacle(&obstacle, "field", self.sink);
        }
        if let Some(again) = mention(ty.to_token_stream(), self.name) {
            let mistake = Mistake::new(
                307,
                format!("`{}` contains itself, so its wire shape would have no end", self.name),
            );
            self.sink
                .at(again, mistake.help("send a flat form: a `Vec` of nodes that name each other by index"));
        }
    }
}

/// Where the tokens name the type itself.
pub(super) fn mention(tokens: TokenStream, name: &Ident) -> Option<Span> {
    let mut before = None;
    for token in tokens {
        match &token {
            TokenTree::Group(group) => {
                if let Some(found) = mention(group.stream(), name) {
                    return Some(found);
                }
            }
            // `other::Tree` is another type
            TokenTree::Ident(word) if before != Some(':') && (word == name || word == "Self") => {
                return Some(word.span());
            }
            _ => {}
        }
        before = match &token {
            TokenTree::Punct(punct) => Some(punct.as_char()),
            _ => None,
        };
    }
    None
}
