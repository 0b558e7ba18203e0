//! `#[systemge::node] impl Contract for App`: handlers of the topics that a contract declares.
//!
//! In two steps, since the block can't know what is in the contract: [`node`](super::node) gives the block to the macro that
//! the contract exports under its own name, and that one gives it to [`implement`], together with its digest. The methods
//! become those of a hidden trait, so that the contract's signatures don't bind them, and methods of the same name in
//! several contracts don't meet.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{Parse as _, ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::{Attribute, FnArg, Path, ReturnType, Signature, Type};

use super::model::{Node, NodeArguments, Topic};
use super::{ATTRIBUTES, emit, validate};
use crate::attributes::{BlockArguments, Carried};
use crate::block::{self, RawBlock, RawItem, RawMethod, ValidSignature, replace_self};
use crate::contract::digest::{Digest, DigestTopic};
use crate::crate_path::CratePath;
use crate::errors::{ErrorStore, Mistake, Sink};
use crate::expansion::Expansion;
use crate::hook;
use crate::suggest;
use crate::topic::{Kind, TopicAttribute, TopicName};

/// Traits of the standard library, which are no contracts for sure. The compiler says of all others that there is no macro
/// of their name.
const STANDARD: &[&str] = &[
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Deref",
    "DerefMut",
    "Display",
    "Drop",
    "Eq",
    "Error",
    "From",
    "FromStr",
    "Future",
    "Hash",
    "Into",
    "Iterator",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Send",
    "Sync",
    "TryFrom",
];

/// Hands a block for a trait to the contract that the trait should be; `None` if it is none for a trait.
pub(super) fn hand_to_contract(
    arguments: &TokenStream,
    item: &TokenStream,
    crate_path: &CratePath,
) -> Option<Expansion> {
    // mistakes in the block are reported when it comes back
    let silent = ErrorStore::default();
    let block = block::parse(item.clone(), "node", ATTRIBUTES, &silent.sink());
    let common = BlockArguments::read(arguments.clone(), crate_path, &silent.sink());
    drop(silent.into_sorted());
    let block = block?;
    let (path, _) = block.trait_path.as_ref()?;
    let store = ErrorStore::default();
    let sink = store.sink();
    let last = path.segments.last()?;
    if STANDARD.iter().any(|name| last.ident == name) {
        let mistake =
            Mistake::new(2, format!("`{}` is no contract, so it declares no topics", block::path_text(path)));
        let help = format!(
            "put the handlers into a block of their own: `impl {} {{ .. }}`, or declare a trait with \
             `#[systemge::contract]`",
            block.plain_type_name()
        );
        sink.on(path, mistake.help(help));
        return Some(Expansion::new(item.clone(), store));
    }
    let krate = &common.crate_path;
    let Carried { cfgs, .. } = Carried::of(&block.attributes);
    let callee = without_arguments(path);
    let span = Span::mixed_site();
    let tokens = quote_spanned! {span=> #(#cfgs)* #callee! { { #krate } { #arguments } #item } };
    Some(Expansion::new(tokens, store))
}

fn without_arguments(path: &Path) -> Path {
    let mut path = path.clone();
    for segment in &mut path.segments {
        segment.arguments = syn::PathArguments::None;
    }
    path
}

/// Expands what the macro of a contract calls: its own crate's path, its digest, the arguments and the block.
#[must_use]
pub fn implement(input: TokenStream) -> Expansion {
    let store = ErrorStore::default();
    let parsed = (|input: ParseStream<'_>| {
        let group = || {
            let content;
            syn::braced!(content in input);
            content.parse::<TokenStream>()
        };
        let (path, digest, arguments) = (group()?, group()?, group()?);
        Ok((path, digest, arguments, input.parse::<TokenStream>()?))
    })
    .parse2(input)
    .and_then(|(path, digest, arguments, item)| {
        Ok((Path::parse_mod_style.parse2(path)?, Digest::parse.parse2(digest)?, arguments, item))
    });
    let (path, digest, arguments, item) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            let mistake = Mistake::new(2, format!("this is no call of a contract: {error}"));
            store.sink().at(error.span(), mistake.help("write `#[systemge::node] impl Game for App { .. }`"));
            return Expansion::new(TokenStream::new(), store);
        }
    };
    let sink = store.sink();
    let krate = CratePath::from_path(&path);
    let common = BlockArguments::read(arguments, &krate, &sink);
    common.refuse_rest("node", &sink);
    let mut tokens = TokenStream::new();
    match block::parse(item.clone(), "node", ATTRIBUTES, &sink) {
        None => tokens.extend(item),
        Some(raw) => tokens.extend(expand(&raw, &digest, &common.crate_path, &sink)),
    }
    Expansion::new(tokens, store)
}

