//! Reads an `impl` block so that a half-typed method costs nothing but itself.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::parse::{Parse as _, ParseStream, Parser as _};
use syn::{Attribute, Generics, Path, Signature, Token, Type, Visibility};

use super::{RawBlock, RawItem, RawMethod, RawTrait};
use crate::attributes::names_inside_cfg_attr;
use crate::errors::{Mistake, Sink};
use crate::suggest;

/// Reads the block; `inert` are the names of our attributes on its methods.
///
/// Reports what isn't an `impl` block at all and returns `None`; the caller emits the item as it was.
pub(crate) fn parse(
    item: TokenStream,
    macro_name: &str,
    inert: &[&str],
    sink: &Sink<'_>,
) -> Option<RawBlock> {
    if let Some((keyword, what)) = other_item(&item) {
        let mistake = Mistake::new(1, format!("`#[systemge::{macro_name}]` is on a {what}"));
        let help = "put it on the block with the handlers: `impl Life { .. }`; a struct takes \
                    `#[derive(systemge::Application)]`";
        sink.on(keyword, mistake.help(help));
        return None;
    }
    let reader = Reader { macro_name, inert, sink };
    match (|input: ParseStream<'_>| reader.block(input)).parse2(item) {
        Ok(block) => Some(block),
        Err(error) => {
            let message = format!("`#[systemge::{macro_name}]` can't read this block: {error}");
            sink.at(error.span(), Mistake::new(1, message).help("it belongs on `impl Life { .. }`"));
            None
        }
    }
}

/// Reads a trait; `inert` are the names of our attributes on its methods.
///
/// Reports what isn't a trait at all and returns `None`; the caller emits the item as it was.
pub(crate) fn parse_trait(item: TokenStream, inert: &[&str], sink: &Sink<'_>) -> Option<RawTrait> {
    const HELP: &str = "a contract is a trait: `pub trait Game { .. }`";
    let found = other_item(&item);
    if let Some((keyword, what)) = found.filter(|(_, what)| *what != "trait") {
        let mistake = Mistake::new(1, format!("`#[systemge::contract]` is on a {what}"));
        sink.on(keyword, mistake.help(HELP));
        return None;
    }
    let reader = Reader { macro_name: "contract", inert, sink };
    match (|input: ParseStream<'_>| reader.contract(input)).parse2(item) {
        Ok(contract) => Some(contract),
        Err(error) => {
            let message = format!("`#[systemge::contract]` can't read this item: {error}");
            sink.at(error.span(), Mistake::new(1, message).help(HELP));
            None
        }
    }
}

/// The keyword and the kind of an item that is no `impl` block.
fn other_item(item: &TokenStream) -> Option<(Ident, &'static str)> {
    item.clone().into_iter().find_map(|token| {
        let TokenTree::Ident(word) = token else { return None };
        let kind = match word.to_string().as_str() {
            "impl" => Some(None),
            "struct" => Some(Some("struct")),
            "enum" => Some(Some("enum")),
            "union" => Some(Some("union")),
            "fn" => Some(Some("function")),
            "trait" => Some(Some("trait")),
            "mod" => Some(Some("module")),
            "type" => Some(Some("type alias")),
            "use" => Some(Some("`use`")),
            "static" => Some(Some("static")),
            _ => None,
        };
        kind.map(|kind| kind.map(|kind| (word, kind)))
    })?
}

/// The blocks and the attributes of their methods, for attributes that stand in the wrong one. The attributes of
/// HTTP are missing on purpose: `#[get]` may well be somebody else's.
const BLOCKS: &[(&str, &[&str])] = &[
    ("node", &["topic", "on_start", "on_stop"]),
    ("contract", &["topic"]),
    ("commands", &["command"]),
    ("http", &[]),
    ("websocket", &["topic", "push", "on_connect", "on_disconnect"]),
];

/// Attributes of the compiler that could be taken for slips of ours.
const KNOWN: &[&str] = &[
    "allow",
    "expect",
    "warn",
    "deny",
    "forbid",
    "cfg_attr",
    "inline",
    "cold",
    "must_use",
    "deprecated",
    "doc",
    "track_caller",
    "test",
    "ignore",
    "should_panic",
    "rustfmt",
    "clippy",
    "instrument",
    "no_mangle",
    "target_feature",
    "automatically_derived",
];

struct Reader<'r> {
    macro_name: &'r str,
    inert: &'r [&'r str],
    sink: &'r Sink<'r>,
}

