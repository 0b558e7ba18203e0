//! `impl` blocks as the user wrote them: signatures are read, bodies stay raw tokens.

mod parse;
mod signature;
mod types;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::{Attribute, FnArg, Generics, Pat, Path, Signature, Type, Visibility, WhereClause};

pub(crate) use self::parse::{parse, parse_trait};
pub(crate) use self::signature::{Receiver, Role, Rules, ValidSignature, refuse as refuse_obstacle};
pub(crate) use self::types::{
    Obstacle, is_called, is_known_payload, last_segment, obstacle, only_argument, replace_self, type_text,
    ungroup,
};
use crate::errors::{Mistake, Sink};

/// An `impl` block, parsed but not judged.
#[derive(Debug)]
pub(crate) struct RawBlock {
    /// The attributes above it, without the macro's own.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) unsafety: Option<syn::Token![unsafe]>,
    pub(crate) impl_token: syn::Token![impl],
    pub(crate) generics: Generics,
    pub(crate) trait_path: Option<(Path, syn::Token![for])>,
    pub(crate) self_type: Type,
    pub(crate) inner_attributes: Vec<Attribute>,
    pub(crate) items: Vec<RawItem>,
    pub(crate) brace: Span,
}

/// A trait, parsed but not judged.
#[derive(Debug)]
pub(crate) struct RawTrait {
    /// The attributes above it, without the macro's own.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    /// A word before `trait`, such as `unsafe`.
    pub(crate) qualifier: Option<Ident>,
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) supertraits: TokenStream,
    pub(crate) items: Vec<RawItem>,
}

/// What stands in a block.
#[derive(Debug)]
pub(crate) enum RawItem {
    Method(Box<RawMethod>),
    /// A constant, a type, a macro call, or something that isn't Rust (yet); emitted as it is.
    Other {
        inert: Vec<Attribute>,
        attributes: Vec<Attribute>,
        tokens: TokenStream,
    },
}

/// A method, parsed but not judged.
#[derive(Debug)]
pub(crate) struct RawMethod {
    /// Our attributes, such as `#[topic]`; they are not emitted again.
    pub(crate) inert: Vec<Attribute>,
    /// All other attributes.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) defaultness: Option<Ident>,
    pub(crate) signature: Signature,
    /// The body with its braces, or what stands in its place.
    pub(crate) body: TokenStream,
}

impl RawMethod {
    /// Whether there is no body, only a semicolon.
    pub(crate) fn is_declaration(&self) -> bool {
        let mut body = self.body.clone().into_iter();
        matches!((body.next(), body.next()), (Some(TokenTree::Punct(punct)), None) if punct.as_char() == ';')
    }

    /// Whether it is a `#[push]` as it should be, which is no method of the type.
    fn is_declared_push(&self) -> bool {
        self.is_declaration() && self.inert.iter().any(|attribute| attribute_name(attribute) == "push")
    }
}

impl RawBlock {
    /// The name of the type that the block is for.
    pub(crate) fn type_name(&self) -> Option<&Ident> {
        match ungroup(&self.self_type) {
            Type::Path(path) if path.qself.is_none() => {
                path.path.segments.last().map(|segment| &segment.ident)
            }
            _ => None,
        }
    }

    /// The name of the type without `r#`.
    pub(crate) fn plain_type_name(&self) -> String {
        self.type_name()
            .map_or_else(|| self.self_type.to_token_stream().to_string(), |name| name.unraw().to_string())
    }

    /// Reports what no block of ours may be: an implementation of a trait, or a block for something that has no
    /// name.
    pub(crate) fn check_head(&self, attribute: &str, sink: &Sink<'_>) {
        self.check_type(attribute, sink);
        if let Some((path, _)) = &self.trait_path {
            let name = self.plain_type_name();
            let message = format!(
                "`#[systemge::{attribute}]` is on an implementation of the trait `{}`",
                path_text(path)
            );
            let help = format!("put the handlers into a block of their own: `impl {name} {{ .. }}`");
            sink.on(path, Mistake::new(2, message).help(help));
        }
    }

