//! The arguments of attributes, raw: every key keeps its place, and nothing is judged but the shape.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{Attribute, Lit, LitStr, Meta, Path};

use crate::crate_path::CratePath;
use crate::errors::{Mistake, Sink};
use crate::suggest;

/// One of the arguments between the commas of an attribute.
#[derive(Debug, Clone)]
pub(crate) struct Argument {
    pub(crate) kind: ArgumentKind,
    /// The tokens as written, for places.
    pub(crate) tokens: TokenStream,
}

#[derive(Debug, Clone)]
pub(crate) enum ArgumentKind {
    Literal(Lit),
    /// One identifier, keyword or not.
    Word(Ident),
    /// A path of several segments.
    Path(Path),
    /// `key = value`
    Value(Ident, TokenStream),
    /// `key(...)`
    List(Ident, Group),
    Other,
}

/// The arguments of an attribute such as `#[topic("name", oneway)]`.
pub(crate) fn arguments_of(attribute: &Attribute, sink: &Sink<'_>) -> Vec<Argument> {
    match &attribute.meta {
        Meta::Path(_) => Vec::new(),
        Meta::List(list) => split(list.tokens.clone()),
        Meta::NameValue(pair) => {
            let name = pair.path.to_token_stream();
            let value = pair.value.to_token_stream();
            let mistake = Mistake::new(15, format!("the arguments of `{name}` stand in parentheses"));
            sink.on(&pair.value, mistake.help(format!("write `#[{name}({value})]`")));
            split(value)
        }
    }
}

/// Splits at the commas.
pub(crate) fn split(tokens: TokenStream) -> Vec<Argument> {
    let mut arguments = Vec::new();
    let mut current: Vec<TokenTree> = Vec::new();
    for token in tokens {
        if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',') {
            arguments.push(classify(std::mem::take(&mut current), token.span()));
        } else {
            current.push(token);
        }
    }
    if !current.is_empty() {
        arguments.push(classify(current, Span::call_site()));
    }
    arguments
}

fn classify(trees: Vec<TokenTree>, end: Span) -> Argument {
    let tokens: TokenStream = if trees.is_empty() {
        let mut comma = proc_macro2::Punct::new(',', proc_macro2::Spacing::Alone);
        comma.set_span(end);
        TokenTree::from(comma).into()
    } else {
        trees.iter().cloned().collect()
    };
    let kind = match trees.as_slice() {
        [TokenTree::Ident(word)] if word != "true" && word != "false" => ArgumentKind::Word(word.clone()),
        [TokenTree::Ident(key), TokenTree::Punct(punct), value @ ..]
            if punct.as_char() == '=' && !value.is_empty() =>
        {
            ArgumentKind::Value(key.clone(), value.iter().cloned().collect())
        }
        [TokenTree::Ident(key), TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => {
            ArgumentKind::List(key.clone(), group.clone())
        }
        _ => match (syn::parse2::<Lit>(tokens.clone()), syn::parse2::<Path>(tokens.clone())) {
            (Ok(literal), _) => ArgumentKind::Literal(literal),
            (_, Ok(path)) => ArgumentKind::Path(path),
            _ => ArgumentKind::Other,
        },
    };
    Argument { kind, tokens }
}

/// Reports an option that the attribute doesn't have.
pub(crate) fn unknown_option(place: &Ident, attribute: &str, options: &[&str], sink: &Sink<'_>) {
    let word = place.unraw().to_string();
    let mistake = Mistake::new(8, format!("`{attribute}` has no option `{word}`"));
    sink.at(
        place.span(),
        match suggest::nearest(&word, options.iter().copied()) {
            Some(near) => mistake.help(format!("did you mean `{near}`?")),
            None if options.is_empty() => mistake.help("it takes no options"),
            None => mistake.help(format!("its options are {}", suggest::list(options))),
        },
    );
}

/// Reports an argument that can't be read at all.
pub(crate) fn unreadable(argument: &Argument, attribute: &str, example: &str, sink: &Sink<'_>) {
    let mistake = Mistake::new(15, format!("`{attribute}` doesn't understand `{}`", argument.tokens));
    sink.on(&argument.tokens, mistake.help(format!("write `{example}`")));
}

/// Reports an option that was given before.
pub(crate) fn given_twice(place: &Ident, sink: &Sink<'_>) {
    sink.at(place.span(), Mistake::new(9, format!("`{place}` is given twice")).help("remove one of them"));
}

/// The arguments of a block or item attribute: `crate = path`, and what the particular attribute takes.
#[derive(Debug)]
pub(crate) struct BlockArguments {
    pub(crate) crate_path: CratePath,
    /// The options that are not `crate`.
    pub(crate) rest: Vec<Argument>,
}

impl BlockArguments {
    pub(crate) fn read(tokens: TokenStream, default: &CratePath, sink: &Sink<'_>) -> Self {
        let mut crate_path = None;
        let mut rest = Vec::new();
        for argument in split(tokens) {
            match &argument.kind {
                ArgumentKind::Value(key, value) if key == "crate" => {
                    if crate_path.is_some() {
                        given_twice(key, sink);
                    } else if let Some(path) = read_path(value) {
                        crate_path = Some(CratePath::from_path(&path));
                    } else {
                        let mistake = Mistake::new(11, "`crate` takes the path of the crate systemge");
                        sink.on(value, mistake.help("write `crate = ::systemge`, for example"));
                    }
                }
                _ => rest.push(argument),
            }
        }
        Self { crate_path: crate_path.unwrap_or_else(|| default.clone()), rest }
    }

    /// Reports everything that is left, for attributes without options of their own.
    pub(crate) fn refuse_rest(&self, attribute: &str, sink: &Sink<'_>) {
        for argument in &self.rest {
            match &argument.kind {
                ArgumentKind::Word(word) | ArgumentKind::Value(word, _) | ArgumentKind::List(word, _) => {
                    unknown_option(word, attribute, &["crate"], sink);
                }
                _ => unreadable(argument, attribute, &format!("#[systemge::{attribute}]"), sink),
            }
        }
    }
}

/// A path, plain or (as serde has it) in a string.
fn read_path(value: &TokenStream) -> Option<Path> {
    syn::parse2::<LitStr>(value.clone())
        .ok()
        .and_then(|text| text.parse_with(Path::parse_mod_style).ok())
        .or_else(|| syn::parse::Parser::parse2(Path::parse_mod_style, value.clone()).ok())
}

/// What of an attribute that is on a handler goes to what is generated from it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Carried {
    /// `#[cfg]`, and the same inside `#[cfg_attr]`.
    pub(crate) cfgs: Vec<Attribute>,
    /// Documentation.
    pub(crate) docs: Vec<Attribute>,
    /// `#[deprecated]`.
    pub(crate) deprecated: Vec<Attribute>,
}