/// A block of handlers of a contract.
pub(super) struct Implementation<'i> {
    /// The path of the contract.
    pub(super) contract: &'i Path,
    /// The type of its client.
    pub(super) client: &'i TokenStream,
    /// The place of each topic in the contract.
    pub(super) places: Vec<usize>,
    /// The name of the contract, and those of its keys.
    pub(super) digest: &'i Digest,
    /// Whether some are under a `#[cfg]`, so that the compiler has to see whether all are handled.
    pub(super) conditional: bool,
    /// The name of the constant with the block.
    pub(super) constant: Ident,
}

fn expand(raw: &RawBlock, digest: &Digest, krate: &CratePath, sink: &Sink<'_>) -> TokenStream {
    let Some((path, _)) = &raw.trait_path else { return raw.to_token_stream() };
    let head = sink.child();
    raw.check_type("node", &head);
    for segment in path.segments.iter().filter(|segment| !segment.arguments.is_none()) {
        let mistake = Mistake::new(405, format!("the contract `{}` has no type parameters", segment.ident));
        head.on(&segment.arguments, mistake.help("remove them"));
    }
    let span = emit_place(path);
    let at = krate.at(span);
    let contract = without_arguments(path);
    let client = quote_spanned! {span=> <#at::__private::Declared as #contract>::__systemge_node_is_missing_above_this_block };
    let home = hidden_name(raw, path);
    let mut reader = Reader {
        raw,
        digest,
        client: &client,
        home: hidden_path(raw, &home),
        krate,
        node: Node::empty(raw, &NodeArguments::default()),
        places: Vec::new(),
        written: Vec::new(),
        meant: Vec::new(),
    };
    for item in &raw.items {
        match item {
            RawItem::Method(method) => reader.method(method, &sink.child()),
            RawItem::Other { inert, tokens, .. } => reader.other(inert, tokens, sink),
        }
    }
    reader.missing(path, sink);
    let Reader { node, places, .. } = reader;
    let mut tokens = hidden_trait(raw, &home);
    tokens.extend(hidden_implementation(raw, &home));
    if !head.failed() {
        let conditional = digest.topics.iter().any(|topic| topic.conditional);
        let implementation = Implementation {
            contract: &contract,
            client: &client,
            places,
            digest,
            conditional,
            constant: format_ident!("{home}_BLOCK"),
        };
        tokens.extend(emit::contract_block(&node, &implementation, krate));
    }
    tokens
}

fn emit_place(path: &Path) -> Span {
    path.segments
        .last()
        .map_or_else(|| path.span(), |segment| segment.ident.span())
        .resolved_at(Span::mixed_site())
}

/// Reads the methods of the block.
struct Reader<'r> {
    raw: &'r RawBlock,
    digest: &'r Digest,
    client: &'r TokenStream,
    home: TokenStream,
    krate: &'r CratePath,
    node: Node<'r>,
    places: Vec<usize>,
    /// The names of the topics that have a method, right or wrong.
    written: Vec<String>,
    /// Those that were probably meant by a method of another name.
    meant: Vec<String>,
}