    /// Reports a type that handlers can't be for.
    pub(crate) fn check_type(&self, attribute: &str, sink: &Sink<'_>) {
        if self.type_name().is_none() {
            let message = format!("`#[systemge::{attribute}]` needs the name of a struct or an enum");
            sink.on(&self.self_type, Mistake::new(1, message).help("write `impl Life { .. }`, for example"));
        }
        for parameter in self.generics.lifetimes() {
            let message = "an application owns its data, so it has no lifetimes";
            sink.on(
                &parameter.lifetime,
                Mistake::new(209, message).help("use an owned type, such as `String` for `&str`"),
            );
        }
    }
}

impl ToTokens for RawBlock {
    /// The block as it was, without our own attributes.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attributes, unsafety, impl_token, generics, self_type, inner_attributes, items, .. } =
            self;
        let where_clause: Option<&WhereClause> = generics.where_clause.as_ref();
        let trait_path = self.trait_path.as_ref().map(|(path, for_token)| quote! { #path #for_token });
        let mut content = TokenStream::new();
        for item in items {
            item.to_tokens(&mut content);
        }
        let mut body =
            proc_macro2::Group::new(proc_macro2::Delimiter::Brace, quote! { #(#inner_attributes)* #content });
        body.set_span(self.brace);
        tokens.extend(quote! {
            #(#attributes)* #unsafety #impl_token #generics #trait_path #self_type #where_clause #body
        });
    }
}

impl ToTokens for RawTrait {
    /// The trait as it was, without our own attributes.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attributes, visibility, qualifier, name, generics, supertraits, items } = self;
        let where_clause = generics.where_clause.as_ref();
        tokens.extend(quote! {
            #(#attributes)* #visibility #qualifier trait #name #generics: #supertraits #where_clause { #(#items)* }
        });
    }
}

impl ToTokens for RawItem {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Method(method) if method.is_declared_push() => {}
            Self::Method(method) => {
                let RawMethod { attributes, visibility, defaultness, signature, body, .. } = &**method;
                tokens.extend(quote! { #(#attributes)* #visibility #defaultness #signature #body });
            }
            Self::Other { attributes, tokens: item, .. } => tokens.extend(quote! { #(#attributes)* #item }),
        }
    }
}

/// Gives every parameter a plain name or none, as a method without a body must have it.
pub(crate) fn plain_parameters(signature: &mut Signature) {
    for input in &mut signature.inputs {
        match input {
            FnArg::Receiver(receiver) => receiver.mutability = None,
            FnArg::Typed(typed) => match &mut *typed.pat {
                Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
                    pattern.mutability = None;
                }
                pattern => *pattern = syn::parse_quote!(_),
            },
        }
    }
}

/// The keyword of an item that is no method; `None` where it is something that can't be read.
pub(crate) fn item_keyword(tokens: &TokenStream) -> Option<String> {
    let words = tokens.clone().into_iter().filter_map(|token| match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    });
    words
        .take(2)
        .find(|word| matches!(word.as_str(), "const" | "type" | "static" | "struct" | "enum" | "use"))
}

/// A path as one writes it.
pub(crate) fn path_text(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}

/// The last word of an attribute's path, such as `topic` of `#[systemge::topic]`.
pub(crate) fn attribute_name(attribute: &Attribute) -> String {
    attribute.path().segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
}

/// The first of our attributes on a method; reports if there are more.
pub(crate) fn only_attribute<'m>(method: &'m RawMethod, sink: &Sink<'_>) -> Option<&'m Attribute> {
    let (first, more) = method.inert.split_first()?;
    for attribute in more {
        let name = &method.signature.ident;
        let (first, second) = (attribute_name(first), attribute_name(attribute));
        let message = if first == second {
            format!("`{name}` has two `#[{first}]`")
        } else {
            format!("`{name}` has `#[{first}]` and `#[{second}]`")
        };
        sink.on(
            attribute.path(),
            Mistake::new(10, message).help("write a second method that calls the first"),
        );
    }
    Some(first)
}

/// Reports our attributes on something that is no method. A method that can't be read yet is the compiler's business.
pub(crate) fn refuse_on_other(inert: &[Attribute], tokens: &TokenStream, sink: &Sink<'_>) {
    let half_typed =
        tokens.clone().into_iter().any(|token| matches!(token, TokenTree::Ident(word) if word == "fn"));
    for attribute in inert.iter().filter(|_| !half_typed) {
        let mistake =
            Mistake::new(13, format!("`#[{}]` is on something that is no method", attribute_name(attribute)));
        sink.on(attribute.path(), mistake.help("put it on `async fn` or `fn`"));
    }
}