impl Reader<'_> {
    fn block(&self, input: ParseStream<'_>) -> syn::Result<RawBlock> {
        let attributes = input.call(Attribute::parse_outer)?;
        let unsafety = input.parse()?;
        let impl_token = input.parse()?;
        let mut generics: Generics = if input.peek(Token![<]) { input.parse()? } else { Generics::default() };
        let first: Type = input.parse()?;
        let (trait_path, self_type) = if input.peek(Token![for]) {
            let for_token = input.parse()?;
            let path: Path = syn::parse2(first.to_token_stream())?;
            (Some((path, for_token)), input.parse()?)
        } else {
            (None, first)
        };
        generics.where_clause = input.parse()?;
        let content;
        let brace = syn::braced!(content in input).span.join();
        let inner_attributes = content.call(Attribute::parse_inner)?;
        // where another of our macros is on the same block, attributes that are not ours are its own
        let alone = !attributes
            .iter()
            .any(|attribute| is_inert(attribute, &BLOCKS.iter().map(|(name, _)| *name).collect::<Vec<_>>()));
        let mut items = Vec::new();
        while !content.is_empty() {
            items.push(self.item(&content, alone)?);
        }
        Ok(RawBlock {
            attributes,
            unsafety,
            impl_token,
            generics,
            trait_path,
            self_type,
            inner_attributes,
            items,
            brace,
        })
    }

    fn contract(&self, input: ParseStream<'_>) -> syn::Result<RawTrait> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let qualifier = if input.peek(Token![trait]) { None } else { Some(input.call(Ident::parse_any)?) };
        input.parse::<Token![trait]>()?;
        let name = input.parse()?;
        let mut generics: Generics = if input.peek(Token![<]) { input.parse()? } else { Generics::default() };
        let mut supertraits = TokenStream::new();
        if input.peek(Token![:]) {
            input.parse::<Token![:]>()?;
            while !input.is_empty() && !input.peek(Token![where]) && !input.peek(syn::token::Brace) {
                supertraits.extend([input.parse::<TokenTree>()?]);
            }
        }
        generics.where_clause = input.parse()?;
        let content;
        syn::braced!(content in input);
        let mut items = Vec::new();
        while !content.is_empty() {
            items.push(self.item(&content, true)?);
        }
        Ok(RawTrait { attributes, visibility, qualifier, name, generics, supertraits, items })
    }

    fn item(&self, input: ParseStream<'_>, alone: bool) -> syn::Result<RawItem> {
        let ahead = input.fork();
        if ahead.call(Attribute::parse_outer).is_err() {
            return Ok(RawItem::Other { inert: Vec::new(), attributes: Vec::new(), tokens: skip(input)? });
        }
        let mut attributes = input.call(Attribute::parse_outer)?;
        attributes.retain(|attribute| !self.refuse_conditional(attribute));
        let inert = attributes.extract_if(.., |attribute| is_inert(attribute, self.inert)).collect();
        if alone {
            attributes.retain(|attribute| !self.refuse_stranger(attribute));
        }
        attributes.retain(|attribute| !self.refuse_misspelt(attribute));
        let ahead = input.fork();
        if head(&ahead).is_err() {
            return Ok(RawItem::Other { inert, attributes, tokens: skip(input)? });
        }
        let (visibility, defaultness, signature) = head(input)?;
        let body = if input.peek(syn::token::Brace) || input.peek(Token![;]) {
            input.parse::<TokenTree>()?.into()
        } else {
            TokenStream::new()
        };
        Ok(RawItem::Method(Box::new(RawMethod {
            inert,
            attributes,
            visibility,
            defaultness,
            signature,
            body,
        })))
    }

    /// Reports one of our attributes inside a `#[cfg_attr]`, which is expanded too late for us.
    fn refuse_conditional(&self, attribute: &Attribute) -> bool {
        let names = names_inside_cfg_attr(attribute);
        let Some(name) = names.iter().find(|name| self.inert.iter().any(|inert| name == inert)) else {
            return false;
        };
        let mistake = Mistake::new(14, format!("`{name}` stands inside a `cfg_attr`, where it isn't seen"));
        let help = format!("write two methods, each with `#[cfg(..)]`, and `#[{name}(..)]` on one of them");
        self.sink.at(name.span(), mistake.help(help));
        true
    }

    /// Reports an attribute that is nearly one of ours.
    fn refuse_misspelt(&self, attribute: &Attribute) -> bool {
        let Some(word) = attribute.path().get_ident().map(ToString::to_string) else { return false };
        let head = self.macro_name == "http" && word == "head";
        // `cfg` and others are as short as a slip
        if KNOWN.contains(&word.as_str()) || word.len() < 5 && !head {
            return false;
        }
        let candidates = self.inert.iter().copied().filter(|own| own.starts_with(&word[..1]));
        let Some(near) = suggest::nearest(&word, candidates).or_else(|| head.then_some("get")) else {
            return false;
        };
        let message =
            format!("there is no attribute `#[{word}]` in a `#[systemge::{}]` block", self.macro_name);
        let help = if head {
            "`#[get]` answers HEAD requests, too".to_owned()
        } else {
            format!("did you mean `#[{near}]`?")
        };
        self.sink.on(attribute.path(), Mistake::new(4, message).help(help));
        true
    }

    /// Reports an attribute that belongs in a block of another kind.
    fn refuse_stranger(&self, attribute: &Attribute) -> bool {
        let Some((home, _)) = BLOCKS.iter().find(|(_, names)| is_inert(attribute, names)) else {
            return false;
        };
        let name = super::path_text(attribute.path());
        let message =
            format!("`#[{name}]` is in a `#[systemge::{}]` block, which doesn't know it", self.macro_name);
        let help = format!("move the method into an `impl` block with `#[systemge::{home}]`");
        self.sink.on(attribute.path(), Mistake::new(3, message).help(help));
        true
    }
}

fn head(input: ParseStream<'_>) -> syn::Result<(Visibility, Option<Ident>, Signature)> {
    let visibility = input.parse()?;
    let defaultness =
        if input.peek(Token![default]) { Some(input.call(syn::ext::IdentExt::parse_any)?) } else { None };
    Ok((visibility, defaultness, Signature::parse(input)?))
}

/// Whether the attribute is one of ours, as `#[topic]` or `#[systemge::topic]`.
fn is_inert(attribute: &Attribute, inert: &[&str]) -> bool {
    let path = attribute.path();
    match path.segments.len() {
        1 => inert.iter().any(|name| path.is_ident(name)),
        2 => path.segments[0].ident == "systemge" && inert.iter().any(|name| path.segments[1].ident == name),
        _ => false,
    }
}

/// Takes everything up to the end of an item: a semicolon or a block.
fn skip(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() {
        let token: TokenTree = input.parse()?;
        let end = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !input.peek(Token![;]),
            _ => false,
        };
        tokens.extend(quote! { #token });
        if end {
            break;
        }
    }
    Ok(tokens)
}