impl Carried {
    pub(crate) fn of(attributes: &[Attribute]) -> Self {
        let mut carried = Self::default();
        for attribute in attributes {
            for (name, list) in [
                ("cfg", &mut carried.cfgs),
                ("doc", &mut carried.docs),
                ("deprecated", &mut carried.deprecated),
            ] {
                if attribute.path().is_ident(name) {
                    list.push(attribute.clone());
                } else if attribute.path().is_ident("cfg_attr") {
                    list.extend(conditional(attribute, name));
                }
            }
        }
        carried
    }

    /// The text of the documentation, as far as it stands in literals.
    pub(crate) fn documentation(&self) -> String {
        let mut text = String::new();
        for attribute in &self.docs {
            if let Meta::NameValue(pair) = &attribute.meta
                && let syn::Expr::Lit(syn::ExprLit { lit: Lit::Str(line), .. }) = &pair.value
            {
                if !text.is_empty() {
                    text.push('\n');
                }
                let line = line.value();
                text.push_str(line.strip_prefix(' ').unwrap_or(&line));
            }
        }
        text.trim().to_owned()
    }
}

/// The part of a `#[cfg_attr(condition, …)]` whose attributes are called `name`.
fn conditional(attribute: &Attribute, name: &str) -> Option<Attribute> {
    let Meta::List(list) = &attribute.meta else { return None };
    let mut arguments = split(list.tokens.clone()).into_iter();
    let condition = arguments.next()?.tokens;
    let inner: Vec<TokenStream> = arguments
        .map(|argument| argument.tokens)
        .filter(|tokens| first_word(tokens).is_some_and(|word| word == name))
        .collect();
    if inner.is_empty() {
        return None;
    }
    let mut copy = attribute.clone();
    if let Meta::List(list) = &mut copy.meta {
        list.tokens = quote::quote! { #condition, #(#inner),* };
    }
    Some(copy)
}

/// The attributes' names inside a `#[cfg_attr]`.
pub(crate) fn names_inside_cfg_attr(attribute: &Attribute) -> Vec<Ident> {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg_attr") => split(list.tokens.clone())
            .iter()
            .skip(1)
            .filter_map(|argument| first_word(&argument.tokens))
            .collect(),
        _ => Vec::new(),
    }
}

fn first_word(tokens: &TokenStream) -> Option<Ident> {
    match tokens.clone().into_iter().next() {
        Some(TokenTree::Ident(word)) => Some(word),
        _ => None,
    }
}
