//! serde's attributes, as far as they change the wire shape.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens as _;
use syn::{Attribute, LitStr, Path, Type};

use super::case::Case;
use crate::attributes::{self, Argument, ArgumentKind};
use crate::crate_path::CratePath;
use crate::errors::{Mistake, Sink};

/// Where an attribute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Container,
    Variant,
    Field,
}

/// What the attributes of one container, variant or field say.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) rename: Option<String>,
    pub(crate) rename_all: Option<Case>,
    pub(crate) rename_all_fields: Option<Case>,
    pub(crate) transparent: bool,
    /// The place of a `skip`, or of both halves of it.
    pub(crate) skip: Option<Span>,
    /// `#[schema(as = "Type")]`
    pub(crate) shape_of: Option<Type>,
    pub(crate) crate_path: Option<CratePath>,
}

/// The keys that choose another representation, and what to do instead.
const REFUSED: &[(&str, &str)] = &[
    ("flatten", "name the inner fields, or keep the struct as a field"),
    ("untagged", "remove it: the variant's name travels with the value"),
    ("tag", "remove it: the variant's name travels with the value"),
    ("content", "remove it: the variant's name travels with the value"),
    ("skip_serializing_if", "use an `Option`, which costs one byte, and remove the condition"),
    ("field_identifier", "remove it"),
    ("variant_identifier", "remove it"),
    ("getter", "remove it"),
];

/// The keys that give another type's shape to this one.
const OTHER_SHAPE: &[&str] =
    &["with", "serialize_with", "deserialize_with", "from", "try_from", "into", "remote"];

impl Settings {
    pub(crate) fn read(list: &[Attribute], level: Level, sink: &Sink<'_>) -> Self {
        let mut settings = Self::default();
        for attribute in list.iter().filter(|attribute| attribute.path().is_ident("schema")) {
            for argument in attributes::arguments_of(attribute, sink) {
                settings.schema(&argument, level, sink);
            }
        }
        let mut halves: Vec<Ident> = Vec::new();
        for attribute in list.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            let syn::Meta::List(meta) = &attribute.meta else { continue };
            for argument in attributes::split(meta.tokens.clone()) {
                settings.serde(&argument, &mut halves, sink);
            }
        }
        match halves.as_slice() {
            [] => {}
            [half] => {
                let mistake =
                    Mistake::new(308, format!("`{half}` skips one direction only, so the two ends disagree"));
                sink.at(half.span(), mistake.help("write `skip`"));
            }
            [half, ..] => settings.skip = Some(half.span()),
        }
        settings
    }

    fn schema(&mut self, argument: &Argument, level: Level, sink: &Sink<'_>) {
        match &argument.kind {
            ArgumentKind::Value(key, value) if key == "as" => match read_type(value) {
                Some(ty) => self.shape_of = Some(ty),
                None => {
                    let mistake = Mistake::new(11, "`as` takes a type");
                    sink.on(value, mistake.help("write `#[schema(as = \"String\")]`, for example"));
                }
            },
            ArgumentKind::Value(key, value) if key == "crate" && level == Level::Container => {
                match syn::parse::Parser::parse2(Path::parse_mod_style, value.clone()) {
                    Ok(path) => self.crate_path = Some(CratePath::from_path(&path)),
                    Err(_) => {
                        let mistake = Mistake::new(11, "`crate` takes the path of the crate systemge");
                        sink.on(value, mistake.help("write `crate = ::systemge`, for example"));
                    }
                }
            }
            ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _) => {
                attributes::unknown_option(word, "schema", &["as", "crate"], sink);
            }
            _ => attributes::unreadable(argument, "schema", "#[schema(as = \"String\")]", sink),
        }
    }

    /// What serde itself has to say about its attributes is left to serde.
    fn serde(&mut self, argument: &Argument, halves: &mut Vec<Ident>, sink: &Sink<'_>) {
        let (key, value) = match &argument.kind {
            ArgumentKind::Word(key) => (key, TokenStream::new()),
            ArgumentKind::Value(key, value) => (key, value.clone()),
            ArgumentKind::List(key, group) => (key, group.stream()),
            _ => return,
        };
        let word = key.to_string();
        if let Some((_, instead)) = REFUSED.iter().find(|(refused, _)| *refused == word) {
            let mistake = Mistake::new(308, format!("postcard can't carry serde's `{word}`"));
            sink.at(key.span(), mistake.help(*instead));
            return;
        }
        if OTHER_SHAPE.contains(&word.as_str()) {
            if self.shape_of.is_none() {
                let mistake =
                    Mistake::new(308, format!("`{word}` gives this another wire shape, which isn't known"));
                sink.at(
                    key.span(),
                    mistake.help("say whose shape it has: `#[schema(as = \"String\")]`, for example"),
                );
            }
            return;
        }
        match word.as_str() {
            "rename" => self.rename = both_ways(key, &value, sink).map(|text| text.value()),
            "rename_all" => {
                self.rename_all = both_ways(key, &value, sink).and_then(|text| Case::read(&text.value()))
            }
            "rename_all_fields" => {
                self.rename_all_fields =
                    both_ways(key, &value, sink).and_then(|text| Case::read(&text.value()));
            }
            "transparent" => self.transparent = true,
            "skip" => self.skip = Some(key.span()),
            "skip_serializing" | "skip_deserializing" => halves.push(key.clone()),
            _ => {}
        }
    }
}

/// A name that must be the same for writing and reading: `"name"`, or `serialize = "name", deserialize = "name"`.
fn both_ways(key: &Ident, value: &TokenStream, sink: &Sink<'_>) -> Option<LitStr> {
    if let Ok(text) = syn::parse2::<LitStr>(value.clone()) {
        return Some(text);
    }
    let names: Vec<LitStr> = attributes::split(value.clone())
        .into_iter()
        .filter_map(|argument| match argument.kind {
            ArgumentKind::Value(_, value) => syn::parse2(value).ok(),
            _ => None,
        })
        .collect();
    match names.as_slice() {
        [write, read] if write.value() == read.value() => Some(write.clone()),
        [] => None,
        _ => {
            let mistake = Mistake::new(308, format!("`{key}` gives different names for writing and reading"));
            sink.at(key.span(), mistake.help(format!("write `{key} = \"..\"`, which is for both")));
            None
        }
    }
}

/// A type, plain or in a string.
fn read_type(value: &TokenStream) -> Option<Type> {
    match syn::parse2::<LitStr>(value.clone()) {
        Ok(text) => {
            // errors about the type belong at the string
            let tokens: TokenStream = text.value().parse().ok()?;
            syn::parse2(respan(tokens, text.span())).ok()
        }
        Err(_) => syn::parse2(value.to_token_stream()).ok(),
    }
}

fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut tree| {
            if let proc_macro2::TokenTree::Group(group) = &tree {
                let copy = proc_macro2::Group::new(group.delimiter(), respan(group.stream(), span));
                tree = copy.into();
            }
            tree.set_span(span);
            tree
        })
        .collect()
}