impl Reader<'_> {
    fn method(&mut self, method: &RawMethod, sink: &Sink<'_>) {
        let carried = Carried::of(&method.attributes);
        let attribute = block::only_attribute(method, sink);
        if let Some(attribute) = attribute {
            let hooks = match block::attribute_name(attribute).as_str() {
                "on_start" => Some(&mut self.node.on_start),
                "on_stop" => Some(&mut self.node.on_stop),
                _ => None,
            };
            if let Some(hooks) = hooks {
                let again = !hooks.is_empty();
                let read = hook::read(method, attribute, carried, validate::HOOK, again, sink);
                hooks.extend(read.map(|mut hook| {
                    hook.signature.home = Some(self.home.clone());
                    hook
                }));
                return;
            }
        }
        let name = method.signature.ident.unraw().to_string();
        let Some(topic) = self.digest.topics.iter().find(|topic| topic.signature.ident.unraw() == name)
        else {
            self.stranger(method, &name, sink);
            return;
        };
        self.written.push(name);
        let mut options = attribute.map_or_else(TopicAttribute::default, |attribute| {
            options_only(attribute, &method.signature.ident, &self.digest.name, sink)
        });
        let Some(mut signature) = ValidSignature::read(&method.signature, validate::TOPIC, &sink.child())
        else {
            return;
        };
        // under a `#[cfg]`, the compiler sees whether it is there at all, and says the same
        if signature.values().count() != topic.values() && carried.cfgs.is_empty() {
            wrong_values(&signature, topic, &self.digest.name, sink);
            return;
        }
        if signature.output.is_none()
            && topic.kind == Kind::Request
            && let Some(output) = topic.output()
        {
            let name = &signature.name;
            let message =
                format!("`{name}` returns nothing, but the contract `{}` says `{output}`", self.digest.name);
            sink.at(name.span(), Mistake::new(403, message).help(format!("write `{}`", topic.text())));
            return;
        }
        let options = validate::options(&mut options, &signature, &self.raw.self_type, sink);
        if sink.failed() {
            return;
        }
        signature.home = Some(self.home.clone());
        let (krate, client, index) =
            (self.krate.at(signature.name.span().resolved_at(Span::mixed_site())), self.client, topic.index);
        let span = signature.name.span().resolved_at(Span::mixed_site());
        let name = quote_spanned! {span=> <#client as #krate::__private::ContractTopic<#index>>::NAME };
        self.places.push(index);
        self.node.topics.push(Topic {
            name: TopicName::Declared(name),
            kind: topic.kind,
            options,
            signature,
            carried,
        });
    }

    /// A method that is no topic of the contract.
    fn stranger(&mut self, method: &RawMethod, name: &str, sink: &Sink<'_>) {
        let contract = &self.digest.name;
        let mistake = Mistake::new(402, format!("`{name}` is no topic of the contract `{contract}`"));
        let names: Vec<String> =
            self.digest.topics.iter().map(|topic| topic.signature.ident.unraw().to_string()).collect();
        let there: Vec<String> = self
            .raw
            .items
            .iter()
            .filter_map(|item| match item {
                RawItem::Method(method) => Some(method.signature.ident.unraw().to_string()),
                RawItem::Other { .. } => None,
            })
            .collect();
        let free = names.iter().filter(|name| !there.contains(name)).map(String::as_str);
        let help = match suggest::nearest(name, free) {
            Some(near) => {
                self.meant.push(near.to_owned());
                format!("did you mean `{near}`?")
            }
            None => format!("put it into a block of its own: `impl {} {{ .. }}`", self.raw.plain_type_name()),
        };
        sink.at(method.signature.ident.span(), mistake.help(help));
    }

    fn other(&self, inert: &[Attribute], tokens: &TokenStream, sink: &Sink<'_>) {
        block::refuse_on_other(inert, tokens, sink);
        if let Some(word) = block::item_keyword(tokens) {
            let mistake = Mistake::new(402, format!("the contract `{}` has no `{word}`", self.digest.name));
            let help =
                format!("put it into a block of its own: `impl {} {{ .. }}`", self.raw.plain_type_name());
            sink.on(tokens, mistake.help(help));
        }
    }

    /// Reports the topics that have no handler, all at once, with the signatures to paste.
    fn missing(&self, path: &Path, sink: &Sink<'_>) {
        let missing: Vec<&DigestTopic> = self
            .digest
            .topics
            .iter()
            .filter(|topic| !topic.conditional)
            .filter(|topic| {
                let name = topic.signature.ident.unraw().to_string();
                !self.written.contains(&name) && !self.meant.contains(&name)
            })
            .collect();
        // a method that can't be read yet may be one of them
        let half_typed = self.raw.items.iter().any(|item| matches!(item, RawItem::Other { .. }));
        if missing.is_empty() || half_typed {
            return;
        }
        let names: Vec<String> =
            missing.iter().map(|topic| topic.signature.ident.unraw().to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let message = format!(
            "`{}` has no handler for {} of the contract `{}`",
            self.raw.plain_type_name(),
            suggest::list(&names),
            self.digest.name
        );
        let mut help =
            "add to the block; `&mut self` and `ctx: &Context<Self>` may stand there, too:".to_owned();
        for topic in missing {
            help += &format!("\n    {} {{\n        todo!()\n    }}", topic.text());
        }
        sink.on(path, Mistake::new(401, message).help(help));
    }
}

/// Reads the options of a handler; name and kind are the contract's.
fn options_only(attribute: &Attribute, method: &Ident, contract: &Ident, sink: &Sink<'_>) -> TopicAttribute {
    let read = TopicAttribute::read_options(attribute, method, sink);
    for (place, what) in &read.1 {
        let message = format!("the contract `{contract}` says the {what} of this topic already");
        let help = "remove it; `spawn`, `blocking` and `timeout` may stand here: `#[topic(spawn)]`";
        sink.on(place, Mistake::new(407, message).help(help));
    }
    read.0
}

fn wrong_values(signature: &ValidSignature, topic: &DigestTopic, contract: &Ident, sink: &Sink<'_>) {
    let name = &signature.name;
    let (own, there) = (signature.values().count(), topic.values());
    let number = |count: usize| match count {
        0 => "no value".to_owned(),
        1 => "one value".to_owned(),
        more => format!("{more} values"),
    };
    let message =
        format!("`{name}` takes {}, but the contract `{contract}` says {}", number(own), number(there));
    sink.at(name.span(), Mistake::new(403, message).help(format!("write `{}`", topic.text())));
}

// ---- the hidden trait ----

fn hidden_name(raw: &RawBlock, path: &Path) -> Ident {
    let path = block::path_text(path).replace("r#", "");
    let path: String = path.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let name = raw.type_name().map_or_else(|| "App".to_owned(), |name| name.unraw().to_string());
    format_ident!("__Systemge_{path}_for_{name}", span = Span::call_site())
}

/// The trait with the parameters of the block.
fn hidden_path(raw: &RawBlock, name: &Ident) -> TokenStream {
    let (_, types, _) = raw.generics.split_for_impl();
    quote! { #name #types }
}

fn hidden_trait(raw: &RawBlock, name: &Ident) -> TokenStream {
    let span = Span::mixed_site();
    let Carried { cfgs, .. } = Carried::of(&raw.attributes);
    let (generics, _, where_clause) = raw.generics.split_for_impl();
    let methods = raw.items.iter().filter_map(|item| match item {
        RawItem::Method(method) => {
            let Carried { cfgs, .. } = Carried::of(&method.attributes);
            let signature = outside(&method.signature, &raw.self_type);
            Some(quote_spanned! {span=> #(#cfgs)* #signature; })
        }
        RawItem::Other { .. } => None,
    });
    quote_spanned! {span=>
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(
            dead_code, non_camel_case_types, async_fn_in_trait, private_interfaces, deprecated,
            clippy::all, clippy::pedantic, clippy::nursery
        )]
        trait #name #generics: ::core::marker::Sized #where_clause {
            #(#methods)*
        }
    }
}

/// The signature for the trait, where `Self` is not the application.
fn outside(signature: &Signature, self_type: &Type) -> Signature {
    let mut signature = signature.clone();
    block::plain_parameters(&mut signature);
    for input in &mut signature.inputs {
        if let FnArg::Typed(typed) = input {
            let ty = replace_self(&typed.ty, self_type);
            typed.attrs.clear();
            *typed.ty = Type::Verbatim(ty);
        }
    }
    if let ReturnType::Type(_, ty) = &mut signature.output {
        **ty = Type::Verbatim(replace_self(&**ty, self_type));
    }
    signature
}

fn hidden_implementation(raw: &RawBlock, name: &Ident) -> TokenStream {
    let span = Span::mixed_site();
    let RawBlock { attributes, unsafety, impl_token, generics, self_type, inner_attributes, .. } = raw;
    let (impl_generics, types, where_clause) = generics.split_for_impl();
    // what the contract has no place for is left out: it was reported
    let items = raw.items.iter().filter(|item| match item {
        RawItem::Method(_) => true,
        RawItem::Other { tokens, .. } => block::item_keyword(tokens).is_none(),
    });
    quote_spanned! {span=>
        #(#attributes)*
        #unsafety #impl_token #impl_generics #name #types for #self_type #where_clause {
            #(#inner_attributes)*
            #(#items)*
        }
    }
}
